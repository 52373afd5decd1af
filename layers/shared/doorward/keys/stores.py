"""The storage that keys need."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from doorward.keys.signing import KeySet


class KeySetStore(Protocol):
    """The public key set."""

    def get(self) -> KeySet:
        """Return the key set.

        Raises:
            NotInitialised: there is no key set yet.
        """

    def change(self, key_set: KeySet) -> None:
        """Store a key set.

        Its `version` is one more than the version of the stored set.

        Raises:
            Conflict: another change came first.
        """


@dataclass(frozen=True, slots=True)
class Secret:
    """A secret as it was read.

    `text` and `version` are None if the secret has no value.
    """

    text: str | None = None
    version: str | None = None


class SecretReader(Protocol):
    """Texts that only some functions may read."""

    def get(self, secret_id: str) -> Secret:
        """Return the secret as it is now."""


class SecretStore(SecretReader, Protocol):
    """The same texts for those who also change them."""

    def change(self, secret_id: str, text: str, seen: Secret) -> None:
        """Give a secret a new text, unless it changed since it was read.

        Args:
            secret_id: the secret's id.
            text: the new text.
            seen: the secret as the caller read it.

        Raises:
            Conflict: somebody else changed the secret since then.
        """


class KeyRevocationStore(Protocol):
    """What is revoked for the whole deployment, and its revoked keys, which the authorizer reads."""

    def add_deployment(self, now_ms: int) -> None:
        """Store that nothing is revoked for the deployment, unless something is stored already."""

    def cut_off_deployment(self, now_ms: int) -> None:
        """Refuse everything that began before: sessions, cookies, and tokens of every kind."""

    def revoke_key(self, kid: str, now_ms: int) -> None:
        """Refuse everything that a key signed."""
