"""/api/{tenantId}/auth/service-tokens."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from aws_lambda_powertools.event_handler import Response

from doorward.api.answers import answer
from doorward.api.cursors import mint_cursor, read_cursor
from doorward.api.requests import page_limit, query, read_json, read_principal
from doorward.api.resolver import Resolver
from doorward.bootstrap import once, service_tokens
from doorward.bootstrap.clock import clock
from doorward.names import check_tenant_id
from doorward.schemas.answers import ServiceTokenListResponse, ServiceTokenResponse
from doorward.schemas.requests import MintServiceTokenRequest

app = Resolver()
services = once(service_tokens.wire)


@app.post("/api/<tenant_id>/auth/service-tokens")
def mint_token(tenant_id: str) -> Response[str]:
    """Mint a service token; it is shown only in this answer."""
    principal, body = read_principal(app), read_json(app, MintServiceTokenRequest)
    text, token = services().tokens.mint(principal, check_tenant_id(tenant_id), body.name, body.expires_in)
    record = ServiceTokenResponse.of(token, clock())
    return answer(record.minted(text, token.expires_at - token.created_at_ms // 1000), HTTPStatus.CREATED)


@app.get("/api/<tenant_id>/auth/service-tokens")
def list_tokens(tenant_id: str) -> Response[str]:
    """List the tenant's service tokens."""
    principal, key, listed = read_principal(app), services().cursor_key, f"service-tokens:{tenant_id}"
    after = read_cursor(key(), listed, query(app, "cursor"))
    page = services().tokens.many(principal, check_tenant_id(tenant_id), page_limit(app), after)
    items = [ServiceTokenResponse.of(token, clock()) for token in page.records]
    return answer(ServiceTokenListResponse(items=items, next_cursor=mint_cursor(key(), listed, page.after)))


@app.delete("/api/<tenant_id>/auth/service-tokens/<jti>")
def revoke_token(tenant_id: str, jti: str) -> Response[str]:
    """Revoke a service token."""
    services().tokens.revoke(read_principal(app), check_tenant_id(tenant_id), jti)
    return answer(None, HTTPStatus.NO_CONTENT)


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:  # noqa: ANN401 - Lambda's own object
    """Answer API Gateway."""
    return app.resolve(event, context)
