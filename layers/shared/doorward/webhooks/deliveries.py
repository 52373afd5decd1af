"""What becomes of a delivery: when it is made, tried, put off, given up and replayed. Nothing is stored here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from doorward.model.webhooks import Delivery, DeliveryId, Webhook
from doorward.rules.webhooks import KEPT_SECONDS, NET_MS
from doorward.webhooks.events import payload_of


def new_delivery(webhook: Webhook, event: Mapping[str, Any], now_ms: int) -> Delivery:
    """Return the delivery of an event to a webhook. A message tells of it at once; if that is lost, it is due later."""
    return Delivery(
        tenant_id=webhook.tenant_id,
        webhook_id=webhook.id,
        id=DeliveryId(event["id"]),
        event=event["event"],
        payload=payload_of(event),
        begun_at_ms=now_ms,
        next_at_ms=now_ms + NET_MS,
        expires_at=now_ms // 1000 + KEPT_SECONDS,
    )


def replayed(delivery: Delivery, now_ms: int) -> Delivery:
    """Return a delivery that begins anew, with what was sent before."""
    return replace(
        delivery,
        status="waiting",
        attempts=0,
        begun_at_ms=now_ms,
        next_at_ms=now_ms + NET_MS,
        expires_at=now_ms // 1000 + KEPT_SECONDS,
        version=delivery.version + 1,
    )
