"""POST /auth/login and POST /api/{tenantId}/auth/login."""

from __future__ import annotations

from typing import Any

from aws_lambda_powertools.event_handler import Response

from doorward.api.answers import answer_tokens
from doorward.api.requests import read_json, source_address
from doorward.api.resolver import Resolver
from doorward.bootstrap import login, once
from doorward.model import TenantId
from doorward.names import check_tenant_id
from doorward.schemas.requests import LoginRequest, TenantLoginRequest
from doorward.sessions.login import Credentials

app = Resolver()
log_in = once(login.wire)


@app.post("/auth/login")
def log_in_anywhere() -> Response[str]:
    """Sign in, and begin a web session."""
    body = read_json(app, LoginRequest)
    tenant_id = TenantId(body.tenant_id) if body.tenant_id else None
    return _answer(body, tenant_id, wants_cookie=True)


@app.post("/api/<tenant_id>/auth/login")
def log_in_to_tenant(tenant_id: str) -> Response[str]:
    """Sign in to the tenant of the path; never with a cookie."""
    return _answer(read_json(app, TenantLoginRequest), check_tenant_id(tenant_id), wants_cookie=False)


def _answer(body: TenantLoginRequest, tenant_id: TenantId | None, *, wants_cookie: bool) -> Response[str]:
    signed_in = log_in()(
        Credentials(
            password=body.password,
            source=source_address(app),
            username=body.username,
            email=body.email,
            tenant_id=tenant_id,
            client_id=body.client_id,
            wants_cookie=wants_cookie,
        )
    )
    return answer_tokens(signed_in.tokens, signed_in.cookie)


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:  # noqa: ANN401 - Lambda's own object
    """Answer API Gateway."""
    return app.resolve(event, context)
