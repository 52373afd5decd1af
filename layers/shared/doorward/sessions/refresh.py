"""Exchange a refresh token for its successor."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from doorward import audit
from doorward.errors import InvalidGrant, RefreshTokenReused
from doorward.model import Clock, Session, Snapshot, TenantId, TokenPair
from doorward.refresh_tokens import PresentedRefreshToken
from doorward.revocation import is_live
from doorward.sessions.minting import TokenMinter
from doorward.stores import SessionStore
from doorward.tenancy import admitted_roles


@dataclass(frozen=True, slots=True)
class Refresh:
    """Rotates refresh tokens and notices their reuse (RFC 9700 section 4.14.2).

    Args:
        overlap_seconds: how long after a rotation the rotated token still answers with the very
            same successor: for a second tab, and for a retry after a lost answer.
    """

    sessions: SessionStore
    minter: TokenMinter
    clock: Clock
    overlap_seconds: int

    def __call__(
        self, token: str, tenant_ids: Collection[TenantId] = (), received_at_ms: int | None = None
    ) -> TokenPair:
        """Return the successor pair; roles, status and tenant are read anew.

        Args:
            token: the refresh token.
            tenant_ids: the tenants that path and body name; all must be the token's.
            received_at_ms: when the request arrived, if it waited since (a cold start): the overlap is
                counted to then.

        Raises:
            RefreshTokenReused: an old token came back; its session is now revoked.
            InvalidGrant: the token is not, or no longer, good for anything.
        """
        presented = self.minter.mac_keyring.read(token)
        if any(tenant_id != presented.ref.tenant_id for tenant_id in tenant_ids):
            raise InvalidGrant(reason="other_tenant")
        now_ms = self.clock()
        snapshot = self.sessions.snapshot(presented.ref)
        roles = admitted_roles(snapshot, presented.ref.tenant_id)
        session = self._live(snapshot.session, snapshot, now_ms)
        if roles is None:
            raise InvalidGrant(reason="not_admitted")
        session = self._successor(presented, session, snapshot, now_ms, min(received_at_ms or now_ms, now_ms))
        return self.minter.mint(session, snapshot, roles, now_ms)

    def _successor(
        self, presented: PresentedRefreshToken, session: Session, snapshot: Snapshot, now_ms: int, received_at_ms: int
    ) -> Session:
        if presented.generation > session.generation:
            # Only a table restored from a backup is behind its tokens.
            raise InvalidGrant(reason="generation_ahead")
        if presented.generation == session.generation:
            rotation = self.sessions.rotate(presented.ref, presented.generation, now_ms)
            session = self._live(rotation.session, snapshot, now_ms)
            if rotation.won:
                return session
        if self._overlaps(presented, session, received_at_ms):
            return session
        self.sessions.revoke(presented.ref, now_ms)
        audit.record(
            "refresh_token_reused",
            tenant_id=presented.ref.tenant_id,
            user_id=presented.ref.user_id,
            session_id=presented.ref.session_id,
        )
        raise RefreshTokenReused(reason="refresh_token_reused")

    def _overlaps(self, presented: PresentedRefreshToken, session: Session, received_at_ms: int) -> bool:
        recent = received_at_ms - session.rotated_at_ms <= self.overlap_seconds * 1000
        return session.generation == presented.generation + 1 and recent

    @staticmethod
    def _live(session: Session | None, snapshot: Snapshot, now_ms: int) -> Session:
        if session is None:
            raise InvalidGrant(reason="unknown_session")
        if not is_live(session, snapshot, now_ms):
            raise InvalidGrant(reason="session_over")
        return session
