"""Delete a user."""

from __future__ import annotations

from dataclasses import dataclass

from doorward import audit
from doorward.accounts.access import find, owns, resolve
from doorward.errors import InsufficientScope, OwnAccount
from doorward.model import Clock, Principal, UserId, UserRecord
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
        self._delete(record)
        audit.record("user_deleted", user_id=record.user.id, by=principal.user_id)

    def remove(self, user_id: UserId) -> None:
        """Delete a user with all tokens and sessions; one who is not there is no error.

        Raises:
            LastAdmin, Conflict: see `UserWriter.delete`.
        """
        record = self.reader.get(user_id)
        if record is not None:
            self._delete(record)

    def _delete(self, record: UserRecord) -> None:
        states = self.revocations.states(record.user.realms, record.user.id)
        self.writer.delete(record, cut_off_user(record.user.id, states, self.clock(), ends_sessions=True))
