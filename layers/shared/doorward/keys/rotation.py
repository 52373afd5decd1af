"""Move keys through their states, and revoke them. Every step can be repeated, run twice at once, or be killed."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from doorward import audit
from doorward.errors import Conflict, InvalidRequest
from doorward.keys.life import K, Key, KeyState, Policy, lacks, leaves_secret, ordered, plan, without
from doorward.keys.mac import MacKey, decode_mac_keys, encode_mac_keys, generate_mac_key
from doorward.keys.signing import KeyPairAlgorithm, KeySet, PrivateKeys, PublicKey, generate_key
from doorward.keys.stores import KeyRevocationStore, KeySetStore, SecretStore
from doorward.model import Clock

_TRIES = 10
_NEEDED: tuple[KeyState, ...] = ("active", "pending")
_ORPHAN_MS = 3_600_000  # nobody waits that long between storing a private key and publishing its other half


@dataclass(frozen=True, slots=True)
class RotateSigningKeys:
    """The signing keys: private halves in a secret, public ones in the key set.

    A private key is stored before its public half is published, and taken away after nobody can sign with it any
    more; both writes suppose that nobody else wrote since the reading.

    Args:
        algorithm: of the keys to make; None if a shared secret signs, and there is nothing to rotate.
    """

    key_sets: KeySetStore
    secrets: SecretStore
    secret_id: str
    revocations: KeyRevocationStore
    policy: Policy
    algorithm: KeyPairAlgorithm | None
    clock: Clock

    def advance(self, *, due: bool = False) -> tuple[PublicKey, ...]:
        """Take every step that is due, and return the keys as they are then.

        Args:
            due: rotate although the period is not over, as soon as the pending key was announced long enough.

        Raises:
            NotInitialised: there is no key set.
            Conflict: others were faster, many times.
        """
        if self.algorithm is None:
            return ()
        return _repeated(lambda: self._advance(self.key_sets.get(), due=due))

    def add_first(self, key_set: KeySet) -> None:
        """Store the first key set, with the first keys unless a shared secret signs.

        Raises:
            Conflict: another one began.
        """
        if self.algorithm is None:
            self.key_sets.change(replace(key_set, version=key_set.version + 1))
            return
        self._store(key_set, (), frozenset())

    def revoke(self, kid: str) -> tuple[PublicKey, ...]:
        """Refuse everything that a key signed, from the next request on; the next key signs at once.

        Raises:
            NotInitialised: there is no key set.
            Conflict: others were faster, many times.
        """
        # The successor is there before its predecessor is refused, or nobody could sign in in between; but refused it
        # is in any case: that nobody can sign in for a while is better than a stolen key that is accepted.
        try:
            return _repeated(lambda: self._without(self.key_sets.get(), kid))
        finally:
            self.revocations.revoke_key(kid, self.clock())
            audit.record("key_revoked", kid=kid)

    def _advance(self, before: KeySet, *, due: bool) -> tuple[PublicKey, ...]:
        keys, now_ms = self._usable(before.keys), self.clock()
        wanted = plan(keys, self.policy, now_ms, wanted=lambda key: key.algorithm == self.algorithm, due=due)
        return self._store(before, wanted, frozenset())

    def _without(self, before: KeySet, kid: str) -> tuple[PublicKey, ...]:
        keys = without(self._usable(before.keys), kid, self.policy, self.clock())
        return self._store(before, keys, frozenset({kid}))

    def _usable(self, keys: Sequence[PublicKey]) -> tuple[PublicKey, ...]:
        """Return the keys without those that cannot sign, as after a restored backup; what they signed stays good."""
        stored = PrivateKeys.decode(self.secrets.get(self.secret_id).text).pems
        able = [key for key in keys if key.kid in stored or key.state == "retiring"]
        lost = [key for key in keys if key.kid not in stored and key.state == "active"]
        return ordered([*able, *(replace(key, state="retiring", since_ms=self.clock()) for key in lost)])

    def _store(
        self, before: KeySet, keys: tuple[PublicKey, ...], revoked_kids: frozenset[str]
    ) -> tuple[PublicKey, ...]:
        """Store the keys, those that are lacking made, and forget private keys that nobody signs with."""
        keys = self._completed(keys)
        if keys != before.keys:
            self.key_sets.change(replace(before, keys=keys, version=before.version + 1))
            _record_changes(before.keys, keys)
        self._forget(keys, revoked_kids)
        return keys

    def _completed(self, keys: tuple[PublicKey, ...]) -> tuple[PublicKey, ...]:
        now_ms, secret = self.clock(), self.secrets.get(self.secret_id)
        before = private = PrivateKeys.decode(secret.text)
        for state in _NEEDED:
            if self.algorithm is not None and lacks(keys, state):
                public, pem = generate_key(self.algorithm, now_ms, state)
                public = replace(public, signs_for_ms=self.policy.token_life_ms)
                keys, private = ordered([*keys, public]), private.added(public.kid, pem, now_ms)
        if private is not before:
            self.secrets.change(self.secret_id, private.encode(), secret)
        return keys

    def _forget(self, keys: Sequence[PublicKey], revoked_kids: frozenset[str]) -> None:
        now_ms, secret = self.clock(), self.secrets.get(self.secret_id)
        private = PrivateKeys.decode(secret.text)
        published = {key.kid for key in keys}
        signing = {key.kid for key in keys if not leaves_secret(key, self.policy, now_ms)}
        # Another run may be about to publish what it just stored.
        young = {kid for kid, made_at_ms in private.made_at_ms.items() if now_ms - made_at_ms < _ORPHAN_MS}
        kept = private.only((signing | (young - published)) - revoked_kids)
        if kept.pems != private.pems:
            self.secrets.change(self.secret_id, kept.encode(), secret)


@dataclass(frozen=True, slots=True)
class RotateMacKeys:
    """The MAC keys of refresh tokens: keys and states lie in one secret."""

    secrets: SecretStore
    secret_id: str
    policy: Policy
    clock: Clock

    def advance(self, *, due: bool = False) -> tuple[MacKey, ...]:
        """Take every step that is due, the making of the first keys included, and return the keys.

        Raises:
            Conflict: others were faster, many times.
        """
        return _repeated(lambda: self._store(lambda keys, now_ms: plan(keys, self.policy, now_ms, due=due)))

    def revoke(self, kid: str) -> tuple[MacKey, ...]:
        """Refuse all refresh tokens that a key proves, once functions read the secret again.

        Raises:
            InvalidRequest: there is no such key (any more).
            Conflict: others were faster, many times.
        """
        if all(key.kid != kid for key in decode_mac_keys(self.secrets.get(self.secret_id).text)):
            raise InvalidRequest("There is no MAC key of this name.")
        return _repeated(lambda: self._store(lambda keys, now_ms: without(keys, kid, self.policy, now_ms)))

    def _store(self, change: Callable[[tuple[MacKey, ...], int], tuple[MacKey, ...]]) -> tuple[MacKey, ...]:
        now_ms, secret = self.clock(), self.secrets.get(self.secret_id)
        before = decode_mac_keys(secret.text)
        keys = change(before, now_ms)
        for state in _NEEDED:
            if lacks(keys, state):
                fresh = replace(generate_mac_key(now_ms, state), signs_for_ms=self.policy.token_life_ms)
                keys = ordered([*keys, fresh])
        if keys != before:
            self.secrets.change(self.secret_id, encode_mac_keys(keys), secret)
            _record_changes(before, keys)
        return keys


def _repeated(step: Callable[[], tuple[K, ...]]) -> tuple[K, ...]:
    """Run a step again from a fresh reading as long as others were faster."""
    for _ in range(_TRIES):
        with contextlib.suppress(Conflict):
            return step()
    raise Conflict


def _record_changes(before: Sequence[Key], after: Sequence[Key]) -> None:
    old, new = ({key.kid: key.state for key in keys} for keys in (before, after))
    for kid in sorted({*old, *new}):
        if old.get(kid) != new.get(kid):
            audit.record("key_changed", kid=kid, was=old.get(kid, "none"), state=new.get(kid, "gone"))
