"""POST /auth/login and POST /api/{tenantId}/auth/login."""

from __future__ import annotations

from dataclasses import dataclass

import doorward.bootstrap.late  # noqa: F401 - before anything imports PyJWT
from doorward.api.answers import answer_sign_in
from doorward.api.bodies.sign_in import LoginRequest, TenantLoginRequest
from doorward.api.clients import read_client, read_web_client
from doorward.api.requests import read_json
from doorward.api.resolver import Resolver
from doorward.api.routing import Response
from doorward.bootstrap.clock import clock
from doorward.bootstrap.lean import LeanParts
from doorward.bootstrap.once import once
from doorward.bootstrap.passwords import password_hasher
from doorward.model import TenantId
from doorward.rules.names import check_tenant_id
from doorward.sessions.begin import Client
from doorward.sessions.login import Credentials, LogIn
from doorward.sessions.throttle import ThrottleSignIn
from doorward.settings import Settings


@dataclass(frozen=True, slots=True)
class Services:
    """Signing in; `allowed_origins` are the other origins whose pages may begin a web session."""

    log_in: LogIn
    allowed_origins: tuple[str, ...]


def wire(settings: Settings) -> Services:
    """Return the use case of signing in."""
    parts = LeanParts(settings)
    log_in = LogIn(
        directory=parts.directory,
        attempts=parts.attempts,
        throttle=ThrottleSignIn(parts.attempts, parts.throttles, clock),
        devices=parts.devices,
        hasher=password_hasher(settings),
        begin=parts.begin_session,
        clock=clock,
        default_tenant_id=TenantId(settings.default_tenant_id) if settings.default_tenant_id else None,
    )
    return Services(log_in, settings.allowed_origins)


app = Resolver()
services = once(wire)


@app.post("/auth/login")
def log_in_anywhere() -> Response:
    """Sign in, and begin a web session."""
    body = read_json(app, LoginRequest)
    client = read_web_client(app, services().allowed_origins, body)
    return _log_in(body, client, TenantId(body.tenant_id) if body.tenant_id else None)


@app.post("/api/<tenant_id>/auth/login")
def log_in_to_tenant(tenant_id: str) -> Response:
    """Sign in to the tenant of the path; with a cookie only if the body asks for one."""
    body = read_json(app, TenantLoginRequest)
    client = read_client(app, services().allowed_origins, body)
    return _log_in(body, client, check_tenant_id(tenant_id))


def _log_in(body: TenantLoginRequest, client: Client, tenant_id: TenantId | None) -> Response:
    asked = Credentials(body.password, client, username=body.username, email=body.email, tenant_id=tenant_id)
    return answer_sign_in(services().log_in(asked))


handler = app.resolve
