"""POST /auth/token/refresh, /auth/refresh and /api/{tenantId}/auth/refresh."""

from __future__ import annotations

from dataclasses import dataclass

from doorward.api.answers import answer_tokens
from doorward.api.bodies.sign_in import RefreshRequest
from doorward.api.requests import read_form_or_json, received_at_ms
from doorward.api.resolver import Resolver
from doorward.api.routing import Response
from doorward.bootstrap.clock import clock
from doorward.bootstrap.lean import LeanParts
from doorward.bootstrap.once import once
from doorward.model import TenantId
from doorward.rules.names import check_tenant_id
from doorward.sessions.refresh import Refresh
from doorward.sessions.switch import SwitchTenant
from doorward.settings import Settings


@dataclass(frozen=True, slots=True)
class Services:
    """The use cases of refreshing, and of switching to another tenant."""

    refresh: Refresh
    switch: SwitchTenant


def wire(settings: Settings) -> Services:
    """Return the use cases of refreshing."""
    parts = LeanParts(settings)
    overlap_seconds = settings.refresh_overlap_seconds
    refresh = Refresh(parts.sessions, parts.minter, parts.end_family, clock, overlap_seconds)
    return Services(refresh, SwitchTenant(parts.sessions, parts.minter, refresh, clock))


app = Resolver(oauth=True)
services = once(wire)


@app.post("/auth/refresh")
@app.post("/auth/token/refresh")
def refresh_anywhere() -> Response:
    """Exchange a refresh token for new tokens."""
    return _answer(None)


@app.post("/api/<tenant_id>/auth/refresh")
def refresh_in_tenant(tenant_id: str) -> Response:
    """Exchange a refresh token of the path's tenant for new tokens."""
    return _answer(check_tenant_id(tenant_id))


def _answer(tenant_id: TenantId | None) -> Response:
    body = read_form_or_json(app, RefreshRequest)
    if tenant_id is None and body.tenant_id is not None:
        wanted_tenant, arrival = TenantId(body.tenant_id), received_at_ms(app)
        return answer_tokens(services().switch(body.refresh_token, wanted_tenant, arrival, body.client_id))
    wanted = {TenantId(wish) for wish in (tenant_id, body.tenant_id) if wish}
    return answer_tokens(services().refresh(body.refresh_token, wanted, received_at_ms(app), body.client_id))


handler = app.resolve
