"""Copies of markers that are kept for some seconds, where a deployment chose to hear of their changes that late."""

from __future__ import annotations

from collections.abc import Sequence

from doorward.aws.dynamodb.database import Place, Reader
from doorward.aws.dynamodb.items import Item
from doorward.model import Clock

_MOST = 10_000  # a copy is below 1 KB


class KeptMarkers:
    """Reads items, and keeps all but the first of each reading."""

    def __init__(self, database: Reader, seconds: int, clock: Clock) -> None:
        """Take where to read, and for how long to keep what was read."""
        self._database = database
        self._ms = seconds * 1000
        self._clock = clock
        self._kept: dict[str, tuple[int, Item]] = {}

    def read(self, places: Sequence[Place]) -> list[Item | None]:
        """Return the items: the first as it is now, each other one as it was at most these seconds ago.

        What is absent is not kept: it may be there the next moment.
        """
        now_ms = self._clock()
        wanted = [place for place in places[1:] if self._at(place, now_ms) is None]
        first, *found = self._database.batch_get([places[0], *wanted])
        read = {place[1]["pk"]: item for place, item in zip(wanted, found, strict=True)}
        items = [read.get(place[1]["pk"]) or self._at(place, now_ms) for place in places[1:]]
        self._keep(read, now_ms)
        return [first, *items]

    def _at(self, place: Place, now_ms: int) -> Item | None:
        read_at_ms, item = self._kept.get(place[1]["pk"], (0, None))
        return item if now_ms - read_at_ms < self._ms else None

    def _keep(self, read: dict[str, Item | None], now_ms: int) -> None:
        if not self._ms:
            return
        if len(self._kept) >= _MOST:
            self._kept.clear()
        self._kept.update({pk: (now_ms, item) for pk, item in read.items() if item is not None})
