"""How sure and how young a sign-in must be, as whoever protects something asks for it (RFC 9470)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal, get_args

from doorward.model import Acr, Authentication

Shortfall = Literal["acr_too_low", "sign_in_too_old"]
"""Why a sign-in is not enough: a reason of a denial."""

_LEVELS: tuple[Acr, ...] = get_args(Acr)
_AGE = re.compile("[1-9][0-9]{0,8}")


@dataclass(frozen=True, slots=True)
class Requirement:
    """What a sign-in must be like (`acr_values` and `max_age` of RFC 9470).

    Args:
        acr: how sure at least; None asks for nothing.
        max_age_seconds: how old at most; None asks for nothing.
    """

    acr: Acr | None = None
    max_age_seconds: int | None = None

    def __or__(self, other: Requirement) -> Requirement:
        """Return what asks for all that either asks for."""
        levels = [acr for acr in (self.acr, other.acr) if acr is not None]
        ages = [age for age in (self.max_age_seconds, other.max_age_seconds) if age is not None]
        return Requirement(max(levels, key=_LEVELS.index, default=None), min(ages, default=None))

    def unmet_by(self, proved: Authentication | None, now_ms: int) -> Shortfall | None:
        """Return why a caller does not meet this, or None.

        Who proved nothing meets nothing that is asked for: a service has no sign-in, and of a token from before there
        were these claims nobody knows.

        Args:
            proved: by the caller's sign-in; None if it is not known.
            now_ms: the time, in milliseconds.
        """
        if self.acr is not None and (proved is None or _LEVELS.index(proved.acr) < _LEVELS.index(self.acr)):
            return "acr_too_low"
        if self.max_age_seconds is not None and (proved is None or now_ms // 1000 > proved.at + self.max_age_seconds):
            return "sign_in_too_old"
        return None


NOTHING = Requirement()


def checked_requirement(acr: str | None, max_age_seconds: int | None) -> Requirement:
    """Return what a program asks of a sign-in.

    Raises:
        ValueError: there is no such `acr`, or the age is no whole number above 0.
    """
    level = next((known for known in _LEVELS if known == acr), None)
    if level != acr:
        raise ValueError("acr is 1fa, 2fa or phr")
    if max_age_seconds is not None and (type(max_age_seconds) is not int or max_age_seconds < 1):
        raise ValueError("max_age is a whole number of seconds, 1 at least")
    return Requirement(level, max_age_seconds)


def parse_requirement(text: str) -> Requirement:
    """Return the requirement in a text such as `acr=2fa,max_age=300`; an empty text asks for nothing.

    Raises:
        ValueError: the text is malformed, or says something twice.
    """
    pairs = [part.partition("=") for part in text.split(",")] if text else []
    found = {name: value for name, _, value in pairs}
    age = found.get("max_age")
    if len(found) < len(pairs) or found.keys() - {"acr", "max_age"} or not (age is None or _AGE.fullmatch(age)):
        raise ValueError("write acr, max_age or both: acr=2fa,max_age=300")
    return checked_requirement(found.get("acr"), None if age is None else int(age))
