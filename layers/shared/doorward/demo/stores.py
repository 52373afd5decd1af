"""The storage that the demo needs."""

from __future__ import annotations

from typing import Protocol

from doorward.model import Notification, SeenNotification, TenantId, UserId
from doorward.stores import Page


class NotificationStore(Protocol):
    """Notifications to one user, or to all users of a tenant."""

    def add(self, notification: Notification) -> None:
        """Store a notification.

        Storing it again changes nothing.
        """

    def list_by_user(
        self, tenant_id: TenantId, user_id: UserId, limit: int, after: str | None
    ) -> Page[SeenNotification]:
        """Return the user's own notifications and the tenant's, the newest first."""

    def mark_read(self, tenant_id: TenantId, user_id: UserId, notification_id: str, now_ms: int) -> bool:
        """Remember that the user read a notification, and return whether the user has such a notification."""

    def remove(self, notification: Notification) -> None:
        """Remove a notification."""

    def get_demo(self, tenant_id: TenantId) -> str | None:
        """Return the record that says what the demo made in a tenant, as JSON text."""

    def add_demo(self, tenant_id: TenantId, record: str) -> bool:
        """Store the demo's record unless there is one, and return whether the record was stored."""

    def remove_demo(self, tenant_id: TenantId) -> None:
        """Remove the demo's record."""
