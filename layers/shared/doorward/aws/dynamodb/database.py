"""The requests that the stores make, whichever client sends them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Protocol

from doorward.aws.dynamodb.items import Item, Key

Place = tuple[str, Key]
"""A table's name, and a key in the table."""

Action = Mapping[str, Mapping[str, Any]]
"""One element of TransactWriteItems: see `doorward.aws.dynamodb.actions`."""


class ConditionFailed(Exception):
    """A condition did not hold, and nothing was written.

    Args:
        failed: for a transaction, the positions of the actions whose conditions failed.
        item: for a single write, the item that did not meet the condition, if DynamoDB returned it.
    """

    def __init__(self, failed: Sequence[int] = (), item: Item | None = None) -> None:
        super().__init__("a condition did not hold")
        self.failed = tuple(failed)
        self.item = item


class Reader(Protocol):
    """Reads, strongly consistent but where somebody asks for less.

    Each method sends one request, unless DynamoDB leaves something out.
    """

    def get(self, place: Place) -> Item | None:
        """Return one item."""

    def batch_get(self, places: Sequence[Place], *, eventual_table: str | None = None) -> list[Item | None]:
        """Return several items, in the order of their places.

        Args:
            places: where they lie.
            eventual_table: a table whose items may be some moments old, at half the price (DynamoDB Developer Guide,
                "Eventually consistent reads").
        """


class Database(Reader, Protocol):
    """Reads and writes.

    The conditions of a write are part of its request.
    """

    def query(
        self,
        table: str,
        *,
        partition: str,
        prefix: str,
        limit: int,
        after: Key | None = None,
        index: str | None = None,
        newest_first: bool = False,
    ) -> tuple[list[Item], Key | None]:
        """Return one page of a partition in the order of keys, and the key after which the next page begins."""

    def scan(self, table: str) -> Iterator[list[Item]]:
        """Return all items of a table, in pages."""

    def ending_before(self, table: str, index: str, partition: str, time_ms: int) -> list[Item]:
        """Return all items of a partition of an index that end before a time, in milliseconds, the soonest first."""

    def write(self, action: Action) -> Item:
        """Carry out one action, and return the whole item after an update.

        A condition may meet this very write, if the first answer was lost. ConditionFailed then says nothing.

        Raises:
            ConditionFailed: the action's condition did not hold.
        """

    def transact(self, actions: Sequence[Action]) -> None:
        """Carry out all actions or none.

        One action whose failed condition is an answer goes this way too: that costs two write units in place of one.

        Raises:
            ConditionFailed: a condition did not hold; never for what this very call wrote.
        """
