"""Notifications on DynamoDB: one partition for the notifications of a tenant, and one for those of each user."""

from __future__ import annotations

from dataclasses import dataclass

from doorward.aws.dynamodb import actions
from doorward.aws.dynamodb.database import ConditionFailed, Database
from doorward.aws.dynamodb.items import Item, demo_key, notification_key, read_mark_key
from doorward.model import Notification, SeenNotification, TenantId, UserId
from doorward.stores import Page


@dataclass(frozen=True, slots=True)
class DynamoNotifications:
    """Notifications to one user, or to all users of a tenant."""

    database: Database
    table: str

    def add(self, notification: Notification) -> None:
        """Store a notification.

        Storing it again changes nothing.
        """
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
        """Return the user's own notifications and the tenant's, the newest first."""
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
            found += map(to_notification, items)
            more = more or last is not None
        found.sort(key=lambda notification: notification.id, reverse=True)
        shown = found[:limit]
        goes_on = bool(shown) and (more or len(found) > limit)
        return Page(self._seen(tenant_id, user_id, shown), shown[-1].id if goes_on else None)

    def mark_read(self, tenant_id: TenantId, user_id: UserId, notification_id: str, now_ms: int) -> bool:
        """Remember that the user read a notification, and return whether the user has such a notification."""
        places = [(self.table, notification_key(tenant_id, owner, notification_id)) for owner in (user_id, None)]
        if not any(self.database.batch_get(places)):
            return False
        key = read_mark_key(tenant_id, user_id, notification_id)
        try:
            self.database.write(actions.put(self.table, key, {"read_at_ms": now_ms}, when=actions.ABSENT))
        except ConditionFailed:
            return True  # the user read the notification before, and the first time counts
        return True

    def remove(self, notification: Notification) -> None:
        """Remove a notification."""
        self.database.write(actions.delete(self.table, _key(notification)))

    def get_demo(self, tenant_id: TenantId) -> str | None:
        """Return the record that says what the demo made in a tenant, as JSON text."""
        item = self.database.get((self.table, demo_key(tenant_id)))
        return str(item["record"]) if item else None

    def remove_demo(self, tenant_id: TenantId) -> None:
        """Remove the demo's record."""
        self.database.write(actions.delete(self.table, demo_key(tenant_id)))

    def add_demo(self, tenant_id: TenantId, record: str) -> bool:
        """Store the demo's record unless there is one, and return whether the record was stored."""
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


def to_notification(item: Item) -> Notification:
    """Return the notification of an item."""
    return Notification(
        tenant_id=item["tenant_id"],
        id=item["notification_id"],
        user_id=item.get("user_id"),
        title=item["title"],
        body=item["body"],
        created_at_ms=item["created_at_ms"],
    )
