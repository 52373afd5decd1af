"""Delete a user."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from doorward import audit
from doorward.accounts.access import find, owns, resolve
from doorward.errors import InsufficientScope, OwnAccount
from doorward.model import Clock, Principal, TenantId, UserId, UserRecord
from doorward.rules.revocation import cut_off_user
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
        self._delete(record, principal.keep_admin_in(record.user.tenant_ids))
        audit.record("user_deleted", user_id=record.user.id, by=principal.user_id)

    def remove_from_only(self, tenant_id: TenantId, user_id: UserId) -> None:
        """Delete a user who belongs to this tenant alone, with all tokens and sessions; others stay.

        Raises:
            LastAdmin, Conflict: see `UserWriter.delete`.
        """
        record = self.reader.get(user_id)
        if record is not None and record.user.tenant_ids == (tenant_id,) and not record.user.platform_admin:
            self._delete(record, (tenant_id,))

    def _delete(self, record: UserRecord, keep_admin_in: Collection[TenantId]) -> None:
        states = self.revocations.get_states(record.user.realms, record.user.id)
        cutoffs = cut_off_user(record.user.id, states, self.clock(), ends_sessions=True)
        self.writer.remove(record, cutoffs, keep_admin_in=keep_admin_in)
