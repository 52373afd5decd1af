"""Read users and memberships from DynamoDB."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from doorward.aws.dynamodb.database import Database
from doorward.aws.dynamodb.finding import FindUsers
from doorward.aws.dynamodb.items import Tables, address_part, credential_key, membership_key, tenant_key, user_key
from doorward.aws.dynamodb.listing import LISTING_INDEX, list_page
from doorward.aws.dynamodb.shapes import to_membership, to_user
from doorward.model import Membership, TenantId, User, UserId, UserRecord
from doorward.rules.finding import Search
from doorward.stores import Page


@dataclass(frozen=True, slots=True)
class DynamoUserReader:
    """Users as the use cases read them."""

    database: Database
    tables: Tables

    def get(self, user_id: UserId) -> UserRecord | None:
        """Return a user with memberships, from consistent reads."""
        user = to_user(self.database.get((self.tables.users, user_key(user_id))))
        return None if user is None else self._with_memberships([user])[0]

    def get_password_hash(self, user_id: UserId) -> str | None:
        """Return the hash of the user's password, or None if the user has no password."""
        item = self.database.get((self.tables.users, credential_key(user_id)))
        return str(item["password_hash"]) if item else None

    def list_by_tenant(self, tenant_id: TenantId, limit: int, after: str | None) -> Page[UserRecord]:
        """Return members of a tenant in the order of their ids."""
        start = membership_key(tenant_id, UserId(after)) if after else None
        partition = tenant_key(tenant_id)["pk"]
        items, last = self.database.query(
            self.tables.users, partition=partition, prefix="user#", limit=limit, after=start
        )
        ids = [UserId(item["user_id"]) for item in items]
        return Page(tuple(self._records(ids)), ids[-1] if last and ids else None)

    def find(self, tenant_id: TenantId, search: Search, limit: int, after: str | None) -> Page[UserRecord]:
        """Return users of a tenant who are what is asked for, from consistent reads."""
        return FindUsers(self.database, self.tables, self._records)(tenant_id, search, limit, after)

    def list_all(self, limit: int, after: str | None) -> Page[UserRecord]:
        """Return users of the deployment in the order of their ids.

        A new user may appear a moment late.
        """
        start = user_key(UserId(after)) if after else None
        items, more = list_page(self.database, self.tables.users, "users", limit, start)
        users = [user for user in map(to_user, items) if user is not None]
        return Page(tuple(self._with_memberships(users)), users[-1].id if more and users else None)

    def list_by_address(self, folded: str) -> list[tuple[TenantId, UserId]]:
        """Return the tenants in which a folded address names a user, and that user; at most 100.

        A new address may appear a moment late.
        """
        items, _ = self.database.query(
            self.tables.users, partition=address_part(folded), prefix="tenant#", limit=100, index=LISTING_INDEX
        )
        return [(TenantId(item["pk"].removeprefix("tenant#")), UserId(item["user_id"])) for item in items]

    def _records(self, ids: Sequence[UserId]) -> list[UserRecord]:
        found = self._users(list(dict.fromkeys(ids)))
        return self._with_memberships(list(found.values()))

    def _users(self, ids: list[UserId]) -> dict[UserId, User]:
        if not ids:
            return {}
        items = self.database.batch_get([(self.tables.users, user_key(user_id)) for user_id in ids])
        return {user.id: user for user in map(to_user, items) if user is not None}  # in the order of ids

    def _with_memberships(self, users: list[User]) -> list[UserRecord]:
        places = [
            (self.tables.users, membership_key(tenant_id, user.id)) for user in users for tenant_id in user.tenant_ids
        ]
        members = []
        for first in range(0, len(places), 100):  # BatchGetItem takes 100 keys
            members += [to_membership(item) for item in self.database.batch_get(places[first : first + 100])]
        own: dict[UserId, list[Membership]] = {user.id: [] for user in users}
        for member in members:
            if member is not None:
                own[member.user_id].append(member)
        return [UserRecord(user, tuple(own[user.id])) for user in users]
