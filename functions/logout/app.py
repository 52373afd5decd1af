"""GET and POST /auth/logout."""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus

import doorward.bootstrap.late  # noqa: F401 - before anything imports PyJWT
from doorward.api.answers import answer_json, cleared_cookie
from doorward.api.requests import flag, takes
from doorward.api.resolver import Resolver
from doorward.api.routing import Response
from doorward.authorization import Authorize
from doorward.authorizer.events import read_credentials
from doorward.aws.dynamodb.readers import DynamoRevocationReader, DynamoSessionReader
from doorward.aws.dynamodb.users import DynamoUserReader
from doorward.bootstrap.clock import clock
from doorward.bootstrap.lean import LeanParts
from doorward.bootstrap.once import once
from doorward.errors import MissingCredentials, NotAuthenticated, SessionOver
from doorward.sessions.logout import LogOut
from doorward.sessions.sign_out import SignOut
from doorward.settings import Settings


@dataclass(frozen=True, slots=True)
class Services:
    """The use cases of signing out.

    This function recognises the caller itself, without the authorizer, so that it can also clear a dead cookie.
    """

    sign_out: SignOut


def wire(settings: Settings) -> Services:
    """Return the use cases of signing out."""
    parts = LeanParts(settings)
    authorize = Authorize(
        keyring=parts.keyring,
        revocations=DynamoRevocationReader(parts.database, parts.tables),
        sessions=DynamoSessionReader(parts.database, parts.tables),
        audience=settings.audience,
        allowed_origins=settings.allowed_origins,
        clock=clock,
        factors=parts.factor_rule,
    )
    users = DynamoUserReader(parts.database, parts.tables)
    log_out = LogOut(parts.sessions, parts.revocations, users, clock)
    return Services(SignOut(authorize, log_out))


app = Resolver()
services = once(wire)


@app.get("/auth/logout")
@app.post("/auth/logout")
@takes("everywhere")
def log_out() -> Response:
    """End the caller's session, or with `everywhere=true` all sessions of the user."""
    everywhere = flag(app, "everywhere")
    credentials = read_credentials(app.event, changes_state=True)
    try:
        services().sign_out(credentials, everywhere=everywhere)
    except NotAuthenticated as error:
        if everywhere or not isinstance(error, SessionOver):
            # A form of another site comes without the cookie, and must not make the browser forget it.
            return app.refuse(error, {} if isinstance(error, MissingCredentials) else cleared_cookie())
        # The cookie's session is over already, and what is left is to forget the cookie.
    return answer_json(None, HTTPStatus.NO_CONTENT, cleared_cookie())


handler = app.resolve
