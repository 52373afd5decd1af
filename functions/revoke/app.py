"""POST /auth/token/revoke (RFC 7009)."""

from __future__ import annotations

from dataclasses import dataclass

import doorward.bootstrap.late  # noqa: F401 - before anything imports PyJWT
from doorward.api.answers import answer_json
from doorward.api.bodies.sign_in import RevokeRequest
from doorward.api.requests import read_form_or_json
from doorward.api.resolver import Resolver
from doorward.api.routing import Response
from doorward.bootstrap.clock import clock
from doorward.bootstrap.lean import LeanParts
from doorward.bootstrap.once import once
from doorward.sessions.revoke import Revoke
from doorward.settings import Settings


@dataclass(frozen=True, slots=True)
class Services:
    """The use case that revokes tokens."""

    revoke: Revoke


def wire(settings: Settings) -> Services:
    """Return the use case of revoking a token."""
    parts = LeanParts(settings)
    revoke = Revoke(parts.end_family, parts.revocations, parts.keyring, parts.refresh_tokens, settings.audience, clock)
    return Services(revoke)


app = Resolver(oauth=True)
services = once(wire)


@app.post("/auth/token/revoke")
def revoke_token() -> Response:
    """Revoke a token. The answer is the same if the token was not valid."""
    services().revoke(read_form_or_json(app, RevokeRequest).token)
    return answer_json(None)


handler = app.resolve
