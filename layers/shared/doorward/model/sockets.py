"""WebSocket connections, and the tickets that open them."""

from __future__ import annotations

from dataclasses import dataclass

from doorward.model.tokens import Revocable


@dataclass(frozen=True, slots=True, kw_only=True)
class SocketGrant(Revocable):
    """For whom a socket is open, as of which revocation state, and until when.

    `kid` and `token_id` are those of the access token that opened the socket, if one did.
    """

    ends_at_ms: int


@dataclass(frozen=True, slots=True)
class SocketTicket:
    """A ticket as it is kept: by the hash of its text, for one page's origin, as of the keys revoked by then."""

    ticket_hash: str
    grant: SocketGrant
    origin: str | None
    expires_at_ms: int
    revoked_kids: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Connection:
    """An open socket."""

    id: str
    grant: SocketGrant
