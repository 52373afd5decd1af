"""/api/{tenantId}/notifications, where the deployment has DemoEnabled."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from aws_lambda_powertools.event_handler import Response

from doorward.api.answers import answer
from doorward.api.cursors import mint_cursor, read_cursor
from doorward.api.requests import page_limit, query, read_json, read_principal
from doorward.api.resolver import Resolver
from doorward.bootstrap import notifications, once
from doorward.names import check_tenant_id
from doorward.schemas.answers import NotificationListResponse, NotificationResponse
from doorward.schemas.requests import ReadNotificationRequest

app = Resolver()
services = once(notifications.wire)


@app.get("/api/<tenant_id>/notifications")
def list_notifications(tenant_id: str) -> Response[str]:
    """List the caller's own and the tenant's notifications, newest first."""
    principal, use_case, key = read_principal(app), services().notifications, services().cursor_key
    listed = f"notifications:{tenant_id}:{principal.user_id}"
    after = read_cursor(key(), listed, query(app, "cursor"))
    page = use_case.many(principal, check_tenant_id(tenant_id), page_limit(app), after)
    items = [NotificationResponse.of(seen) for seen in page.records]
    return answer(NotificationListResponse(items=items, next_cursor=mint_cursor(key(), listed, page.after)))


@app.patch("/api/<tenant_id>/notifications/<notification_id>")
def mark_read(tenant_id: str, notification_id: str) -> Response[str]:
    """Mark a notification as read by the caller."""
    principal = read_principal(app)
    read_json(app, ReadNotificationRequest)
    services().notifications.mark_read(principal, check_tenant_id(tenant_id), notification_id)
    return answer(None, HTTPStatus.NO_CONTENT)


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:  # noqa: ANN401 - Lambda's own object
    """Answer API Gateway."""
    return app.resolve(event, context)
