"""Open a socket, with a ticket or with an access token."""

from __future__ import annotations

from dataclasses import dataclass

from doorward import audit
from doorward.authorization import RequestCredentials
from doorward.errors import InvalidToken, MissingCredentials
from doorward.keys.keyring import Verifying
from doorward.model import Clock, Connection, SocketGrant, SocketTicket, is_service
from doorward.rules.revocation import denial_reason, restriction_of, session_ends_at_ms
from doorward.sockets.tickets import ticket_hash
from doorward.stores import RevocationReader, SessionStore, SocketStore
from doorward.tokens.access import verify_access_token

_MAX_TICKET = 128


@dataclass(frozen=True, slots=True)
class Connect:
    """Opens sockets, and registers them so that they can be closed later."""

    sockets: SocketStore
    sessions: SessionStore
    revocations: RevocationReader
    keyring: Verifying
    audience: str
    allowed_origins: tuple[str, ...]
    clock: Clock

    def __call__(self, connection_id: str, ticket: str | None, credentials: RequestCredentials) -> SocketGrant:
        """Open a socket, and return for whom it is open.

        Args:
            connection_id: the gateway's id of the connection.
            ticket: the ticket, if the client sent one. A ticket is used up even if the socket is refused.
            credentials: the handshake's credentials, with a bearer token if there is no ticket.

        Raises:
            MissingCredentials: there is neither a ticket nor a bearer token.
            InvalidToken: the ticket or the token is not valid, or is revoked.
        """
        taken = self._take(ticket, credentials) if ticket else None
        grant = taken.grant if taken else self._by_token(credentials)
        # The socket is registered before it is checked. So a revocation from now on closes the socket.
        self.sockets.add(Connection(connection_id, grant))
        revocations = self.revocations.get(grant.tenant_id, grant.user_id)
        reason = denial_reason(grant, revocations)
        if taken and revocations.revoked_kids != taken.revoked_kids:
            reason = "key_revoked"  # the revoked key may have signed the token that the ticket was given for
        if reason is not None:
            self.sockets.remove(connection_id)
            raise InvalidToken(reason=reason)
        audit.record("socket_opened", tenant_id=grant.tenant_id, user_id=grant.user_id, connection_id=connection_id)
        return grant

    def _take(self, text: str, credentials: RequestCredentials) -> SocketTicket:
        ticket = self.sockets.take_ticket(ticket_hash(text)) if len(text) <= _MAX_TICKET else None
        if ticket is None:
            raise InvalidToken(reason="unknown_ticket")
        if ticket.expires_at_ms <= self.clock():
            raise InvalidToken(reason="expired_ticket")
        if ticket.origin != credentials.origin:
            raise InvalidToken(reason="ticket_of_another_origin")
        return ticket

    def _by_token(self, credentials: RequestCredentials) -> SocketGrant:
        token = credentials.bearer()
        if token is None:
            raise MissingCredentials
        if credentials.origin is not None and credentials.origin not in self.allowed_origins:
            # A browser lets every page open sockets to every host. Only the origin shows which page (RFC 6455, 10.2).
            raise InvalidToken(reason="socket_of_another_origin")
        claims = verify_access_token(token, self.keyring, self.audience, self.clock())
        restriction = restriction_of(claims, self.revocations.get(claims.tenant_id, claims.user_id))
        if restriction is not None:
            raise InvalidToken(reason=restriction)
        ends_at_ms = claims.expires_at * 1000
        if not is_service(claims.user_id):
            admission = self.sessions.get_admission(claims.session_ref)
            session = admission.session
            if session is None:
                raise InvalidToken(reason="session_ended")
            ends_at_ms = session_ends_at_ms(session, admission.policy)
        return SocketGrant(
            subject=claims.subject,
            epochs=claims.epochs,
            ends_at_ms=ends_at_ms,
            token_id=claims.token_id,
            kid=claims.kid,
        )
