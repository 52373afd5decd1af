"""The requests that a database sends, and what their answers mean, whichever client carries them."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from doorward.aws.dynamodb.database import Action, Place
from doorward.aws.dynamodb.items import Item, Key, decode, encode, pick
from doorward.aws.retries import BUSY, Passing, Retries

Send = Callable[[str, Mapping[str, Any]], Mapping[str, Any]]
"""Sends one request: takes the operation, such as `GetItem`, and its parameters; returns the answer.

It raises ConditionFailed where a condition did not hold, and Passing where the same request may pass in a moment.
"""


class Operations:
    """A database over a client.

    Refusals become Doorward's errors. What may pass is sent again (`doorward.aws.retries`).
    """

    def __init__(self, send: Send, retries: Retries) -> None:
        """Take what sends a request, and the rules of sending again."""
        self._send = send
        self._retries = retries

    def get(self, place: Place) -> Item | None:
        """Return one item, from a strongly consistent read.

        Raises:
            Unavailable: DynamoDB does not answer, or is too busy.
        """
        table, key = place
        answer = self._call("GetItem", {"TableName": table, "Key": encode(key), "ConsistentRead": True})
        return decode(answer.get("Item"))

    def batch_get(self, places: Sequence[Place], *, eventual_table: str | None = None) -> list[Item | None]:
        """Return several items in the order of their places.

        The read of each item is strongly consistent, but of one table if the caller says so. What DynamoDB leaves out
        is asked for again.

        Raises:
            Unavailable: DynamoDB does not answer, or is too busy.
        """
        wanted: dict[str, Any] = {}
        for table, key in places:
            asked = wanted.setdefault(table, {"Keys": [], "ConsistentRead": table != eventual_table})
            asked["Keys"].append(encode(key))
        found: dict[str, list[Mapping[str, Any]]] = {}

        def ask() -> None:
            nonlocal wanted
            answer = self._send("BatchGetItem", {"RequestItems": wanted})
            for table, items in answer["Responses"].items():
                found.setdefault(table, []).extend(items)
            wanted = answer.get("UnprocessedKeys") or {}
            if wanted:
                raise Passing(BUSY, "unprocessed_keys")

        self._retries.carry_out(ask)
        return [pick(found.get(table, []), key) for table, key in places]

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
        hash_name, range_name = ("listing", "pk") if index else ("pk", "sk")
        request: dict[str, Any] = {
            "TableName": table,
            "KeyConditionExpression": f"{hash_name} = :partition AND begins_with({range_name}, :prefix)",
            "ExpressionAttributeValues": encode({":partition": partition, ":prefix": prefix}),
            "Limit": limit,
            "ScanIndexForward": not newest_first,
            **({"IndexName": index} if index else {"ConsistentRead": True}),
            **({"ExclusiveStartKey": encode(after)} if after else {}),
        }
        answer = self._call("Query", request)
        items = [item for item in map(decode, answer["Items"]) if item is not None]
        return items, decode(answer.get("LastEvaluatedKey"))

    def scan(self, table: str) -> Iterator[list[Item]]:
        """Return all items of a table, in pages, from strongly consistent reads.

        Raises:
            Unavailable: DynamoDB does not answer, or is too busy.
        """
        request: dict[str, Any] = {"TableName": table, "ConsistentRead": True}
        while True:
            answer = self._call("Scan", request)
            yield [item for item in map(decode, answer["Items"]) if item is not None]
            if "LastEvaluatedKey" not in answer:
                return
            request["ExclusiveStartKey"] = answer["LastEvaluatedKey"]

    def ending_before(self, table: str, index: str, partition: str, time_ms: int) -> list[Item]:
        """Return all items of a partition of an index that end before a time, the soonest first.

        Args:
            table: the table.
            index: the index, whose partition key is `listing`.
            partition: the value of the partition key.
            time_ms: the time, in milliseconds.
        """
        condition = "listing = :partition AND ends_at_ms < :time"
        return self._query_all(table, index, condition, {":partition": partition, ":time": time_ms})

    def _query_all(self, table: str, index: str, condition: str, values: dict[str, str | int]) -> list[Item]:
        request: dict[str, Any] = {
            "TableName": table,
            "IndexName": index,
            "KeyConditionExpression": condition,
            "ExpressionAttributeValues": encode(values),
        }
        found: list[Item] = []
        while True:
            answer = self._call("Query", request)
            found += [item for item in map(decode, answer["Items"]) if item is not None]
            if "LastEvaluatedKey" not in answer:
                return found
            request["ExclusiveStartKey"] = answer["LastEvaluatedKey"]

    def write(self, action: Action) -> Item:
        """Carry out one action.

        Returns:
            The whole item after an update.

        A request whose answer was lost is repeated, and the repetition's condition then meets what the first one
        wrote. A condition that decides what the caller is told therefore belongs into `transact`.

        Raises:
            ConditionFailed: the action's condition did not hold.
            Unavailable: DynamoDB does not answer, or is too busy.
        """
        ((kind, request),) = action.items()
        extra: dict[str, Any] = {"ReturnValues": "ALL_NEW"} if kind == "Update" else {}
        if "ConditionExpression" in request:
            extra["ReturnValuesOnConditionCheckFailure"] = "ALL_OLD"
        answer = self._call(f"{kind}Item", {**request, **extra})
        return decode(answer.get("Attributes")) or {}

    def transact(self, actions: Sequence[Action]) -> None:
        """Carry out all actions or none, once, however often the request is sent.

        One token stands for this call in all repetitions. What was done under it and whose answer was lost, DynamoDB
        calls a success when it is asked again. What was cancelled, it tries again.

        Raises:
            ConditionFailed: a condition did not hold.
            Unavailable: DynamoDB does not answer, or other transactions were in the way in every try.

        Source: DynamoDB Developer Guide, "Idempotency" of TransactWriteItems; a token is good for ten minutes.
        """
        token = os.urandom(16).hex()
        self._call("TransactWriteItems", {"TransactItems": list(actions), "ClientRequestToken": token})

    def _call(self, operation: str, request: Mapping[str, Any]) -> Mapping[str, Any]:
        return self._retries.carry_out(lambda: self._send(operation, request))
