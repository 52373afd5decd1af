"""Read a user's notifications."""

from __future__ import annotations

from dataclasses import dataclass

from doorward.demo.stores import NotificationStore
from doorward.errors import NotFound
from doorward.model import Clock, Principal, SeenNotification, TenantId
from doorward.rules.names import is_ulid
from doorward.rules.tenancy import require_member
from doorward.stores import Page


@dataclass(frozen=True, slots=True)
class ReadNotifications:
    """Reads the caller's own notifications and the tenant's notifications."""

    notifications: NotificationStore
    clock: Clock

    def many(self, principal: Principal, tenant_id: TenantId, limit: int, after: str | None) -> Page[SeenNotification]:
        """Return a page of notifications, the newest first.

        Args:
            principal: the caller.
            tenant_id: the caller's tenant.
            limit: how many notifications the page may have.
            after: the id of the last notification of the page before; None for the first page.

        Raises:
            NotFound: the tenant is not the caller's tenant.
        """
        require_member(principal, tenant_id)
        return self.notifications.list_by_user(tenant_id, principal.user_id, limit, after)

    def mark_read(self, principal: Principal, tenant_id: TenantId, notification_id: str) -> None:
        """Remember that the caller read a notification.

        Raises:
            NotFound: the caller has no such notification.
        """
        require_member(principal, tenant_id)
        if not is_ulid(notification_id):
            raise NotFound
        if not self.notifications.mark_read(tenant_id, principal.user_id, notification_id, self.clock()):
            raise NotFound
