"""Hold the items of all tables to their rules."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from doorward.aws.dynamodb.items import Item
from doorward.model import Clock
from tools.tables.found import LEAVES, Found, Seen
from tools.tables.kinds import TABLES

Tables = Mapping[str, Sequence[Item]]


@dataclass(frozen=True, slots=True)
class Report:
    """What a check found.

    Args:
        items: how many items were held to rules.
        leaving: how many of them belong to users and tenants whose deletion goes on.
        ended: how many the time to live is about to remove: no rule holds for them.
        broken: a line for each item that breaks a rule.
    """

    items: int
    leaving: int
    ended: int
    broken: tuple[str, ...]

    def __str__(self) -> str:
        """Return the numbers in one line."""
        return (
            f"{self.items} items checked: {len(self.broken)} broken, "
            f"{self.leaving} of who is leaving, {self.ended} past their end"
        )


def check(tables: Tables, now_ms: int) -> Report:
    """Return what is broken in the items of all tables.

    Args:
        tables: the items of each table, by the table's logical id.
        now_ms: the time, in milliseconds.
    """
    found, broken, leaving, ended = Found.of_items(tables, now_ms), list[str](), 0, 0
    broken += [f"{table}: no rules for this table (tools/tables/kinds.py)" for table in sorted(tables.keys() - TABLES)]
    broken += [f"{table}: this table is missing" for table in sorted(TABLES.keys() - tables)]
    if broken:
        return Report(0, 0, 0, tuple(broken))
    for table, items in found.tables.items():
        for item in items.values():
            if found.has_ended(item):
                ended += 1
                continue
            said = list(_judge(found, table, item))
            wrong = [text for text in said if text != LEAVES]
            leaving += LEAVES in said and not wrong
            if wrong:
                broken.append(f"{table} {_place(item)}: {'; '.join(wrong)}")
    return Report(sum(map(len, found.tables.values())), leaving, ended, tuple(broken))


def check_twice(read: Callable[[], Tables], clock: Clock) -> Report:
    """Return what is broken in tables that others change meanwhile.

    Items are read one after the other, so a change can show half. What is broken is therefore read a second time, and
    only what is broken in the same way again counts.
    """
    first = check(read(), clock())
    if not first.broken:
        return first
    again = check(read(), clock())
    return Report(again.items, again.leaving, again.ended, tuple(line for line in again.broken if line in first.broken))


def _judge(found: Found, table: str, item: Item) -> Iterator[str]:
    """Return what is wrong with an item, by the rule of its kind."""
    for kind in TABLES[table]:
        parts = kind.parts(item)
        if parts is not None:
            try:
                yield from kind.rule(Seen(found, item, parts))
            except (KeyError, TypeError, ValueError) as error:
                yield f"cannot be read: {type(error).__name__} {error}"
            return
    yield "is of no kind that has a rule (tools/tables/kinds.py)"


def _place(item: Item) -> str:
    return " ".join(filter(None, (item["pk"], item.get("sk"))))
