"""POST /auth/token/introspect (RFC 7662)."""

from __future__ import annotations

from dataclasses import dataclass

import doorward.bootstrap.late  # noqa: F401 - before anything imports PyJWT
from doorward.api.answers import answer_json
from doorward.api.bodies.sign_in import IntrospectRequest
from doorward.api.bodies.tokens import IntrospectionResponse
from doorward.api.requests import read_form_or_json, read_principal
from doorward.api.resolver import Resolver
from doorward.api.routing import Response
from doorward.aws.dynamodb.readers import DynamoRevocationReader
from doorward.bootstrap.clock import clock
from doorward.bootstrap.lean import LeanParts
from doorward.bootstrap.once import once
from doorward.sessions.introspect import Introspect
from doorward.settings import Settings


@dataclass(frozen=True, slots=True)
class Services:
    """The use case that introspects tokens."""

    introspect: Introspect


def wire(settings: Settings) -> Services:
    """Return the use case of introspection."""
    parts = LeanParts(settings)
    revocations = DynamoRevocationReader(parts.database, parts.tables)
    introspect = Introspect(parts.sessions, revocations, parts.keyring, parts.refresh_tokens, settings.audience, clock)
    return Services(introspect)


app = Resolver(oauth=True)
services = once(wire)


@app.post("/auth/token/introspect")
def introspect_token() -> Response:
    """Return whether a token is valid now, and what it says."""
    principal, body = read_principal(app), read_form_or_json(app, IntrospectRequest)
    introspect = services().introspect
    found = introspect(principal, body.token)
    return answer_json(IntrospectionResponse.of(found, introspect.keyring.key_set().issuer, introspect.audience))


handler = app.resolve
