"""Exchange a refresh token for the family's session in another tenant of the same user."""

from __future__ import annotations

from dataclasses import dataclass

from doorward import audit
from doorward.errors import InvalidGrant
from doorward.model import Admission, Clock, Session, SessionRef, Subject, TenantId, TokenPair
from doorward.rules.revocation import is_live, is_shut_out, session_ends_at_ms
from doorward.rules.tenancy import admitted_subject
from doorward.sessions.minting import TokenMinter
from doorward.sessions.refresh import Refresh, require_client
from doorward.stores import SessionStore
from doorward.tokens.refresh import ProvenRefreshToken


@dataclass(frozen=True, slots=True)
class SwitchTenant:
    """Begins, or replaces, the session of a family in another tenant; no session lives longer for it.

    The session that the switch starts from lives on, with its access tokens and its cookie. The refresh token that
    was used is spent, as by a refresh: when it comes back later, that is reuse (RFC 9700 section 4.14.2).
    """

    sessions: SessionStore
    minter: TokenMinter
    refresh: Refresh
    clock: Clock

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
            RefreshTokenReused: an old token came back; its family is now over.
            InvalidGrant: the token is not good, its user is not let into the tenant, or the family's session there was
                ended.
        """
        proven = self.minter.refresh_tokens.read(token)
        if proven.ref.tenant_id == tenant_id:
            return self.refresh(token, received_at_ms=received_at_ms, client_id=client_id)
        for _ in range(2):  # who lost a race looks once more
            pair = self._switch(proven, tenant_id, received_at_ms, client_id)
            if pair is not None:
                return pair
        raise InvalidGrant(reason="not_switched")

    def _switch(
        self, proven: ProvenRefreshToken, tenant_id: TenantId, received_at_ms: int | None, client_id: str | None
    ) -> TokenPair | None:
        old = self.refresh.accept(proven, received_at_ms)
        require_client(old, client_id)
        ref = SessionRef(tenant_id, proven.ref.user_id, proven.ref.session_id)
        target = self.sessions.get_admission(ref)
        subject = admitted_subject(target, ref)
        if subject is None:
            raise InvalidGrant(
                "The user is not let into this tenant. The refresh token is still good.", reason="not_admitted"
            )
        repeated = old.generation == proven.generation + 1 and old.switched_to == tenant_id
        if repeated and target.session is not None and is_live(target.session, target, self.clock()):
            return self.minter.mint(target.session, target, subject, self.clock())
        if old.method not in target.policy.methods:
            raise InvalidGrant(
                "This tenant asks for another way of signing in. Sign in there. The refresh token is still good.",
                reason="other_method",
            )
        if is_shut_out(old, target):
            raise InvalidGrant(
                "The session in this tenant was ended. Sign in there again. The refresh token is still good.",
                reason="ended_there",
            )
        return self._enter(old, target, subject)

    def _enter(self, old: Session, target: Admission, subject: Subject) -> TokenPair | None:
        ext = self.minter.permit(target, subject)  # before the switch: a token that is denied spends nothing
        now_ms, there = self.clock(), target.session
        ref = SessionRef(subject.tenant_id, subject.user_id, subject.session_id)
        new = Session(
            ref=ref,
            generation=there.generation + 1 if there else 0,
            epochs=target.epochs,
            created_at_ms=old.created_at_ms,
            rotated_at_ms=now_ms,
            expires_at_ms=old.expires_at_ms,
            cookie_hash=there.cookie_hash if there else None,
            client_id=old.client_id,
            links=there.links if there else 0,
            source=old.source,
            user_agent=old.user_agent,
            method=old.method,
        )
        if now_ms >= session_ends_at_ms(new, target.policy):
            raise InvalidGrant("Sessions of this tenant are shorter: sign in to it.", reason="session_too_old")
        if not self.sessions.switch(old, new, now_ms, replaced=there.generation if there else None):
            return None
        audit.record("tenant_switched", user_id=ref.user_id, tenant_id=ref.tenant_id, session_id=ref.session_id)
        # Roles that changed since the first reading count, and nobody gets tokens that are refused already.
        target = self.sessions.get_admission(ref)
        admitted = admitted_subject(target, ref)
        if admitted is None or target.session is None or not is_live(target.session, target, now_ms):
            raise InvalidGrant(reason="not_switched")
        return self.minter.mint(target.session, target, admitted, now_ms, ext)
