"""What a sign-in proved."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Acr = Literal["1fa", "2fa", "phr"]
"""How sure a sign-in was: one factor, two factors, or two factors that no phishing site can use (RFC 9470)."""


@dataclass(frozen=True, slots=True)
class Authentication:
    """What a sign-in, or a later step-up of its session, proved.

    Args:
        at: when something was proved last, in epoch seconds (`auth_time`).
        amr: by which methods, in the words of RFC 8176: `pwd`, `otp`, `hwk` and `swk` for passkeys, `user`, `mfa` for
            two factors, `rba` for a device that is remembered in place of the second factor.
        acr: how sure that is.
    """

    at: int
    amr: tuple[str, ...]
    acr: Acr
