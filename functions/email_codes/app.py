"""POST /auth/email-code and /auth/email-code/confirm, and the same within a tenant."""

from __future__ import annotations

from dataclasses import dataclass

from doorward.api.answers import answer_sign_in
from doorward.api.bodies.proofs import CodeSignInRequest, EmailRequest, TenantEmailRequest
from doorward.api.clients import read_client, read_web_client
from doorward.api.mailed import answer_challenge
from doorward.api.requests import read_json, source_address
from doorward.api.resolver import Resolver
from doorward.api.routing import Response
from doorward.bootstrap.once import once
from doorward.bootstrap.proofs import ProofParts
from doorward.model import TenantId
from doorward.proofs.email_code import AskForCode, SignInByCode
from doorward.rules.names import check_tenant_id
from doorward.sessions.begin import Client
from doorward.sessions.naming import name_of
from doorward.settings import Settings


@dataclass(frozen=True, slots=True)
class Services:
    """Signing in with a code that is mailed."""

    settings: Settings
    ask: AskForCode
    sign_in: SignInByCode


def wire(settings: Settings) -> Services:
    """Return the use cases of signing in with a code."""
    parts = ProofParts(settings)
    sign_in = SignInByCode(parts.check, parts.find, parts.directory, parts.attempts, parts.begin_session, parts.devices)
    return Services(settings, AskForCode(parts.ask), sign_in)


app = Resolver()
services = once(wire)


@app.post("/auth/email-code")
def ask_anywhere() -> Response:
    """Ask for a code to sign in with. The answer is the same for every address."""
    services().settings.require_mail()
    body = read_json(app, EmailRequest)
    return _ask(body, TenantId(body.tenant_id or services().settings.default_tenant_id) or None)


@app.post("/api/<tenant_id>/auth/email-code")
def ask_in_tenant(tenant_id: str) -> Response:
    """Ask for a code to sign in with to the tenant of the path. The answer is the same for every address."""
    services().settings.require_mail()
    return _ask(read_json(app, TenantEmailRequest), check_tenant_id(tenant_id))


@app.post("/auth/email-code/confirm")
def sign_in_anywhere() -> Response:
    """Sign in with the code of the mail, and begin a web session."""
    services().settings.require_mail()
    body = read_json(app, CodeSignInRequest)
    return _sign_in(body, read_web_client(app, services().settings.allowed_origins, body))


@app.post("/api/<tenant_id>/auth/email-code/confirm")
def sign_in_to_tenant(tenant_id: str) -> Response:
    """Sign in to the tenant of the path with the code of the mail; with a cookie only if the body asks for one."""
    services().settings.require_mail()
    body = read_json(app, CodeSignInRequest)
    client = read_client(app, services().settings.allowed_origins, body)
    return _sign_in(body, client, check_tenant_id(tenant_id))


def _ask(body: TenantEmailRequest, tenant_id: TenantId | None) -> Response:
    name = name_of(None, body.email, tenant_id)
    return answer_challenge(services().ask(name, source_address(app), body.locale))


def _sign_in(body: CodeSignInRequest, client: Client, tenant_id: TenantId | None = None) -> Response:
    return answer_sign_in(services().sign_in(body.presented(tenant_id), client))


handler = app.resolve
