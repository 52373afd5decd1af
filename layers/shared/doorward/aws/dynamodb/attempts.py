"""Counters of attempts on DynamoDB."""

from __future__ import annotations

from dataclasses import dataclass

from doorward.aws.dynamodb import actions
from doorward.aws.dynamodb.database import ConditionFailed, Database
from doorward.aws.dynamodb.items import Key
from doorward.model import UserId
from doorward.rules.throttles import Counter, Limit, Trust, failures_name


def failures_key(user_id: UserId) -> Key:
    """Return the key of the wrong passwords of a user."""
    return {"pk": failures_name(user_id)}


@dataclass(frozen=True, slots=True)
class DynamoAttempts:
    """Counters that are raised before the password is looked at, one write each."""

    database: Database
    table: str

    def count(self, counter: Counter) -> Limit | None:
        """Raise all counts of a counter by one, or none if a limit is reached: that limit is returned."""
        action = actions.update(
            self.table,
            {"pk": counter.key},
            assign={"expires_at": counter.expires_at},
            add=dict.fromkeys(counter.limits, 1),
            when=" AND ".join(f"(attribute_not_exists({name}) OR {name} < :{name})" for name in counter.limits),
            values={name: limit.most for name, limit in counter.limits.items()},
        )
        try:
            # A transaction, so that a try whose answer was lost meets not itself at the limit.
            self.database.transact([action])
        except ConditionFailed:
            counts = self.database.get((self.table, {"pk": counter.key})) or {}
            return counter.reached(counts) or next(iter(counter.limits.values()))
        return None

    def uncount(self, counter: Counter) -> None:
        """Lower counts that `count` raised: the attempt was right, or something else failed."""
        lower = dict.fromkeys(counter.limits, -1)
        try:
            self.database.transact([actions.update(self.table, {"pk": counter.key}, add=lower, when=actions.PRESENT)])
        except ConditionFailed:
            return  # the window is over

    def add_failure(self, key: str, expires_at: int) -> int:
        """Return how many wrong passwords in a row are counted under a key, with this one."""
        action = actions.update(self.table, {"pk": key}, assign={"expires_at": expires_at}, add={"failures": 1})
        return int(self.database.write(action)["failures"])

    def add_trust(self, trust: Trust) -> None:
        """Remember that a name signed in from a source."""
        self.database.write(actions.put(self.table, {"pk": trust.key}, {"expires_at": trust.expires_at}))

    def clear_failures(self, user_id: UserId) -> None:
        """Forget the wrong passwords of a user."""
        self.database.write(actions.delete(self.table, failures_key(user_id)))
