"""Webhooks and their deliveries on DynamoDB."""

from __future__ import annotations

import heapq
from collections.abc import Mapping
from dataclasses import dataclass, fields
from operator import itemgetter
from typing import Any

from doorward.aws.dynamodb import actions
from doorward.aws.dynamodb.database import ConditionFailed, Database
from doorward.aws.dynamodb.items import Item, Key, Tables, delivery_key, list_part, list_parts, webhook_key
from doorward.aws.dynamodb.markers import IS_OPEN, of_tenant
from doorward.errors import Conflict, TenantNotFound, TooManyWebhooks
from doorward.model import TenantId
from doorward.model.webhooks import Delivery, DeliveryId, DeliveryRef, Webhook, WebhookId
from doorward.stores import Page

_MOST = 100
_WAITING = "waiting"
_INDEX = "due"
_SAME = "version = :before"
_NAMES = {"id": "webhook_id", "status": "webhook_status"}  # DynamoDB reserves the word `status`
_DELIVERY_NAMES = {"id": "delivery_id", "status": "delivery_status", "next_at_ms": "ends_at_ms"}


@dataclass(frozen=True, slots=True)
class DynamoWebhooks:
    """Webhooks, and beside them an item that counts those of a tenant."""

    database: Database
    tables: Tables

    def get(self, tenant_id: TenantId, webhook_id: WebhookId) -> Webhook | None:
        """Return a webhook, from a consistent read."""
        item = self.database.get((self.tables.webhooks, webhook_key(tenant_id, webhook_id)))
        return None if item is None else _to_webhook(item)

    def list_by_tenant(self, tenant_id: TenantId) -> list[Webhook]:
        """Return the webhooks of a tenant, the oldest first."""
        items, _ = self.database.query(
            self.tables.webhooks, partition=webhook_key(tenant_id, "")["pk"], prefix="webhook#", limit=_MOST
        )
        return list(map(_to_webhook, items))

    def add(self, webhook: Webhook, most: int) -> None:
        """Store a new webhook.

        Raises:
            TooManyWebhooks: the tenant has as many already.
            TenantNotFound: there is no such tenant, or it is being deleted.
        """
        table, key = self.tables.webhooks, webhook_key(webhook.tenant_id, webhook.id)
        counted = actions.update(
            table,
            _count_key(webhook.tenant_id),
            add={"webhooks": 1},
            when="attribute_not_exists(pk) OR webhooks < :most",
            values={"most": most},
        )
        is_open = actions.check(self.tables.revocations, of_tenant(webhook.tenant_id)(0), when=IS_OPEN)
        try:
            self.database.transact(
                [is_open, counted, actions.put(table, key, _attributes(webhook), when=actions.ABSENT)]
            )
        except ConditionFailed as failure:
            raise (TenantNotFound if 0 in failure.failed else TooManyWebhooks) from failure

    def change(self, after: Webhook) -> None:
        """Store a webhook, whose `version` is one more than that of the stored one.

        Raises:
            Conflict: another change came first, or the webhook is gone.
        """
        key, before = webhook_key(after.tenant_id, after.id), {"before": after.version - 1}
        stored = actions.put(self.tables.webhooks, key, _attributes(after), when=_SAME, values=before)
        try:
            self.database.transact([stored])
        except ConditionFailed as failure:
            raise Conflict from failure

    def remove(self, tenant_id: TenantId, webhook_id: WebhookId) -> bool:
        """Remove a webhook, and return whether it was there."""
        table = self.tables.webhooks
        gone = actions.delete(table, webhook_key(tenant_id, webhook_id), when=actions.PRESENT)
        try:
            self.database.transact([gone, actions.update(table, _count_key(tenant_id), add={"webhooks": -1})])
        except ConditionFailed:
            return False
        return True

    def note(self, tenant_id: TenantId, webhook_id: WebhookId, pauses_until_ms: int, *, failed: bool) -> None:
        """Count an attempt that failed, or forget those before one that did not, unless the webhook is gone."""
        noted = {"pauses_until_ms": pauses_until_ms} if failed else {"pauses_until_ms": 0, "failures": 0}
        one_more = {"failures": 1} if failed else None
        key = webhook_key(tenant_id, webhook_id)
        step = actions.update(self.tables.webhooks, key, assign=noted, add=one_more, when=actions.PRESENT)
        try:
            self.database.write(step)
        except ConditionFailed:
            return


