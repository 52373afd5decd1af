"""Bring users that were stored by an earlier version into today's form. Every step can be repeated."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

from doorward.aws.dynamodb import actions
from doorward.aws.dynamodb.database import Action, ConditionFailed, Database
from doorward.aws.dynamodb.finding import entries_of
from doorward.aws.dynamodb.items import Item, Tables, address_part, former_name_key, user_key
from doorward.model import UserId, UserRecord
from doorward.stores import BelongingsStore, UserReader

_BATCH = 99  # TransactWriteItems takes 100 actions, and one is the condition
_TRIES = 10
_ADDRESS, _NAME = "email#", "username#"


@dataclass(frozen=True, slots=True)
class TendUsers:
    """Goes through the table of users, and writes what is missing there.

    Args:
        database: the tables' reader and writer.
        tables: the tables.
        reader: reads users.
        belongings: erases what is left of users who were removed.
        former_names: returns what is kept of the name of a user who was removed.
    """

    database: Database
    tables: Tables
    reader: UserReader
    belongings: BelongingsStore
    former_names: Callable[[str], str]

    def __call__(self) -> Counter[str]:
        """Return how many users, addresses, names and leavers were looked after; those in order are not counted."""
        done: Counter[str] = Counter()
        for items in self.database.scan(self.tables.users):
            for item in items:
                done[self._tend(item)] += 1
        del done[""]
        return done

    def _tend(self, item: Item) -> str:
        """Bring what belongs to one item into order, and return what was done; empty if nothing was."""
        pk, sk = item["pk"], item["sk"]
        if sk == "user":
            return "users" if self._index(UserId(item["user_id"])) else ""
        if sk == "leaving":
            self.belongings.erase(UserId(pk.partition("#")[2]))
            return "leavers"
        if sk.startswith(_ADDRESS) and "listing" not in item:
            return "addresses" if self._list_address(item) else ""
        if sk == "username":
            return "names" if self._forget_name(item) else ""
        return ""

    def _index(self, user_id: UserId) -> bool:
        """Write the entries by which a user is found, as far as they are missing."""
        for _ in range(_TRIES):
            record = self.reader.get(user_id)
            missing = [] if record is None else self._missing(record)
            if record is None or not missing:
                return False
            key, version = user_key(user_id), {"version": record.user.version}
            same = actions.check(self.tables.users, key, when="version = :version", values=version)
            try:
                for first in range(0, len(missing), _BATCH):
                    self.database.transact([same, *missing[first : first + _BATCH]])
            except ConditionFailed:
                continue  # somebody changed the user, and what is missing may be something else now
            return True
        return False

    def _missing(self, record: UserRecord) -> list[Action]:
        table = self.tables.users
        keys = [{"pk": pk, "sk": sk} for pk, sk in sorted(entries_of(record))]
        found = []
        for first in range(0, len(keys), 100):  # BatchGetItem takes 100 keys
            found += self.database.batch_get([(table, key) for key in keys[first : first + 100]])
        return [actions.put(table, key, {}) for key, item in zip(keys, found, strict=True) if item is None]

    def _list_address(self, item: Item) -> bool:
        """Write in which list a claim of an address lies."""
        key, owner = {"pk": item["pk"], "sk": item["sk"]}, {"owner": item["user_id"]}
        listing = {"listing": address_part(item["sk"].removeprefix(_ADDRESS))}
        change = actions.update(self.tables.users, key, assign=listing, when="user_id = :owner", values=owner)
        return self._carry_out([change])

    def _forget_name(self, item: Item) -> bool:
        """Keep the MAC of a name in place of the name, if its user was removed."""
        table, owner = self.tables.users, UserId(item["user_id"])
        folded = item["pk"].removeprefix(_NAME)
        if self.database.get((table, user_key(owner))) is not None:
            return False
        key = {"pk": item["pk"], "sk": item["sk"]}
        steps = [
            actions.delete(table, key, when="user_id = :owner", values={"owner": owner}),
            actions.check(table, user_key(owner), when=actions.ABSENT),
            actions.put(table, former_name_key(self.former_names(folded)), {}),
        ]
        return self._carry_out(steps)

    def _carry_out(self, steps: list[Action]) -> bool:
        try:
            self.database.transact(steps)
        except ConditionFailed:
            return False
        return True
