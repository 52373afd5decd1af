"""Begin, or replace, the session of a family in another tenant of the same user."""

from __future__ import annotations

from dataclasses import dataclass

from doorward import audit
from doorward.errors import InvalidGrant
from doorward.model import Admission, Clock, Session, SessionRef, Subject, TenantId, TokenPair
from doorward.rules.factors import authentication_of
from doorward.rules.revocation import is_live, is_shut_out, session_ends_at_ms
from doorward.rules.tenancy import admitted_subject
from doorward.sessions.minting import TokenMinter
from doorward.stores import SessionStore

_SPENT = 2
"""A session that takes the place of an ended one skips a generation, as a step-up does."""


@dataclass(frozen=True, slots=True)
class EnterTenant:
    """Enters another tenant with the session of a family; no session lives longer for it."""

    sessions: SessionStore
    minter: TokenMinter
    clock: Clock

    def __call__(self, old: Session, tenant_id: TenantId, *, spends: bool, repeats: bool) -> TokenPair | None:
        """Return tokens for the family's session in the tenant, or None if the family changed at the same moment.

        Args:
            old: the session to come from. It lives.
            tenant_id: the tenant to enter; not that of `old`.
            spends: whether a refresh token of `old` is used, which is spent then (RFC 9700 section 4.14.2).
            repeats: whether a living session of the family there is taken as it is, for it answered this wish before.

        Raises:
            InvalidGrant: the user is not let into the tenant, or the family's session there was ended.
            Unavailable: the deployment's own function gives no answer about the token.
        """
        ref = SessionRef(tenant_id, old.ref.user_id, old.ref.session_id)
        target = self.sessions.get_admission(ref)
        subject = admitted_subject(target, ref)
        if subject is None:
            raise InvalidGrant(
                "The user is not let into this tenant. The session here is still good.", reason="not_admitted"
            )
        lives = target.session is not None and is_live(target.session, target, self.clock())
        if repeats and target.session is not None and lives:
            return self.minter.mint(target.session, target, subject, self.clock())
        if not self._is_method_of(old, target, subject):
            raise InvalidGrant(
                "This tenant asks for another way of signing in. Sign in there. The session here is still good.",
                reason="other_method",
            )
        proved = authentication_of(old).amr
        if self.minter.factors.standing(target, subject, proved, self.clock()) in {"pending", "late"}:
            raise InvalidGrant(
                "This tenant asks for a second factor. Prove one with POST /auth/step-up, or sign in there. "
                "The session here is still good.",
                reason="second_factor_required",
            )
        if not lives and is_shut_out(old, target):
            raise InvalidGrant(
                "The session in this tenant was ended. Sign in there again. The session here is still good.",
                reason="ended_there",
            )
        return self._begin(old, target, subject, spends=spends, lives=lives)

    def _is_method_of(self, old: Session, target: Admission, subject: Subject) -> bool:
        """Return whether the family's way of signing in is one of the tenant's; passkeys go by `second_factor`."""
        if old.method == "passkey":
            return self.minter.factors.takes_factors(target, subject)
        return old.method in target.policy.methods

    def _begin(
        self, old: Session, target: Admission, subject: Subject, *, spends: bool, lives: bool
    ) -> TokenPair | None:
        ext = self.minter.permit(target, subject)  # before the switch: a token that is denied spends nothing
        now_ms, there = self.clock(), target.session
        ref = SessionRef(subject.tenant_id, subject.user_id, subject.session_id)
        # What an ended session gave out stays dead: its cookie opens nothing, and its refresh token, which may be a
        # thief's, is too old to be answered with the successor for as long as two tabs may overlap.
        new = Session(
            ref=ref,
            generation=there.generation + (1 if lives else _SPENT) if there else 0,
            epochs=target.epochs,
            created_at_ms=old.created_at_ms,
            rotated_at_ms=now_ms,
            expires_at_ms=old.expires_at_ms,
            cookie_hash=there.cookie_hash if there and lives else None,
            client_id=old.client_id,
            links=max(1, there.links) if there else 1,
            source=old.source,
            user_agent=old.user_agent,
            method=old.method,
            amr=old.amr,
            authenticated_at_ms=old.authenticated_at_ms or old.created_at_ms,
        )
        if now_ms >= session_ends_at_ms(new, target.policy):
            raise InvalidGrant("Sessions of this tenant are shorter: sign in to it.", reason="session_too_old")
        with audit.act(
            "tenant_switched", user_id=ref.user_id, tenant_id=ref.tenant_id, session_id=ref.session_id
        ) as entered:
            if not self.sessions.switch(old, new, now_ms, replaced=there.generation if there else None, spends=spends):
                entered.withdraw()
                return None
        # Roles that changed since the first reading count, and nobody gets tokens that are refused already.
        target = self.sessions.get_admission(ref)
        admitted = admitted_subject(target, ref)
        if admitted is None or target.session is None or not is_live(target.session, target, now_ms):
            raise InvalidGrant(reason="not_switched")
        return self.minter.mint(target.session, target, admitted, now_ms, ext)
