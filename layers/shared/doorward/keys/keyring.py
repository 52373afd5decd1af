"""Keys as functions hold them: read seldom, parsed once an environment."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Protocol

from jwt import PyJWK

from doorward.errors import InvalidToken, Misconfigured, Unavailable
from doorward.keys.cached import MAX_AGE_MS, RELOAD_INTERVAL_MS, Cached
from doorward.keys.signing import KeySet, PublicKey, SigningKey, VerificationKey, parse_private_key
from doorward.model import Clock


class Verifying(Protocol):
    """What verifies access tokens."""

    def key_set(self) -> KeySet:
        """Return the deployment's public identity.

        Raises:
            NotInitialised: the deployment has none yet.
        """

    def verification_key(self, kid: str) -> VerificationKey:
        """Return the key with this `kid`.

        Raises:
            InvalidToken: there is none.
        """


class Signing(Protocol):
    """What signs access tokens."""

    @property
    def issuer(self) -> str:
        """Return the issuer identifier (RFC 8414 section 2)."""

    def current(self, revoked_kids: Collection[str] = ()) -> SigningKey:
        """Return the key that signs now, which is none of the revoked ones.

        Raises:
            NotInitialised: the deployment has no key.
            Unavailable: the key that signs is revoked, and its successor not there yet.
        """


class Keyring:
    """The public keys, loaded lazily and kept in memory.

    A key is published (pending) for longer than `max_age_ms` before the key signs. A cached set therefore knows every
    key that signs, but one that had to stand in at once: an unknown `kid` causes one reload, at most one a minute.
    """

    def __init__(
        self,
        load: Callable[[], KeySet],
        clock: Clock,
        *,
        max_age_ms: int = MAX_AGE_MS,
        reload_interval_ms: int = RELOAD_INTERVAL_MS,
    ) -> None:
        """Take the function that reads the key set from where it is stored."""
        self._cached = Cached(load, clock, max_age_ms=max_age_ms, reload_interval_ms=reload_interval_ms)
        self._parsed: dict[str, VerificationKey] = {}

    def key_set(self) -> KeySet:
        """Return the key set, at most `max_age_ms` old, or as much older as reading it takes.

        Raises:
            NotInitialised: the deployment has none yet.
        """
        return self._cached.get()

    def reload(self) -> KeySet:
        """Return the key set as it is stored now.

        Raises:
            NotInitialised: the deployment has none yet.
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
            found = VerificationKey(kid, key.algorithm, PyJWK({**key.jwk, "alg": key.algorithm}).key)
            self._parsed = {**self._still_published(), kid: found}
        return found

    def _still_published(self) -> dict[str, VerificationKey]:
        published = {key.kid for key in self.key_set().keys}
        return {kid: key for kid, key in self._parsed.items() if kid in published}


def _find(key_set: KeySet | None, kid: str) -> PublicKey | None:
    return next((key for key in key_set.keys if key.kid == kid), None) if key_set else None


class Signer:
    """The private key that signs now; only minting functions have one."""

    def __init__(self, keyring: Keyring, load_private_keys: Callable[[], Mapping[str, str]]) -> None:
        """Take the public key set, and the function that reads the private keys (kid to PEM)."""
        self._keyring = keyring
        self._load = load_private_keys
        self._parsed: SigningKey | None = None

    @property
    def issuer(self) -> str:
        """Return the issuer identifier (RFC 8414 section 2)."""
        return self._keyring.key_set().issuer

    def current(self, revoked_kids: Collection[str] = ()) -> SigningKey:
        """Return the active signing key, parsed.

        Args:
            revoked_kids: what is revoked at this moment; a cached key that is among them is not used.

        Raises:
            NotInitialised: there is no key set, or no active key.
            Unavailable: the active key is revoked, and its successor not there yet.
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
            # It may have been retired since the key set was read.
            active = self._keyring.reload().active()
            pem = self._load().get(active.kid)
        if pem is None:
            raise Misconfigured(reason="the signing secret lacks the active key")
        return SigningKey(active.kid, active.algorithm, parse_private_key(pem))
