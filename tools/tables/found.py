"""What was read of all tables, and how the rules look things up in it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

from doorward.aws.dynamodb.finding import entries_of
from doorward.aws.dynamodb.items import Item, Key, leaving_key, membership_key, tenant_key, user_key
from doorward.aws.dynamodb.operations import Operations
from doorward.aws.dynamodb.shapes import to_membership, to_user
from doorward.model import PLATFORM, TenantId, User, UserId, UserRecord
from doorward.rules.tenancy import administers

LEAVES = "belongs to who is leaving"
"""What a rule says of an item that a deletion has still to erase. Its next step does, so nothing is broken."""

Place = tuple[str, str]
"""The two parts of an item's key; the second is empty in a table whose keys have one part."""

_UNREAD = frozenset({"password_hash", "grant", "user_agent", "source"})
"""Attributes that no rule asks for. They are forgotten at once: the table with most items has them in each."""


def read(database: Operations, names: Mapping[str, str]) -> dict[str, list[Item]]:
    """Return all items of all tables, from consistent reads.

    Args:
        database: reads DynamoDB.
        names: the name of each table, by its logical id in the template.
    """
    return {
        table: [{key: value for key, value in item.items() if key not in _UNREAD} for page in pages for item in page]
        for table, pages in ((table, database.scan(name)) for table, name in names.items())
    }


def place_of(key: Mapping[str, str]) -> Place:
    """Return where an item lies in its table."""
    return key["pk"], key.get("sk", "")


@dataclass(frozen=True)
class Found:
    """Everything that lies in the tables.

    Args:
        tables: the items of each table, by where they lie.
        now_ms: when they were read.
    """

    tables: Mapping[str, Mapping[Place, Item]]
    now_ms: int

    @classmethod
    def of_items(cls, tables: Mapping[str, Iterable[Item]], now_ms: int) -> Found:
        """Return what was found, out of the items of each table."""
        return cls({name: {place_of(item): item for item in items} for name, items in tables.items()}, now_ms)

    def get(self, table: str, key: Key) -> Item | None:
        """Return an item; None if there is none."""
        return self.tables.get(table, {}).get(place_of(key))

    def has_ended(self, item: Item) -> bool:
        """Return whether the table's time to live is about to remove an item: nothing is asked of it any more."""
        return bool(item.get("expires_at", self.now_ms) < self.now_ms // 1000)

    def user(self, user_id: str) -> User | None:
        """Return a user; None if there is none."""
        return to_user(self.get("UsersTable", user_key(UserId(user_id))))

    def record(self, user_id: str) -> UserRecord | None:
        """Return a user with the memberships that there are; None if there is no such user."""
        user = self.user(user_id)
        if user is None:
            return None
        items = [self.get("UsersTable", membership_key(tenant_id, user.id)) for tenant_id in user.tenant_ids]
        return UserRecord(user, tuple(member for member in map(to_membership, items) if member is not None))

    @cached_property
    def entries(self) -> frozenset[Place]:
        """Where the entries lie by which users are found, if they are in order."""
        return frozenset(place for record in self._records for place in entries_of(record))

    @cached_property
    def administrators(self) -> Counter[TenantId]:
        """How many active administrators each tenant has."""
        return Counter(
            member.tenant_id
            for record in self._records
            for member in record.memberships
            if administers(record, member.tenant_id)
        )

    @cached_property
    def families(self) -> dict[tuple[str, str], list[Item]]:
        """The sessions of each family, by user and session id."""
        found: dict[tuple[str, str], list[Item]] = {}
        for item in self.tables.get("RefreshTokensTable", {}).values():
            if "session_id" in item:
                found.setdefault((item["user_id"], item["session_id"]), []).append(item)
        return found

    @cached_property
    def erasing(self) -> frozenset[Place]:
        """The entries that the erasing of users who left has still to remove."""
        texts = [item["entries"] for item in self.tables["UsersTable"].values() if item["sk"] == "leaving"]
        return frozenset((pk, sk) for each in texts for pk, sk in zip(each[::2], each[1::2], strict=True))

    def missing_user(self, user_id: str) -> str | None:
        """Return what is wrong with an item of a user's, as far as the user goes: None if the user is there."""
        if self.user(user_id) is not None:
            return None
        leaving = self.get("UsersTable", leaving_key(UserId(user_id)))
        return f"there is no user {user_id}" if leaving is None else LEAVES

    def missing_tenant(self, tenant_id: str) -> str | None:
        """Return what is wrong with an item of a tenant's, as far as the tenant goes: None if the tenant is there."""
        if tenant_id == PLATFORM:
            return None
        item = self.get("UsersTable", tenant_key(TenantId(tenant_id)))
        if item is None:
            return f"there is no tenant {tenant_id}"
        if "created_at_ms" not in item:
            return f"the tenant {tenant_id} was deleted"
        return LEAVES if item.get("deletion_began_at_ms") else None

    @cached_property
    def some_tenant_left(self) -> bool:
        """Whether a tenant was deleted, or is being deleted."""
        items = [item for item in self.tables["UsersTable"].values() if item["sk"] == "tenant"]
        return any("created_at_ms" not in item or "deletion_began_at_ms" in item for item in items)

    @cached_property
    def _records(self) -> list[UserRecord]:
        ids = [item["user_id"] for item in self.tables["UsersTable"].values() if item["sk"] == "user"]
        return [record for record in map(self.record, ids) if record is not None]


@dataclass(frozen=True, slots=True)
class Seen:
    """An item that a rule looks at.

    Args:
        found: everything that lies in the tables.
        item: the item.
        parts: the named parts of its key.
    """

    found: Found
    item: Item
    parts: Mapping[str, str]

    @property
    def tenant_id(self) -> TenantId:
        """The tenant that the key names."""
        return TenantId(self.parts["tenant_id"])

    @property
    def user_id(self) -> UserId:
        """The user that the key names."""
        return UserId(self.parts["user_id"])
