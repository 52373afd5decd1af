"""The one form in which a token is accepted.

A token that could be written in another way too is refused. Many JSON readers keep the last of two members with the
same name, and many base64 readers accept several spellings. If two readers understand a token differently, an attacker
can deceive one of them (RFC 8725 section 3.1; RFC 7515 sections 4 and 7.1).
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Sequence
from typing import Any, NoReturn

from doorward.errors import InvalidToken

MAX_LENGTH = 8192
_COMPACT = re.compile(r"([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)")
_HEADER_MEMBERS = frozenset({"alg", "typ", "kid"})
_P256_HALF_ORDER = 0x7FFFFFFF800000007FFFFFFFFFFFFFFFDE737D56D38BCF4279DCE5617E3192A8
_P256_BYTES = 32


def check_signed(token: str, max_length: int = MAX_LENGTH) -> dict[str, Any]:
    """Check the form of a signed text in compact serialisation, and return its header.

    Nothing is proven yet.

    Args:
        token: the text that somebody sent.
        max_length: how many characters the text may have.

    Raises:
        InvalidToken: the text is too long, its parts are not canonical base64url, header or payload is no JSON object
            with distinct members, or the header has a member beside `alg`, `typ` and `kid`. So no header can make
            Doorward fetch anything.
    """
    if len(token) > max_length:
        raise InvalidToken(reason="token_too_long")
    match = _COMPACT.fullmatch(token)
    if match is None:
        raise InvalidToken(reason="not_compact")
    try:
        header, payload, _ = (_decode(part) for part in match.groups())
        found, claims = _read(header), _read(payload)
    except (ValueError, RecursionError) as error:
        raise InvalidToken(reason="malformed") from error
    if not isinstance(found, dict) or not isinstance(claims, dict):
        raise InvalidToken(reason="malformed")
    if not found.keys() <= _HEADER_MEMBERS:
        raise InvalidToken(reason="unacceptable_header")
    return found


def has_low_s(token: str) -> bool:
    """Return whether the number `s` of an ES256 signature is the smaller of the two that verify."""
    signature = _decode(token.rpartition(".")[2])
    return int.from_bytes(signature[_P256_BYTES:], "big") <= _P256_HALF_ORDER


def _decode(part: str) -> bytes:
    content = base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
    if base64.urlsafe_b64encode(content).rstrip(b"=").decode("ascii") != part:
        raise ValueError("the last character has bits that mean nothing")
    return content


def _read(part: bytes) -> Any:  # noqa: ANN401 - JSON
    return json.loads(part.decode("utf-8"), object_pairs_hook=_distinct, parse_constant=_none)


def _distinct(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("a member comes twice")
    return members


def _none(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no JSON")
