"""POST /auth/sign-up and /auth/sign-up/confirm, and the same within a tenant."""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus

from doorward.accounts.create import CreateUser
from doorward.api.answers import answer_sign_in
from doorward.api.bodies.proofs import SignUpConfirmRequest, SignUpRequest, TenantSignUpRequest
from doorward.api.clients import read_client, read_web_client
from doorward.api.mailed import answer_challenge
from doorward.api.requests import read_json, source_address
from doorward.api.resolver import Resolver
from doorward.api.routing import Response
from doorward.bootstrap.clock import clock
from doorward.bootstrap.new_passwords import judge_new_password
from doorward.bootstrap.once import once
from doorward.bootstrap.proofs import ProofParts
from doorward.errors import InvalidRequest
from doorward.model import TenantId
from doorward.proofs.ask_sign_up import AskForSignUp
from doorward.proofs.sign_up import SignUp
from doorward.rules.names import check_tenant_id
from doorward.sessions.begin import Client
from doorward.settings import Settings


@dataclass(frozen=True, slots=True)
class Services:
    """Signing up."""

    settings: Settings
    ask: AskForSignUp
    sign_up: SignUp


def wire(settings: Settings) -> Services:
    """Return the use cases of signing up."""
    parts = ProofParts(settings)
    create = CreateUser(parts.user_writer, parts.hasher, judge_new_password(settings), parts.policies, clock)
    sign_up = SignUp(
        check=parts.check,
        directory=parts.directory,
        policies=parts.policies,
        create=create,
        users=parts.user_writer,
        begin=parts.begin_session,
        clock=clock,
    )
    return Services(settings, AskForSignUp(parts.ask, parts.policies), sign_up)


app = Resolver()
services = once(wire)


@app.post("/auth/sign-up")
def ask_anywhere() -> Response:
    """Ask for a mail to sign up with. The answer is the same for every address."""
    services().settings.require_mail()
    body = read_json(app, SignUpRequest)
    tenant_id = body.tenant_id or services().settings.default_tenant_id
    if not tenant_id:
        raise InvalidRequest("Signing up needs a tenant_id.")
    return _ask(TenantId(tenant_id), body)


@app.post("/api/<tenant_id>/auth/sign-up")
def ask_in_tenant(tenant_id: str) -> Response:
    """Ask for a mail to sign up with in the tenant of the path. The answer is the same for every address."""
    services().settings.require_mail()
    return _ask(check_tenant_id(tenant_id), read_json(app, TenantSignUpRequest))


@app.post("/auth/sign-up/confirm")
def sign_up_anywhere() -> Response:
    """Become a user with what the mail brought, and begin a web session."""
    services().settings.require_mail()
    body = read_json(app, SignUpConfirmRequest)
    return _sign_up(body, read_web_client(app, services().settings.allowed_origins, body))


@app.post("/api/<tenant_id>/auth/sign-up/confirm")
def sign_up_in_tenant(tenant_id: str) -> Response:
    """Become a user of the path's tenant with what the mail brought; with a cookie only if the body asks for one."""
    services().settings.require_mail()
    body = read_json(app, SignUpConfirmRequest)
    client = read_client(app, services().settings.allowed_origins, body)
    return _sign_up(body, client, check_tenant_id(tenant_id))


def _ask(tenant_id: TenantId, body: TenantSignUpRequest) -> Response:
    source = source_address(app)
    return answer_challenge(services().ask(tenant_id, body.email, source, body.display_name, body.locale))


def _sign_up(body: SignUpConfirmRequest, client: Client, tenant_id: TenantId | None = None) -> Response:
    signed_in = services().sign_up(body.presented(tenant_id), body.password, body.username, client)
    return answer_sign_in(signed_in, HTTPStatus.CREATED)


handler = app.resolve
