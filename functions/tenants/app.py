"""/tenants and /tenants/{tenantId}."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from aws_lambda_powertools.event_handler import Response

from doorward.api.answers import answer
from doorward.api.cursors import mint_cursor, read_cursor
from doorward.api.requests import page_limit, query, read_json, read_principal
from doorward.api.resolver import Resolver
from doorward.bootstrap import once, tenants
from doorward.names import check_tenant_id
from doorward.schemas.answers import TenantListResponse, TenantResponse
from doorward.schemas.requests import ChangeTenantRequest, CreateTenantRequest

app = Resolver()
services = once(tenants.wire)


@app.post("/tenants")
def create_tenant() -> Response[str]:
    """Create a tenant."""
    principal, body = read_principal(app), read_json(app, CreateTenantRequest)
    tenant = services().tenants.create(principal, check_tenant_id(body.id), body.name)
    return answer(TenantResponse.of(tenant), HTTPStatus.CREATED, {"Location": f"/tenants/{tenant.id}"})


@app.get("/tenants")
def list_tenants() -> Response[str]:
    """List all tenants."""
    principal, key = read_principal(app), services().cursor_key
    after = read_cursor(key(), "tenants", query(app, "cursor"))
    page = services().tenants.many(principal, page_limit(app), after)
    items = [TenantResponse.of(tenant) for tenant in page.records]
    return answer(TenantListResponse(items=items, next_cursor=mint_cursor(key(), "tenants", page.after)))


@app.get("/tenants/<tenant_id>")
def get_tenant(tenant_id: str) -> Response[str]:
    """Return a tenant; its members may read their own."""
    return answer(TenantResponse.of(services().tenants.one(read_principal(app), check_tenant_id(tenant_id))))


@app.patch("/tenants/<tenant_id>")
def change_tenant(tenant_id: str) -> Response[str]:
    """Rename, disable or enable a tenant."""
    principal, body = read_principal(app), read_json(app, ChangeTenantRequest)
    checked = check_tenant_id(tenant_id)
    tenant = services().tenants.change(principal, checked, name=body.name, status=body.status)
    return answer(TenantResponse.of(tenant))


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:  # noqa: ANN401 - Lambda's own object
    """Answer API Gateway."""
    return app.resolve(event, context)
