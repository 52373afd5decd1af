"""/api/{tenantId}/webhooks."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus

from doorward.api.answers import answer_json
from doorward.api.bodies.webhooks import (
    ChangeWebhookRequest,
    DeliveryListResponse,
    DeliveryResponse,
    MakeWebhookRequest,
    WebhookListResponse,
    WebhookResponse,
)
from doorward.api.cursors import mint_cursor, read_cursor
from doorward.api.requests import page_limit, query, read_json, read_principal, takes
from doorward.api.resolver import Resolver
from doorward.api.routing import Response
from doorward.aws.delivery_queue import SqsDeliveries
from doorward.aws.dynamodb.webhooks import DynamoDeliveries, DynamoWebhooks
from doorward.aws.endpoints import is_local_cloud
from doorward.bootstrap.clock import clock
from doorward.bootstrap.lean import LeanParts
from doorward.bootstrap.once import once
from doorward.rules.names import check_tenant_id
from doorward.settings import Settings
from doorward.webhooks.administer import AdministerWebhooks
from doorward.webhooks.inspect import InspectDeliveries
from doorward.webhooks.secrets import WebhookSecrets


@dataclass(frozen=True, slots=True)
class Services:
    """The use cases of webhooks, and the key that authenticates list cursors."""

    webhooks: AdministerWebhooks
    deliveries: InspectDeliveries
    cursor_key: Callable[[], bytes]


def wire(settings: Settings) -> Services:
    """Return the use cases of webhooks."""
    parts = LeanParts(settings)
    secrets = WebhookSecrets(lambda: parts.former_names.root)
    store, is_local = DynamoWebhooks(parts.database, parts.tables), is_local_cloud(os.environ)
    webhooks = AdministerWebhooks(store, secrets, clock, is_local)
    deliveries = DynamoDeliveries(parts.database, settings.require("webhooks_table"))
    queue = SqsDeliveries(settings.require("deliveries_queue_url"))
    return Services(webhooks, InspectDeliveries(webhooks, deliveries, queue, clock), parts.cursor_key)


app = Resolver()
services = once(wire)


@app.post("/api/<tenant_id>/webhooks")
def make_webhook(tenant_id: str) -> Response:
    """Make a webhook. Only this answer, and that of a rotation, shows its secret."""
    principal, body = read_principal(app), read_json(app, MakeWebhookRequest)
    made = services().webhooks.make(
        principal, check_tenant_id(tenant_id), body.url, tuple(body.events), body.description
    )
    headers = {"Location": f"/api/{tenant_id}/webhooks/{made.webhook.id}"}
    return answer_json(WebhookResponse.with_secret(made), HTTPStatus.CREATED, headers)


@app.get("/api/<tenant_id>/webhooks")
def list_webhooks(tenant_id: str) -> Response:
    """List the tenant's webhooks, ten at most, the oldest first."""
    found = services().webhooks.many(read_principal(app), check_tenant_id(tenant_id))
    return answer_json(WebhookListResponse(items=[WebhookResponse.of(webhook) for webhook in found]))


@app.get("/api/<tenant_id>/webhooks/<webhook_id>")
def get_webhook(tenant_id: str, webhook_id: str) -> Response:
    """Return a webhook."""
    found = services().webhooks.one(read_principal(app), check_tenant_id(tenant_id), webhook_id)
    return answer_json(WebhookResponse.of(found))


@app.patch("/api/<tenant_id>/webhooks/<webhook_id>")
def change_webhook(tenant_id: str, webhook_id: str) -> Response:
    """Change a webhook's URL, events or description; disable or enable it."""
    principal, body = read_principal(app), read_json(app, ChangeWebhookRequest)
    changed = services().webhooks.change(principal, check_tenant_id(tenant_id), webhook_id, body.changes())
    return answer_json(WebhookResponse.of(changed))


@app.delete("/api/<tenant_id>/webhooks/<webhook_id>")
def delete_webhook(tenant_id: str, webhook_id: str) -> Response:
    """Delete a webhook. What waits is never sent."""
    services().webhooks.remove(read_principal(app), check_tenant_id(tenant_id), webhook_id)
    return answer_json(None, HTTPStatus.NO_CONTENT)


@app.post("/api/<tenant_id>/webhooks/<webhook_id>/secret")
def rotate_secret(tenant_id: str, webhook_id: str) -> Response:
    """Give a webhook a new secret. The one before signs beside it for 24 hours."""
    rotated = services().webhooks.rotate(read_principal(app), check_tenant_id(tenant_id), webhook_id)
    return answer_json(WebhookResponse.with_secret(rotated))


@app.post("/api/<tenant_id>/webhooks/<webhook_id>/test")
def test_webhook(tenant_id: str, webhook_id: str) -> Response:
    """Send a webhook the event `webhook_test`, which says nothing."""
    sent = services().deliveries.test(read_principal(app), check_tenant_id(tenant_id), webhook_id)
    return answer_json(DeliveryResponse.of(sent), HTTPStatus.ACCEPTED)


@app.get("/api/<tenant_id>/webhooks/<webhook_id>/deliveries")
@takes("limit", "cursor")
def list_deliveries(tenant_id: str, webhook_id: str) -> Response:
    """List what a webhook was sent in 30 days, the newest event first."""
    principal, key, listed = read_principal(app), services().cursor_key, f"deliveries:{tenant_id}:{webhook_id}"
    after = read_cursor(key(), listed, query(app, "cursor"))
    page = services().deliveries.many(principal, check_tenant_id(tenant_id), webhook_id, page_limit(app), after)
    items = [DeliveryResponse.of(delivery) for delivery in page.records]
    return answer_json(DeliveryListResponse(items=items, next_cursor=mint_cursor(key(), listed, page.after)))


@app.post("/api/<tenant_id>/webhooks/<webhook_id>/deliveries/<delivery_id>/replay")
def replay_delivery(tenant_id: str, webhook_id: str, delivery_id: str) -> Response:
    """Send again what was sent, with the same `webhook-id`."""
    principal = read_principal(app)
    sent = services().deliveries.replay(principal, check_tenant_id(tenant_id), webhook_id, delivery_id)
    return answer_json(DeliveryResponse.of(sent), HTTPStatus.ACCEPTED)


handler = app.resolve
