"""What a refused caller is told in a header: the challenges of RFC 6750 section 3 and RFC 9470 section 3."""

from __future__ import annotations

from typing import get_args

from doorward.errors import (
    CrossSiteRequest,
    DoorwardError,
    EnrolmentRequired,
    InsufficientAuthentication,
    InsufficientScope,
    InvalidToken,
    NotAuthenticated,
    PasswordChangeRequired,
)
from doorward.rules.requirements import NOTHING, Requirement, Shortfall

_RESTRICTIONS: dict[str, type[DoorwardError]] = {
    "password_change_required": PasswordChangeRequired,
    "second_factor_required": EnrolmentRequired,
    "cross_site_request": CrossSiteRequest,
}


def refused(reason: str, asked: Requirement = NOTHING) -> DoorwardError:
    """Return the error that stands for the refusal of a known caller.

    Args:
        reason: a restriction, or what `doorward.rules.routes.refusal` returned.
        asked: what the route asks of a sign-in. All of it is told, so that one more sign-in is enough.
    """
    if reason in _RESTRICTIONS:
        return _RESTRICTIONS[reason](reason=reason)
    if reason in get_args(Shortfall):
        return InsufficientAuthentication(max_age=asked.max_age_seconds, acr=asked.acr, reason=reason)
    return InsufficientScope(reason=reason)


def challenge(error: DoorwardError) -> str | None:
    """Return the value of the header WWW-Authenticate for an error, or None if it has none."""
    match error:
        case InvalidToken():
            return f'Bearer error="{InvalidToken.code}", error_description="{_plain(error.detail)}"'
        case InsufficientAuthentication():
            asked = "".join(f', {name}="{_plain(value)}"' for name, value in error.members.items())
            return f'Bearer error="{error.code}", error_description="{_plain(error.detail)}"{asked}'
        case NotAuthenticated():
            return "Bearer"
        case InsufficientScope():
            return f'Bearer error="{error.code}"'
    return None


def _plain(value: object) -> str:
    """Return a value as what a quoted string can have between its quotes (RFC 9110 section 5.6.4)."""
    return "".join(character for character in str(value) if " " <= character <= "~" and character not in '"\\')
