"""Argon2id hashing and the rules for new passwords."""

from __future__ import annotations

from functools import cache

import argon2
from argon2.exceptions import InvalidHashError, VerificationError

from doorward.errors import WeakPassword
from doorward.rules.names import fold

MIN_LENGTH = 8
MAX_LENGTH = 1024


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


def check_new_password(password: str, *names: str | None) -> None:
    """Refuse a password that is too short, too long, common, or the user's own name.

    Args:
        password: as sent, 8 to 1,024 characters.
        names: the user's names and addresses, which are the first that anybody tries.

    Raises:
        WeakPassword: it breaks a rule (NIST SP 800-63B-4 section 3.1.1.2).
    """
    if not MIN_LENGTH <= len(password) <= MAX_LENGTH:
        raise WeakPassword(f"A password has {MIN_LENGTH} to {MAX_LENGTH} characters.")
    if password.lower() in _common_passwords():
        raise WeakPassword("This password is among the most common ones.")
    if fold(password) in {fold(name) for name in names if name}:
        raise WeakPassword("The password must not be a name of the user.")


@cache
def _common_passwords() -> frozenset[str]:
    # Loaded on the first use: signing in does not need the list.
    from zxcvbn.frequency_lists import FREQUENCY_LISTS  # noqa: PLC0415

    return frozenset(FREQUENCY_LISTS["passwords"])
