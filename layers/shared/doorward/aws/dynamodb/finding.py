"""Find users of a tenant by key.

Beside each membership lie entries that name nothing but where to look: one for each name, one for each role, and one if
the user is disabled. An entry is written in the transaction of the change that it follows from. A reader believes the
user alone: an entry that is left behind shows nobody.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from doorward.aws.dynamodb import actions
from doorward.aws.dynamodb.database import Action, Database
from doorward.aws.dynamodb.items import Key, Tables, email_key, membership_key
from doorward.model import USER, TenantId, User, UserId, UserRecord
from doorward.rules.finding import MAX_READ, Search, is_disabled, is_found, names_of
from doorward.stores import Page

_LEAST, _STEP = 25, 100  # BatchGetItem takes 100 keys
_NAME, _USER = "name#", "user#"
_ULID_LENGTH = 26


@dataclass(frozen=True, slots=True)
class Walk:
    """A part of a tenant in which candidates lie in the order of their sort keys.

    Args:
        partition: the partition.
        prefix: what the sort keys begin with.
        kind: `name#` or `user#`, which a cursor leaves out.
    """

    partition: str
    prefix: str
    kind: str

    def key(self, position: str) -> Key:
        """Return the key of a position, as a cursor says it."""
        return {"pk": self.partition, "sk": f"{self.kind}{position}"}


def name_key(tenant_id: TenantId, folded: str, user_id: UserId) -> Key:
    """Return the key of an entry by a name. The partition is that of the first character, so none holds all names."""
    return {"pk": f"tenant#{tenant_id}#names#{folded[0]}", "sk": f"{_NAME}{folded}#{user_id}"}


def role_key(tenant_id: TenantId, role: str, user_id: UserId) -> Key:
    """Return the key of an entry by a role."""
    return {"pk": f"tenant#{tenant_id}#role#{role}", "sk": f"{_USER}{user_id}"}


def disabled_key(tenant_id: TenantId, user_id: UserId) -> Key:
    """Return the key of the entry of a disabled user."""
    return {"pk": f"tenant#{tenant_id}#disabled", "sk": f"{_USER}{user_id}"}


def entries_of(record: UserRecord | None) -> set[tuple[str, str]]:
    """Return the keys, pk and sk, of all entries of a user."""
    keys: list[Key] = []
    if record is None:
        return set()
    for member in record.memberships:
        tenant_id, user_id = member.tenant_id, record.user.id
        keys += [name_key(tenant_id, name, user_id) for name in names_of(record.user, tenant_id)]
        keys += [role_key(tenant_id, role, user_id) for role in member.roles]
        if is_disabled(record, tenant_id):
            keys.append(disabled_key(tenant_id, user_id))
    return {(key["pk"], key["sk"]) for key in keys}


def entry_actions(table: str, before: UserRecord | None, after: UserRecord | None) -> list[Action]:
    """Return the actions that make the entries of a user those of the user after a change.

    They need no condition: the version of the user is one of the same transaction.
    """
    old, new = entries_of(before), entries_of(after)
    gone = [actions.delete(table, {"pk": pk, "sk": sk}) for pk, sk in sorted(old - new)]
    return [*gone, *(actions.put(table, {"pk": pk, "sk": sk}, {}) for pk, sk in sorted(new - old))]


def walk_of(tenant_id: TenantId, search: Search) -> Walk:
    """Return the narrowest part of a tenant in which all that is asked for lies."""
    if search.name is not None:
        return Walk(name_key(tenant_id, search.name, UserId(""))["pk"], f"{_NAME}{search.name}", _NAME)
    common = search.role in {None, USER}
    if search.status == "disabled" and common:
        return Walk(disabled_key(tenant_id, UserId(""))["pk"], _USER, _USER)
    if search.role is not None:
        return Walk(role_key(tenant_id, search.role, UserId(""))["pk"], _USER, _USER)
    return Walk(membership_key(tenant_id, UserId(""))["pk"], _USER, _USER)


def is_first_place(user: User, tenant_id: TenantId, search: Search, position: str) -> bool:
    """Return whether a user is shown at this position of a walk: at the first of the names that are found."""
    if search.name is None:
        return True
    found = [f"{name}#{user.id}" for name in names_of(user, tenant_id) if name.startswith(search.name)]
    return bool(found) and position == min(found)


@dataclass(frozen=True, slots=True)
class FindUsers:
    """Finds users of one tenant.

    Args:
        database: the tables' reader.
        tables: the tables.
        read: returns the users of these ids with their memberships, as far as there are such.
    """

    database: Database
    tables: Tables
    read: Callable[[Sequence[UserId]], Sequence[UserRecord]]

    def __call__(self, tenant_id: TenantId, search: Search, limit: int, after: str | None) -> Page[UserRecord]:
        """Return a page of users; see `UserReader.find`."""
        if search.email is not None:
            return self._by_address(tenant_id, search, search.email)
        walk, found, step = walk_of(tenant_id, search), list[UserRecord](), min(max(limit + 1, _LEAST), _STEP)
        for _ in range(MAX_READ // step):
            start = None if after is None else walk.key(after)
            items, last = self.database.query(
                self.tables.users, partition=walk.partition, prefix=walk.prefix, limit=step, after=start
            )
            positions = [str(item["sk"]).removeprefix(walk.kind) for item in items]
            records = {record.user.id: record for record in self.read([_user_of(one) for one in positions])}
            for position in positions:
                record = records.get(_user_of(position))
                if record and _shown(record, tenant_id, search, position):
                    if len(found) == limit:
                        return Page(tuple(found), after)
                    found.append(record)
                after = position
            if last is None:
                return Page(tuple(found), None)
        return Page(tuple(found), after)

    def _by_address(self, tenant_id: TenantId, search: Search, folded: str) -> Page[UserRecord]:
        claim = self.database.get((self.tables.users, email_key(tenant_id, folded)))
        records = self.read([UserId(claim["user_id"])]) if claim else ()
        return Page(tuple(record for record in records if is_found(record, tenant_id, search)), None)


def _shown(record: UserRecord, tenant_id: TenantId, search: Search, position: str) -> bool:
    return is_found(record, tenant_id, search) and is_first_place(record.user, tenant_id, search, position)


def _user_of(position: str) -> UserId:
    return UserId(position[-_ULID_LENGTH:])
