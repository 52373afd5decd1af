"""POST /auth/login and POST /api/{tenantId}/auth/login."""

from __future__ import annotations

from dataclasses import dataclass

from aws_lambda_powertools.event_handler import Response

from doorward.api.answers import answer_tokens
from doorward.api.bodies.requests import LoginRequest, TenantLoginRequest
from doorward.api.requests import read_json, source_address
from doorward.api.resolver import Resolver
from doorward.aws.dynamodb.attempts import DynamoAttempts
from doorward.aws.dynamodb.sessions import DynamoDirectory
from doorward.bootstrap.clock import clock
from doorward.bootstrap.once import once
from doorward.bootstrap.parts import Parts
from doorward.model import TenantId
from doorward.rules.names import check_tenant_id
from doorward.sessions.login import Credentials, LogIn
from doorward.settings import Settings


@dataclass(frozen=True, slots=True)
class Services:
    """The use case of signing in."""

    log_in: LogIn


def wire(settings: Settings) -> Services:
    """Return the use case of signing in."""
    parts = Parts(settings)
    log_in = LogIn(
        directory=DynamoDirectory(parts.database, parts.tables),
        sessions=parts.sessions,
        attempts=DynamoAttempts(parts.database, settings.require("login_attempts_table")),
        throttles=parts.throttles,
        hasher=parts.hasher,
        minter=parts.minter,
        clock=clock,
        refresh_ttl_seconds=settings.refresh_ttl_seconds,
        default_tenant_id=TenantId(settings.default_tenant_id) if settings.default_tenant_id else None,
    )
    return Services(log_in)


app = Resolver()
services = once(wire)


@app.post("/auth/login")
def log_in_anywhere() -> Response[str]:
    """Sign in, and begin a web session."""
    body = read_json(app, LoginRequest)
    tenant_id = TenantId(body.tenant_id) if body.tenant_id else None
    return _answer(body, tenant_id, wants_cookie=True)


@app.post("/api/<tenant_id>/auth/login")
def log_in_to_tenant(tenant_id: str) -> Response[str]:
    """Sign in to the tenant of the path. The answer never sets a cookie."""
    return _answer(read_json(app, TenantLoginRequest), check_tenant_id(tenant_id), wants_cookie=False)


def _answer(body: TenantLoginRequest, tenant_id: TenantId | None, *, wants_cookie: bool) -> Response[str]:
    signed_in = services().log_in(
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


handler = app.resolve
