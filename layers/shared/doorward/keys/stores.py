"""The storage that keys need."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from doorward.keys.signing import FormerKey, KeySet


class KeySetStore(Protocol):
    """The public key set."""

    def get(self) -> KeySet:
        """Return the key set.

        Raises:
            NotInitialised: there is no key set yet.
        """

    def change(self, key_set: KeySet, former: Sequence[FormerKey] = ()) -> None:
        """Store a key set, and with it the keys that leave the set.

        Args:
            key_set: its `version` is one more than the version of the stored set.
            former: these keys are kept for ever, for those who verify what they witnessed.

        Raises:
            Conflict: another change came first. Nothing is stored.
        """

    def revoke_former(self, kid: str) -> None:
        """Store of a former key that it is revoked, if there is such a key."""

    def former(self) -> list[FormerKey]:
        """Return the former keys, in any order."""


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

    def add_deployment(self) -> None:
        """Store that nothing is revoked for the deployment, unless something is stored already."""

    def cut_off_deployment(self, now_ms: int) -> None:
        """Refuse everything that began before: sessions, cookies, and tokens of every kind."""

    def revoke_key(self, kid: str, now_ms: int) -> None:
        """Refuse everything that a key signed."""
