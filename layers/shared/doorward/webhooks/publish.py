"""Tell others what happened: the bus of events, and the webhooks of the tenant."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from doorward.errors import DoorwardError
from doorward.model import PLATFORM, Clock, TenantId
from doorward.model.audit import AuditRecord
from doorward.model.webhooks import Webhook
from doorward.rules.webhooks import hears
from doorward.stores.webhooks import DeliveryQueue, DeliveryStore, EventBus, WebhookReader
from doorward.webhooks.deliveries import new_delivery
from doorward.webhooks.events import event_of

_LOGGER = logging.getLogger("doorward.webhooks")
_TRIES = 3


@dataclass(frozen=True, slots=True)
class PublishEvents:
    """Publishes records of audit trails, each at least once. Repetitions have the same id."""

    bus: EventBus
    webhooks: WebhookReader
    deliveries: DeliveryStore
    queue: DeliveryQueue
    clock: Clock

    def __call__(self, records: Sequence[AuditRecord]) -> list[str]:
        """Publish records, and return the ids of those that are to be tried again."""
        events = [event_of(record) for record in records]
        failed = {event["id"] for event in self._put(events)}
        webhooks_of = cache(self._webhooks_of)  # many records of one call are of one tenant
        for event in events:
            try:
                self._tell(event, webhooks_of(event["tenant_id"]))
            except DoorwardError as error:
                _LOGGER.warning("event not handed to webhooks: %s", error.reason)
                failed.add(event["id"])
        return [record.id for record in records if record.id in failed]

    def _put(self, events: Sequence[Mapping[str, Any]]) -> Sequence[Mapping[str, Any]]:
        """Put events on the bus, and return those that it did not take at several tries."""
        for _ in range(_TRIES):
            try:
                events = self.bus.put(events)
            except DoorwardError as error:
                _LOGGER.warning("events not published: %s", error.reason)
            if not events:
                break
        return events

    def _webhooks_of(self, tenant_id: TenantId) -> tuple[Webhook, ...]:
        return () if tenant_id == PLATFORM else tuple(self.webhooks.list_by_tenant(tenant_id))

    def _tell(self, event: Mapping[str, Any], webhooks: Sequence[Webhook]) -> None:
        for webhook in webhooks:
            if hears(webhook, event["event"]):
                stored = self.deliveries.add(new_delivery(webhook, event, self.clock()))
                # If it is there, this event was told before, and nobody knows whether its message was sent.
                if stored is not None and stored.status == "waiting" and not stored.attempts:
                    self.queue.put(stored.ref)
