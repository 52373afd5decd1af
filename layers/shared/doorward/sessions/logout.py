"""Sign out: end one session, or all of a user's."""

from __future__ import annotations

from dataclasses import dataclass

from doorward import audit
from doorward.errors import Conflict
from doorward.model import Clock, Principal, is_service
from doorward.rules.revocation import cut_off_user
from doorward.stores import RevocationStore, SessionStore, UserReader

_TRIES = 3


@dataclass(frozen=True, slots=True)
class LogOut:
    """Ends sessions; their access tokens are refused from the next request on."""

    sessions: SessionStore
    revocations: RevocationStore
    users: UserReader
    clock: Clock

    def __call__(self, principal: Principal, *, everywhere: bool = False) -> None:
        """End the caller's session, and all others of its family.

        Args:
            principal: the caller.
            everywhere: end all of the user's sessions, in every tenant.

        Raises:
            Conflict: another general revocation happened at the same moment, three times.
        """
        with audit.act(
            "signed_out",
            tenant_id=principal.tenant_id,
            user_id=principal.user_id,
            session_id=principal.session_id,
            everywhere=everywhere,
        ):
            # One token of a service does not speak for the others.
            if everywhere and not is_service(principal.user_id):
                self._end_all(principal)
            end = self.sessions.revoke if is_service(principal.user_id) else self.sessions.end_family
            end(principal.session_ref, self.clock())

    def _end_all(self, principal: Principal) -> None:
        record = self.users.get(principal.user_id)
        realms = set(record.user.realms if record else ()) | {principal.tenant_id}
        for remaining in reversed(range(_TRIES)):
            now_ms = self.clock()
            states = self.revocations.get_states(realms, principal.user_id)
            try:
                self.revocations.cut_off(cut_off_user(principal.user_id, states, now_ms, ends_sessions=True), now_ms)
            except Conflict:
                if not remaining:
                    raise
            else:
                return
