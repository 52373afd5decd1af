"""Return writes as data, in the form that TransactWriteItems takes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from doorward.aws.dynamodb.database import Action
from doorward.aws.dynamodb.items import Key, encode, encode_value

ABSENT = "attribute_not_exists(pk)"
PRESENT = "attribute_exists(pk)"


def put(
    table: str,
    key: Key,
    attributes: Mapping[str, Any],
    *,
    when: str | None = None,
    values: Mapping[str, Any] | None = None,
) -> Action:
    """Store an item; `when` is a condition on what is there before."""
    return {"Put": {"TableName": table, "Item": encode({**key, **attributes}), **_condition(when, {}, values or {})}}


def delete(table: str, key: Key, *, when: str | None = None, values: Mapping[str, Any] | None = None) -> Action:
    """Return the action that removes an item.

    Args:
        table: the table.
        key: the item's key.
        when: a condition; `:name` in it stands for a member of `values`.
        values: the values that the condition compares with.
    """
    return {"Delete": {"TableName": table, "Key": encode(key), **_condition(when, {}, values or {})}}


def check(table: str, key: Key, *, when: str, values: Mapping[str, Any] | None = None) -> Action:
    """Return the action that makes a transaction fail unless an item meets a condition.

    The item is not changed.

    Args:
        table: the table.
        key: the item's key.
        when: a condition; `:name` in it stands for a member of `values`.
        values: the values that the condition compares with.
    """
    return {"ConditionCheck": {"TableName": table, "Key": encode(key), **_condition(when, {}, values or {})}}


def update(
    table: str,
    key: Key,
    *,
    assign: Mapping[str, Any] | None = None,
    remove: Iterable[str] = (),
    add: Mapping[str, int] | None = None,
    when: str | None = None,
    values: Mapping[str, Any] | None = None,
) -> Action:
    """Return the action that changes attributes of an item.

    The action makes the item if there is none.

    Args:
        table: the table.
        key: the item's key.
        assign: attributes to set; an attribute that is None is removed.
        remove: attributes to remove.
        add: whole numbers to add to attributes.
        when: a condition; `:name` in it stands for a member of `values`.
        values: the values that the condition compares with.
    """
    given, added = assign or {}, add or {}
    assigned = {name: value for name, value in given.items() if value is not None}
    removed = [*remove, *(name for name, value in given.items() if value is None)]
    # DynamoDB reserves some words, so each name gets a numbered placeholder. Its value gets the same number.
    number = {name: index for index, name in enumerate([*assigned, *removed, *added])}
    clauses = {
        "SET": [f"#n{number[name]} = :v{number[name]}" for name in assigned],
        "ADD": [f"#n{number[name]} :v{number[name]}" for name in added],
        "REMOVE": [f"#n{number[name]}" for name in removed],
    }
    new_values = {f"v{number[name]}": value for name, value in {**assigned, **added}.items()}
    return {
        "Update": {
            "TableName": table,
            "Key": encode(key),
            "UpdateExpression": " ".join(f"{verb} {', '.join(parts)}" for verb, parts in clauses.items() if parts),
            **_condition(
                when, {f"#n{index}": name for name, index in number.items()}, {**(values or {}), **new_values}
            ),
        }
    }


def _condition(when: str | None, names: Mapping[str, str], values: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if when is not None:
        found["ConditionExpression"] = when
    if names:
        found["ExpressionAttributeNames"] = dict(names)
    if values:
        found["ExpressionAttributeValues"] = {f":{name}": encode_value(value) for name, value in values.items()}
    return found
