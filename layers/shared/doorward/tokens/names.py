"""The forms of the names in tokens and cookies, exactly as they are given out.

A name becomes part of keys, logs and contexts. So a name with a separator, a wildcard or a control character is
refused, also when our own key signed it.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

from doorward.errors import InvalidToken

TENANT = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
"""A tenant's id: a slug."""

ULID = r"[0-7][0-9A-HJKMNP-TV-Z]{25}"
"""The id of a user, a session or a token."""

SERVICE = r"service:[a-z0-9][a-z0-9._-]{0,62}"
"""A service as the user of its token."""

ROLE = r"[a-z][a-z0-9_.:-]{0,63}"

_MAX_NAME = 128
_NAMES = {name: re.compile(form) for name, form in (("tenant_id", TENANT), ("sid", ULID), ("jti", ULID))}
_NAMES |= {
    "user_id": re.compile(rf"{ULID}|{SERVICE}"),
    "roles": re.compile(ROLE),
    "amr": re.compile(r"[a-z][a-z0-9]{1,15}"),
}


def checked_name(claim: str, value: object) -> str:
    """Return the text of a claim that names somebody or something.

    Args:
        claim: `tenant_id`, `user_id`, `sid`, `jti`, or `roles` for one of them.
        value: what the token says.

    Raises:
        InvalidToken: no such name has this form.
        TypeError: it is no text.
    """
    if not _NAMES[claim].fullmatch(text := checked_text(value)):
        raise InvalidToken(reason="malformed_name")
    return text


def checked_username(value: object) -> str:
    """Return the text of a claim that is a user's or service's name.

    Raises:
        InvalidToken: no user name has such characters, or so many.
        TypeError: it is no text.
    """
    text = checked_text(value)
    name, at, tenant = text.partition("@")
    if at and not _NAMES["tenant_id"].fullmatch(tenant):
        raise InvalidToken(reason="malformed_name")
    if not 1 <= len(name) <= _MAX_NAME or not _are_of_names(name):
        raise InvalidToken(reason="malformed_name")
    return text


def checked_text(value: object) -> str:
    """Return a claim that is a text.

    Raises:
        TypeError: it is none.
    """
    if not isinstance(value, str):
        raise TypeError("a claim is not a string")
    return value


def _are_of_names(characters: Iterable[str]) -> bool:
    return all(unicodedata.category(one)[0] in "LMN" or one in "._-+':" for one in characters)
