"""Notifications on DynamoDB: a partition for a tenant's, one for each user's own."""

from __future__ import annotations

from dataclasses import dataclass

from doorward.aws.dynamodb import actions
from doorward.aws.dynamodb.database import ConditionFailed, Database
from doorward.aws.dynamodb.items import Item, demo_key, notification_key, read_mark_key
from doorward.model import Notification, SeenNotification, TenantId, UserId
from doorward.stores import Page


@dataclass(frozen=True, slots=True)
class DynamoNotifications:
    """Notifications to one user, or to all of a tenant."""

    database: Database
    table: str

    def add(self, notification: Notification) -> None:
        """Store a notification; repeating it changes nothing."""
        attributes = {
            "tenant_id": notification.tenant_id,
            "notification_id": notification.id,
            "user_id": notification.user_id,
            "title": notification.title,
            "body": notification.body,
            "created_at_ms": notification.created_at_ms,
        }
        self.database.write(actions.put(self.table, _key(notification), attributes))

    def list_by_user(
        self, tenant_id: TenantId, user_id: UserId, limit: int, after: str | None
    ) -> Page[SeenNotification]:
        """Return the user's own and the tenant's notifications, newest first."""
        found: list[Notification] = []
        more = False
        for owner in (user_id, None):
            items, last = self.database.query(
                self.table,
                partition=notification_key(tenant_id, owner, "")["pk"],
                prefix="notification#",
                limit=limit,
                after=notification_key(tenant_id, owner, after) if after else None,
                newest_first=True,
            )
            found += map(_notification, items)
            more = more or last is not None
        found.sort(key=lambda notification: notification.id, reverse=True)
        shown = found[:limit]
        goes_on = bool(shown) and (more or len(found) > limit)
        return Page(self._seen(tenant_id, user_id, shown), shown[-1].id if goes_on else None)

    def mark_read(self, tenant_id: TenantId, user_id: UserId, notification_id: str, now_ms: int) -> bool:
        """Remember that the user read it, and return whether there is such a notification for the user."""
        places = [(self.table, notification_key(tenant_id, owner, notification_id)) for owner in (user_id, None)]
        if not any(self.database.batch_get(places)):
            return False
        key = read_mark_key(tenant_id, user_id, notification_id)
        try:
            self.database.write(actions.put(self.table, key, {"read_at_ms": now_ms}, when=actions.ABSENT))
        except ConditionFailed:
            return True  # it was read before, and stays so
        return True

    def remove(self, notification: Notification) -> None:
        """Remove a notification."""
        self.database.write(actions.delete(self.table, _key(notification)))

    def get_demo(self, tenant_id: TenantId) -> str | None:
        """Return the record of what the demo made in a tenant, as JSON text."""
        item = self.database.get((self.table, demo_key(tenant_id)))
        return str(item["record"]) if item else None

    def remove_demo(self, tenant_id: TenantId) -> None:
        """Remove the record."""
        self.database.write(actions.delete(self.table, demo_key(tenant_id)))

    def add_demo(self, tenant_id: TenantId, record: str) -> bool:
        """Store the record, unless there is one; return whether it was stored."""
        key = demo_key(tenant_id)
        try:
            self.database.transact([actions.put(self.table, key, {"record": record}, when=actions.ABSENT)])
        except ConditionFailed:
            return False
        return True

    def _seen(self, tenant_id: TenantId, user_id: UserId, shown: list[Notification]) -> tuple[SeenNotification, ...]:
        if not shown:
            return ()
        marks = self.database.batch_get([(self.table, read_mark_key(tenant_id, user_id, one.id)) for one in shown])
        return tuple(
            SeenNotification(one, mark["read_at_ms"] if mark else None) for one, mark in zip(shown, marks, strict=True)
        )


def _key(notification: Notification) -> dict[str, str]:
    return dict(notification_key(notification.tenant_id, notification.user_id, notification.id))


def _notification(item: Item) -> Notification:
    return Notification(
        tenant_id=item["tenant_id"],
        id=item["notification_id"],
        user_id=item.get("user_id"),
        title=item["title"],
        body=item["body"],
        created_at_ms=item["created_at_ms"],
    )
