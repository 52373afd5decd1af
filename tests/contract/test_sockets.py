"""Tickets and connections, in every store."""

from __future__ import annotations

import uuid

import pytest

from doorward.model import (
    Connection,
    Epochs,
    SessionId,
    SocketGrant,
    SocketTicket,
    Subject,
    TenantId,
    TokenId,
    UserId,
)
from tests.contract.conftest import Stores
from tests.support.makers import ACME, NOW

GLOBEX = TenantId("globex")


def _grant(tenant_id: TenantId = ACME, user_id: str = "u1", ends_at_ms: int = NOW + 60_000) -> SocketGrant:
    subject = Subject(UserId(user_id), "kim", tenant_id, ("a", "b"), SessionId("s"))
    return SocketGrant(subject=subject, epochs=Epochs(1, 2), ends_at_ms=ends_at_ms, token_id=TokenId("t"), kid="k")


def a_ticket(origin: str | None = "https://app.example") -> SocketTicket:
    return SocketTicket(uuid.uuid4().hex, _grant(), origin, NOW + 60_000, frozenset({"k1", "k2"}))


@pytest.mark.parametrize("origin", ["https://app.example", None])
def test_a_ticket_is_taken_once(stores: Stores, origin: str | None) -> None:
    ticket = a_ticket(origin)
    stores.sockets.add_ticket(ticket)
    assert stores.sockets.take_ticket("other") is None
    assert stores.sockets.take_ticket(ticket.ticket_hash) == ticket
    assert stores.sockets.take_ticket(ticket.ticket_hash) is None


def test_connections_are_found_by_tenant_by_user_and_by_their_end(stores: Stores) -> None:
    found = [
        Connection("c1", _grant()),
        Connection("c2", _grant(user_id="u2", ends_at_ms=NOW + 10)),
        Connection("c3", _grant(GLOBEX, "u10")),
        Connection("c4", _grant(user_id="u10")),
    ]
    for connection in found:
        stores.sockets.add(connection)
    assert {one.id for one in stores.sockets.list_by_tenant(ACME)} == {"c1", "c2", "c4"}
    assert [one.id for one in stores.sockets.list_by_tenant(ACME, UserId("u1"))] == ["c1"]
    assert [one.id for one in stores.sockets.list_ending(NOW + 11)] == ["c2"]
    assert next(iter(stores.sockets.list_ending(NOW + 60_001))).id == "c2"
    stores.sockets.remove("c2")
    stores.sockets.remove("c2")
    stores.sockets.remove("nobody")
    assert {one.id for one in stores.sockets.list_ending(NOW + 60_001)} == {"c1", "c3", "c4"}
    assert next(iter(stores.sockets.list_by_tenant(GLOBEX))) == found[2]


def test_many_connections_come_page_by_page(stores: Stores) -> None:
    for number in range(120):
        stores.sockets.add(Connection(f"c{number}", _grant(user_id=f"u{number % 7}")))
    assert len(list(stores.sockets.list_by_tenant(ACME))) == 120
