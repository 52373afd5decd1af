"""POST /auth/token/refresh, /auth/refresh and /api/{tenantId}/auth/refresh."""

from __future__ import annotations

from typing import Any

from aws_lambda_powertools.event_handler import Response

from doorward.api.answers import answer_tokens
from doorward.api.requests import read_form_or_json, received_at_ms
from doorward.api.resolver import Resolver
from doorward.bootstrap import once, refresh
from doorward.model import TenantId
from doorward.names import check_tenant_id
from doorward.schemas.requests import RefreshRequest

app = Resolver(oauth=True)
services = once(refresh.wire)


@app.post("/auth/refresh")
@app.post("/auth/token/refresh")
def refresh_anywhere() -> Response[str]:
    """Exchange a refresh token for its successor."""
    return _answer(None)


@app.post("/api/<tenant_id>/auth/refresh")
def refresh_in_tenant(tenant_id: str) -> Response[str]:
    """Exchange a refresh token of the path's tenant."""
    return _answer(check_tenant_id(tenant_id))


def _answer(tenant_id: TenantId | None) -> Response[str]:
    body = read_form_or_json(app, RefreshRequest)
    if tenant_id is None and body.tenant_id is not None:
        wanted_tenant, arrival = TenantId(body.tenant_id), received_at_ms(app)
        return answer_tokens(services().switch(body.refresh_token, wanted_tenant, arrival, body.client_id))
    wanted = {TenantId(wish) for wish in (tenant_id, body.tenant_id) if wish}
    return answer_tokens(services().refresh(body.refresh_token, wanted, received_at_ms(app), body.client_id))


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:  # noqa: ANN401 - Lambda's own object
    """Answer API Gateway."""
    return app.resolve(event, context)
