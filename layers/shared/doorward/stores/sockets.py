"""What sockets need of storage."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from doorward.model import Connection, SocketTicket, TenantId, UserId


class SocketStore(Protocol):
    """Tickets and open connections."""

    def add_ticket(self, ticket: SocketTicket) -> None:
        """Keep a ticket."""

    def take_ticket(self, ticket_hash: str) -> SocketTicket | None:
        """Return a ticket and forget it; of several callers at once, one gets it."""

    def add(self, connection: Connection) -> None:
        """Register an open connection."""

    def remove(self, connection_id: str) -> None:
        """Forget a connection, if it is registered."""

    def list_by_tenant(self, tenant_id: TenantId, user_id: UserId | None = None) -> Iterable[Connection]:
        """Return the connections of a tenant, or of one user in it."""

    def list_ending(self, time_ms: int) -> Iterable[Connection]:
        """Return the connections whose time ends before this one, soonest first; very new ones may be missing."""


class SocketCloser(Protocol):
    """What holds the sockets."""

    def close(self, connection_id: str, message: str) -> None:
        """Send a last message and close; a socket that is gone is no error.

        Raises:
            Unavailable: the gateway does not answer.
        """
