"""The keys that a function keeps in memory.

The function reads the keys seldom, and parses each key once.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Protocol

from jwt import PyJWK

from doorward.errors import InvalidToken, Misconfigured, Unavailable
from doorward.keys.cached import MAX_AGE_MS, RELOAD_INTERVAL_MS, Cached
from doorward.keys.signing import KeySet, PublicKey, SigningKey, VerificationKey, parse_private_key
from doorward.model import Clock


class Verifying(Protocol):
    """The keys that verify access tokens."""

    def key_set(self) -> KeySet:
        """Return the deployment's issuer, own API and public keys.

        Raises:
            NotInitialised: the deployment has no key set yet.
        """

    def verification_key(self, kid: str) -> VerificationKey:
        """Return the key with this `kid`.

        Raises:
            InvalidToken: there is no such key.
        """


class Signing(Protocol):
    """The key that signs access tokens."""

    @property
    def issuer(self) -> str:
        """Return the issuer identifier (RFC 8414 section 2)."""

    def current(self, revoked_kids: Collection[str] = ()) -> SigningKey:
        """Return the key that signs now.

        A revoked key never signs.

        Raises:
            NotInitialised: the deployment has no key.
            Unavailable: the key that signs is revoked, and the next key does not sign yet.
        """


class Keyring:
    """The public keys, which are read at first use and kept in memory.

    A key is published (pending) for longer than `max_age_ms` before the key signs. A set in memory therefore has every
    key that signs, except a key that replaced a revoked key at once. So an unknown `kid` causes a reload, at most once
    a minute.
    """

    def __init__(
        self,
        load: Callable[[], KeySet],
        clock: Clock,
        *,
        max_age_ms: int = MAX_AGE_MS,
        reload_interval_ms: int = RELOAD_INTERVAL_MS,
    ) -> None:
        """Take the function that reads the stored key set."""
        self._cached = Cached(load, clock, max_age_ms=max_age_ms, reload_interval_ms=reload_interval_ms)
        self._parsed: dict[str, VerificationKey] = {}

    def key_set(self) -> KeySet:
        """Return the key set, and read it first if it is `max_age_ms` old.

        Raises:
            NotInitialised: the deployment has no key set yet.
        """
        return self._cached.get()

    def reload(self) -> KeySet:
        """Read the key set now, and return it.

        Raises:
            NotInitialised: the deployment has no key set yet.
        """
        return self._cached.reload()

    def verification_key(self, kid: str) -> VerificationKey:
        """Return the parsed public key with this `kid`.

        Raises:
            InvalidToken: no such key is published.
        """
        key = _find(self.key_set(), kid) or _find(self._cached.reload_after_miss(), kid)
        if key is None:
            raise InvalidToken(reason="unknown_kid")
        found = self._parsed.get(kid)
        if found is None:
            found = parsed(key)
            self._parsed = {**self._still_published(), kid: found}
        return found

    def _still_published(self) -> dict[str, VerificationKey]:
        published = {key.kid for key in self.key_set().keys}
        return {kid: key for kid, key in self._parsed.items() if kid in published}


def parsed(key: PublicKey) -> VerificationKey:
    """Return a public key as it verifies."""
    return VerificationKey(key.kid, key.algorithm, PyJWK({**key.jwk, "alg": key.algorithm}).key)


def _find(key_set: KeySet | None, kid: str) -> PublicKey | None:
    return next((key for key in key_set.keys if key.kid == kid), None) if key_set else None


class Signer:
    """The private key that signs now.

    Only functions that mint tokens have it.
    """

    def __init__(self, keyring: Keyring, load_private_keys: Callable[[], Mapping[str, str]]) -> None:
        """Take the public keys, and the function that reads the private keys (kid to PEM text)."""
        self._keyring = keyring
        self._load = load_private_keys
        self._parsed: SigningKey | None = None

    @property
    def issuer(self) -> str:
        """Return the issuer identifier (RFC 8414 section 2)."""
        return self._keyring.key_set().issuer

    def current(self, revoked_kids: Collection[str] = ()) -> SigningKey:
        """Return the active signing key.

        Args:
            revoked_kids: the ids of the keys that are revoked now. A key among them does not sign.

        Raises:
            NotInitialised: there is no key set, or no active key.
            Unavailable: the active key is revoked, and the next key is not active yet.
            Misconfigured: the secret lacks the active key.
        """
        active = self._keyring.key_set().active()
        if active.kid in revoked_kids:
            active = self._keyring.reload().active()
            if active.kid in revoked_kids:
                raise Unavailable(reason="the signing key is revoked")
        if self._parsed is None or self._parsed.kid != active.kid:
            self._parsed = self._read(active)
        return self._parsed

    def _read(self, active: PublicKey) -> SigningKey:
        pem = self._load().get(active.kid)
        if pem is None:
            # The key may have retired since the key set was read.
            active = self._keyring.reload().active()
            pem = self._load().get(active.kid)
        if pem is None:
            raise Misconfigured(reason="the signing secret lacks the active key")
        return SigningKey(active.kid, active.algorithm, parse_private_key(pem))
