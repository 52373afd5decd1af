"""The lists of passwords that attackers know."""

from __future__ import annotations

from typing import Protocol


class BreachedPasswords(Protocol):
    """Passwords that are common, or were found in breaches."""

    def count(self, sha1: bytes) -> int | None:
        """Return how often a password was found, as far as the list tells.

        Args:
            sha1: the 20 bytes of the SHA-1 of the password in UTF-8. All such lists are made of these.

        Returns:
            0 if the list does not have the password; None if the list could not be asked.
        """
