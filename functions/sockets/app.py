"""The routes $connect, $disconnect and $default of the WebSocket API."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import doorward.bootstrap.late  # noqa: F401 - before anything imports PyJWT
from doorward.aws.dynamodb.readers import DynamoRevocationReader
from doorward.aws.dynamodb.sockets import DynamoSockets
from doorward.bootstrap.clock import clock
from doorward.bootstrap.lean import LeanParts
from doorward.bootstrap.once import once
from doorward.settings import Settings
from doorward.sockets.connect import Connect
from doorward.sockets.events import answer_event


@dataclass(frozen=True, slots=True)
class Services:
    """The use case that opens sockets, and the store of open sockets."""

    connect: Connect
    store: DynamoSockets


def wire(settings: Settings) -> Services:
    """Return the use case and the store that the routes of the WebSocket API need."""
    parts = LeanParts(settings)
    store = DynamoSockets(parts.database, settings.require("sockets_table"))
    revocations = DynamoRevocationReader(parts.database, parts.tables)
    connect = Connect(
        store, parts.sessions, revocations, parts.keyring, settings.audience, settings.allowed_origins, clock
    )
    return Services(connect, store)


services = once(wire)


def handler(event: dict[str, Any], _context: Any) -> dict[str, Any]:  # noqa: ANN401 - Lambda's own object
    """Answer one event of the WebSocket API."""
    return answer_event(services().connect, services().store.remove, event)
