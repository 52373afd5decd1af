"""The storage that sockets need."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from doorward.model import Connection, SocketTicket, TenantId, UserId


class SocketStore(Protocol):
    """Tickets and open connections."""

    def add_ticket(self, ticket: SocketTicket) -> None:
        """Store a ticket."""

    def take_ticket(self, ticket_hash: str) -> SocketTicket | None:
        """Return a ticket and delete it.

        Of several callers at the same time, only one gets the ticket.
        """

    def add(self, connection: Connection) -> None:
        """Register an open connection."""

    def remove(self, connection_id: str) -> None:
        """Remove a connection, if it is registered."""

    def list_by_tenant(self, tenant_id: TenantId, user_id: UserId | None = None) -> Iterable[Connection]:
        """Return the connections of a tenant, or of one user in it."""

    def list_ending(self, time_ms: int) -> Iterable[Connection]:
        """Return the connections that end before a time, the soonest first.

        New connections may be missing.
        """


class SocketCloser(Protocol):
    """Closes the sockets that the gateway holds."""

    def close(self, connection_id: str, message: str) -> None:
        """Send a last message, and close the socket.

        A socket that is gone is no error.

        Raises:
            Unavailable: the gateway does not answer.
        """
