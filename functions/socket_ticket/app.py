"""POST /auth/socket-ticket, where the deployment has sockets."""

from __future__ import annotations

from typing import Any

from aws_lambda_powertools.event_handler import Response

from doorward.api.answers import answer
from doorward.api.requests import header, read_principal
from doorward.api.resolver import Resolver
from doorward.bootstrap import once, sockets
from doorward.schemas.token_answers import SocketTicketResponse
from doorward.sockets.tickets import TTL_SECONDS

app = Resolver()
services = once(sockets.wire_tickets)


@app.post("/auth/socket-ticket")
def issue_ticket() -> Response[str]:
    """Give out a ticket that opens one WebSocket, once and within a minute."""
    principal, origin = read_principal(app), header(app.current_event.raw_event, "origin")
    ticket = services().issue(principal, origin)
    return answer(SocketTicketResponse(ticket=ticket, expires_in=TTL_SECONDS, url=services().socket_url))


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:  # noqa: ANN401 - Lambda's own object
    """Answer API Gateway."""
    return app.resolve(event, context)
