"""A stored value that a function reads seldom and keeps in memory."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

from doorward.model import Clock

T = TypeVar("T")

MAX_AGE_MS = 300_000
RELOAD_INTERVAL_MS = 60_000


class Cached(Generic[T]):
    """Keeps a stored value in memory.

    The value is read again when it is old, or when a caller misses something in it.
    """

    def __init__(
        self,
        load: Callable[[], T],
        clock: Clock,
        *,
        max_age_ms: int = MAX_AGE_MS,
        reload_interval_ms: int = RELOAD_INTERVAL_MS,
    ) -> None:
        """Take the function that reads the value.

        Nothing is read here.

        Args:
            load: reads the stored value.
            clock: returns the time in milliseconds.
            max_age_ms: how long a value is kept, in milliseconds.
            reload_interval_ms: the shortest time between two readings after a miss, in milliseconds.
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
        """Return the value, and read it first if it is `max_age_ms` old.

        Raises:
            Whatever `load` raises.
        """
        # While one thread reads, the other threads use the old value. They wait if there is no value yet.
        if self._is_old() and self._loading.acquire(blocking=self._value is None):
            try:
                if self._is_old():
                    return self.reload()
            finally:
                self._loading.release()
        return self.reload() if self._value is None else self._value

    def reload(self) -> T:
        """Read the value now, and return it.

        Raises:
            Whatever `load` raises.
        """
        with self._loading:
            found = self._load()
            self._value, self._loaded_at_ms = found, self._clock()
            return found

    def reload_after_miss(self) -> T | None:
        """Read the value again after a miss, and return it.

        Returns:
            The value as it is stored now; None if it was read a moment ago, or another thread is reading it.

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
