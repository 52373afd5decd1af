"""Errors of callers who do not prove who they are, or may not do what they ask for."""

from __future__ import annotations

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