@dataclass(frozen=True, slots=True)
class DynamoDeliveries:
    """Deliveries; an index lists those that wait, by when they are due."""

    database: Database
    table: str

    def add(self, delivery: Delivery) -> Delivery | None:
        """Store a new delivery, unless it is there; return what is stored, None if the webhook is gone."""
        key = _place(delivery.ref)
        webhook = actions.check(self.table, webhook_key(delivery.tenant_id, delivery.webhook_id), when=actions.PRESENT)
        try:
            self.database.transact(
                [webhook, actions.put(self.table, key, _delivery_attributes(delivery), when=actions.ABSENT)]
            )
        except ConditionFailed as failure:
            gone = 0 in failure.failed
            return None if gone else self.get(delivery.tenant_id, delivery.webhook_id, delivery.id)
        return delivery

    def get(self, tenant_id: TenantId, webhook_id: WebhookId, delivery_id: DeliveryId) -> Delivery | None:
        """Return a delivery, from a consistent read."""
        item = self.database.get((self.table, delivery_key(tenant_id, webhook_id, delivery_id)))
        return None if item is None else _to_delivery(item)

    def list_by_webhook(
        self, tenant_id: TenantId, webhook_id: WebhookId, limit: int, after: str | None
    ) -> Page[Delivery]:
        """Return deliveries of a webhook, the newest event first."""
        items, last = self.database.query(
            self.table,
            partition=delivery_key(tenant_id, webhook_id, "")["pk"],
            prefix=delivery_key(tenant_id, webhook_id, "")["sk"],
            limit=limit,
            after=delivery_key(tenant_id, webhook_id, after) if after else None,
            newest_first=True,
        )
        found = tuple(map(_to_delivery, items))
        return Page(found, found[-1].id if last and found else None)

    def change(self, after: Delivery) -> bool:
        """Store a delivery, if its `version` is one more than that of the stored one; return whether it was."""
        before = {"before": after.version - 1}
        stored = actions.put(self.table, _place(after.ref), _delivery_attributes(after), when=_SAME, values=before)
        try:
            self.database.transact([stored])
        except ConditionFailed:
            return False
        return True

    def list_due(self, time_ms: int) -> list[DeliveryRef]:
        """Return the deliveries whose next attempt was due before a time. New ones may be missing."""
        found = [self.database.ending_before(self.table, _INDEX, part, time_ms) for part in list_parts(_WAITING)]
        return [_to_ref(item) for item in heapq.merge(*found, key=itemgetter("ends_at_ms"))]

    def put_off(self, ref: DeliveryRef, next_at_ms: int) -> DeliveryRef | None:
        """Set when a delivery that waits is due; return it as it is then, None if it was changed meanwhile."""
        moved = actions.update(
            self.table,
            _place(ref),
            assign={"ends_at_ms": next_at_ms, "version": ref.version + 1},
            when=f"{_SAME} AND delivery_status = :waiting",
            values={"before": ref.version, "waiting": _WAITING},
        )
        try:
            self.database.transact([moved])
        except ConditionFailed:
            return None
        return DeliveryRef(ref.tenant_id, ref.webhook_id, ref.id, ref.version + 1)


def _count_key(tenant_id: TenantId) -> Key:
    return {"pk": webhook_key(tenant_id, "")["pk"], "sk": "count"}


def _place(ref: DeliveryRef) -> Key:
    return delivery_key(ref.tenant_id, ref.webhook_id, ref.id)


def _attributes(webhook: Webhook) -> dict[str, Any]:
    return _named(webhook, _NAMES)


def _delivery_attributes(delivery: Delivery) -> dict[str, Any]:
    waits = delivery.status == _WAITING and delivery.next_at_ms is not None
    part = list_part(_WAITING, delivery.id) if waits else None
    return {**_named(delivery, _DELIVERY_NAMES), "listing": part}


def _named(value: Webhook | Delivery, names: Mapping[str, str]) -> dict[str, Any]:
    return {names.get(field.name, field.name): getattr(value, field.name) for field in fields(value)}


def _to_webhook(item: Item) -> Webhook:
    found: dict[str, Any] = {field.name: item.get(_NAMES.get(field.name, field.name)) for field in fields(Webhook)}
    return Webhook(**{**found, "events": tuple(item["events"])})


def _to_delivery(item: Item) -> Delivery:
    names = {field.name: _DELIVERY_NAMES.get(field.name, field.name) for field in fields(Delivery)}
    found: dict[str, Any] = {name: item.get(stored) for name, stored in names.items()}
    return Delivery(**found)


def _to_ref(item: Item) -> DeliveryRef:
    return DeliveryRef(item["tenant_id"], item["webhook_id"], item["delivery_id"], item["version"])
