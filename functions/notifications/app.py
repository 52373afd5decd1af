"""/api/{tenantId}/notifications, where the deployment has DemoEnabled."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus

from doorward.api.answers import answer_json
from doorward.api.bodies.requests import ReadNotificationRequest
from doorward.api.bodies.responses import NotificationListResponse, NotificationResponse
from doorward.api.cursors import mint_cursor, read_cursor
from doorward.api.requests import page_limit, query, read_json, read_principal, takes
from doorward.api.resolver import Resolver
from doorward.api.routing import Response
from doorward.aws.dynamodb.notifications import DynamoNotifications
from doorward.bootstrap.clock import clock
from doorward.bootstrap.once import once
from doorward.bootstrap.sdk import SdkParts
from doorward.demo.notifications import ReadNotifications
from doorward.rules.names import check_tenant_id
from doorward.settings import Settings


@dataclass(frozen=True, slots=True)
class Services:
    """The use cases of notifications, and the key that authenticates list cursors."""

    notifications: ReadNotifications
    cursor_key: Callable[[], bytes]


def wire(settings: Settings) -> Services:
    """Return the use cases of notifications.

    Raises:
        NotFound: the deployment has no demo.
    """
    settings.require_demo()
    parts = SdkParts(settings)
    store = DynamoNotifications(parts.database, settings.require("notifications_table"))
    return Services(ReadNotifications(store, clock), parts.cursor_key)


app = Resolver()
services = once(wire)


@app.get("/api/<tenant_id>/notifications")
@takes("limit", "cursor")
def list_notifications(tenant_id: str) -> Response:
    """List the caller's own notifications and the tenant's, the newest first."""
    principal, use_case, key = read_principal(app), services().notifications, services().cursor_key
    listed = f"notifications:{tenant_id}:{principal.user_id}"
    after = read_cursor(key(), listed, query(app, "cursor"))
    page = use_case.many(principal, check_tenant_id(tenant_id), page_limit(app), after)
    items = [NotificationResponse.of(seen) for seen in page.records]
    return answer_json(NotificationListResponse(items=items, next_cursor=mint_cursor(key(), listed, page.after)))


@app.patch("/api/<tenant_id>/notifications/<notification_id>")
def mark_read(tenant_id: str, notification_id: str) -> Response:
    """Mark a notification as read by the caller."""
    principal = read_principal(app)
    read_json(app, ReadNotificationRequest)
    services().notifications.mark_read(principal, check_tenant_id(tenant_id), notification_id)
    return answer_json(None, HTTPStatus.NO_CONTENT)


handler = app.resolve
