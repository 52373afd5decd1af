"""Exchange a refresh token for a session in another tenant of the same user."""

from __future__ import annotations

from dataclasses import dataclass

from ulid import ULID

from doorward import audit
from doorward.errors import InvalidGrant
from doorward.model import Admission, Clock, Epochs, Session, SessionId, SessionRef, TenantId, TokenPair
from doorward.rules.revocation import is_live
from doorward.rules.tenancy import admitted_subject
from doorward.sessions.minting import TokenMinter
from doorward.sessions.refresh import Refresh, require_client
from doorward.stores import SessionStore
from doorward.tokens.refresh import ProvenRefreshToken


@dataclass(frozen=True, slots=True)
class SwitchTenant:
    """Ends a session in one tenant and begins one in another, which lives no longer than the first would have.

    The web session cookie of the first ends with it. The refresh token that was used stays a witness: when it
    comes back later, the session that came of it is ended, as with any reuse.
    """

    sessions: SessionStore
    minter: TokenMinter
    refresh: Refresh
    clock: Clock
    overlap_seconds: int

    def __call__(
        self, token: str, tenant_id: TenantId, received_at_ms: int | None = None, client_id: str | None = None
    ) -> TokenPair:
        """Return tokens for the user's session in the tenant; in the token's own tenant, refresh.

        Args:
            token: the refresh token.
            tenant_id: the tenant to act in.
            received_at_ms: when the request arrived, if it waited since.
            client_id: who asks, if the caller says so.

        Raises:
            RefreshTokenReused: an old token came back; what came of it is now revoked.
            InvalidGrant: the token is not good, or its user is not let into the tenant.
        """
        proven = self.minter.refresh_tokens.read(token)
        if proven.ref.tenant_id == tenant_id:
            return self.refresh(token, received_at_ms=received_at_ms, client_id=client_id)
        ref = self._successor(proven, tenant_id)
        target = self.sessions.get_admission(ref)
        if admitted_subject(target, ref) is None:
            raise InvalidGrant(
                "The user is not let into this tenant. The refresh token is still good.", reason="not_admitted"
            )
        if target.session is None:
            self._begin(proven, ref, target.epochs, client_id)
            target = self.sessions.get_admission(ref)
        subject = admitted_subject(target, ref)
        if subject is None or target.session is None or not self._is_fresh(target.session, target):
            self.refresh.refuse_switched(proven, received_at_ms)
            raise InvalidGrant(reason="not_switched")
        return self.minter.mint(target.session, target, subject, self.clock())

    def _successor(self, proven: ProvenRefreshToken, tenant_id: TenantId) -> SessionRef:
        # Derived, so that a retry finds the session which the first request began.
        label = f"switch.{proven.ref.session_id}.{proven.generation}.{tenant_id}"
        session_id = SessionId(str(ULID(self.minter.refresh_tokens.derive(label))))
        return SessionRef(tenant_id, proven.ref.user_id, session_id)

    def _begin(self, proven: ProvenRefreshToken, ref: SessionRef, epochs: Epochs, client_id: str | None) -> None:
        old = self.refresh.accept(proven)
        require_client(old, client_id)
        now_ms = self.clock()
        new = Session(ref, 0, epochs, now_ms, now_ms, old.expires_at_ms, client_id=old.client_id)
        if self.sessions.switch(old, new, now_ms):
            audit.record("tenant_switched", user_id=ref.user_id, tenant_id=ref.tenant_id, session_id=ref.session_id)

    def _is_fresh(self, session: Session, target: Admission) -> bool:
        """Return whether a request with the same token may still be answered with the session's first tokens."""
        now_ms = self.clock()
        recent = now_ms - session.created_at_ms <= self.overlap_seconds * 1000
        return recent and session.generation == 0 and is_live(session, target, now_ms)
