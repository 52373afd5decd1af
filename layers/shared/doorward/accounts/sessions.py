"""Show where a user is signed in, and end it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from doorward import audit
from doorward.accounts.access import find, resolve, tenant_of
from doorward.errors import Conflict, NotFound
from doorward.model import (
    Admission,
    Clock,
    Epochs,
    Principal,
    Session,
    SessionId,
    SessionRef,
    TenantId,
    UserId,
    UserRecord,
)
from doorward.rules.names import is_ulid
from doorward.rules.revocation import cut_off_user, is_live
from doorward.stores import RevocationReader, RevocationStore, SessionStore, UserReader

MAX_SHOWN = 100
"""How many sessions of a user are shown: the newest ones."""

MAX_READ = 1000
"""How many sessions of a user in one realm are looked at, live or not, for those that are shown."""

_PAGE = 100
_TRIES = 3


@dataclass(frozen=True, slots=True)
class AdministerSessions:
    """Shows and ends sessions of one user.

    Users see and end their own sessions, in all their tenants. Administrators of one tenant act in that tenant alone:
    they see the user's sessions there, and end these without the rest of their families. Platform administrators see
    and end all.
    """

    users: UserReader
    sessions: SessionStore
    revoked: RevocationReader
    revocations: RevocationStore
    clock: Clock

    def many(self, principal: Principal, user_id: str) -> tuple[Session, ...]:
        """Return the live sessions of a user that the caller may see, the newest sign-in first, at most 100.

        Raises:
            InsufficientScope: the caller is no administrator and asks for somebody else.
            NotFound: there is no such user, or only in tenants that are not the caller's.
        """
        record = find(self.users, principal, resolve(principal, user_id))
        found = [session for realm in _realms(principal, record) for session in self._live(realm, record.user.id)]
        newest = sorted(found, key=lambda one: (one.created_at_ms, one.ref.session_id), reverse=True)
        return tuple(newest[:MAX_SHOWN])

    def end(self, principal: Principal, user_id: str, session_id: str) -> None:
        """End a session. Its access tokens are refused from the next request on.

        Raises:
            InsufficientScope: the caller is no administrator and asks for somebody else.
            NotFound: there is no such user or session that the caller may see, or the session is over.
            Conflict: others changed the session at the same moment, many times.
        """
        record = find(self.users, principal, resolve(principal, user_id))
        realms = _realms(principal, record) if is_ulid(session_id) else ()
        refs = (SessionRef(realm, record.user.id, SessionId(session_id)) for realm in realms)
        ref = next(filter(self._lives, refs), None)
        if ref is None:
            raise NotFound
        whole = _is_unbound(principal, record)
        with audit.act(
            "session_ended",
            tenant_id=ref.tenant_id,
            user_id=ref.user_id,
            session_id=ref.session_id,
            by=principal.user_id,
            whole_family=whole,
        ):
            if whole:
                self.sessions.end_family(ref, self.clock())
            else:
                self.sessions.revoke(ref, self.clock())

    def end_all(self, principal: Principal, user_id: str) -> None:
        """End all sessions of a user that the caller may end, also those that a list does not show.

        Raises:
            InsufficientScope: the caller is no administrator and asks for somebody else.
            NotFound: there is no such user, or only in tenants that are not the caller's.
            Conflict: another general revocation happened at the same moment, three times.
        """
        record = find(self.users, principal, resolve(principal, user_id))
        everywhere, tenant_id = _is_unbound(principal, record), tenant_of(principal, record)
        ids = {"tenant_id": tenant_id, "user_id": record.user.id, "by": principal.user_id}
        with audit.act("sessions_ended", **ids, everywhere=everywhere):
            self._cut_off(record.user.id, _realms(principal, record))

    def end_others(self, principal: Principal) -> None:
        """End all sessions of the caller but the one that the caller acts with, also those that a list does not show.

        Sessions of its family in other tenants end too; from the one that goes on, a switch leads there again.

        Raises:
            NotFound: the caller is no user.
            Conflict: another general revocation happened at the same moment, three times, or the session ended.
        """
        record = find(self.users, principal, principal.user_id)
        with audit.act(
            "sessions_ended",
            tenant_id=principal.tenant_id,
            user_id=record.user.id,
            by=principal.user_id,
            spared=principal.session_id,
        ):
            self._cut_off(record.user.id, record.user.realms, principal.session_ref)

    def _live(self, tenant_id: TenantId, user_id: UserId) -> list[Session]:
        found = self.revoked.get(tenant_id, user_id)
        admission = Admission(
            epochs=Epochs(found.user.min_epoch, found.tenant_min_epoch, found.deployment_min_epoch),
            sessions_from=found.user.sessions_min_epoch,
        )
        live: list[Session] = []
        for records in self._pages(tenant_id, user_id):
            live += [session for session in records if is_live(session, admission, self.clock())]
            if len(live) >= MAX_SHOWN:
                break
        return live

    def _pages(self, tenant_id: TenantId, user_id: UserId) -> Iterator[tuple[Session, ...]]:
        # Whoever signs in and out a hundred times must not push an older session out of sight.
        after = None
        for _ in range(MAX_READ // _PAGE):
            page = self.sessions.list_by_user(tenant_id, user_id, _PAGE, after)
            yield page.records
            after = page.after
            if after is None:
                return

    def _lives(self, ref: SessionRef) -> bool:
        admission = self.sessions.get_admission(ref)
        return admission.session is not None and is_live(admission.session, admission, self.clock())

    def _cut_off(self, user_id: UserId, realms: tuple[TenantId, ...], spared: SessionRef | None = None) -> None:
        for remaining in reversed(range(_TRIES if realms else 0)):
            now_ms = self.clock()
            states = self.revocations.get_states(realms, user_id)
            cutoffs = cut_off_user(user_id, states, now_ms, ends_sessions=True, spared=spared)
            try:
                self.revocations.cut_off(cutoffs, now_ms)
            except Conflict:
                if not remaining:
                    raise
            else:
                return


def _is_unbound(principal: Principal, record: UserRecord) -> bool:
    """Return whether the caller acts in all tenants of the user: as that user, or for the platform."""
    return principal.user_id == record.user.id or principal.is_platform_admin


def _realms(principal: Principal, record: UserRecord) -> tuple[TenantId, ...]:
    """Return the realms in which the caller may see and end the user's sessions."""
    return record.user.realms if _is_unbound(principal, record) else (principal.tenant_id,)
