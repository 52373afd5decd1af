"""Give out tickets that open sockets.

A web page can set no header on a WebSocket, and a token must not be in a URL. A ticket may be in a URL.
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass

from doorward.errors import InsufficientScope, InvalidToken
from doorward.model import Clock, Principal, SocketGrant, SocketTicket, TokenId, is_service
from doorward.rules.revocation import is_live, session_ends_at_ms
from doorward.rules.tenancy import admitted_subject
from doorward.stores import SessionStore, SocketStore

TTL_SECONDS = 60
_PREFIX = "dwt1."


@dataclass(frozen=True, slots=True)
class IssueSocketTicket:
    """Gives out tickets.

    A ticket is good once, for a minute, for the caller's tenant and the page's origin.
    """

    sessions: SessionStore
    sockets: SocketStore
    clock: Clock

    def __call__(self, principal: Principal, origin: str | None) -> str:
        """Return a ticket.

        The ticket has the caller's roles and revocation state of this moment.

        Args:
            principal: the caller, who must be a user.
            origin: the origin of the page that asks, from the browser. The socket must come from the same origin.

        Raises:
            InsufficientScope: the caller is a service. Services send their token in a header.
            InvalidToken: the session has just ended.
        """
        if is_service(principal.user_id):
            raise InsufficientScope("Services open sockets with their token in a header.")
        now_ms = self.clock()
        admission = self.sessions.get_admission(principal.session_ref)
        session, subject = admission.session, admitted_subject(admission, principal.session_ref)
        if session is None or subject is None or not is_live(session, admission, now_ms):
            raise InvalidToken(reason="session_over")
        text = _PREFIX + secrets.token_urlsafe(32)
        grant = SocketGrant(
            subject=subject,
            epochs=admission.epochs,
            ends_at_ms=session_ends_at_ms(session, admission.policy),
            token_id=principal.token_id or TokenId(""),
        )
        expires_at_ms = now_ms + TTL_SECONDS * 1000
        self.sockets.add_ticket(SocketTicket(ticket_hash(text), grant, origin, expires_at_ms, admission.revoked_kids))
        return text


def ticket_hash(text: str) -> str:
    """Return the hash by which a ticket is stored.

    Nobody can guess 256 random bits, so they need no slow hash.
    """
    return hashlib.sha256(text.encode("utf-8")).hexdigest()
