"""Challenges of passkeys. Nothing is stored of one until it is answered: whoever asks for many costs nothing.

A challenge says by itself what it is for and when it was made; its MAC proves that this deployment made it. It works
once: the answer's transaction remembers its id.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from doorward.errors import InvalidSecondFactor
from doorward.keys.mac import MacKeyring
from doorward.model import Clock
from doorward.rules.proofs import SECOND_FACTOR_SECONDS
from doorward.tokens.ids import random_ulid, time_of
from doorward.tokens.macs import mac, proving_key
from doorward.tokens.names import ULID

Purpose = Literal["sign_in", "registration"]
_CHALLENGE = re.compile(rf"(dwk1)\.(sign_in|registration)\.({ULID})\.([A-Za-z0-9_-]{{43}})")
_EARLY_MS = 60_000  # the clocks of two machines may differ


@dataclass(frozen=True, slots=True)
class Challenges:
    """Makes and reads challenges."""

    keyring: MacKeyring
    clock: Clock

    def mint(self, purpose: Purpose, binding: str = "") -> str:
        """Return a new challenge.

        Args:
            purpose: what the answer is for.
            binding: who alone may answer: a user and a session. It is not in the challenge.

        Raises:
            NotInitialised: the deployment has no MAC key yet.
        """
        body = f"dwk1.{purpose}.{random_ulid(self.clock())}"
        return f"{body}.{mac(self.keyring.keys()[0], f'{body}.{binding}')}"

    def read(self, text: str, purpose: Purpose, binding: str = "") -> str:
        """Return the id of a challenge.

        Args:
            text: the challenge.
            purpose: what it must be for.
            binding: who answers.

        Raises:
            InvalidSecondFactor: the text is no challenge of this purpose and binding, or it is too old.
            NotInitialised: the deployment has no MAC key yet.
        """
        match = _CHALLENGE.fullmatch(text)
        if match is None or match[2] != purpose:
            raise InvalidSecondFactor(reason="malformed_challenge")
        body = f"{text.rpartition('.')[0]}.{binding}"
        if not any(
            proving_key(keys, body, match[4]) for keys in (self.keyring.keys(), self.keyring.reload_after_miss() or ())
        ):
            raise InvalidSecondFactor(reason="forged_challenge")
        age_ms = self.clock() - time_of(match[3])
        if not -_EARLY_MS <= age_ms < SECOND_FACTOR_SECONDS * 1000:
            raise InvalidSecondFactor(reason="old_challenge")
        return match[3]
