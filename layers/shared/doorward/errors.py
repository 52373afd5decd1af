"""The tree of errors, each with a stable code that callers see.

The caller reads the `detail`. Only the operator's log has the `reason`. Neither of them holds a secret.
"""

from __future__ import annotations

from typing import ClassVar


class DoorwardError(Exception):
    """The root of all errors that Doorward raises on purpose."""

    code: ClassVar[str] = "internal_error"
    default_detail: ClassVar[str] = "The request could not be completed."

    def __init__(self, detail: str | None = None, *, reason: str | None = None) -> None:
        """Take the sentence for the caller (by default the class's) and the text for the log (by default the code)."""
        self.detail = detail or self.default_detail
        self.reason = reason or self.code
        super().__init__(self.detail)


class InvalidRequest(DoorwardError):
    """The request is malformed (RFC 6749 section 5.2, `invalid_request`)."""

    code = "invalid_request"
    default_detail = "The request is malformed."


class UnsupportedGrantType(InvalidRequest):
    """The token endpoint does not know this grant (RFC 6749 section 5.2)."""

    code = "unsupported_grant_type"
    default_detail = "This endpoint supports only grant_type=refresh_token."


class InvalidCursor(InvalidRequest):
    """A list cursor was altered, or it belongs to another list."""

    code = "invalid_cursor"
    default_detail = "This list did not give out the cursor."


class WeakPassword(InvalidRequest):
    """A new password breaks the password rules (NIST SP 800-63B section 3.1.1.2)."""

    code = "weak_password"
    default_detail = "The password does not meet the rules."


class UnacceptableName(InvalidRequest):
    """A name looks like another name, or has characters that cannot be printed."""

    code = "unacceptable_name"
    default_detail = "The name has characters that are not allowed."


class UnsupportedMediaType(DoorwardError):
    """The body is not in a format that this endpoint reads."""

    code = "unsupported_media_type"
    default_detail = "Send the body as application/json."


class PayloadTooLarge(DoorwardError):
    """The body is larger than any valid body."""

    code = "payload_too_large"
    default_detail = "The body is too large."


class MethodNotAllowed(DoorwardError):
    """The path exists, but it does not have this method."""

    code = "method_not_allowed"
    default_detail = "This path does not support the method."

    def __init__(self, allowed: tuple[str, ...]) -> None:
        """Take the methods that the path has, for the `Allow` header (RFC 9110 section 15.5.6)."""
        super().__init__()
        self.allowed = allowed


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


class CrossSiteRequest(Forbidden):
    """A request with a session cookie came from another site."""

    code = "cross_site_request"
    default_detail = "A request with the session cookie must come from the API's own origin or the allowed origin."


class WrongPassword(Forbidden):
    """The user had to send the current password again, and sent a wrong one."""

    code = "wrong_password"
    default_detail = "The current password is wrong."


class NotFound(DoorwardError):
    """There is no such object, or the caller may not know that it exists."""

    code = "not_found"
    default_detail = "There is no such object."


class TenantNotFound(NotFound):
    """There is no such tenant."""

    default_detail = "There is no such tenant."


class Conflict(DoorwardError):
    """The request contradicts the present state."""

    code = "conflict"
    default_detail = "Somebody else changed the object at the same moment. Read the object and try again."


class UsernameTaken(Conflict):
    """The user name belongs to another user, or belonged to one."""

    code = "username_taken"
    default_detail = "This user name is taken."


class EmailTaken(Conflict):
    """The e-mail address belongs to another user of the tenant."""

    code = "email_taken"
    default_detail = "This e-mail address is taken."


class TenantTaken(Conflict):
    """The tenant id belongs to another tenant."""

    code = "tenant_taken"
    default_detail = "This tenant id is taken."


class LastAdmin(Conflict):
    """The change would leave a tenant without an active administrator."""

    code = "last_admin"
    default_detail = "This user is the tenant's last active administrator. Make another user an administrator first."


class OwnAccount(Conflict):
    """An administrator tried to lock themselves out."""

    code = "own_account"
    default_detail = "You cannot disable, demote or delete your own account."


class TooManyAttempts(DoorwardError):
    """There were too many attempts to sign in."""

    code = "too_many_attempts"
    default_detail = "Too many attempts. Try again later."

    def __init__(self, retry_after_seconds: int) -> None:
        """Take the time until the throttle ends, in seconds from now."""
        super().__init__()
        self.retry_after_seconds = retry_after_seconds


class Unavailable(DoorwardError):
    """The service cannot answer now, but the same request may work later."""

    code = "temporarily_unavailable"
    default_detail = "The service is busy. Try again."


class NotInitialised(Unavailable):
    """The deployment has no keys until scripts/initialize_security.py makes them."""

    code = "not_initialised"
    default_detail = "This deployment has not been initialised."


class Misconfigured(DoorwardError):
    """A setting of this deployment is missing or unusable."""

    code = "misconfigured"
    default_detail = "This deployment is misconfigured."
