"""Codes of authenticator apps: RFC 6238 in the form that all apps read (SHA-1, six digits, 30 seconds)."""

from __future__ import annotations

import base64
import hmac
import os
from urllib.parse import quote, urlencode

from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.totp import TOTP

SECRET_BYTES = 20
STEP_SECONDS = 30
DIGITS = 6
_STEPS_ASIDE = 1
"""How many steps a clock may be behind or ahead (RFC 6238 section 5.2)."""


def new_secret() -> bytes:
    """Return a new secret: 160 random bits (RFC 4226 section 4)."""
    return os.urandom(SECRET_BYTES)


def written_secret(secret: bytes) -> str:
    """Return a secret as people type it into an app: base32."""
    return base64.b32encode(secret).decode("ascii")


def enrolment_uri(secret: bytes, issuer: str, account: str) -> str:
    """Return the address that an app reads from a QR code.

    Args:
        secret: of the app.
        issuer: who asks for the codes.
        account: whose codes.

    Source: github.com/google/google-authenticator/wiki/Key-Uri-Format
    """
    label = quote(f"{issuer}:{account}", safe=":@")
    values = {"secret": written_secret(secret), "issuer": issuer, "digits": DIGITS, "period": STEP_SECONDS}
    return f"otpauth://totp/{label}?{urlencode(values, quote_via=quote)}"


def code_at(secret: bytes, step: int) -> str:
    """Return the code of a time step."""
    totp = TOTP(secret, DIGITS, SHA1(), STEP_SECONDS)  # noqa: S303 - as an HMAC, which is not broken; apps read no other
    return totp.generate(step * STEP_SECONDS).decode("ascii")


def step_of(secret: bytes, code: str, last_step: int, now_ms: int) -> int | None:
    """Return the time step whose code this is, or None.

    Args:
        secret: of the app.
        code: as it was typed; spaces do not count.
        last_step: no code of this step or an earlier one works any more.
        now_ms: the time, in milliseconds.
    """
    typed, now = "".join(code.split()).encode("utf-8", "replace"), now_ms // 1000 // STEP_SECONDS
    steps = range(now - _STEPS_ASIDE, now + _STEPS_ASIDE + 1)
    # All are compared: how long it takes tells nothing.
    found = [step for step in steps if hmac.compare_digest(code_at(secret, step).encode(), typed) and step > last_step]
    return found[0] if found else None
