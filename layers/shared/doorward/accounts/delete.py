"""Delete a user."""

from __future__ import annotations

from dataclasses import dataclass

from doorward import audit
from doorward.accounts.access import find, owns, resolve
from doorward.errors import InsufficientScope, OwnAccount
from doorward.model import Clock, Principal
from doorward.revocation import cut_off_user
from doorward.stores import RevocationStore, UserReader, UserWriter


@dataclass(frozen=True, slots=True)
class DeleteUser:
    """Removes users; their names are never given again."""

    reader: UserReader
    writer: UserWriter
    revocations: RevocationStore
    clock: Clock

    def __call__(self, principal: Principal, user_id: str) -> None:
        """Delete a user on behalf of an administrator of the home tenant or the platform.

        Raises:
            OwnAccount: administrators do not delete themselves.
            InsufficientScope, NotFound: the caller may not see or not delete this.
            Conflict: somebody changed the user at the same moment.
        """
        record = find(self.reader, principal, resolve(principal, user_id))
        if not owns(principal, record.user):
            raise InsufficientScope
        if record.user.id == principal.user_id:
            raise OwnAccount
        now_ms = self.clock()
        states = self.revocations.states(record.user.realms, record.user.id)
        self.writer.delete(record, cut_off_user(record.user.id, states, now_ms, ends_sessions=True))
        audit.record("user_deleted", user_id=record.user.id, by=principal.user_id)
