"""Webhooks: where a tenant wants to be told what happens, and what became of telling it (docs/webhooks.md)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NewType

from doorward.model.identities import TenantId, UserId

WebhookId = NewType("WebhookId", str)
DeliveryId = NewType("DeliveryId", str)

WebhookStatus = Literal["enabled", "disabled"]
DeliveryStatus = Literal["waiting", "delivered", "failed"]
DisabledFor = Literal["gone", "failing"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Webhook:
    """One URL that is told of events of one tenant.

    Args:
        tenant_id: whose events.
        id: a ULID of the time at which it was made.
        url: begins with https://.
        events: the names of the events; all of them, if there is none.
        description: what the administrators say of it.
        status: whether anything is sent.
        secret: what signs, sealed.
        former_secret: what signed before, sealed; it signs too until `former_until_ms`.
        former_until_ms: when the former secret ends; 0 if there is none.
        created_by: the administrator who made it.
        created_at_ms: when it was made.
        updated_at_ms: when an administrator, or a failure for good, changed it last.
        disabled_for: why it was disabled, if no administrator did it: the receiver answered that it is gone, or failed
            for days.
        failures: how many attempts failed in a row.
        pauses_until_ms: until when nothing is sent, because attempts fail.
        version: counts the changes.
    """

    tenant_id: TenantId
    id: WebhookId
    url: str
    events: tuple[str, ...] = ()
    description: str | None = None
    status: WebhookStatus = "enabled"
    secret: str
    former_secret: str | None = None
    former_until_ms: int = 0
    created_by: UserId
    created_at_ms: int
    updated_at_ms: int
    disabled_for: DisabledFor | None = None
    failures: int = 0
    pauses_until_ms: int = 0
    version: int = 1


@dataclass(frozen=True, slots=True)
class DeliveryRef:
    """One delivery, as it was at one moment: a message that tells of another version is out of date.

    Args:
        tenant_id: whose event.
        webhook_id: where to.
        id: of the event; each webhook has one delivery of an event at most.
        version: counts what became of the delivery.
    """

    tenant_id: TenantId
    webhook_id: WebhookId
    id: DeliveryId
    version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """An event that a webhook is told of.

    Args:
        tenant_id: whose event.
        webhook_id: where to.
        id: of the event: the receiver sees it as `webhook-id`, at every attempt and replay.
        event: what happened, by name.
        payload: what is sent.
        status: whether it waits for an attempt, arrived, or was given up.
        attempts: how many there were, since it was made or replayed.
        begun_at_ms: when it was made, or replayed.
        next_at_ms: when the next attempt is due; None if none is.
        last_at_ms: when the last attempt was.
        last_status: the status code of the last answer; None if there was none.
        last_error: why there was none.
        expires_at: when the record is forgotten, in epoch seconds.
        version: counts what became of it.
    """

    tenant_id: TenantId
    webhook_id: WebhookId
    id: DeliveryId
    event: str
    payload: str
    status: DeliveryStatus = "waiting"
    attempts: int = 0
    begun_at_ms: int
    next_at_ms: int | None
    last_at_ms: int | None = None
    last_status: int | None = None
    last_error: str | None = None
    expires_at: int
    version: int = 1

    @property
    def ref(self) -> DeliveryRef:
        """Return what messages say of it."""
        return DeliveryRef(self.tenant_id, self.webhook_id, self.id, self.version)
