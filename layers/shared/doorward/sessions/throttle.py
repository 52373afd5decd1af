"""Let an attempt to sign in begin, or refuse it before any password is hashed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from doorward import audit
from doorward.errors import TooManyAttempts
from doorward.model import Clock
from doorward.rules.throttles import Attempt, Counter, Limit, Throttles
from doorward.stores import AttemptStore, NameLookup
from doorward.tokens.device import Device

_TRUST_AGE_SECONDS = 86_400  # a memory younger than this is not written again


@dataclass(frozen=True, slots=True)
class BegunAttempt:
    """An attempt that was counted.

    Args:
        counters: what was raised.
        known_device: the user's own, if the client has one.
        trusted_until: until when the name is remembered at this address, in epoch seconds.
    """

    counters: Sequence[Counter]
    known_device: Device | None = None
    trusted_until: int = 0


@dataclass(frozen=True, slots=True)
class ThrottleSignIn:
    """Counts attempts on what was presented.

    Strangers fill the counters of a name and of an address. A known device, and a name at a known address, have
    counters of their own.
    """

    attempts: AttemptStore
    throttles: Throttles
    clock: Clock

    def keys(self, attempt: Attempt, device: Device | None) -> list[str]:
        """Return the keys of the counts that most probably decide whether an attempt may begin.

        Who shows a device is most probably its user. If not, raising the counters of strangers decides alone.
        """
        now_ms = self.clock()
        counters = [self._of_device(device, now_ms)] if device else self._of_strangers(attempt, now_ms)
        return [*(counter.key for counter in counters), self.throttles.trust_key(attempt)]

    def begin(self, attempt: Attempt, device: Device | None, found: NameLookup) -> BegunAttempt:
        """Count an attempt.

        Args:
            attempt: source address and name.
            device: the device that the client proves, whoever's it is.
            found: whom the name names, and the counts under `keys`, which may be some moments old.

        Raises:
            TooManyAttempts: a limit is reached.
        """
        now_ms = self.clock()
        own = device if device and found.target and device.user_id == found.target.user_id else None
        trust = found.counts.get(self.throttles.trust_key(attempt), {})
        trusted_until = trust.get("expires_at", 0)
        known_address = trusted_until * 1000 > now_ms
        counters = self._counters(attempt, own, now_ms, known_address=known_address)
        for counter in counters:
            self._refuse(counter, counter.reached(found.counts.get(counter.key, {})), now_ms)
        self._count(counters, now_ms)
        return BegunAttempt(counters, own, trusted_until)

    def undo(self, begun: BegunAttempt) -> None:
        """Take an attempt back: the password was right, or something else failed."""
        for counter in begun.counters:
            self.attempts.uncount(counter)

    def succeed(self, attempt: Attempt, begun: BegunAttempt) -> None:
        """Take a right attempt back, and remember that the name signed in from the address."""
        self.undo(begun)
        trust = self.throttles.trust(attempt, self.clock())
        if trust.expires_at - begun.trusted_until > _TRUST_AGE_SECONDS:
            self.attempts.add_trust(trust)

    def _counters(self, attempt: Attempt, own: Device | None, now_ms: int, *, known_address: bool) -> list[Counter]:
        if own is not None:
            return [self._of_device(own, now_ms)]
        if known_address:
            return [self.throttles.of_name(attempt, now_ms, known_address=True)]
        return self._of_strangers(attempt, now_ms)

    def _of_strangers(self, attempt: Attempt, now_ms: int) -> list[Counter]:
        of_name = self.throttles.of_name(attempt, now_ms, known_address=False)
        return [self.throttles.of_source(attempt, now_ms), of_name]

    def _count(self, counters: Sequence[Counter], now_ms: int) -> None:
        for index, counter in enumerate(counters):
            limit = self.attempts.count(counter)
            if limit is not None:
                self.undo(BegunAttempt(counters[:index]))
                self._refuse(counter, limit, now_ms)

    def _of_device(self, device: Device, now_ms: int) -> Counter:
        return self.throttles.of_own(f"device#{device.id}", now_ms)

    @staticmethod
    def _refuse(counter: Counter, limit: Limit | None, now_ms: int) -> None:
        if limit is not None:
            audit.record("sign_in_throttled", by=counter.key.partition("#")[0])
            raise TooManyAttempts(limit.retry_after_seconds(now_ms))
