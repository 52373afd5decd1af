"""The one form in which a token is accepted: what may be signed in several spellings is read in none.

JSON readers keep the last of two members with one name, and base64 readers forgive much; where two readers differ,
one of them can be deceived (RFC 8725 section 3.1; RFC 7515 sections 4 and 7.1).
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
    """Return the header of something signed in compact serialisation; nothing of it is proven yet.

    Args:
        token: what somebody sent.
        max_length: how many characters it may have.

    Raises:
        InvalidToken: it is too long, not canonical base64url, no JSON objects with distinct members, or its header
            says anything beside `alg`, `typ` and `kid`: nothing that it points to is ever fetched.
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
    """Return whether the second half of an ES256 signature is the smaller of the two numbers that both verify."""
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
