"""Recovery codes: what lets somebody in whose phone is lost."""

from __future__ import annotations

import base64
import os

CODES = 10
_BYTES = 7  # 56 bits, of which ten digits of base32 keep 50
_DIGITS = 10


def new_codes() -> tuple[str, ...]:
    """Return ten new codes, each of 50 random bits: nobody guesses one (NIST SP 800-63B-4 section 3.1.2.2)."""
    return tuple(base64.b32encode(os.urandom(_BYTES)).decode("ascii")[:_DIGITS] for _ in range(CODES))


def shown(code: str) -> str:
    """Return a code as people read it: two groups of five."""
    return f"{code[:5]}-{code[5:]}"


def typed(text: str) -> str:
    """Return a code out of what somebody typed: case, spaces and dashes do not count; 0, 1 and 8 stand for O, I, B."""
    plain = "".join(text.split()).replace("-", "").upper()
    return plain.translate(str.maketrans("018", "OIB"))
