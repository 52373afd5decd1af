"""/tenants, /tenants/{tenantId} and /api/{tenantId}/policy."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus

from doorward.accounts.delete import RemoveUser
from doorward.accounts.membership import AssignTenants
from doorward.accounts.policies import AdministerPolicies
from doorward.accounts.remove_tenant import RemoveTenant
from doorward.accounts.tenants import AdministerTenants, relation_to_tenant
from doorward.api.answers import answer_json
from doorward.api.bodies.policy import ChangePolicyRequest, PolicyResponse
from doorward.api.bodies.requests import ChangeTenantRequest, CreateTenantRequest
from doorward.api.bodies.responses import RemovedTenantResponse, TenantListResponse, TenantResponse
from doorward.api.cursors import mint_cursor, read_cursor
from doorward.api.requests import page_limit, query, read_json, read_principal, takes
from doorward.api.resolver import Resolver
from doorward.api.routing import Response
from doorward.aws.dynamodb.leaving import DynamoBelongings
from doorward.aws.dynamodb.policies import DynamoPolicies
from doorward.aws.dynamodb.tenants import DynamoTenants
from doorward.aws.dynamodb.user_writer import DynamoUserWriter
from doorward.aws.dynamodb.users import DynamoUserReader
from doorward.bootstrap.clock import clock
from doorward.bootstrap.once import once
from doorward.bootstrap.sdk import SdkParts
from doorward.rules.fields import Relation
from doorward.rules.names import check_tenant_id
from doorward.rules.policy import Bounds
from doorward.settings import Settings


@dataclass(frozen=True, slots=True)
class Services:
    """The use cases of tenants and their policies, and the key that authenticates list cursors."""

    tenants: AdministerTenants
    policies: AdministerPolicies
    remove: RemoveTenant
    cursor_key: Callable[[], bytes]


def wire(settings: Settings) -> Services:
    """Return the use cases of tenants and their policies."""
    parts = SdkParts(settings)
    table = settings.require("users_table")
    store = DynamoTenants(parts.database, table, parts.revocation_writer)
    policies = DynamoPolicies(parts.database, table, parts.revocation_writer.markers)
    bounds = Bounds(settings.refresh_ttl_seconds, mail_is_on=bool(settings.mail_from))
    administer = AdministerPolicies(policies, store, bounds, clock)
    return Services(AdministerTenants(store, clock), administer, _removal(parts, store), parts.cursor_key)


def _removal(parts: SdkParts, store: DynamoTenants) -> RemoveTenant:
    reader = DynamoUserReader(parts.database, parts.tables)
    writer = DynamoUserWriter(parts.database, parts.tables, parts.revocation_writer, parts.former_names)
    parts.settings.require("webhooks_table")
    belongings = DynamoBelongings(parts.database, parts.tables, parts.settings.require("notifications_table"))
    remove_user = RemoveUser(writer, parts.revocations, belongings, parts.notices, clock)
    return RemoveTenant(store, reader, remove_user, AssignTenants(reader, writer, parts.revocations, clock), clock)


app = Resolver()
services = once(wire)


@app.post("/tenants")
def create_tenant() -> Response:
    """Create a tenant."""
    principal, body = read_principal(app), read_json(app, CreateTenantRequest)
    tenant = services().tenants.create(principal, check_tenant_id(body.id), body.name)
    answer = TenantResponse.of(tenant, Relation.PLATFORM)
    return answer_json(answer, HTTPStatus.CREATED, {"Location": f"/tenants/{tenant.id}"})


@app.get("/tenants")
@takes("limit", "cursor")
def list_tenants() -> Response:
    """List all tenants."""
    principal, key = read_principal(app), services().cursor_key
    after = read_cursor(key(), "tenants", query(app, "cursor"))
    page = services().tenants.many(principal, page_limit(app), after)
    items = [TenantResponse.of(tenant, Relation.PLATFORM) for tenant in page.records]
    return answer_json(TenantListResponse(items=items, next_cursor=mint_cursor(key(), "tenants", page.after)))


@app.get("/tenants/<tenant_id>")
def get_tenant(tenant_id: str) -> Response:
    """Return a tenant. The members of a tenant may read it too."""
    principal = read_principal(app)
    tenant = services().tenants.one(principal, check_tenant_id(tenant_id))
    return answer_json(TenantResponse.of(tenant, relation_to_tenant(principal, tenant.id)))


@app.patch("/tenants/<tenant_id>")
def change_tenant(tenant_id: str) -> Response:
    """Rename, disable or enable a tenant, or change its metadata."""
    principal, body = read_principal(app), read_json(app, ChangeTenantRequest)
    checked = check_tenant_id(tenant_id)
    tenant = services().tenants.change(principal, checked, body.changes())
    return answer_json(TenantResponse.of(tenant, relation_to_tenant(principal, tenant.id)))


@app.get("/api/<tenant_id>/policy")
def get_policy(tenant_id: str) -> Response:
    """Return what a tenant decides for itself."""
    policy = services().policies.get(read_principal(app), check_tenant_id(tenant_id))
    return answer_json(PolicyResponse.of(policy))


@app.patch("/api/<tenant_id>/policy")
def change_policy(tenant_id: str) -> Response:
    """Change what a tenant decides for itself; null gives the deployment's default back."""
    principal, body = read_principal(app), read_json(app, ChangePolicyRequest)
    policy = services().policies.change(principal, check_tenant_id(tenant_id), body.values())
    return answer_json(PolicyResponse.of(policy))


@app.delete("/tenants/<tenant_id>")
def delete_tenant(tenant_id: str) -> Response:
    """Delete a disabled tenant with all that is stored for it, or a part of it: 202 says what is left."""
    left = services().remove(read_principal(app), check_tenant_id(tenant_id))
    if left is None:
        return answer_json(None, HTTPStatus.NO_CONTENT)
    return answer_json(RemovedTenantResponse(left=left), HTTPStatus.ACCEPTED)


handler = app.resolve
