"""/api/{tenantId}/demo/seed, where the deployment has DemoEnabled."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from aws_lambda_powertools.event_handler import Response

from doorward.api.answers import answer
from doorward.api.requests import has_body, read_json, read_principal
from doorward.api.resolver import Resolver
from doorward.bootstrap import demo, once
from doorward.names import check_tenant_id
from doorward.schemas.answers import SeededUserResponse, SeedResponse
from doorward.schemas.requests import SeedRequest

app = Resolver()
use_case = once(demo.wire)


@app.post("/api/<tenant_id>/demo/seed")
def seed(tenant_id: str) -> Response[str]:
    """Make the demo's team and notifications, as far as they are missing."""
    principal = read_principal(app)
    body = read_json(app, SeedRequest) if has_body(app) else SeedRequest()
    seeded = use_case().seed(principal, check_tenant_id(tenant_id), with_passwords=body.passwords)
    users = [
        SeededUserResponse(id=user_id, email=email, password=seeded.passwords[user_id])
        for user_id, email in seeded.emails.items()
    ]
    return answer(SeedResponse(users=users, notifications=seeded.notifications))


@app.delete("/api/<tenant_id>/demo/seed")
def unseed(tenant_id: str) -> Response[str]:
    """Remove all that the demo made."""
    use_case().unseed(read_principal(app), check_tenant_id(tenant_id))
    return answer(None, HTTPStatus.NO_CONTENT)


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:  # noqa: ANN401 - Lambda's own object
    """Answer API Gateway."""
    return app.resolve(event, context)
