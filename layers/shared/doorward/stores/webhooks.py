"""The storage that webhooks need, the bus of events, and the queue of deliveries."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from doorward.model import TenantId
from doorward.model.webhooks import Delivery, DeliveryId, DeliveryRef, Webhook, WebhookId
from doorward.stores.users import Page


class WebhookReader(Protocol):
    """Webhooks, to read them."""

    def get(self, tenant_id: TenantId, webhook_id: WebhookId) -> Webhook | None:
        """Return a webhook, from a consistent read."""

    def list_by_tenant(self, tenant_id: TenantId) -> list[Webhook]:
        """Return the webhooks of a tenant, the oldest first, from a consistent read."""


class WebhookStore(WebhookReader, Protocol):
    """Webhooks, to read and change them."""

    def add(self, webhook: Webhook, most: int) -> None:
        """Store a new webhook.

        Args:
            webhook: the webhook.
            most: how many a tenant may have.

        Raises:
            TooManyWebhooks: the tenant has as many already.
            TenantNotFound: there is no such tenant, or it is being deleted.
        """

    def change(self, after: Webhook) -> None:
        """Store a webhook, whose `version` is one more than that of the stored one.

        Raises:
            Conflict: another change came first, or the webhook is gone.
        """

    def remove(self, tenant_id: TenantId, webhook_id: WebhookId) -> bool:
        """Remove a webhook, and return whether it was there."""

    def note(self, tenant_id: TenantId, webhook_id: WebhookId, pauses_until_ms: int, *, failed: bool) -> None:
        """Count an attempt that failed, or forget those before one that did not, unless the webhook is gone.

        Its `version` stays: administrators' changes do not collide with attempts.
        """


class DeliveryStore(Protocol):
    """Deliveries."""

    def add(self, delivery: Delivery) -> Delivery | None:
        """Store a new delivery, unless it is there; return what is stored, None if the webhook is gone."""

    def get(self, tenant_id: TenantId, webhook_id: WebhookId, delivery_id: DeliveryId) -> Delivery | None:
        """Return a delivery, from a consistent read."""

    def list_by_webhook(
        self, tenant_id: TenantId, webhook_id: WebhookId, limit: int, after: str | None
    ) -> Page[Delivery]:
        """Return deliveries of a webhook, the newest event first."""

    def change(self, after: Delivery) -> bool:
        """Store a delivery, if its `version` is one more than that of the stored one; return whether it was."""

    def list_due(self, time_ms: int) -> Sequence[DeliveryRef]:
        """Return the deliveries whose next attempt was due before a time. New ones may be missing."""

    def put_off(self, ref: DeliveryRef, next_at_ms: int) -> DeliveryRef | None:
        """Set when a delivery that waits is due; return it as it is then, None if it was changed meanwhile."""


class EventBus(Protocol):
    """Where events are published for everybody who may listen."""

    def put(self, events: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
        """Publish events, and return those that were not taken.

        Raises:
            Unavailable: nobody knows which were taken.
        """


class DeliveryQueue(Protocol):
    """Tells whoever delivers that a delivery is due."""

    def put(self, ref: DeliveryRef) -> None:
        """Tell it, at least once.

        Raises:
            Unavailable: nobody knows whether it was told.
        """
