"""POST /auth/token/refresh, /auth/refresh, /api/{tenantId}/auth/refresh and /auth/session/token."""

from __future__ import annotations

from dataclasses import dataclass

import doorward.bootstrap.late  # noqa: F401 - before anything imports PyJWT
from doorward.api.answers import answer_access_token, answer_tokens, cleared_cookie
from doorward.api.bodies.sign_in import RefreshRequest, SessionTokenRequest
from doorward.api.clients import read_own_credentials
from doorward.api.requests import read_form_or_json, read_json_or_nothing, received_at_ms
from doorward.api.resolver import Resolver
from doorward.api.routing import Response
from doorward.authorization import read_cookie_value
from doorward.bootstrap.clock import clock
from doorward.bootstrap.lean import LeanParts
from doorward.bootstrap.once import once
from doorward.errors import MissingCredentials, SessionOver
from doorward.model import TenantId
from doorward.rules.names import check_tenant_id
from doorward.sessions.enter import EnterTenant
from doorward.sessions.exchange import ExchangeCookie
from doorward.sessions.refresh import Refresh
from doorward.sessions.switch import SwitchTenant
from doorward.settings import Settings
from doorward.tokens.cookie import COOKIE_NAME


@dataclass(frozen=True, slots=True)
class Services:
    """The use cases of refreshing, of switching to another tenant, and both with the cookie of a browser.

    `allowed_origins` are the other origins whose pages may use the cookie.
    """

    refresh: Refresh
    switch: SwitchTenant
    exchange: ExchangeCookie
    allowed_origins: tuple[str, ...]


def wire(settings: Settings) -> Services:
    """Return the use cases of refreshing."""
    parts = LeanParts(settings)
    overlap_seconds = settings.refresh_overlap_seconds
    refresh = Refresh(parts.sessions, parts.minter, parts.end_family, clock, overlap_seconds)
    enter = EnterTenant(parts.sessions, parts.minter, clock)
    switch = SwitchTenant(parts.refresh_tokens, refresh, enter)
    exchange = ExchangeCookie(parts.sessions, parts.minter, enter, clock)
    return Services(refresh, switch, exchange, settings.allowed_origins)


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


@app.post("/auth/session/token")
def exchange_cookie() -> Response:
    """Exchange the session cookie for an access token; nothing is rotated, so two tabs may ask at once."""
    cookie = read_cookie_value(read_own_credentials(app, services().allowed_origins), COOKIE_NAME)
    body = read_json_or_nothing(app, SessionTokenRequest)
    if cookie is None:
        raise MissingCredentials("Sign in first: there is no session cookie.")
    try:
        return answer_access_token(services().exchange(cookie, TenantId(body.tenant_id) if body.tenant_id else None))
    except SessionOver as error:
        return app.refuse(error, cleared_cookie())


def _answer(tenant_id: TenantId | None) -> Response:
    body = read_form_or_json(app, RefreshRequest)
    if tenant_id is None and body.tenant_id is not None:
        wanted_tenant, arrival = TenantId(body.tenant_id), received_at_ms(app)
        return answer_tokens(services().switch(body.refresh_token, wanted_tenant, arrival, body.client_id))
    wanted = {TenantId(wish) for wish in (tenant_id, body.tenant_id) if wish}
    return answer_tokens(services().refresh(body.refresh_token, wanted, received_at_ms(app), body.client_id))


handler = app.resolve
