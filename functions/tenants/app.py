"""/tenants and /tenants/{tenantId}."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus

from doorward.accounts.tenants import AdministerTenants
from doorward.api.answers import answer_json
from doorward.api.bodies.requests import ChangeTenantRequest, CreateTenantRequest
from doorward.api.bodies.responses import TenantListResponse, TenantResponse
from doorward.api.cursors import mint_cursor, read_cursor
from doorward.api.requests import page_limit, query, read_json, read_principal, takes
from doorward.api.resolver import Resolver
from doorward.api.routing import Response
from doorward.aws.dynamodb.tenants import DynamoTenants
from doorward.bootstrap.clock import clock
from doorward.bootstrap.once import once
from doorward.bootstrap.sdk import SdkParts
from doorward.rules.names import check_tenant_id
from doorward.settings import Settings


@dataclass(frozen=True, slots=True)
class Services:
    """The use cases of tenants, and the key that authenticates list cursors."""

    tenants: AdministerTenants
    cursor_key: Callable[[], bytes]


def wire(settings: Settings) -> Services:
    """Return the use cases of tenants."""
    parts = SdkParts(settings)
    store = DynamoTenants(parts.database, settings.require("users_table"), parts.revocation_writer)
    return Services(AdministerTenants(store, clock), parts.cursor_key)


app = Resolver()
services = once(wire)


@app.post("/tenants")
def create_tenant() -> Response:
    """Create a tenant."""
    principal, body = read_principal(app), read_json(app, CreateTenantRequest)
    tenant = services().tenants.create(principal, check_tenant_id(body.id), body.name)
    return answer_json(TenantResponse.of(tenant), HTTPStatus.CREATED, {"Location": f"/tenants/{tenant.id}"})


@app.get("/tenants")
@takes("limit", "cursor")
def list_tenants() -> Response:
    """List all tenants."""
    principal, key = read_principal(app), services().cursor_key
    after = read_cursor(key(), "tenants", query(app, "cursor"))
    page = services().tenants.many(principal, page_limit(app), after)
    items = [TenantResponse.of(tenant) for tenant in page.records]
    return answer_json(TenantListResponse(items=items, next_cursor=mint_cursor(key(), "tenants", page.after)))


@app.get("/tenants/<tenant_id>")
def get_tenant(tenant_id: str) -> Response:
    """Return a tenant. The members of a tenant may read it too."""
    return answer_json(TenantResponse.of(services().tenants.one(read_principal(app), check_tenant_id(tenant_id))))


@app.patch("/tenants/<tenant_id>")
def change_tenant(tenant_id: str) -> Response:
    """Rename, disable or enable a tenant."""
    principal, body = read_principal(app), read_json(app, ChangeTenantRequest)
    checked = check_tenant_id(tenant_id)
    tenant = services().tenants.change(principal, checked, body.changes())
    return answer_json(TenantResponse.of(tenant))


handler = app.resolve
