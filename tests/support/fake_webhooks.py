"""Webhooks in memory, and a bus, a queue and a way out that remember."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from doorward.errors import Conflict, TenantNotFound, TooManyWebhooks, Unavailable
from doorward.model import TenantId
from doorward.model.webhooks import Delivery, DeliveryId, DeliveryRef, Webhook, WebhookId
from doorward.outbound.client import NotReached, Reply
from doorward.stores import Page
from tests.support.fakes import World


@dataclass
class MemoryWebhooks:
    world: World

    def get(self, tenant_id: TenantId, webhook_id: WebhookId) -> Webhook | None:
        return self.world.webhooks.get((tenant_id, webhook_id))

    def list_by_tenant(self, tenant_id: TenantId) -> list[Webhook]:
        found = [one for one in self.world.webhooks.values() if one.tenant_id == tenant_id]
        return sorted(found, key=lambda one: one.id)

    def add(self, webhook: Webhook, most: int) -> None:
        with self.world.lock:
            tenant = self.world.tenants.get(webhook.tenant_id)
            if tenant is None or tenant.deletion_began_at_ms is not None:
                raise TenantNotFound
            if len(self.list_by_tenant(webhook.tenant_id)) >= most:
                raise TooManyWebhooks
            self.world.webhooks[webhook.tenant_id, webhook.id] = webhook

    def change(self, after: Webhook) -> None:
        with self.world.lock:
            found = self.get(after.tenant_id, after.id)
            if found is None or found.version != after.version - 1:
                raise Conflict
            self.world.webhooks[after.tenant_id, after.id] = after

    def remove(self, tenant_id: TenantId, webhook_id: WebhookId) -> bool:
        with self.world.lock:
            return self.world.webhooks.pop((tenant_id, webhook_id), None) is not None

    def note(self, tenant_id: TenantId, webhook_id: WebhookId, pauses_until_ms: int, *, failed: bool) -> None:
        with self.world.lock:
            found = self.get(tenant_id, webhook_id)
            if found is not None:
                failures, until_ms = (found.failures + 1, pauses_until_ms) if failed else (0, 0)
                noted = replace(found, failures=failures, pauses_until_ms=until_ms)
                self.world.webhooks[tenant_id, webhook_id] = noted


@dataclass
class MemoryDeliveries:
    world: World

    def add(self, delivery: Delivery) -> Delivery | None:
        with self.world.lock:
            if (delivery.tenant_id, delivery.webhook_id) not in self.world.webhooks:
                return None
            return self.world.deliveries.setdefault((delivery.tenant_id, delivery.webhook_id, delivery.id), delivery)

    def get(self, tenant_id: TenantId, webhook_id: WebhookId, delivery_id: DeliveryId) -> Delivery | None:
        return self.world.deliveries.get((tenant_id, webhook_id, delivery_id))

    def list_by_webhook(
        self, tenant_id: TenantId, webhook_id: WebhookId, limit: int, after: str | None
    ) -> Page[Delivery]:
        newest = sorted(self.world.deliveries.values(), key=lambda one: one.id, reverse=True)
        own = [one for one in newest if (one.tenant_id, one.webhook_id) == (tenant_id, webhook_id)]
        rest = [one for one in own if after is None or one.id < after]
        shown = tuple(rest[:limit])
        return Page(shown, shown[-1].id if len(rest) > limit else None)

    def change(self, after: Delivery) -> bool:
        with self.world.lock:
            place = (after.tenant_id, after.webhook_id, after.id)
            found = self.world.deliveries.get(place)
            if found is None or found.version != after.version - 1:
                return False
            self.world.deliveries[place] = after
            return True

    def list_due(self, time_ms: int) -> list[DeliveryRef]:
        waiting = [one for one in self.world.deliveries.values() if one.status == "waiting"]
        due = [one for one in waiting if one.next_at_ms is not None and one.next_at_ms < time_ms]
        return [one.ref for one in sorted(due, key=lambda one: one.next_at_ms or 0)]

    def put_off(self, ref: DeliveryRef, next_at_ms: int) -> DeliveryRef | None:
        with self.world.lock:
            found = self.get(ref.tenant_id, ref.webhook_id, ref.id)
            if found is None or found.version != ref.version or found.status != "waiting":
                return None
            after = replace(found, next_at_ms=next_at_ms, version=ref.version + 1)
            self.world.deliveries[ref.tenant_id, ref.webhook_id, ref.id] = after
            return after.ref


@dataclass
class MemoryBus:
    """A bus of events.

    Args:
        refuses: how many puts are refused whole, or the number of entries that a put refuses at its end.
    """

    events: list[Mapping[str, Any]] = field(default_factory=list)
    script: list[int | type[Exception]] = field(default_factory=list)

    def put(self, events: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
        step = self.script.pop(0) if self.script else 0
        if not isinstance(step, int):
            raise Unavailable(reason="events:no_answer")
        taken = len(events) - step
        self.events += events[:taken]
        return list(events[taken:])


@dataclass
class MemoryQueue:
    """A queue of deliveries."""

    refs: list[DeliveryRef] = field(default_factory=list)
    breaks: int = 0

    def put(self, ref: DeliveryRef) -> None:
        if self.breaks:
            self.breaks -= 1
            raise Unavailable(reason="sqs:no_answer")
        self.refs.append(ref)

    def take(self) -> list[DeliveryRef]:
        found, self.refs = self.refs, []
        return found


@dataclass(frozen=True)
class Sent:
    """A request that was sent to a receiver."""

    url: str
    headers: Mapping[str, str]
    body: bytes


@dataclass
class Receiver:
    """What receivers answer: a status code, or the reason why nothing came. The last answer is for ever."""

    script: list[int | str] = field(default_factory=lambda: [204])
    sent: list[Sent] = field(default_factory=list)
    meanwhile: Callable[[], object] = lambda: None

    def send(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str] | None = None,
        body: bytes = b"",
        *,
        reads_content: bool = True,
    ) -> Reply:
        assert (method, reads_content) == ("POST", False)
        self.sent.append(Sent(url, headers or {}, body))
        self.meanwhile()
        step = self.script.pop(0) if len(self.script) > 1 else self.script[0]
        if isinstance(step, str):
            raise NotReached(step)
        return Reply(step, {}, b"")
