"""Exchange a refresh token for a session in another tenant of the same user."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass

from ulid import ULID

from doorward import audit
from doorward.errors import Conflict, InvalidGrant
from doorward.model import Clock, Epochs, Session, SessionId, SessionRef, Snapshot, TenantId, TokenPair
from doorward.revocation import is_live
from doorward.sessions.minting import TokenMinter
from doorward.sessions.refresh import Refresh
from doorward.stores import SessionStore
from doorward.tenancy import admitted_roles


@dataclass(frozen=True, slots=True)
class SwitchTenant:
    """Ends a session in one tenant and begins one in another, which lives no longer than the first would have.

    The web session cookie of the first ends with it.
    """

    sessions: SessionStore
    minter: TokenMinter
    refresh: Refresh
    clock: Clock
    overlap_seconds: int

    def __call__(self, token: str, tenant_id: TenantId, received_at_ms: int | None = None) -> TokenPair:
        """Return tokens for the user's session in the tenant; in the token's own tenant, refresh.

        Args:
            token: the refresh token.
            tenant_id: the tenant to act in.
            received_at_ms: when the request arrived, if it waited since.

        Raises:
            RefreshTokenReused: an old token came back; its session is now revoked.
            InvalidGrant: the token is not good, or its user is not let into the tenant.
        """
        presented = self.minter.mac_keyring.read(token)
        if presented.ref.tenant_id == tenant_id:
            return self.refresh(token, received_at_ms=received_at_ms)
        # Derived, so that a retry finds the session which the first request began.
        label = f"switch.{presented.ref.session_id}.{presented.generation}.{tenant_id}"
        session_id = SessionId(str(ULID(self.minter.mac_keyring.derive(label))))
        ref = SessionRef(tenant_id, presented.ref.user_id, session_id)
        target = self.sessions.snapshot(ref)
        roles = admitted_roles(target, tenant_id)
        if roles is None:
            raise InvalidGrant(reason="not_admitted")
        if target.session is None:
            self.refresh(token, received_at_ms=received_at_ms)
            target = self._begin(presented.ref, ref, target.epochs)
        return self.minter.mint(self._fresh(target), target, roles, self.clock())

    def _begin(self, old: SessionRef, new: SessionRef, epochs: Epochs) -> Snapshot:
        now_ms = self.clock()
        first = self.sessions.snapshot(old).session
        if first is None:
            raise InvalidGrant(reason="unknown_session")
        session = Session(new, 0, epochs, now_ms, now_ms, first.expires_at_ms, client_id=first.client_id)
        with contextlib.suppress(Conflict):  # another request with the same token was first: both get its session
            self.sessions.create(session)
        self.sessions.revoke(old, now_ms)
        audit.record("tenant_switched", user_id=old.user_id, tenant_id=new.tenant_id, session_id=new.session_id)
        return self.sessions.snapshot(new)

    def _fresh(self, target: Snapshot) -> Session:
        """Return the session if a request with the same token may still be answered with its first tokens."""
        now_ms, session = self.clock(), target.session
        if session is None or not is_live(session, target, now_ms) or session.generation != 0:
            raise InvalidGrant(reason="switched_before")
        if now_ms - session.created_at_ms > self.overlap_seconds * 1000:
            raise InvalidGrant(reason="switched_before")
        return session
