"""Errors of callers who do not prove who they are, or may not do what they ask for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from doorward.errors.root import DoorwardError


class NotAuthenticated(DoorwardError):
    """The request does not prove who the caller is."""


class MissingCredentials(NotAuthenticated):
    """The request carries neither a bearer token nor a session cookie."""

    code = "missing_credentials"
    default_detail = "Send an access token."


class InvalidToken(NotAuthenticated):
    """An access token or a session cookie is not valid, or not valid any more (RFC 6750 section 3.1)."""

    code = "invalid_token"
    default_detail = "The access token is invalid, expired or revoked."


class SessionOver(InvalidToken):
    """A session cookie names no live session."""


class InvalidCredentials(NotAuthenticated):
    """Sign-in failed, and the answer is the same for every cause."""

    code = "invalid_credentials"
    default_detail = "The user name or the password is wrong."


class SecondFactorRequired(NotAuthenticated):
    """The first factor was right, and a second one must be proved before there is a session."""

    code = "second_factor_required"
    default_detail = "Prove a second factor: POST /auth/second-factor with this challenge_id."

    def __init__(self, challenge_id: str, factors: Sequence[str], expires_in: int) -> None:
        """Take what finishes the sign-in, the kinds of factors that do, and for how many seconds."""
        super().__init__()
        self.challenge_id, self.factors, self.expires_in = challenge_id, tuple(factors), expires_in

    @property
    def members(self) -> Mapping[str, object]:
        """Return what the client needs to go on."""
        return {"challenge_id": self.challenge_id, "factors": list(self.factors), "expires_in": self.expires_in}


class InvalidSecondFactor(NotAuthenticated):
    """A second factor was not proved, and the answer is the same for every cause."""

    code = "invalid_second_factor"
    default_detail = "The code or the passkey is wrong, was used, or comes too late."


class InsufficientAuthentication(NotAuthenticated):
    """The sign-in is too old, or not sure enough, for what is asked for (RFC 9470 section 3)."""

    code = "insufficient_user_authentication"
    default_detail = "Prove again who you are: POST /auth/step-up, or sign in again."

    def __init__(self, *, max_age: int | None = None, acr: str | None = None, reason: str | None = None) -> None:
        """Take how many seconds old a sign-in may be, and how sure it must be."""
        super().__init__(reason=reason)
        self.max_age, self.acr = max_age, acr

    @property
    def members(self) -> Mapping[str, object]:
        """Return what a sign-in would have to be like."""
        asked = {"acr_values": self.acr, "max_age": self.max_age}
        return {name: value for name, value in asked.items() if value is not None}


class InvalidGrant(DoorwardError):
    """A refresh token is not valid, or not valid any more (RFC 6749 section 5.2)."""

    code = "invalid_grant"
    default_detail = "The refresh token is invalid, expired or revoked."


class ForgedRefreshToken(InvalidGrant):
    """No MAC key of this deployment proves the refresh token."""


class RefreshTokenReused(InvalidGrant):
    """Somebody sent a refresh token after the next one was in use (RFC 9700 section 4.14.2)."""


class Forbidden(DoorwardError):
    """The caller is known, but may not do this."""


class InsufficientScope(Forbidden):
    """The caller lacks a role (RFC 6750 section 3.1)."""

    code = "insufficient_scope"
    default_detail = "This request needs a role that you do not have."


class PasswordChangeRequired(Forbidden):
    """The user must change the password before they may do anything else."""

    code = "password_change_required"
    default_detail = "Change your password first: PATCH /users/me with current_password and password."


class EnrolmentRequired(Forbidden):
    """The user must prove or enrol a second factor before they may do anything else."""

    code = "second_factor_required"
    default_detail = "Prove a second factor with POST /auth/step-up, or enrol one: POST /users/me/factors/totp."


class EnrolmentTooLate(Forbidden):
    """An administrator took the user's second factors away, and a day is over in which another could be enrolled."""

    code = "enrolment_too_late"
    default_detail = "It is too late to enrol a second factor. Ask an administrator to take your factors away again."


class SignUpClosed(Forbidden):
    """A tenant's policy does not let this address sign up."""

    code = "sign_up_closed"
    default_detail = "Nobody can sign up here with this address. Ask an administrator for an invitation."


class CrossSiteRequest(Forbidden):
    """A request with a session cookie came from another site."""

    code = "cross_site_request"
    default_detail = "A request with the session cookie must come from the API's own origin or the allowed origin."


class WrongPassword(Forbidden):
    """The user had to send the current password again, and sent a wrong one."""

    code = "wrong_password"
    default_detail = "The current password is wrong."
