"""Give the events of the WebSocket API, of the table's stream and of the schedule to the use cases."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from http import HTTPStatus
from typing import Any

from doorward import audit
from doorward.authorizer.events import SUBPROTOCOL_PREFIX, read_socket_credentials
from doorward.errors import MissingCredentials, NotAuthenticated
from doorward.model import TenantId, UserId
from doorward.sockets.close import CloseSockets
from doorward.sockets.connect import Connect

Event = Mapping[str, Any]

SWEEP_SECONDS = 60
_NAMED = ("routeKey", "connectionId")
_PK = re.compile(r"tenant#([^#]*)#(?:00|user#(.*))", re.DOTALL)
_DEPLOYMENT = "deployment#00"
"""Of the copies of a marker, the first one speaks for all."""


def answer_event(connect: Connect, forget: Callable[[str], None], event: Event) -> dict[str, Any]:
    """Return the answer to one event of the WebSocket API.

    A refusal is a status that makes the handshake fail.
    """
    with audit.of_request(event):
        return _answer(connect, forget, event)


def _answer(connect: Connect, forget: Callable[[str], None], event: Event) -> dict[str, Any]:
    context = event.get("requestContext")
    route, connection_id = (context.get(name) if isinstance(context, Mapping) else None for name in _NAMED)
    if not isinstance(route, str) or not isinstance(connection_id, str) or not connection_id:
        return {"statusCode": HTTPStatus.BAD_REQUEST.value}
    if route == "$disconnect":
        forget(connection_id)
    if route != "$connect":
        return {"statusCode": HTTPStatus.OK.value}
    query = event.get("queryStringParameters")
    ticket = query.get("ticket") if isinstance(query, Mapping) else None
    if not isinstance(ticket, str | None):
        return {"statusCode": HTTPStatus.BAD_REQUEST.value}
    credentials = read_socket_credentials(event)
    try:
        connect(connection_id, ticket, credentials)
    except NotAuthenticated as error:
        audit.record("socket_refused", reason=error.reason)
        status = HTTPStatus.UNAUTHORIZED if isinstance(error, MissingCredentials) else HTTPStatus.FORBIDDEN
        return {"statusCode": status.value}
    offered = credentials.subprotocols
    # A browser closes the socket if it offered subprotocols and the server chose none (RFC 6455 section 4.1).
    chosen = next((name for name in offered if not name.startswith(SUBPROTOCOL_PREFIX)), None)
    return {
        "statusCode": HTTPStatus.OK.value,
        **({"headers": {"Sec-WebSocket-Protocol": chosen}} if chosen else {}),
    }


def close_changed(use_case: CloseSockets, keys: Iterable[str] | None) -> int:
    """Close the sockets that changed revocations concern, and return how many were closed.

    Args:
        use_case: closes sockets.
        keys: the partition keys of the items that changed, as the table's stream tells them. None stands for the
            schedule: then the sockets whose session ends in the next minute are closed.
    """
    if keys is None:
        return use_case.ended(SWEEP_SECONDS)
    changed = {_concerned(pk) for pk in keys}
    return sum(use_case.after_change(*place) for place in changed if place is not None)


def _concerned(pk: str) -> tuple[TenantId | None, UserId | None] | None:
    if pk == _DEPLOYMENT:
        return None, None
    match = _PK.fullmatch(pk)
    if match is None:
        return None
    return TenantId(match[1]), UserId(match[2]) if match[2] is not None else None
