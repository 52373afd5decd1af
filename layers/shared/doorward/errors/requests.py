"""Errors of requests that nobody may send so."""

from __future__ import annotations

from doorward.errors.root import DoorwardError


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


class InvalidProof(InvalidRequest):
    """A link or a code proves nothing: it is wrong, was used, or is too old. The answer is the same for every cause."""

    code = "invalid_proof"
    default_detail = "The link or the code is wrong, was used, or is too old. Ask for a new one."


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
