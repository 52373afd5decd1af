"""What is stored for users and tenants besides them, and how it is erased when they leave."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from doorward.aws.dynamodb import actions
from doorward.aws.dynamodb.database import Action, Database
from doorward.aws.dynamodb.items import (
    Item,
    Key,
    Tables,
    decode,
    delivery_key,
    invitation_key,
    leaving_key,
    notification_key,
    policy_key,
    service_token_key,
    session_key,
    tenant_key,
    webhook_key,
)
from doorward.aws.dynamodb.notifications import to_notification
from doorward.aws.dynamodb.shapes import to_session
from doorward.model import SessionId, SessionRef, TenantId, User, UserId
from doorward.model.leaving import Belongings, Leaving, Remnant

_BATCH = 100  # TransactWriteItems takes no more
_SHOWN = 1000
_BATCHES_A_CALL = 10


def leaving_action(table: str, user: User, later: Sequence[Action]) -> Action:
    """Return the action that remembers what is still to be erased of a user who is removed.

    Args:
        table: the table of users.
        user: the user.
        later: deletions of entries that had no room in the transaction.
    """
    keys = [decode(action["Delete"]["Key"]) or {} for action in later]
    attributes = {
        "home_tenant_id": user.home_tenant_id,
        "realms": user.realms,
        "entries": [text for key in keys for text in (key["pk"], key["sk"])],
    }
    return actions.put(table, leaving_key(user.id), attributes)


@dataclass(frozen=True, slots=True)
class DynamoBelongings:
    """What is stored for users and tenants besides them."""

    database: Database
    tables: Tables
    notifications_table: str

    def list_of(self, user_id: UserId, realms: Sequence[TenantId]) -> Belongings:
        """Return what is stored for a user in these realms."""
        found: dict[str, list[Item]] = {"session#": [], "notification#": [], "read#": []}
        complete = True
        for realm in realms:
            for table, key, prefix in self._parts_of_user(realm, user_id):
                items, more = self._first(table, key, prefix, _SHOWN)
                found[prefix] += items
                complete = complete and not more
        sessions = tuple(session for session in map(to_session, found["session#"]) if session is not None)
        return Belongings(sessions, tuple(map(to_notification, found["notification#"])), complete)

    def get_leaving(self, user_id: UserId) -> Leaving | None:
        """Return what is left to be erased of a user who was removed; None if it is nothing."""
        item = self.database.get((self.tables.users, leaving_key(user_id)))
        return None if item is None else Leaving(user_id, item["home_tenant_id"], tuple(item["realms"]))

    def erase(self, user_id: UserId) -> None:
        """Erase what is left of a user who was removed, and then that something was left."""
        table, key = self.tables.users, leaving_key(user_id)
        item = self.database.get((table, key))
        if item is None:
            return
        for realm in item["realms"]:
            self.erase_in(realm, user_id)
        texts = item["entries"]
        self._delete(table, ({"pk": pk, "sk": sk} for pk, sk in zip(texts[::2], texts[1::2], strict=True)))
        self.database.write(actions.delete(table, key))

    def erase_in(self, tenant_id: TenantId, user_id: UserId) -> None:
        """Erase a user's sessions and notifications in one realm."""
        for table, key, prefix in self._parts_of_user(tenant_id, user_id):
            while self._erase_some(table, key, prefix):
                pass

    def erase_tenant(self, tenant_id: TenantId) -> Remnant | None:
        """Erase some of what is stored for a tenant without users, and return what is left."""
        told, own = notification_key(tenant_id, None, ""), tenant_key(tenant_id)
        invited = invitation_key(tenant_id, "")
        parts: tuple[tuple[Remnant, str, Key, str], ...] = (
            ("invitations", self.tables.refresh_tokens, invited, "invitation#"),
            ("invitations", self.tables.refresh_tokens, invited, "address#"),
            ("service_tokens", self.tables.refresh_tokens, service_token_key(tenant_id, ""), "token#"),
            ("notifications", self.notifications_table, told, "notification#"),
            ("notifications", self.notifications_table, told, "demo"),
            ("webhooks", self.tables.webhooks, webhook_key(tenant_id, ""), "webhook#"),
            ("webhooks", self.tables.webhooks, webhook_key(tenant_id, ""), "count"),
            ("webhooks", self.tables.webhooks, delivery_key(tenant_id, "", ""), "webhook#"),
            ("settings", self.tables.users, own, "email#"),
            ("settings", self.tables.users, own, policy_key(tenant_id)["sk"]),
        )
        batches = 0
        for name, table, key, prefix in parts:
            while self._erase_some(table, key, prefix):
                batches += 1
                if batches == _BATCHES_A_CALL:
                    return name
        return None

    def _parts_of_user(self, tenant_id: TenantId, user_id: UserId) -> list[tuple[str, Key, str]]:
        """Return the tables, partitions and prefixes: sessions, notifications, and marks that they were read."""
        sessions = session_key(SessionRef(tenant_id, user_id, SessionId("")))
        told = notification_key(tenant_id, user_id, "")
        return [
            (self.tables.refresh_tokens, sessions, "session#"),
            (self.notifications_table, told, "notification#"),
            (self.notifications_table, told, "read#"),
        ]

    def _first(self, table: str, key: Key, prefix: str, most: int) -> tuple[list[Item], bool]:
        items, last = self.database.query(table, partition=key["pk"], prefix=prefix, limit=most)
        return items, last is not None

    def _erase_some(self, table: str, key: Key, prefix: str) -> bool:
        """Erase a batch of a partition, and return whether there was something."""
        items, _ = self._first(table, key, prefix, _BATCH)
        self._delete(table, ({"pk": item["pk"], "sk": item["sk"]} for item in items))
        return bool(items)

    def _delete(self, table: str, keys: Iterable[Key]) -> None:
        steps = [actions.delete(table, key) for key in keys]
        for first in range(0, len(steps), _BATCH):
            self.database.transact(steps[first : first + _BATCH])
