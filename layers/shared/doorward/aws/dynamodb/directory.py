"""Users as signing in sees them, on DynamoDB."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from doorward.aws.dynamodb import actions
from doorward.aws.dynamodb.admissions import read_admission
from doorward.aws.dynamodb.attempts import failures_key
from doorward.aws.dynamodb.database import ConditionFailed, Database
from doorward.aws.dynamodb.items import (
    Tables,
    credential_key,
    email_key,
    username_key,
)
from doorward.model import Admission, TenantId, UserId
from doorward.stores import NameLookup, SignInName, SignInTarget


@dataclass(frozen=True, slots=True)
class DynamoDirectory:
    """Users as signing in sees them: never through an index, which would be late."""

    database: Database
    tables: Tables

    def look_up(self, name: SignInName, counter_keys: Sequence[str]) -> NameLookup:
        """Return whom a name names, with counts of attempts that may be some moments old, in one request.

        The counts only save a write that a full counter would refuse: raising a counter has the limit as its condition.
        """
        users, attempts = self.tables.users, self.tables.login_attempts
        if name.realm is not None:
            keys = [email_key(name.realm, name.folded)]
        else:
            keys = [username_key(each) for each in name.usernames]
        places = [*((users, key) for key in keys), *((attempts, {"pk": each}) for each in counter_keys)]
        items = self.database.batch_get(places, eventual_table=attempts)
        item, counts = next(filter(None, items[: len(keys)]), None), items[len(keys) :]
        target = None
        if item is not None:
            target = SignInTarget(UserId(item["user_id"]), name.realm or TenantId(item["home_tenant_id"]))
        return NameLookup(target, {each: count or {} for each, count in zip(counter_keys, counts, strict=True)})

    def get_admission(self, tenant_id: TenantId, user_id: UserId) -> Admission:
        """Return all that decides about a sign-in, with the password hash."""
        more = [
            (self.tables.users, credential_key(user_id)),
            (self.tables.login_attempts, failures_key(user_id)),
        ]
        admission, (credential, failures) = read_admission(self.database, self.tables, tenant_id, user_id, more)
        return replace(
            admission,
            password_hash=credential["password_hash"] if credential else None,
            password_set_at_ms=credential.get("set_at_ms", 0) if credential else 0,
            failures=(failures or {}).get("failures", 0),
        )

    def change_password_hash(self, user_id: UserId, old: str, new: str) -> None:
        """Store a hash made with today's parameters, unless the password changed meanwhile."""
        action = actions.update(
            self.tables.users,
            credential_key(user_id),
            assign={"password_hash": new},
            when="password_hash = :old",
            values={"old": old},
        )
        try:
            self.database.write(action)
        except ConditionFailed:
            return
