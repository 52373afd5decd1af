"""Throttle counters on DynamoDB."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from doorward.aws.dynamodb import actions
from doorward.aws.dynamodb.database import Action, ConditionFailed, Database
from doorward.rules.throttles import Counter


def uncount_actions(table: str, counters: Sequence[Counter]) -> list[Action]:
    """Return the actions that lower counters again."""
    return [
        actions.update(table, {"pk": counter.key}, add={"attempts": -1}, when=actions.PRESENT) for counter in counters
    ]


@dataclass(frozen=True, slots=True)
class DynamoAttempts:
    """Counters that are raised before the password is looked at, and lowered when it was right."""

    database: Database
    table: str

    def count(self, counters: Sequence[Counter]) -> Counter | None:
        """Raise all counters by one, or none if one is full: that one is returned."""
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
        """Lower counters that `count` raised: the attempt succeeded."""
        self.database.transact(uncount_actions(self.table, counters))

    def is_trusted(self, key: str, now_ms: int) -> bool:
        """Return whether this trust key was kept by a sign-in that is not long ago."""
        item = self.database.get((self.table, {"pk": key}))
        return item is not None and bool(item["expires_at"] * 1000 > now_ms)
