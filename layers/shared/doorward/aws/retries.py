"""When a request to AWS is sent again, and after which pause: the same for every client."""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from doorward.errors import Unavailable

T = TypeVar("T")

_FIRST_PAUSE_SECONDS = 0.01
_SECONDS = 5.0
"""No request is sent again after this time: a function ends after ten seconds, and then nobody hears why."""

_RESERVE = 100


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of passing failure.

    Args:
        tries: how often a request that fails so is sent.
        spares: whether to send nothing again while the reserve is used up, because the service may be overloaded.
    """

    tries: int
    spares: bool


LOST = Kind(tries=3, spares=True)
"""The answer did not come, or it says that the service itself failed."""

BUSY = Kind(tries=8, spares=True)
"""The service carries out less than it is asked for."""

CONFLICT = Kind(tries=8, spares=False)
"""Another transaction was in the way."""


class Passing(Exception):
    """A request failed, and the same request may pass in a moment.

    Args:
        kind: the kind of failure.
        reason: the failure's name, for the log.
    """

    def __init__(self, kind: Kind, reason: str) -> None:
        super().__init__(reason)
        self.kind = kind
        self.reason = reason


class Retries:
    """Sends again what may pass, and gives up in time.

    What fails for a whole service must not be sent again by everybody: each of that takes one from a reserve, and each
    success gives one back. That is what botocore calls its retry quota.
    """

    def __init__(
        self,
        service: str,
        sleep: Callable[[float], None] = time.sleep,
        *,
        clock: Callable[[], float] = time.monotonic,
        reserve: int = _RESERVE,
    ) -> None:
        """Take the service's name for the log, what waits some seconds, a clock in seconds, and the reserve's size."""
        self._service = service
        self._sleep = sleep
        self._clock = clock
        self._most = reserve
        self._reserve = reserve

    def carry_out(self, send: Callable[[], T]) -> T:
        """Send a request until it passes, and return what the sending returned.

        Raises:
            Unavailable: it failed too often, or for too long.
            Whatever else `send` raises.
        """
        began, failures = self._clock(), Counter[Kind]()
        while True:
            try:
                found = send()
            except Passing as passing:
                # The pause is random, so that two callers who met once do not meet again.
                pause = random.uniform(0, _FIRST_PAUSE_SECONDS * 2 ** failures.total())  # noqa: S311 - no secret
                failures[passing.kind] += 1
                late = self._clock() - began + pause > _SECONDS
                if late or failures[passing.kind] >= passing.kind.tries or not self._take(passing.kind):
                    raise Unavailable(reason=f"{self._service}:{passing.reason}") from passing
                self._sleep(pause)
            else:
                self._reserve = min(self._reserve + 1, self._most)
                return found

    def _take(self, kind: Kind) -> bool:
        if not kind.spares:
            return True
        if self._reserve < 1:
            return False
        self._reserve -= 1
        return True
