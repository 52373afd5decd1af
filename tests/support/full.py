"""Users whose item of revocations is full: most tests have users with few of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import pytest

from doorward.aws.dynamodb.database import Action
from doorward.aws.dynamodb.operations import Operations
from tests.support.aws import preparing

F = TypeVar("F", bound=Callable[..., Any])


def also_when_full(test: F) -> F:
    """Run a test once more, with users who have as many revocations as there may be, so that room must be made."""
    twice = pytest.mark.parametrize("room", ["some", "none"], indirect=True)
    marked: F = pytest.mark.usefixtures("room")(twice(test))
    return marked


def fill(patch: pytest.MonkeyPatch) -> None:
    """Let each item be full in the moment in which a revocation is added to it for the first time."""
    transact, filled = Operations.transact, set[str]()

    def after_filling(operations: Operations, actions: Sequence[Action]) -> None:
        for action in actions:
            wanted = action.get("Update", {})
            if "entries < :most" in wanted.get("ConditionExpression", "") and str(wanted["Key"]) not in filled:
                filled.add(str(wanted["Key"]))
                preparing("dynamodb").update_item(
                    TableName=wanted["TableName"],
                    Key=wanted["Key"],
                    UpdateExpression="SET entries = :many",
                    ExpressionAttributeValues={":many": {"N": "99"}},
                )
        transact(operations, actions)

    patch.setattr(Operations, "transact", after_filling)
