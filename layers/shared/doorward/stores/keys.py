"""What keys need of storage."""

from __future__ import annotations

from typing import Protocol

from doorward.keyring import KeySet


class KeySetStore(Protocol):
    """The public key set."""

    def load(self) -> KeySet:
        """Return the key set.

        Raises:
            NotInitialised: there is none yet.
        """

    def save(self, key_set: KeySet) -> None:
        """Store a key set whose `version` is one more than that of the stored one.

        Raises:
            Conflict: another change came first.
        """


class SecretStore(Protocol):
    """Texts that only some functions may read."""

    def read(self, secret_id: str) -> str | None:
        """Return the secret's text, or None if it has no value yet."""

    def write(self, secret_id: str, text: str) -> None:
        """Replace the secret's text."""
