"""What keys need of storage."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from doorward.keys.signing import KeySet


class KeySetStore(Protocol):
    """The public key set."""

    def get(self) -> KeySet:
        """Return the key set.

        Raises:
            NotInitialised: there is none yet.
        """

    def change(self, key_set: KeySet) -> None:
        """Store a key set whose `version` is one more than that of the stored one.

        Raises:
            Conflict: another change came first.
        """


@dataclass(frozen=True, slots=True)
class Secret:
    """A secret as it was read; without a value, text and version are None."""

    text: str | None = None
    version: str | None = None


class SecretStore(Protocol):
    """Texts that only some functions may read."""

    def get(self, secret_id: str) -> Secret:
        """Return the secret as it is now."""

    def change(self, secret_id: str, text: str, seen: Secret) -> None:
        """Give a secret a new text, if it is still as it was seen.

        Raises:
            Conflict: somebody else changed it since.
        """


class KeyRevocationStore(Protocol):
    """Revoked signing keys, as the authorizer reads them."""

    def revoke_key(self, kid: str, now_ms: int) -> None:
        """Refuse everything that a key signed."""
