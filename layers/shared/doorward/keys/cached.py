"""A stored value as functions hold it: read seldom, kept in memory."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

from doorward.model import Clock

T = TypeVar("T")

MAX_AGE_MS = 300_000
RELOAD_INTERVAL_MS = 60_000


class Cached(Generic[T]):
    """Keeps a value for a time, and reads the value once more when a caller misses something in it."""

    def __init__(
        self,
        load: Callable[[], T],
        clock: Clock,
        *,
        max_age_ms: int = MAX_AGE_MS,
        reload_interval_ms: int = RELOAD_INTERVAL_MS,
    ) -> None:
        """Take what reads the value; nothing is read before the first `get`.

        Args:
            load: reads the value from where it is stored.
            clock: the time in milliseconds.
            max_age_ms: how long a value is kept.
            reload_interval_ms: how often a miss may read the value again.
        """
        self._load = load
        self._clock = clock
        self._max_age_ms = max_age_ms
        self._reload_interval_ms = reload_interval_ms
        self._value: T | None = None
        self._loaded_at_ms = 0
        self._next_reload_ms = 0
        self._loading = threading.RLock()

    def get(self) -> T:
        """Return the value, at most `max_age_ms` old, or as much older as reading it takes.

        Raises:
            Whatever `load` raises.
        """
        # While one thread reads, the others go on with what is known. Where nothing is known, they wait.
        if self._is_old() and self._loading.acquire(blocking=self._value is None):
            try:
                if self._is_old():
                    return self.reload()
            finally:
                self._loading.release()
        return self.reload() if self._value is None else self._value

    def reload(self) -> T:
        """Return the value as it is stored now.

        Raises:
            Whatever `load` raises.
        """
        with self._loading:
            found = self._load()
            self._value, self._loaded_at_ms = found, self._clock()
            return found

    def reload_after_miss(self) -> T | None:
        """Return the value as it is stored now, or None if it was read a moment ago.

        Raises:
            Whatever `load` raises.
        """
        now_ms = self._clock()
        if now_ms < self._next_reload_ms or now_ms <= self._loaded_at_ms or not self._loading.acquire(blocking=False):
            return None
        try:
            self._next_reload_ms = now_ms + self._reload_interval_ms
            return self.reload()
        finally:
            self._loading.release()

    def _is_old(self) -> bool:
        return self._value is None or self._clock() - self._loaded_at_ms >= self._max_age_ms
