"""The pages of administrators about tenants: service tokens, what a tenant decides, audit trails, and the tenants."""

from __future__ import annotations

from dataclasses import dataclass

from doorward.accounts.policies import AdministerPolicies
from doorward.accounts.service_tokens import AdministerServiceTokens
from doorward.accounts.tenants import AdministerTenants
from doorward.api.requests import query
from doorward.api.routing import Response
from doorward.authorization import Authorize
from doorward.aws.dynamodb.audit_trail import DynamoAudit
from doorward.aws.dynamodb.readers import DynamoRevocationReader, DynamoSessionReader
from doorward.aws.dynamodb.service_tokens import DynamoServiceTokens
from doorward.aws.dynamodb.tenants import DynamoTenants
from doorward.bootstrap.clock import clock
from doorward.bootstrap.lean import LeanParts
from doorward.bootstrap.once import once
from doorward.errors import Conflict, DoorwardError
from doorward.model import ServiceToken
from doorward.rules.names import check_tenant_id, is_tenant_id, is_ulid
from doorward.rules.policy import Bounds
from doorward.settings import Settings
from doorward.trail.read import ReadTrail
from doorward_pages.admin_forms import ServiceTokenForm, TenantForm, unknown_act, whole_number
from doorward_pages.administration import PAGE, AdminPages, Caller
from doorward_pages.forms import FormPages
from doorward_pages.policy_form import PolicyForm
from doorward_pages.resolver import READ, PageResolver
from doorward_pages.rows import tenant_row, token_row
from doorward_pages.tenants import TenantPages
from doorward_pages.trails import TrailPages

_SECONDS = 3600


@dataclass(frozen=True, slots=True)
class Services:
    """What administrators do with tenants; the use cases are the ones of the API."""

    pages: AdminPages
    tokens: AdministerServiceTokens
    policies: AdministerPolicies
    tenants: AdministerTenants
    trails: TrailPages
    bounds: Bounds


def wire(settings: Settings) -> Services:
    """Return the use cases of tenants, their policies and their service tokens."""
    parts = LeanParts(settings)
    revoked = DynamoRevocationReader(parts.database, parts.tables)
    recognised = DynamoSessionReader(parts.database, parts.tables)
    authorize = Authorize(parts.keyring, revoked, recognised, settings.audience, (), clock, parts.factor_rule)
    forms = FormPages(app, TenantPages(parts.policies, mail_is_on=settings.mail_is_on), settings)
    tokens = AdministerServiceTokens(
        tokens=DynamoServiceTokens(parts.database, parts.tables, parts.revocation_writer),
        signer=parts.signer,
        clock=clock,
        audience=settings.audience,
        default_ttl_seconds=settings.service_token_ttl_seconds,
        max_ttl_seconds=settings.service_token_max_ttl_seconds,
        claim_names=settings.claim_names,
    )
    store = DynamoTenants(parts.database, settings.require("users_table"), parts.revocation_writer)
    bounds = Bounds(settings.refresh_ttl_seconds, mail_is_on=settings.mail_is_on)
    policies = AdministerPolicies(parts.policies, store, bounds, clock)
    pages = AdminPages(app, forms, authorize, parts.cursor_key)
    trails = TrailPages(pages, ReadTrail(DynamoAudit(parts.plain_database, settings.require("audit_table")), clock))
    return Services(pages, tokens, policies, AdministerTenants(store, clock), trails, bounds)


app = PageResolver()
services = once(wire)


@app.route("/admin/t/<tenant_id>/service-tokens", READ)
def list_tokens(tenant_id: str) -> Response:
    """Show the service tokens of a tenant, or ask before one is revoked."""
    caller, subject = services().pages.of_tenant(tenant_id), query(app, "subject")
    if query(app, "confirm") == "revoke" and subject and is_ulid(subject):
        return services().pages.confirm(caller, f"{caller.folder}/service-tokens", "revoke", subject, subject)
    return _tokens_page(caller)


@app.post("/admin/t/<tenant_id>/service-tokens")
def change_tokens(tenant_id: str) -> Response:
    """Mint a service token, which this answer alone shows, or revoke one."""
    form, pages = app.own_form(ServiceTokenForm), services().pages
    caller = pages.of_tenant(tenant_id)

    def act() -> Response:
        match form.act:
            case "mint":
                hours = whole_number("hours", form.hours)
                ttl_seconds = None if hours is None else hours * _SECONDS
                minted = services().tokens.mint(caller.acting, caller.tenant_id, form.name or "", ttl_seconds)
                return _tokens_page(caller, minted=minted)
            case "revoke":
                services().tokens.revoke(caller.acting, caller.tenant_id, form.subject or "")
            case _:
                raise unknown_act()
        return pages.done(f"{caller.folder}/service-tokens", "revoke")

    return pages.forms.attempt(act, lambda error: _tokens_page(caller, form, error))


