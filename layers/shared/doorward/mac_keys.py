"""The keys whose MAC proves refresh tokens; their states lie with them in one secret."""

from __future__ import annotations

import base64
import hmac
import json
import secrets
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass

from doorward.errors import ForgedRefreshToken, NotInitialised
from doorward.key_states import Key, KeyState, ordered
from doorward.model import Clock, SessionRef
from doorward.refresh_tokens import PresentedRefreshToken, mint_refresh_token, read_refresh_token

RELOAD_INTERVAL_MS = 60_000


@dataclass(frozen=True, slots=True, kw_only=True)
class MacKey(Key):
    """One MAC key: 32 bytes as base64url text."""

    key: str

    def raw(self) -> bytes:
        """Return the key's bytes."""
        return base64.urlsafe_b64decode(self.key)


def generate_mac_key(now_ms: int, state: KeyState) -> MacKey:
    """Return a new key."""
    key = base64.urlsafe_b64encode(secrets.token_bytes(32)).decode("ascii")
    return MacKey(kid=f"mac-{secrets.token_hex(8)}", state=state, since_ms=now_ms, key=key)


def decode_mac_keys(text: str | None) -> tuple[MacKey, ...]:
    """Return the MAC keys in a secret's text, the active one first; none from a secret without a value."""
    keys = json.loads(text or "{}").get("keys", [])
    # Secrets from before states had the active key first and the one before it behind.
    states = [{"state": "retiring" if index else "active", **key} for index, key in enumerate(keys)]
    return ordered([MacKey(**key) for key in states])


def encode_mac_keys(keys: Sequence[MacKey]) -> str:
    """Return the secret's text."""
    return json.dumps({"keys": [asdict(key) for key in keys]})


class MacKeyring:
    """The MAC keys of refresh tokens, loaded lazily and kept in memory.

    They are loaded anew now and then, so that a key taken away is soon of no use; and once, at most once a minute,
    for a token that no known key proves: another environment may have met a newer key first.
    """

    def __init__(
        self,
        load: Callable[[], str | None],
        clock: Clock,
        *,
        max_age_ms: int = 300_000,
        reload_interval_ms: int = RELOAD_INTERVAL_MS,
    ) -> None:
        """Take the function that reads the secret's text."""
        self._load = load
        self._clock = clock
        self._max_age_ms = max_age_ms
        self._reload_interval_ms = reload_interval_ms
        self._keys: tuple[bytes, ...] = ()
        self._loaded_at_ms = 0
        self._next_reload_ms = 0

    def mint(self, ref: SessionRef, generation: int) -> str:
        """Return the refresh token of a session's generation.

        Raises:
            NotInitialised: the deployment has no MAC key yet.
        """
        return mint_refresh_token(self._current()[0], ref, generation)

    def read(self, text: str) -> PresentedRefreshToken:
        """Return what a refresh token stands for.

        Raises:
            InvalidGrant: it is no refresh token of this deployment.
            NotInitialised: the deployment has no MAC key yet.
        """
        try:
            return read_refresh_token(self._current(), text)
        except ForgedRefreshToken:
            if self._clock() < self._next_reload_ms or self._clock() == self._loaded_at_ms:
                raise
            self._next_reload_ms = self._clock() + self._reload_interval_ms
            return read_refresh_token(self._reload(), text)

    def derive(self, label: str) -> bytes:
        """Return 16 bytes that only this deployment can derive from a label."""
        return hmac.digest(self._current()[0], f"derive.{label}".encode("ascii"), "sha256")[:16]

    def _current(self) -> tuple[bytes, ...]:
        fresh = self._keys and self._clock() - self._loaded_at_ms < self._max_age_ms
        return self._keys if fresh else self._reload()

    def _reload(self) -> tuple[bytes, ...]:
        keys = decode_mac_keys(self._load())
        if not keys:
            raise NotInitialised(reason="no refresh MAC key")
        self._keys = tuple(key.raw() for key in keys)
        self._loaded_at_ms = self._clock()
        return self._keys
