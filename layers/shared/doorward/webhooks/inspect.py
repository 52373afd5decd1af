"""What became of deliveries, as a tenant's administrators see it; trials and replays."""

from __future__ import annotations

from dataclasses import dataclass

from doorward.errors import Conflict, NotFound
from doorward.model import Clock, Principal, TenantId
from doorward.model.webhooks import Delivery, DeliveryId, Webhook
from doorward.rules.factors import require_sure
from doorward.rules.names import is_ulid
from doorward.stores import Page
from doorward.stores.webhooks import DeliveryQueue, DeliveryStore
from doorward.tokens.ids import mint_ulid
from doorward.webhooks.administer import AdministerWebhooks
from doorward.webhooks.deliveries import new_delivery, replayed
from doorward.webhooks.events import trial_event


@dataclass(frozen=True, slots=True)
class InspectDeliveries:
    """Shows deliveries, sends trials, and sends again what was sent."""

    administer: AdministerWebhooks
    deliveries: DeliveryStore
    queue: DeliveryQueue
    clock: Clock

    def many(
        self, principal: Principal, tenant_id: TenantId, webhook_id: str, limit: int, after: str | None
    ) -> Page[Delivery]:
        """Return deliveries of the last 30 days, the newest event first.

        Raises:
            InsufficientScope, NotFound: the caller does not administer this tenant, or it has no such webhook.
        """
        webhook = self.administer.one(principal, tenant_id, webhook_id)
        return self.deliveries.list_by_webhook(tenant_id, webhook.id, limit, after)

    def test(self, principal: Principal, tenant_id: TenantId, webhook_id: str) -> Delivery:
        """Send an event that says nothing, and return its delivery.

        Raises:
            InsufficientScope, NotFound: see `many`.
            InsufficientAuthentication: the caller's sign-in is older than an hour, or not sure enough.
            Conflict: the webhook is disabled.
        """
        webhook = self._enabled(principal, tenant_id, webhook_id)
        event = trial_event(tenant_id, mint_ulid(), self.clock())
        stored = self.deliveries.add(new_delivery(webhook, event, self.clock()))
        if stored is None:
            raise NotFound
        self.queue.put(stored.ref)
        return stored

    def replay(self, principal: Principal, tenant_id: TenantId, webhook_id: str, delivery_id: str) -> Delivery:
        """Send again what was sent, with the same `webhook-id`, and return the delivery.

        Raises:
            InsufficientScope, NotFound, InsufficientAuthentication: see `test`; or there is no such delivery.
            Conflict: the webhook is disabled, or the delivery is tried at this moment.
        """
        webhook = self._enabled(principal, tenant_id, webhook_id)
        known = is_ulid(delivery_id)
        before = self.deliveries.get(tenant_id, webhook.id, DeliveryId(delivery_id)) if known else None
        if before is None:
            raise NotFound
        after = replayed(before, self.clock())
        if not self.deliveries.change(after):
            raise Conflict
        self.queue.put(after.ref)
        return after

    def _enabled(self, principal: Principal, tenant_id: TenantId, webhook_id: str) -> Webhook:
        webhook = self.administer.one(principal, tenant_id, webhook_id)
        require_sure(principal, self.clock())
        if webhook.status != "enabled":
            raise Conflict("The webhook is disabled. Enable it first.")
        return webhook
