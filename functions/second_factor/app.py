"""Sign-ins that end with a second factor, or begin with a passkey: public, also within a tenant."""

from __future__ import annotations

from dataclasses import dataclass

from doorward.api.answers import answer_json, answer_sign_in
from doorward.api.bodies.factors import (
    PasskeyOptionsResponse,
    PasskeyRequest,
    SecondFactorRequest,
    TenantPasskeyRequest,
)
from doorward.api.bodies.flat import FlatRequest
from doorward.api.clients import read_client, read_web_client
from doorward.api.requests import read_json, read_json_or_nothing
from doorward.api.resolver import Resolver
from doorward.api.routing import Response
from doorward.bootstrap.factors import FactorParts
from doorward.bootstrap.once import once
from doorward.factors.finish import FinishSignIn
from doorward.factors.passkey_sign_in import AskForPasskey, SignInByPasskey
from doorward.model import TenantId
from doorward.rules.names import check_tenant_id
from doorward.settings import Settings


@dataclass(frozen=True, slots=True)
class Services:
    """Finishing sign-ins, and signing in by passkey."""

    finish: FinishSignIn
    ask: AskForPasskey
    by_passkey: SignInByPasskey
    allowed_origins: tuple[str, ...]


def wire(settings: Settings) -> Services:
    """Return the use cases of second factors at sign-in."""
    parts = FactorParts(settings)
    ask = AskForPasskey(parts.ceremonies, parts.challenges)
    return Services(parts.finish_sign_in, ask, parts.sign_in_by_passkey, settings.allowed_origins)


app = Resolver()
services = once(wire)


@app.post("/auth/second-factor")
def finish_anywhere() -> Response:
    """Finish a sign-in with its second factor, and begin a web session."""
    body = read_json(app, SecondFactorRequest)
    client = read_web_client(app, services().allowed_origins, body)
    return answer_sign_in(services().finish(body.challenge_id, body.presented(), client))


@app.post("/api/<tenant_id>/auth/second-factor")
def finish_in_tenant(tenant_id: str) -> Response:
    """Finish a sign-in to the tenant of the path with its second factor; with a cookie only if the body asks."""
    body = read_json(app, SecondFactorRequest)
    client = read_client(app, services().allowed_origins, body)
    return answer_sign_in(services().finish(body.challenge_id, body.presented(), client, check_tenant_id(tenant_id)))


@app.post("/auth/passkey/options")
def ask_for_passkey() -> Response:
    """Return what a browser needs to sign in by passkey. The answer tells nothing of anybody."""
    read_json_or_nothing(app, FlatRequest)
    return answer_json(PasskeyOptionsResponse(options=dict(services().ask())))


@app.post("/auth/passkey")
def sign_in_anywhere() -> Response:
    """Sign in by passkey, and begin a web session."""
    body = read_json(app, PasskeyRequest)
    client = read_web_client(app, services().allowed_origins, body)
    tenant_id = TenantId(body.tenant_id) if body.tenant_id else None
    return answer_sign_in(services().by_passkey(body.passkey, client, tenant_id))


@app.post("/api/<tenant_id>/auth/passkey")
def sign_in_to_tenant(tenant_id: str) -> Response:
    """Sign in to the tenant of the path by passkey; with a cookie only if the body asks for one."""
    body = read_json(app, TenantPasskeyRequest)
    client = read_client(app, services().allowed_origins, body)
    return answer_sign_in(services().by_passkey(body.passkey, client, check_tenant_id(tenant_id)))


handler = app.resolve
