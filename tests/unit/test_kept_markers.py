"""Markers that are kept: what changes late, and what does not."""

from __future__ import annotations

from collections.abc import Sequence

from doorward.aws.dynamodb import kept_markers
from doorward.aws.dynamodb.database import Place
from doorward.aws.dynamodb.items import Item
from doorward.aws.dynamodb.kept_markers import KeptMarkers

PLACES: list[Place] = [("t", {"pk": name}) for name in ("user", "tenant", "deployment")]


class Table:
    """Items, and how many were read."""

    def __init__(self) -> None:
        self.items: dict[str, Item] = {name: {"epoch": 1} for name in ("user", "tenant", "deployment")}
        self.read = 0

    def get(self, place: Place) -> Item | None:
        return self.batch_get([place])[0]

    def batch_get(self, places: Sequence[Place], *, eventual_table: str | None = None) -> list[Item | None]:
        assert eventual_table is None
        self.read += len(places)
        return [self.items.get(key["pk"]) for _, key in places]


class Time:
    """A clock that stands still until it is moved."""

    ms = 1_000_000

    def __call__(self) -> int:
        return self.ms


def test_a_users_own_item_is_read_every_time_and_a_marker_once_in_its_seconds() -> None:
    table, time = Table(), Time()
    kept = KeptMarkers(table, 5, time)
    assert kept.read(PLACES) == [{"epoch": 1}] * 3
    table.items = {name: {"epoch": 2} for name in table.items}
    time.ms += 4_999
    assert kept.read(PLACES) == [{"epoch": 2}, {"epoch": 1}, {"epoch": 1}]
    assert table.read == 3 + 1
    time.ms += 1
    assert kept.read(PLACES) == [{"epoch": 2}] * 3


def test_no_seconds_keep_nothing() -> None:
    table = Table()
    kept = KeptMarkers(table, 0, Time())
    for epoch in (1, 2):
        table.items = {name: {"epoch": epoch} for name in table.items}
        assert kept.read(PLACES) == [{"epoch": epoch}] * 3


def test_what_is_absent_is_looked_for_again() -> None:
    table = Table()
    kept = KeptMarkers(table, 5, Time())
    tenant = table.items.pop("tenant")
    assert kept.read(PLACES) == [{"epoch": 1}, None, {"epoch": 1}]
    table.items["tenant"] = tenant
    assert kept.read(PLACES) == [{"epoch": 1}] * 3


def test_memory_has_an_end() -> None:
    table, size = Table(), kept_markers._MOST
    kept = KeptMarkers(table, 5, Time())
    for number in range(size + 2):
        table.items = {"user": {}, f"tenant{number}": {"epoch": 1}, "deployment": {"epoch": 1}}
        kept.read([PLACES[0], ("t", {"pk": f"tenant{number}"}), PLACES[2]])
    assert len(kept._kept) <= size + 1
