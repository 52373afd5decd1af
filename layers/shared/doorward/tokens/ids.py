"""New ids."""

from __future__ import annotations

import hashlib
import os
import threading
import time

_DIGITS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_RANDOM_BITS = 80
_STEP_BITS = 64
_SHIFTS = range(125, -1, -5)
_LAST = [0]
_ALONE = threading.Lock()


def mint_ulid() -> str:
    """Return a new id, which sorts after those that this process made before.

    It has 48 bits of the time in milliseconds and 80 random bits, as 26 digits of Crockford's base 32. Within one
    millisecond it is a random step from the one before. A package would do the same, and import five times as long as
    this whole room.

    Source: github.com/ulid/spec
    """
    number = time.time_ns() // 1_000_000 << _RANDOM_BITS | int.from_bytes(os.urandom(_RANDOM_BITS // 8), "big")
    with _ALONE:
        if number <= _LAST[0]:
            number = _LAST[0] + 1 + int.from_bytes(os.urandom(_STEP_BITS // 8), "big")
        _LAST[0] = number
    return _written(number)


def random_ulid(time_ms: int) -> str:
    """Return a new id of a time, in milliseconds; its other 80 bits are random."""
    return _written(time_ms << _RANDOM_BITS | int.from_bytes(os.urandom(_RANDOM_BITS // 8), "big"))


def least_ulid(time_ms: int) -> str:
    """Return the least id of a time, in milliseconds: those of earlier times sort before it."""
    return _written(time_ms << _RANDOM_BITS)


def time_of(ulid: str) -> int:
    """Return the time that an id says, in milliseconds."""
    number = 0
    for digit in ulid:
        number = number << 5 | _DIGITS.index(digit)
    return number >> _RANDOM_BITS


def derived_ulid(time_ms: int, name: str) -> str:
    """Return the id of a time and a name: the same for the same two.

    Args:
        time_ms: the time, in milliseconds.
        name: any text. Its hash stands in place of the random bits, so such an id is no secret.
    """
    digest = hashlib.sha256(name.encode("utf-8")).digest()
    return _written(time_ms << _RANDOM_BITS | int.from_bytes(digest[: _RANDOM_BITS // 8], "big"))


def _written(number: int) -> str:
    return "".join(_DIGITS[number >> shift & 31] for shift in _SHIFTS)
