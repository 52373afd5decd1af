"""DynamoDB through boto3.

Refusals become Doorward's errors. Requests that met a conflict are sent again.
"""

from __future__ import annotations

import random
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from doorward.aws.dynamodb.database import Action, ConditionFailed, Place, read_batch
from doorward.aws.dynamodb.items import Item, Key, decode, encode
from doorward.errors import Unavailable

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_T = TypeVar("_T")
_TRIES = 8
_FIRST_PAUSE_SECONDS = 0.01
_SERVER_ERRORS = 500
_CONFLICTS = frozenset({"TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"})
_RETRIED = frozenset(
    {
        "TransactionConflictException",
        "TransactionInProgressException",
        "ProvisionedThroughputExceededException",
        "ThrottlingException",
    }
)


def connect() -> DynamoDBClient:
    """Return a boto3 client with short time-outs.

    The endpoint and the region come from the environment.
    """
    config = Config(
        connect_timeout=1,
        read_timeout=2,
        retries={"mode": "standard", "total_max_attempts": 3},
        max_pool_connections=50,
    )
    client: DynamoDBClient = boto3.client("dynamodb", config=config)
    return client


class BotoDatabase:
    """Sends the stores' requests with boto3."""

    def __init__(self, client: DynamoDBClient, sleep: Callable[[float], None] = time.sleep) -> None:
        """Take the client, and the function that waits for some seconds between tries."""
        self._client: Any = client
        self._sleep = sleep

    def get(self, place: Place) -> Item | None:
        """Return one item, from a strongly consistent read."""
        table, key = place
        answer = self._call(self._client.get_item, TableName=table, Key=encode(key), ConsistentRead=True)
        return decode(answer.get("Item"))

    def batch_get(self, places: Sequence[Place]) -> list[Item | None]:
        """Return several items in the order of their places.

        The read of each item is strongly consistent.
        """
        return read_batch(places, lambda wanted: self._call(self._client.batch_get_item, RequestItems=wanted), _TRIES)

    def transact_get(self, places: Sequence[Place]) -> list[Item | None]:
        """Return several items as they were at one moment, in the order of their places."""
        actions = [{"Get": {"TableName": table, "Key": encode(key)}} for table, key in places]
        answer = self._call(self._client.transact_get_items, TransactItems=actions)
        return [decode(response.get("Item")) for response in answer["Responses"]]

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
        answer = self._call(self._client.query, **request)
        items = [item for item in map(decode, answer["Items"]) if item is not None]
        return items, decode(answer.get("LastEvaluatedKey"))

    def scan(self, table: str) -> Iterator[list[Item]]:
        """Return all items of a table, in pages, from strongly consistent reads."""
        request: dict[str, Any] = {"TableName": table, "ConsistentRead": True}
        while True:
            answer = self._call(self._client.scan, **request)
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
            answer = self._call(self._client.query, **request)
            found += [item for item in map(decode, answer["Items"]) if item is not None]
            if "LastEvaluatedKey" not in answer:
                return found
            request["ExclusiveStartKey"] = answer["LastEvaluatedKey"]

    def write(self, action: Action) -> Item:
        """Carry out one action.

        Returns:
            The whole item after an update.

        boto3 repeats a request whose answer was lost, and the repetition's condition then meets what the first one
        wrote. A condition that decides what the caller is told therefore belongs into `transact`.

        Raises:
            ConditionFailed: the action's condition did not hold.
            Unavailable: DynamoDB does not answer, or is too busy.
        """
        ((kind, request),) = action.items()
        method = {"Put": "put_item", "Update": "update_item", "Delete": "delete_item"}[kind]
        extra: dict[str, Any] = {"ReturnValues": "ALL_NEW"} if kind == "Update" else {}
        if "ConditionExpression" in request:
            extra["ReturnValuesOnConditionCheckFailure"] = "ALL_OLD"
        answer = self._call(getattr(self._client, method), **request, **extra)
        return decode(answer.get("Attributes")) or {}

    def transact(self, actions: Sequence[Action]) -> None:
        """Carry out all actions or none, once, however often the request is sent.

        One token stands for this call, in boto3's own repetitions and in those after a conflict. What was done under it
        and whose answer was lost, DynamoDB calls a success when it is asked again. What was cancelled, it tries again.

        Raises:
            ConditionFailed: a condition did not hold.
            Unavailable: DynamoDB does not answer, or other transactions were in the way in every try.

        Source: DynamoDB Developer Guide, "Idempotency" of TransactWriteItems; a token is good for ten minutes.
        """
        token = str(uuid.uuid4())
        self._call(self._client.transact_write_items, TransactItems=list(actions), ClientRequestToken=token)

    def _call(self, method: Callable[..., _T], **request: Any) -> Any:  # noqa: ANN401 - boto3's own shapes
        for attempt in range(_TRIES):
            try:
                return method(**request)
            except ClientError as error:
                _raise_unless_passing(error)
                # The pause is random, so that two callers who met once do not meet again.
                self._sleep(random.uniform(0, _FIRST_PAUSE_SECONDS * 2**attempt))  # noqa: S311 - no secret
            except BotoCoreError as error:
                raise Unavailable(reason=f"dynamodb:{type(error).__name__}") from error
        raise Unavailable(reason="dynamodb:conflicts")


def _raise_unless_passing(error: ClientError) -> None:
    """Raise Doorward's error for a refusal, or return if the same request may pass in a moment.

    Raises:
        ConditionFailed: a condition did not hold.
        ClientError: DynamoDB refused the request for another reason.
    """
    response: Any = error.response
    code = response["Error"]["Code"]
    if code == "ConditionalCheckFailedException":
        raise ConditionFailed(item=decode(response.get("Item"))) from error
    if code == "TransactionCanceledException":
        reasons = [reason.get("Code") for reason in response.get("CancellationReasons", [])]
        failed = [index for index, reason in enumerate(reasons) if reason == "ConditionalCheckFailed"]
        if failed:
            raise ConditionFailed(failed) from error
        if _CONFLICTS.intersection(reasons):
            return
    if code in _RETRIED:
        return
    if response["ResponseMetadata"]["HTTPStatusCode"] >= _SERVER_ERRORS:
        raise Unavailable(reason=f"dynamodb:{code}") from error
    raise error
