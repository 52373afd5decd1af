"""Raise a session in which somebody proved more than before."""

from __future__ import annotations

from dataclasses import dataclass, replace

from doorward import audit
from doorward.errors import Conflict, InsufficientScope, InvalidToken
from doorward.model import Admission, Clock, Principal, Session, Subject, TokenPair, is_service
from doorward.model.proofs import ProofChanges
from doorward.rules.factors import authentication_of, merged_amr
from doorward.rules.revocation import is_live
from doorward.rules.tenancy import admitted_subject
from doorward.sessions.minting import TokenMinter
from doorward.stores import SessionStore
from doorward.tokens.cookie import mint_cookie

_SPENT = 2
"""A step-up skips one generation. Otherwise the refresh token from before, which may be a thief's, would answer with
the raised successor for as long as two tabs may overlap."""


@dataclass(frozen=True, slots=True)
class Raised:
    """A session that was raised: its new tokens, and its new cookie if it has one."""

    tokens: TokenPair
    cookie: str | None


@dataclass(frozen=True, slots=True)
class RaiseSession:
    """Raises what a session proved. Its tokens and its cookie from before stay as low as they were, or are spent."""

    sessions: SessionStore
    minter: TokenMinter
    clock: Clock

    def read(self, principal: Principal) -> tuple[Admission, Session, Subject]:
        """Return what admits a caller, the caller's live session, and who that is.

        Raises:
            InsufficientScope: the caller is a service.
            InvalidToken: the session is over.
        """
        if is_service(principal.user_id):
            raise InsufficientScope("A service has no second factor.")
        ref = principal.session_ref
        admission = self.sessions.get_admission(ref)
        session, subject = admission.session, admitted_subject(admission, ref)
        if session is None or subject is None or not is_live(session, admission, self.clock()):
            raise InvalidToken(reason="session_over")
        return admission, session, subject

    def __call__(
        self, admission: Admission, session: Session, subject: Subject, amr: tuple[str, ...], proofs: ProofChanges
    ) -> Raised:
        """Raise a session, and return its tokens.

        Args:
            admission: as `read` returned it.
            session: as `read` returned it.
            subject: as `read` returned it.
            amr: what was proved now.
            proofs: the use of what was proved.

        Raises:
            Conflict: the session was refreshed or ended at the same moment, or what was proved was used.
        """
        now_ms = self.clock()
        cookie, cookie_hash = mint_cookie(session.ref) if session.cookie_hash else (None, None)
        raised = replace(
            session,
            generation=session.generation + _SPENT,
            rotated_at_ms=now_ms,
            switched_to=None,
            cookie_hash=cookie_hash,
            amr=merged_amr(authentication_of(session).amr, amr),
            authenticated_at_ms=now_ms,
        )
        ext = self.minter.permit(admission, subject)
        ref = session.ref
        with audit.act("stepped_up", tenant_id=ref.tenant_id, user_id=ref.user_id, session_id=ref.session_id):
            if not self.sessions.step_up(session, raised, proofs):
                raise Conflict("The session changed at the same moment, or the code was used. Try again.")
        return Raised(self.minter.mint(raised, admission, subject, now_ms, ext), cookie)
