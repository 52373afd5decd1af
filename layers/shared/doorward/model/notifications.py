"""Notifications of the demo."""

from __future__ import annotations

from dataclasses import dataclass

from doorward.model.identities import TenantId, UserId


@dataclass(frozen=True, slots=True)
class Notification:
    """A message to one user of a tenant, or to all of it; ids rise with time."""

    tenant_id: TenantId
    id: str
    user_id: UserId | None
    title: str
    body: str
    created_at_ms: int


@dataclass(frozen=True, slots=True)
class SeenNotification:
    """A notification as one user sees it."""

    notification: Notification
    read_at_ms: int | None
