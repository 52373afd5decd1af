"""/users/{id}/sessions."""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus

import doorward.bootstrap.late  # noqa: F401 - before anything imports PyJWT
from doorward.accounts.sessions import AdministerSessions
from doorward.api.answers import answer_json
from doorward.api.bodies.sessions import UserSessionListResponse, UserSessionResponse
from doorward.api.requests import read_principal
from doorward.api.resolver import Resolver
from doorward.api.routing import Response
from doorward.aws.dynamodb.readers import DynamoRevocationReader
from doorward.aws.dynamodb.users import DynamoUserReader
from doorward.bootstrap.clock import clock
from doorward.bootstrap.lean import LeanParts
from doorward.bootstrap.once import once
from doorward.settings import Settings


@dataclass(frozen=True, slots=True)
class Services:
    """The use cases of a user's sessions."""

    sessions: AdministerSessions


def wire(settings: Settings) -> Services:
    """Return the use cases of a user's sessions."""
    parts = LeanParts(settings)
    users = DynamoUserReader(parts.database, parts.tables)
    revoked = DynamoRevocationReader(parts.database, parts.tables)
    return Services(AdministerSessions(users, parts.sessions, revoked, parts.revocations, clock))


app = Resolver()
services = once(wire)


@app.get("/users/<user_id>/sessions")
def list_sessions(user_id: str) -> Response:
    """List the live sessions of a user, the newest first, at most 100. The id `me` stands for the caller."""
    principal = read_principal(app)
    found = services().sessions.many(principal, user_id)
    return answer_json(UserSessionListResponse(items=[UserSessionResponse.of(each, principal) for each in found]))


@app.delete("/users/<user_id>/sessions")
def end_sessions(user_id: str) -> Response:
    """End all sessions of a user, the caller's own too if the user is the caller."""
    services().sessions.end_all(read_principal(app), user_id)
    return answer_json(None, HTTPStatus.NO_CONTENT)


@app.delete("/users/<user_id>/sessions/<session_id>")
def end_session(user_id: str, session_id: str) -> Response:
    """End one session of a user. Its tokens are refused from the next request on."""
    services().sessions.end(read_principal(app), user_id, session_id)
    return answer_json(None, HTTPStatus.NO_CONTENT)


handler = app.resolve
