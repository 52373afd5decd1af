"""POST /auth/login and POST /api/{tenantId}/auth/login."""

from __future__ import annotations

from dataclasses import dataclass, replace

from doorward.api.answers import answer_sign_in
from doorward.api.bodies.sign_in import LoginRequest, TenantLoginRequest
from doorward.api.requests import read_json, source_address, user_agent
from doorward.api.resolver import Resolver
from doorward.api.routing import Response
from doorward.authorization import is_cross_site, read_cookie_value
from doorward.authorizer.events import read_credentials
from doorward.aws.dynamodb.attempts import DynamoAttempts
from doorward.aws.dynamodb.directory import DynamoDirectory
from doorward.bootstrap.clock import clock
from doorward.bootstrap.lean import LeanParts
from doorward.bootstrap.once import once
from doorward.bootstrap.passwords import password_hasher
from doorward.errors import CrossSiteRequest
from doorward.model import TenantId
from doorward.rules.names import check_tenant_id
from doorward.sessions.begin import Client
from doorward.sessions.login import Credentials, LogIn
from doorward.sessions.throttle import ThrottleSignIn
from doorward.settings import Settings
from doorward.tokens.cookie import COOKIE_NAME
from doorward.tokens.device import DEVICE_COOKIE_NAME


@dataclass(frozen=True, slots=True)
class Services:
    """Signing in; `allowed_origin` is the one other origin whose pages may begin a web session."""

    log_in: LogIn
    allowed_origin: str


def wire(settings: Settings) -> Services:
    """Return the use case of signing in."""
    parts = LeanParts(settings)
    attempts = DynamoAttempts(parts.database, settings.require("login_attempts_table"))
    log_in = LogIn(
        directory=DynamoDirectory(parts.database, parts.tables),
        attempts=attempts,
        throttle=ThrottleSignIn(attempts, parts.throttles, clock),
        devices=parts.devices,
        hasher=password_hasher(settings),
        begin=parts.begin_session,
        clock=clock,
        default_tenant_id=TenantId(settings.default_tenant_id) if settings.default_tenant_id else None,
    )
    return Services(log_in, settings.allowed_origin)


app = Resolver()
services = once(wire)


@app.post("/auth/login")
def log_in_anywhere() -> Response:
    """Sign in, and begin a web session."""
    event = app.event
    credentials = read_credentials(event, changes_state=True)
    if is_cross_site(credentials, services().allowed_origin):
        raise CrossSiteRequest("A page of another site cannot begin a web session.")
    body = read_json(app, LoginRequest)
    tenant_id = TenantId(body.tenant_id) if body.tenant_id else None
    asked = _credentials(body, tenant_id)
    device_token = body.device_token or read_cookie_value(credentials, DEVICE_COOKIE_NAME)
    old_cookie = read_cookie_value(credentials, COOKIE_NAME)
    client = replace(asked.client, device_token=device_token, wants_cookie=True, old_cookie=old_cookie)
    return answer_sign_in(services().log_in(replace(asked, client=client)))


@app.post("/api/<tenant_id>/auth/login")
def log_in_to_tenant(tenant_id: str) -> Response:
    """Sign in to the tenant of the path; never with a cookie."""
    asked = _credentials(read_json(app, TenantLoginRequest), check_tenant_id(tenant_id))
    return answer_sign_in(services().log_in(asked))


def _credentials(body: TenantLoginRequest, tenant_id: TenantId | None) -> Credentials:
    return Credentials(
        password=body.password,
        client=Client(source_address(app), body.client_id, body.device_token, user_agent=user_agent(app)),
        username=body.username,
        email=body.email,
        tenant_id=tenant_id,
    )


handler = app.resolve
