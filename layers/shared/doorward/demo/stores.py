"""What the demo needs of storage."""

from __future__ import annotations

from typing import Protocol

from doorward.model import Notification, SeenNotification, TenantId, UserId
from doorward.stores import Page


class NotificationStore(Protocol):
    """Notifications to one user, or to all of a tenant."""

    def add(self, notification: Notification) -> None:
        """Store a notification; repeating it changes nothing."""

    def list_by_user(
        self, tenant_id: TenantId, user_id: UserId, limit: int, after: str | None
    ) -> Page[SeenNotification]:
        """Return the user's own and the tenant's notifications, newest first."""

    def mark_read(self, tenant_id: TenantId, user_id: UserId, notification_id: str, now_ms: int) -> bool:
        """Remember that the user read it, and return whether there is such a notification for the user."""

    def remove(self, notification: Notification) -> None:
        """Remove a notification."""

    def get_demo(self, tenant_id: TenantId) -> str | None:
        """Return the record of what the demo made in a tenant, as JSON text."""

    def add_demo(self, tenant_id: TenantId, record: str) -> bool:
        """Store the record, unless there is one; return whether it was stored."""

    def remove_demo(self, tenant_id: TenantId) -> None:
        """Remove the record."""
