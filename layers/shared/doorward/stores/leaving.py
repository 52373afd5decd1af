"""The storage that is asked when a user or a tenant leaves."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from doorward.model import TenantId, UserId
from doorward.model.leaving import Belongings, Leaving, Remnant


class BelongingsStore(Protocol):
    """What is stored for users and tenants besides them: sessions, notifications, entries to find them by.

    Erasing can be repeated, also after it was killed in the middle.
    """

    def list_of(self, user_id: UserId, realms: Sequence[TenantId]) -> Belongings:
        """Return what is stored for a user in these realms, at most 1,000 sessions and notifications of each realm."""

    def get_leaving(self, user_id: UserId) -> Leaving | None:
        """Return what `UserWriter.remove` left to be erased of a user, if anything, from a consistent read."""

    def erase(self, user_id: UserId) -> None:
        """Erase what is left of a user who was removed, and remember no longer that something was left."""

    def erase_in(self, tenant_id: TenantId, user_id: UserId) -> None:
        """Erase a user's sessions and notifications in one realm, in which the user can begin none."""

    def erase_tenant(self, tenant_id: TenantId) -> Remnant | None:
        """Erase some of what is stored for a tenant without users, a bounded amount.

        Returns:
            What is left; None if nothing is.
        """
