"""Exchange a refresh token for its successor."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import NoReturn

from doorward import audit
from doorward.errors import InvalidGrant, RefreshTokenReused
from doorward.model import Admission, Clock, Session, SessionRef, Subject, TenantId, TokenPair
from doorward.rules.revocation import is_live
from doorward.rules.tenancy import admitted_subject
from doorward.sessions.family import EndFamily
from doorward.sessions.minting import TokenMinter
from doorward.stores import SessionStore
from doorward.tokens.refresh import ProvenRefreshToken

_LONGEST_WAIT_MS = 30_000  # API Gateway gives up after 29 s


@dataclass(frozen=True, slots=True)
class Refresh:
    """Rotates refresh tokens and notices their reuse (RFC 9700 section 4.14.2).

    Args:
        overlap_seconds: how long after a rotation the rotated token still answers with the very
            same successor: for a second tab, and for a retry after a lost answer.
    """

    sessions: SessionStore
    minter: TokenMinter
    end_family: EndFamily
    clock: Clock
    overlap_seconds: int

    def __call__(
        self,
        token: str,
        tenant_ids: Collection[TenantId] = (),
        received_at_ms: int | None = None,
        client_id: str | None = None,
    ) -> TokenPair:
        """Return the successor pair; roles, status and tenant are read again.

        Args:
            token: the refresh token.
            tenant_ids: the tenants that path and body name; all must be the token's.
            received_at_ms: when the request arrived, if it waited since (a cold start): the overlap is
                counted to then.
            client_id: who asks, if the caller says so. A session that a named client began is that client's
                alone (RFC 6749 section 6).

        Raises:
            RefreshTokenReused: an old token came back; its family is now over.
            InvalidGrant: the token is not, or no longer, good for anything.
        """
        proven = self.minter.refresh_tokens.read(token)
        if any(tenant_id != proven.ref.tenant_id for tenant_id in tenant_ids):
            raise InvalidGrant(reason="other_tenant")
        now_ms = self.clock()
        received_at_ms = _arrival(received_at_ms, now_ms)
        admission, session, subject = self._enter(proven, now_ms)
        require_client(session, client_id)
        ext = None
        if proven.generation == session.generation:
            ext = self.minter.permit(admission, subject)  # before the rotation: a token that is denied spends nothing
            rotation = self.sessions.rotate(proven.ref, proven.generation, now_ms)
            session = self._live(rotation.session, admission, now_ms)
            if rotation.won:
                return self.minter.mint(session, admission, subject, now_ms, ext)
        self._require_overlap(proven, session, received_at_ms)
        return self.minter.mint(session, admission, subject, now_ms, ext)

    def accept(self, proven: ProvenRefreshToken, received_at_ms: int | None = None) -> Session:
        """Return the live session of a token that may be used now, without rotating it.

        Raises:
            RefreshTokenReused: an old token came back; its family is now over.
            InvalidGrant: the token is not, or no longer, good for anything.
        """
        now_ms = self.clock()
        _, session, _ = self._enter(proven, now_ms)
        if proven.generation != session.generation:
            self._require_overlap(proven, session, _arrival(received_at_ms, now_ms))
        return session

    def _enter(self, proven: ProvenRefreshToken, now_ms: int) -> tuple[Admission, Session, Subject]:
        admission = self.sessions.get_admission(proven.ref)
        session = self._live(admission.session, admission, now_ms)
        if proven.mac_kid in admission.revoked_kids:
            raise InvalidGrant(reason="mac_key_revoked")
        subject = admitted_subject(admission, proven.ref)
        if subject is None:
            raise InvalidGrant(reason="not_admitted")
        if proven.generation > session.generation:
            # Only a table restored from a backup is behind its tokens.
            raise InvalidGrant(reason="generation_ahead")
        return admission, session, subject

    def _require_overlap(self, proven: ProvenRefreshToken, session: Session, received_at_ms: int) -> None:
        recent = received_at_ms - session.rotated_at_ms <= self.overlap_seconds * 1000
        if session.generation != proven.generation + 1 or not recent:
            self._end(proven.ref)

    @staticmethod
    def _live(session: Session | None, admission: Admission, now_ms: int) -> Session:
        if session is None:
            raise InvalidGrant(reason="unknown_session")
        if not is_live(session, admission, now_ms):
            raise InvalidGrant(reason="session_over")
        return session

    def _end(self, ref: SessionRef) -> NoReturn:
        ids = {"tenant_id": ref.tenant_id, "user_id": ref.user_id, "session_id": ref.session_id}
        with audit.act("refresh_token_reused", **ids, by=None):
            self.end_family(ref)
        raise RefreshTokenReused(reason="refresh_token_reused")


def require_client(session: Session, client_id: str | None) -> None:
    """Hold a session that was begun by a named client to that client.

    Raises:
        InvalidGrant: another one asks.
    """
    if client_id is not None and session.client_id not in (None, client_id):
        raise InvalidGrant(reason="other_client")


def _arrival(received_at_ms: int | None, now_ms: int) -> int:
    """Return when a request arrived; a time that no request can have waited since counts as none."""
    waited_ms = now_ms - (received_at_ms or now_ms)
    return now_ms - waited_ms if 0 <= waited_ms <= _LONGEST_WAIT_MS else now_ms
