"""What the functions of sockets need."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass

from doorward.bootstrap.clock import clock
from doorward.bootstrap.parts import Parts
from doorward.dynamodb.revocations import DynamoRevocationReader
from doorward.dynamodb.sockets import DynamoSockets
from doorward.errors import NotFound
from doorward.managed_sockets import ManagedSockets
from doorward.settings import Settings
from doorward.sockets.close import CloseSockets
from doorward.sockets.connect import Connect
from doorward.sockets.tickets import IssueSocketTicket


@dataclass(frozen=True, slots=True)
class Tickets:
    """Giving out tickets, and where to take them."""

    issue: IssueSocketTicket
    socket_url: str


@dataclass(frozen=True, slots=True)
class Sockets:
    """Opening and forgetting sockets."""

    connect: Connect
    store: DynamoSockets


def wire_tickets(settings: Settings) -> Tickets:
    """Return the use case of giving out tickets.

    Raises:
        NotFound: the deployment has no sockets; the path is then the same as none.
    """
    if not settings.socket_url:
        raise NotFound
    parts = Parts(settings)
    store = DynamoSockets(parts.gateway, settings.require("sockets_table"))
    return Tickets(IssueSocketTicket(parts.sessions, store, clock), settings.socket_url)


def wire_sockets(settings: Settings) -> Sockets:
    """Return the use cases of the WebSocket API's own routes."""
    parts = Parts(settings)
    store = DynamoSockets(parts.gateway, settings.require("sockets_table"))
    revocations = DynamoRevocationReader(parts.gateway, settings.require("revocations_table"))
    connect = Connect(
        store, parts.sessions, revocations, parts.keyring, settings.audience, settings.allowed_origin, clock
    )
    return Sockets(connect, store)


def wire_closing(settings: Settings) -> CloseSockets:
    """Return the use case of closing sockets."""
    parts = Parts(settings)
    return CloseSockets(
        DynamoSockets(parts.gateway, settings.require("sockets_table")),
        ManagedSockets(_endpoint(settings)),
        DynamoRevocationReader(parts.gateway, settings.require("revocations_table")),
        clock,
        time.sleep,
    )


def _endpoint(settings: Settings) -> str:
    api, emulator = settings.require("socket_api_id"), os.environ.get("AWS_ENDPOINT_URL")
    if emulator:
        return f"{emulator}/_aws/execute-api/{api}/v1"
    return f"https://{api}.execute-api.{os.environ['AWS_REGION']}.{settings.url_suffix}/v1"
