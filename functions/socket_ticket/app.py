"""POST /auth/socket-ticket, where the deployment has sockets."""

from __future__ import annotations

from dataclasses import dataclass

import doorward.bootstrap.late  # noqa: F401 - before anything imports PyJWT
from doorward.api.answers import answer_json
from doorward.api.bodies.tokens import SocketTicketResponse
from doorward.api.requests import header, read_principal
from doorward.api.resolver import Resolver
from doorward.api.routing import Response
from doorward.aws.dynamodb.sockets import DynamoSockets
from doorward.bootstrap.clock import clock
from doorward.bootstrap.lean import LeanParts
from doorward.bootstrap.once import once
from doorward.errors import NotFound
from doorward.settings import Settings
from doorward.sockets.tickets import TTL_SECONDS, IssueSocketTicket


@dataclass(frozen=True, slots=True)
class Services:
    """The use case that gives out tickets, and the URL to open sockets at."""

    issue: IssueSocketTicket
    socket_url: str


def wire(settings: Settings) -> Services:
    """Return the use case of giving out tickets.

    Raises:
        NotFound: the deployment has no sockets. The answer is the same as for an unknown path.
    """
    if not settings.socket_url:
        raise NotFound
    parts = LeanParts(settings)
    store = DynamoSockets(parts.database, settings.require("sockets_table"))
    return Services(IssueSocketTicket(parts.sessions, store, clock), settings.socket_url)


app = Resolver()
services = once(wire)


@app.post("/auth/socket-ticket")
def issue_ticket() -> Response:
    """Return a ticket that opens one WebSocket within a minute."""
    principal, origin = read_principal(app), header(app.event, "origin")
    ticket = services().issue(principal, origin)
    return answer_json(SocketTicketResponse(ticket=ticket, expires_in=TTL_SECONDS, url=services().socket_url))


handler = app.resolve
