"""The requests that the stores make, whichever client carries them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from doorward.aws.dynamodb.items import Item, Key, encode, pick
from doorward.errors import Unavailable

Place = tuple[str, Key]
"""A table's name and a key in it."""

Action = Mapping[str, Mapping[str, Any]]
"""One element of TransactWriteItems: see `doorward.aws.dynamodb.actions`."""


class ConditionFailed(Exception):
    """A condition did not hold; nothing was written.

    Args:
        failed: for a transaction, which of its actions failed.
        item: for a single write, the item that the condition met.
    """

    def __init__(self, failed: Sequence[int] = (), item: Item | None = None) -> None:
        super().__init__("a condition did not hold")
        self.failed = tuple(failed)
        self.item = item


class Reader(Protocol):
    """Strongly consistent reads; each method is one request."""

    def get(self, place: Place) -> Item | None:
        """Return one item."""

    def batch_get(self, places: Sequence[Place]) -> list[Item | None]:
        """Return several items, in the order asked for."""


class Database(Reader, Protocol):
    """Reader and writes; each method is one request, conditions included."""

    def transact_get(self, places: Sequence[Place]) -> list[Item | None]:
        """Return several items as they were at one moment, in the order asked for."""

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
        """Return one page of a partition in key order, and the key to go on from."""

    def changed_since(self, table: str, index: str, partition: str, since_ms: int) -> list[Item]:
        """Return all items of an index's partition `feed` that changed at or after a time, page by page."""

    def ending_before(self, table: str, index: str, partition: str, time_ms: int) -> list[Item]:
        """Return all items of an index's partition `listing` that end before a time, soonest first."""

    def write(self, action: Action) -> Item:
        """Carry out one action and, of an update, return the whole item; raises ConditionFailed.

        A condition may meet this very write, if the first answer was lost: ConditionFailed then says nothing.
        """

    def transact(self, actions: Sequence[Action]) -> None:
        """Carry out all actions or none; raises ConditionFailed, but never for what this very call wrote.

        Also for one action whose failed condition is an answer: this costs two write units in place of one.
        """


def read_batch(
    places: Sequence[Place], call: Callable[[dict[str, Any]], Mapping[str, Any]], tries: int
) -> list[Item | None]:
    """Return the items of places in their order, asking again for what DynamoDB left out.

    Args:
        places: tables and keys.
        call: sends a BatchGetItem request with these `RequestItems`, and returns its answer.
        tries: how often to ask.

    Raises:
        Unavailable: something was left out every time.
    """
    wanted: dict[str, Any] = {}
    for table, key in places:
        wanted.setdefault(table, {"Keys": [], "ConsistentRead": True})["Keys"].append(encode(key))
    found: dict[str, list[Mapping[str, Any]]] = {}
    for _ in range(tries):
        answer = call(wanted)
        for table, items in answer["Responses"].items():
            found.setdefault(table, []).extend(items)
        wanted = answer.get("UnprocessedKeys") or {}
        if not wanted:
            return [pick(found.get(table, []), key) for table, key in places]
    raise Unavailable(reason="dynamodb:unprocessed_keys")
