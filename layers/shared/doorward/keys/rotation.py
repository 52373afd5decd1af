"""Move keys through their states, and revoke keys.

A step may be repeated, may run twice at the same time, and may be killed before its end.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from doorward import audit
from doorward.errors import Conflict, InvalidRequest
from doorward.keys.life import K, Key, KeyState, Policy, lacks, leaves_secret, ordered, plan, without
from doorward.keys.mac import MacKey, decode_mac_keys, encode_mac_keys, generate_mac_key
from doorward.keys.signing import FormerKey, KeyPairAlgorithm, KeySet, PrivateKeys, PublicKey, generate_key
from doorward.keys.stores import KeyRevocationStore, KeySetStore, SecretStore
from doorward.model import Clock

_TRIES = 10
_NEEDED: tuple[KeyState, ...] = ("active", "pending")
_ORPHAN_MS = 3_600_000  # no run waits this long between storing a private key and publishing its public key


@dataclass(frozen=True, slots=True)
class RotateSigningKeys:
    """Rotates the signing keys: private keys in a secret, public keys in the key set.

    A private key is stored before its public key is published. It is deleted when no function can sign with it any
    more. A write fails if somebody else wrote since the reading.

    Args:
        algorithm: the algorithm of new keys; None if a shared secret signs, and there is nothing to rotate.
    """

    key_sets: KeySetStore
    secrets: SecretStore
    secret_id: str
    revocations: KeyRevocationStore
    policy: Policy
    algorithm: KeyPairAlgorithm | None
    clock: Clock

    def advance(self, *, due: bool = False) -> tuple[PublicKey, ...]:
        """Take every step that is due, and return the keys after it.

        Args:
            due: rotate although the active key's period is not over, if the pending key was announced long enough.

        Raises:
            NotInitialised: there is no key set.
            Conflict: other runs changed the keys first, in every try.
        """
        if self.algorithm is None:
            return ()
        return _repeated(lambda: self._advance(self.key_sets.get(), due=due))

    def add_first(self, key_set: KeySet) -> None:
        """Store the first key set.

        The key set gets its first keys, unless a shared secret signs.

        Raises:
            Conflict: another run stored a key set first.
        """
        if self.algorithm is None:
            self.key_sets.change(replace(key_set, version=key_set.version + 1))
            return
        self._store(key_set, (), frozenset())

    def revoke(self, kid: str) -> tuple[PublicKey, ...]:
        """Refuse everything that a key signed, from the next request on.

        The next key signs at once.

        Raises:
            NotInitialised: there is no key set.
            Conflict: other runs changed the keys first, in every try.
        """
        # The next key is published before this key is refused, so that users can sign in all the time. If that fails,
        # this key is refused all the same: a stolen key that is accepted is worse than a time without sign-in.
        try:
            return _repeated(lambda: self._without(self.key_sets.get(), kid))
        finally:
            with audit.act("key_revoked", kid=kid, by=None):
                self.revocations.revoke_key(kid, self.clock())

    def end_everything(self) -> None:
        """Refuse every session and every token of the deployment that began before, from the next request on."""
        with audit.act("everything_ended", by=None):
            self.revocations.cut_off_deployment(self.clock())

    def _advance(self, before: KeySet, *, due: bool) -> tuple[PublicKey, ...]:
        keys, now_ms = self._usable(before.keys), self.clock()
        wanted = plan(keys, self.policy, now_ms, wanted=lambda key: key.algorithm == self.algorithm, due=due)
        return self._store(before, wanted, frozenset())

    def _without(self, before: KeySet, kid: str) -> tuple[PublicKey, ...]:
        if all(key.kid != kid for key in before.keys):
            self.key_sets.revoke_former(kid)
        keys = without(self._usable(before.keys), kid, self.policy, self.clock())
        return self._store(before, keys, frozenset({kid}))

    def _usable(self, keys: Sequence[PublicKey]) -> tuple[PublicKey, ...]:
        """Return the keys that are still of use.

        After a restored backup, private keys may be missing. A pending key without its private key is dropped. An
        active key without its private key becomes a retiring key, so that the tokens that it signed stay valid.
        """
        stored = PrivateKeys.decode(self.secrets.get(self.secret_id).text).pems
        able = [key for key in keys if key.kid in stored or key.state == "retiring"]
        lost = [key for key in keys if key.kid not in stored and key.state == "active"]
        return ordered([*able, *(replace(key, state="retiring", since_ms=self.clock()) for key in lost)])

    def _store(
        self, before: KeySet, keys: tuple[PublicKey, ...], revoked_kids: frozenset[str]
    ) -> tuple[PublicKey, ...]:
        """Make the missing keys, store all keys, and delete the private keys that no function can sign with."""
        keys = self._completed(keys)
        if keys != before.keys:
            with _recorded(before.keys, keys):
                self.key_sets.change(
                    replace(before, keys=keys, version=before.version + 1), _former(before.keys, keys, revoked_kids)
                )
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
        # Another run may be about to publish a key that it just stored.
        young = {kid for kid, made_at_ms in private.made_at_ms.items() if now_ms - made_at_ms < _ORPHAN_MS}
        kept = private.only((signing | (young - published)) - revoked_kids)
        if kept.pems != private.pems:
            self.secrets.change(self.secret_id, kept.encode(), secret)


@dataclass(frozen=True, slots=True)
class RotateMacKeys:
    """Rotates the MAC keys of refresh tokens.

    One secret holds the keys and their states.
    """

    secrets: SecretStore
    secret_id: str
    revocations: KeyRevocationStore
    policy: Policy
    clock: Clock

    def advance(self, *, due: bool = False) -> tuple[MacKey, ...]:
        """Take every step that is due, and return the keys after it.

        The first call makes the first keys.

        Args:
            due: rotate although the active key's period is not over, if the pending key was announced long enough.

        Raises:
            Conflict: other runs changed the keys first, in every try.
        """
        return _repeated(lambda: self._store(lambda keys, now_ms: plan(keys, self.policy, now_ms, due=due)))

    def revoke(self, kid: str) -> tuple[MacKey, ...]:
        """Refuse all refresh tokens that a key proves, from the next request on.

        Raises:
            InvalidRequest: there is no such key, or it is gone already.
            Conflict: other runs changed the keys first, in every try.
        """
        if all(key.kid != kid for key in decode_mac_keys(self.secrets.get(self.secret_id).text)):
            raise InvalidRequest("There is no MAC key of this name.")
        self.revocations.revoke_key(kid, self.clock())
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
            with _recorded(before, keys):
                self.secrets.change(self.secret_id, encode_mac_keys(keys), secret)
        return keys


def _repeated(step: Callable[[], tuple[K, ...]]) -> tuple[K, ...]:
    """Run a step, and run it again with newly read keys if another run wrote first.

    Raises:
        Conflict: another run wrote first in every try.
    """
    for _ in range(_TRIES):
        with contextlib.suppress(Conflict):
            return step()
    raise Conflict


def _former(before: Sequence[PublicKey], after: Sequence[PublicKey], revoked_kids: frozenset[str]) -> list[FormerKey]:
    """Return the keys that leave the set and may have signed."""
    kept = {key.kid for key in after}
    left = (key for key in before if key.kid not in kept and key.state != "pending")
    return [FormerKey(key, key.kid in revoked_kids) for key in left]


@contextlib.contextmanager
def _recorded(before: Sequence[Key], after: Sequence[Key]) -> Iterator[None]:
    """Record each key that moves to another state."""
    old, new = ({key.kid: key.state for key in keys} for keys in (before, after))
    with contextlib.ExitStack() as acts:
        for kid in sorted({*old, *new}):
            if old.get(kid) != new.get(kid):
                states = {"was": old.get(kid, "none"), "state": new.get(kid, "gone")}
                acts.enter_context(audit.act("key_changed", kid=kid, by=None, **states))
        yield
