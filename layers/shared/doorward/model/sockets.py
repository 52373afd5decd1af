"""WebSocket connections, and the tickets that open them."""

from __future__ import annotations

from dataclasses import dataclass

from doorward.model.identities import SessionId, TenantId, TokenId, UserId
from doorward.model.sessions import Epochs
from doorward.model.tokens import AccessTokenClaims


@dataclass(frozen=True, slots=True)
class SocketGrant:
    """For whom a socket is open, as of which revocation state, and until when.

    `kid` and `token_id` are those of the access token that opened it, if one did.
    """

    user_id: UserId
    username: str
    tenant_id: TenantId
    roles: tuple[str, ...]
    session_id: SessionId
    epochs: Epochs
    ends_at_ms: int
    token_id: str = ""
    kid: str = ""

    def claims(self) -> AccessTokenClaims:
        """Return the grant as `doorward.rules.revocation` asks about it."""
        return AccessTokenClaims(
            user_id=self.user_id,
            username=self.username,
            tenant_id=self.tenant_id,
            roles=self.roles,
            client_id="",
            session_id=self.session_id,
            token_id=TokenId(self.token_id),
            epochs=self.epochs,
            issued_at=0,
            expires_at=self.ends_at_ms // 1000,
            kid=self.kid,
        )


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
