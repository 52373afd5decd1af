"""What a request to DynamoDB touches, as IAM judges it: actions on tables and indexes, with the leading keys.

The emulator knows no leading keys, and neither does moto. The local cloud and the function tests read them here.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

_ITEM_ACTIONS = {
    "Get": "GetItem",
    "Put": "PutItem",
    "Update": "UpdateItem",
    "Delete": "DeleteItem",
    "ConditionCheck": "ConditionCheckItem",
}
_TRANSACTIONS = frozenset({"TransactWriteItems", "TransactGetItems"})
_PARTITION_KEYS = frozenset({"pk", "listing"})
"""The partition keys of Doorward's tables and of their indexes. Other tables' keys are not known here."""
_EQUAL = re.compile(r"(#?\w+)\s*=\s*(:\w+)")


@dataclass(frozen=True, slots=True)
class Touch:
    """One action on one table or index.

    Args:
        action: the action of IAM, without the service, such as `GetItem`.
        table: the table's name as the request has it, with `/index/NAME` for an index.
        leading_keys: the values of the partition key; none for a scan.
    """

    action: str
    table: str
    leading_keys: tuple[str, ...]


def touches(operation: str, request: Mapping[str, Any]) -> tuple[Touch, ...]:
    """Return what a request touches.

    A transaction's items with one action on one table are one touch. IAM may judge them one by one; a role that is
    allowed all at once is allowed each.

    Args:
        operation: the API's name of the operation, such as `TransactWriteItems`.
        request: its parameters, in DynamoDB's own form of attribute values.
    """
    if operation in _TRANSACTIONS:
        found: dict[tuple[str, str], list[str]] = {}
        for item in request.get("TransactItems", ()):
            for member, detail in item.items():
                found.setdefault((_ITEM_ACTIONS[member], detail["TableName"]), []).extend(_keys(detail))
        return tuple(Touch(action, table, tuple(keys)) for (action, table), keys in found.items())
    if operation in {"BatchGetItem", "BatchWriteItem"}:
        return tuple(Touch(operation, table, _batch(detail)) for table, detail in request["RequestItems"].items())
    index = request.get("IndexName")
    table = request.get("TableName", "")
    return (Touch(operation, f"{table}/index/{index}" if index else table, _keys(request)),) if table else ()


def shape(key: str) -> str:
    """Return a leading key with a `*` for each value in it: `tenant#*#user#*` for `tenant#acme#user#7`."""
    kind, *parts = key.split("#")
    if kind != "tenant":  # names of users and addresses may have the sign themselves
        return f"{kind}#*" if parts else kind
    return "#".join(
        ["tenant", *("*" if number % 2 == 0 or part.isdigit() else part for number, part in enumerate(parts))]
    )


def _batch(detail: Any) -> tuple[str, ...]:  # noqa: ANN401 - JSON
    if isinstance(detail, Mapping):
        return tuple(key for item in detail["Keys"] for key in _partition(item))
    requests = [next(iter(one.values())) for one in detail]
    return tuple(key for one in requests for key in _partition(one.get("Item", one.get("Key", {}))))


def _keys(request: Mapping[str, Any]) -> tuple[str, ...]:
    condition = request.get("KeyConditionExpression")
    if condition is None:
        return _partition(request.get("Key", request.get("Item", {})))
    names, values = request.get("ExpressionAttributeNames", {}), request.get("ExpressionAttributeValues", {})
    pairs = ((names.get(name, name), values.get(value, {})) for name, value in _EQUAL.findall(condition))
    return tuple(str(value["S"]) for name, value in pairs if name in _PARTITION_KEYS and "S" in value)


def _partition(item: Mapping[str, Any]) -> tuple[str, ...]:
    value = item.get("pk", {})
    return (str(value["S"]),) if "S" in value else ()
