"""Tickets and open connections on DynamoDB."""

from __future__ import annotations

import heapq
import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from operator import itemgetter

from doorward.aws.dynamodb import actions
from doorward.aws.dynamodb.database import ConditionFailed, Database
from doorward.aws.dynamodb.items import Item, Key, list_part, list_parts
from doorward.model import Connection, Epochs, SocketGrant, SocketTicket, Subject, TenantId, UserId

_PAGE = 100
_MAX_CONNECTION_SECONDS = 7200 + 600
"""API Gateway closes every socket after two hours, and may send no event for it. Ten minutes are added."""

_OPEN = "open"


@dataclass(frozen=True, slots=True)
class DynamoSockets:
    """Tickets and connections.

    A ticket is one item. A connection is two items: one is found by its tenant and user, the other by the connection's
    id.
    """

    database: Database
    table: str

    def add_ticket(self, ticket: SocketTicket) -> None:
        """Store a ticket."""
        attributes = {
            "grant": _encoded(ticket.grant),
            "origin": ticket.origin,
            "revoked_kids": sorted(ticket.revoked_kids),
            "expires_at_ms": ticket.expires_at_ms,
            "expires_at": ticket.expires_at_ms // 1000 + 1,
        }
        self.database.write(actions.put(self.table, _ticket_key(ticket.ticket_hash), attributes))

    def take_ticket(self, ticket_hash: str) -> SocketTicket | None:
        """Return a ticket and delete it.

        Of several callers at the same time, only one gets the ticket.
        """
        key = _ticket_key(ticket_hash)
        item = self.database.get((self.table, key))
        if item is None:
            return None
        try:
            self.database.transact([actions.delete(self.table, key, when=actions.PRESENT)])
        except ConditionFailed:
            return None
        kids = frozenset(item["revoked_kids"])
        return SocketTicket(ticket_hash, _decoded(item), item.get("origin"), item["expires_at_ms"], kids)

    def add(self, connection: Connection) -> None:
        """Register an open connection."""
        grant = connection.grant
        attributes = {
            "grant": _encoded(grant),
            "connection_id": connection.id,
            "listing": list_part(_OPEN, connection.id),
            "ends_at_ms": grant.ends_at_ms,
            "expires_at": grant.ends_at_ms // 1000 + _MAX_CONNECTION_SECONDS,
        }
        place = _connection_key(grant.tenant_id, grant.user_id, connection.id)
        pointed = {"at_pk": place["pk"], "at_sk": place["sk"], "expires_at": attributes["expires_at"]}
        self.database.transact(
            [actions.put(self.table, place, attributes), actions.put(self.table, _pointer_key(connection.id), pointed)]
        )

    def remove(self, connection_id: str) -> None:
        """Remove a connection, if it is registered."""
        key = _pointer_key(connection_id)
        item = self.database.get((self.table, key))
        if item is not None:
            place = {"pk": item["at_pk"], "sk": item["at_sk"]}
            self.database.transact([actions.delete(self.table, place), actions.delete(self.table, key)])

    def list_by_tenant(self, tenant_id: TenantId, user_id: UserId | None = None) -> Iterable[Connection]:
        """Return the connections of a tenant, or of one user in it."""
        prefix = "user#" if user_id is None else f"user#{user_id}#connection#"
        after: Key | None = None
        while True:
            items, after = self.database.query(
                self.table, partition=f"tenant#{tenant_id}", prefix=prefix, limit=_PAGE, after=after
            )
            yield from map(_connection, items)
            if after is None:
                return

    def list_ending(self, time_ms: int) -> Iterable[Connection]:
        """Return the connections that end before a time, the soonest first.

        New connections may be missing.
        """
        found = [self.database.ending_before(self.table, "ending", part, time_ms) for part in list_parts(_OPEN)]
        return map(_connection, heapq.merge(*found, key=itemgetter("ends_at_ms")))


def _ticket_key(ticket_hash: str) -> Key:
    return {"pk": f"ticket#{ticket_hash}", "sk": "ticket"}


def _pointer_key(connection_id: str) -> Key:
    return {"pk": f"connection#{connection_id}", "sk": "connection"}


def _connection_key(tenant_id: TenantId, user_id: UserId, connection_id: str) -> dict[str, str]:
    return {"pk": f"tenant#{tenant_id}", "sk": f"user#{user_id}#connection#{connection_id}"}


def _connection(item: Item) -> Connection:
    return Connection(item["connection_id"], _decoded(item))


def _encoded(grant: SocketGrant) -> str:
    return json.dumps(asdict(grant))


def _decoded(item: Item) -> SocketGrant:
    members = json.loads(item["grant"])
    subject = {**members["subject"], "roles": tuple(members["subject"]["roles"])}
    return SocketGrant(**{**members, "subject": Subject(**subject), "epochs": Epochs(**members["epochs"])})
