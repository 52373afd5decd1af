"""The MAC keys that prove refresh tokens.

One secret holds the keys and their states.
"""

from __future__ import annotations

import base64
import json
import secrets
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass

from doorward.errors import NotInitialised
from doorward.keys.cached import MAX_AGE_MS, RELOAD_INTERVAL_MS, Cached
from doorward.keys.life import Key, KeyState, ordered
from doorward.model import Clock


@dataclass(frozen=True, slots=True, kw_only=True)
class MacKey(Key):
    """One MAC key: 32 bytes as base64url text."""

    key: str

    def raw(self) -> bytes:
        """Return the key's bytes."""
        return base64.urlsafe_b64decode(self.key)


def generate_mac_key(now_ms: int, state: KeyState) -> MacKey:
    """Return a new random MAC key that begins in this state."""
    key = base64.urlsafe_b64encode(secrets.token_bytes(32)).decode("ascii")
    return MacKey(kid=f"mac-{secrets.token_hex(8)}", state=state, since_ms=now_ms, key=key)


def decode_mac_keys(text: str | None) -> tuple[MacKey, ...]:
    """Return the MAC keys in a secret's text, the active key first.

    A secret without a value has no keys.
    """
    return ordered([MacKey(**key) for key in json.loads(text or "{}").get("keys", [])])


def encode_mac_keys(keys: Sequence[MacKey]) -> str:
    """Return the secret's text for these keys."""
    return json.dumps({"keys": [asdict(key) for key in keys]})


class MacKeyring:
    """The MAC keys, which are read at first use and kept in memory.

    The keys are read again when they are old, so that a revoked key soon proves nothing. They are also read again, at
    most once a minute, when no known key proves a MAC: another environment may have used a newer key already.
    """

    def __init__(
        self,
        load: Callable[[], str | None],
        clock: Clock,
        *,
        max_age_ms: int = MAX_AGE_MS,
        reload_interval_ms: int = RELOAD_INTERVAL_MS,
    ) -> None:
        """Take the function that reads the secret's text."""

        def load_keys() -> tuple[MacKey, ...]:
            keys = decode_mac_keys(load())
            if not keys:
                raise NotInitialised(reason="no refresh MAC key")
            return keys

        self._cached = Cached(load_keys, clock, max_age_ms=max_age_ms, reload_interval_ms=reload_interval_ms)

    def keys(self) -> tuple[bytes, ...]:
        """Return the keys that prove a MAC; the first one makes MACs.

        Raises:
            NotInitialised: the deployment has no MAC key yet.
        """
        return tuple(key.raw() for key in self._cached.get())

    def kid(self, key: bytes) -> str:
        """Return the id of one of the keys; empty if the key is gone.

        Raises:
            NotInitialised: the deployment has no MAC key yet.
        """
        return next((known.kid for known in self._cached.get() if known.raw() == key), "")

    def active_kid(self) -> str:
        """Return the id of the key that makes MACs.

        Raises:
            NotInitialised: the deployment has no MAC key yet.
        """
        return self._cached.get()[0].kid

    def key_of(self, kid: str) -> bytes | None:
        """Return the key with an id; None if it is gone. An unknown id is looked for once more, where it is stored.

        Raises:
            NotInitialised: the deployment has no MAC key yet.
        """
        for keys in (self._cached.get(), self._cached.reload_after_miss() or ()):
            for key in keys:
                if key.kid == kid:
                    return key.raw()
        return None

    def reload_after_miss(self) -> tuple[bytes, ...] | None:
        """Return the keys as they are stored now, or None if they were read a moment ago.

        Raises:
            NotInitialised: the deployment has no MAC key yet.
        """
        keys = self._cached.reload_after_miss()
        return None if keys is None else tuple(key.raw() for key in keys)
