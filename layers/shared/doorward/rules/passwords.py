"""Argon2id hashing and the rules for new passwords."""

from __future__ import annotations

import re
from collections.abc import Iterable

import argon2
from argon2.exceptions import InvalidHashError, VerificationError

from doorward.errors import WeakPassword
from doorward.rules.names import fold

MIN_LENGTH = 8
MAX_LENGTH = 1024
MIN_GUESSES = 10**8
"""As many guesses as eight random characters take, by the estimator."""

ONE_TIME_SECONDS = 72 * 3600
"""How long a password works that must be changed first."""

_ESTIMATED = 72  # more characters never make a password easier, and the estimator's work grows with the square
_PRODUCT = ("doorward",)


class PasswordHasher:
    """Hashes and verifies with Argon2id (RFC 9106; OWASP Password Storage Cheat Sheet)."""

    def __init__(self, memory_kib: int = 19_456, time_cost: int = 2) -> None:
        """Fix the cost; parallelism is 1.

        Args:
            memory_kib: memory of one hash, in KiB.
            time_cost: number of passes.
        """
        self._argon2 = argon2.PasswordHasher(time_cost=time_cost, memory_cost=memory_kib, parallelism=1)
        # No password has this hash: its digest is all zero bits. Verifying against it costs
        # what a real one costs, without hashing anything at start-up.
        self._dummy = f"$argon2id$v=19$m={memory_kib},t={time_cost},p=1${'A' * 22}${'A' * 43}"

    def hash(self, password: str) -> str:
        """Return the encoded hash (PHC string) of a password, as sent, in UTF-8."""
        return self._argon2.hash(password)

    def verify(self, encoded: str | None, password: str) -> bool:
        """Return whether the password is the one that was hashed.

        Args:
            encoded: the PHC string, or None for a user who does not exist or has no password:
                the same work is then done for nothing.
            password: as sent; neither trimmed nor truncated.
        """
        try:
            self._argon2.verify(encoded or self._dummy, password)
        except (VerificationError, InvalidHashError):
            return False
        return encoded is not None

    def needs_rehash(self, encoded: str) -> bool:
        """Return whether the hash was made with other parameters than today's."""
        return self._argon2.check_needs_rehash(encoded)


def check_new_password(password: str, words: Iterable[str | None] = (), *, least_length: int = MIN_LENGTH) -> None:
    """Refuse a password that is too short, too long, or that an attacker guesses early.

    The estimator knows common passwords, keyboard walks, repeats, dates, and the words that surround this user.

    Args:
        password: as sent, at most 1,024 characters.
        words: the user's names and addresses, and the tenant's, which are the first that anybody tries.
        least_length: how many characters a password has at least; never less than 8.

    Raises:
        WeakPassword: it breaks a rule (NIST SP 800-63B-4 section 3.1.1.2; OWASP ASVS 5.0 6.2.4 and 6.2.11).
    """
    least = max(MIN_LENGTH, least_length)
    if len(password) < least:
        raise WeakPassword(f"A password has at least {least} characters. Several words make a long one.")
    if len(password) > MAX_LENGTH:
        raise WeakPassword(f"A password has at most {MAX_LENGTH} characters. Choose a shorter one.")
    if _guesses(password, _parts(words)) < MIN_GUESSES:
        raise WeakPassword(
            "This password is easy to guess: it is common, or made of names or simple patterns. Choose several words "
            "that have nothing to do with each other or with you."
        )


def _parts(words: Iterable[str | None]) -> list[str]:
    """Return the words folded, whole and in parts: an address has a name and a host."""
    whole = [fold(word) for word in words if word]
    parts = [part for word in whole for part in re.split(r"[^\w]+|_", word)]
    joined = [re.sub(r"[^\w]+|_", "", word) for word in whole]
    return [word for word in dict.fromkeys([*whole, *parts, *joined, *_PRODUCT]) if len(word) > 2]  # noqa: PLR2004


def _guesses(password: str, words: list[str]) -> float:
    # Loaded on the first use: signing in does not need the estimator, and its import costs 100 ms.
    from zxcvbn import zxcvbn  # noqa: PLC0415

    return float(zxcvbn(password[:_ESTIMATED], user_inputs=words)["guesses"])
