"""Users who were deleted, and tenants that are being deleted, while things of theirs are still to be erased."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from doorward.model.identities import TenantId, UserId
from doorward.model.notifications import Notification
from doorward.model.sessions import Session


@dataclass(frozen=True, slots=True)
class Leaving:
    """A user who was deleted, and of whom something may still be stored.

    Args:
        user_id: the user.
        home_tenant_id: whose administrators may go on with erasing.
        realms: where the user could have sessions and notifications.
    """

    user_id: UserId
    home_tenant_id: TenantId
    realms: tuple[TenantId, ...]


@dataclass(frozen=True, slots=True)
class Belongings:
    """What is stored for a user besides the account.

    Args:
        sessions: the sessions, also those that ended and are not forgotten yet.
        notifications: what the user alone was told.
        complete: whether this is all.
    """

    sessions: tuple[Session, ...]
    notifications: tuple[Notification, ...]
    complete: bool


Remnant = Literal["users", "invitations", "service_tokens", "notifications", "webhooks", "settings"]
"""What is left of a tenant that is being deleted."""