@app.route("/admin/t/<tenant_id>/policy", READ)
def show_policy(tenant_id: str) -> Response:
    """Show what a tenant decides, as a form."""
    return _policy_page(services().pages.of_tenant(tenant_id))


@app.post("/admin/t/<tenant_id>/policy")
def change_policy(tenant_id: str) -> Response:
    """Change what a tenant decides."""
    form, pages = app.own_form(PolicyForm), services().pages
    caller = pages.of_tenant(tenant_id)

    def act() -> Response:
        before = services().policies.get(caller.acting, caller.tenant_id)
        changes = form.changes(before)
        if changes:
            services().policies.change(caller.acting, caller.tenant_id, changes)
        return pages.done(f"{caller.folder}/policy", str(form.act))

    return pages.forms.attempt(act, lambda error: _policy_page(caller, form, error))


@app.route("/admin/t/<tenant_id>/audit", READ)
def show_trail(tenant_id: str) -> Response:
    """Show what happened in a tenant."""
    return services().trails.show(services().pages.of_tenant(tenant_id))


@app.route("/admin/audit", READ)
def show_trail_of_no_tenant() -> Response:
    """Show what happened and belongs to no tenant."""
    return services().trails.show(services().pages.of_platform())


@app.route("/admin/tenants", READ)
def list_tenants() -> Response:
    """Show all tenants, or ask before one is disabled."""
    caller, subject = services().pages.of_platform(), query(app, "subject")
    if query(app, "confirm") == "disable" and subject and is_tenant_id(subject):
        tenant = services().tenants.one(caller.acting, check_tenant_id(subject))
        return services().pages.confirm(caller, "admin/tenants", "disable_tenant", tenant.id, tenant.name)
    return _tenants_page(caller)


@app.post("/admin/tenants")
def change_tenants() -> Response:
    """Create a tenant, disable one or enable one."""
    form, pages = app.own_form(TenantForm), services().pages
    caller = pages.of_platform()

    def act() -> Response:
        tenants, principal = services().tenants, caller.acting
        match form.act:
            case "create_tenant":
                tenants.create(principal, check_tenant_id((form.id or "").strip()), form.name)
            case "disable_tenant" | "enable_tenant":
                status = "disabled" if form.act == "disable_tenant" else "active"
                tenants.change(principal, check_tenant_id(form.subject or ""), {"status": status})
            case _:
                raise unknown_act()
        return pages.done("admin/tenants", str(form.act))

    return pages.forms.attempt(act, lambda error: _tenants_page(caller, form, error))


def _tokens_page(
    caller: Caller,
    form: ServiceTokenForm | None = None,
    error: DoorwardError | None = None,
    minted: tuple[str, ServiceToken] | None = None,
) -> Response:
    pages, tokens, listed = services().pages, services().tokens, f"service-tokens:{caller.tenant_id}"
    found = tokens.many(caller.acting, caller.tenant_id, PAGE, pages.after(listed))
    values = {
        "rows": [token_row(token, clock()) for token in found.records],
        "form": form or ServiceTokenForm(),
        "token": minted[0] if minted else None,
        "most_hours": tokens.max_ttl_seconds // _SECONDS,
        "usual_hours": max(1, min(tokens.default_ttl_seconds, tokens.max_ttl_seconds) // _SECONDS),
        "more": pages.more(listed, found.after),
    }
    return pages.show("service_tokens", caller, values, error)


def _policy_page(caller: Caller, form: PolicyForm | None = None, error: DoorwardError | None = None) -> Response:
    policy = services().policies.get(caller.acting, caller.tenant_id)
    # What was typed about a policy that is no more is not shown again.
    shown = PolicyForm.of(policy) if form is None or isinstance(error, Conflict) else form.over(policy)
    values = {"form": shown, "bounds": services().bounds}
    return services().pages.show("policy", caller, values, error)


def _tenants_page(caller: Caller, form: TenantForm | None = None, error: DoorwardError | None = None) -> Response:
    pages = services().pages
    found = services().tenants.many(caller.acting, PAGE, pages.after("tenants"))
    rows = [tenant_row(tenant) for tenant in found.records]
    values = {"rows": rows, "form": form or TenantForm(), "more": pages.more("tenants", found.after)}
    return pages.show("tenants", caller, values, error)


handler = app.resolve
