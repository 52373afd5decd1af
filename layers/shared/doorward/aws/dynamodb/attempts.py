"""Throttle counters on DynamoDB."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from doorward.aws.dynamodb import actions
from doorward.aws.dynamodb.database import Action, ConditionFailed, Database
from doorward.rules.throttles import Counter


def uncount_actions(table: str, counters: Sequence[Counter]) -> list[Action]:
    """Return the actions that lower counters by one."""
    return [
        actions.update(table, {"pk": counter.key}, add={"attempts": -1}, when=actions.PRESENT) for counter in counters
    ]


@dataclass(frozen=True, slots=True)
class DynamoAttempts:
    """Counters that are raised before the password is checked, and lowered if the password was right."""

    database: Database
    table: str

    def count(self, counters: Sequence[Counter]) -> Counter | None:
        """Raise all counters by one, unless one of them is full.

        Returns:
            A full counter, and then no counter was raised; None if all were raised.
        """
        steps = [
            actions.update(
                self.table,
                {"pk": counter.key},
                assign={"expires_at": counter.ends_at_ms // 1000 + 1},
                add={"attempts": 1},
                when="attribute_not_exists(attempts) OR attempts < :limit",
                values={"limit": counter.limit},
            )
            for counter in counters
        ]
        try:
            self.database.transact(steps)
        except ConditionFailed as failure:
            return counters[failure.failed[0]]
        return None

    def uncount(self, counters: Sequence[Counter]) -> None:
        """Lower counters that `count` raised, because the attempt succeeded."""
        self.database.transact(uncount_actions(self.table, counters))

    def is_trusted(self, key: str, now_ms: int) -> bool:
        """Return whether a sign-in stored this trust key and the key has not expired."""
        item = self.database.get((self.table, {"pk": key}))
        return item is not None and bool(item["expires_at"] * 1000 > now_ms)
