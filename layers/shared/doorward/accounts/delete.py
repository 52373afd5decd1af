"""Delete a user."""

from __future__ import annotations

from collections.abc import Collection
from contextlib import AbstractContextManager
from dataclasses import dataclass

from doorward import audit
from doorward.accounts.access import find, owns, resolve, tenant_of
from doorward.accounts.prove import ProvePassword
from doorward.errors import InsufficientScope, NotFound, OwnAccount
from doorward.model import Clock, Principal, TenantId, UserId, UserRecord
from doorward.model.proofs import ProofChanges
from doorward.rules.names import is_ulid
from doorward.rules.revocation import cut_off_user
from doorward.rules.tenancy import is_admin
from doorward.stores import BelongingsStore, RevocationStore, UserReader, UserWriter
from doorward.tokens.proofs import Notices


@dataclass(frozen=True, slots=True)
class RemoveUser:
    """Removes users and erases what names them. Their names are never given again.

    One transaction removes the account, ends all access and stores the mail that says so. What else is stored is erased
    afterwards. If that fails, it is remembered, and any repetition goes on.
    """

    writer: UserWriter
    revocations: RevocationStore
    belongings: BelongingsStore
    notices: Notices
    clock: Clock

    def __call__(self, record: UserRecord, keep_admin_in: Collection[TenantId] | None) -> None:
        """Remove a user as it was read.

        Raises:
            LastAdmin, Conflict: see `UserWriter.remove`.
        """
        self._remove(record, keep_admin_in, erased=False)
        self.belongings.erase(record.user.id)

    def with_tenant(self, record: UserRecord, tenant_id: TenantId) -> None:
        """Remove a user whose only tenant is being deleted.

        Nobody begins a session in a disabled tenant. So all else is erased first, and a repetition finds the user.

        Raises:
            Conflict: see `UserWriter.remove`.
        """
        self.belongings.erase_in(tenant_id, record.user.id)
        self._remove(record, (), erased=True)

    def from_only(self, reader: UserReader, tenant_id: TenantId, user_id: UserId) -> None:
        """Remove a user who belongs to this tenant alone, with all tokens and sessions; others stay.

        A user who was removed, and of whom something is left, is erased to the end.

        Raises:
            LastAdmin, Conflict: see `UserWriter.remove`.
        """
        record = reader.get(user_id)
        if record is None:
            self.belongings.erase(user_id)
        elif record.user.tenant_ids == (tenant_id,) and not record.user.platform_admin:
            self(record, (tenant_id,))

    def _remove(self, record: UserRecord, keep_admin_in: Collection[TenantId] | None, *, erased: bool) -> None:
        user = record.user
        states = self.revocations.get_states(user.realms, user.id)
        cutoffs = cut_off_user(user.id, states, self.clock(), ends_sessions=True)
        told = ProofChanges(made=self.notices("account_deleted", user))
        self.writer.remove(record, cutoffs, keep_admin_in=keep_admin_in, proofs=told, erased=erased)


@dataclass(frozen=True, slots=True)
class DeleteUser:
    """Deletes users on behalf of callers."""

    reader: UserReader
    remove: RemoveUser
    prove: ProvePassword

    def __call__(self, principal: Principal, user_id: str, current_password: str | None = None) -> None:
        """Delete a user on behalf of an administrator of the home tenant or the platform, or of the user.

        A user who was removed, and of whom something is left, is erased to the end.

        Args:
            principal: the caller.
            user_id: the user, or `me`.
            current_password: the caller's, who leaves.

        Raises:
            InvalidRequest, WrongPassword, TooManyAttempts: a user who leaves did not prove the password.
            OwnAccount: administrators of the platform do not delete themselves.
            InsufficientScope, NotFound: the caller may not see or not delete this.
            LastAdmin, Conflict: see `UserWriter.remove`.
        """
        wanted = resolve(principal, user_id)
        if self._goes_on(principal, wanted):
            return
        record = find(self.reader, principal, wanted)
        if record.user.id == principal.user_id:
            self._leave(principal, record, current_password)
            return
        if not owns(principal, record.user):
            raise InsufficientScope
        with _deletion(principal, record):
            self.remove(record, principal.keep_admin_in(record.user.tenant_ids))

    def _leave(self, principal: Principal, record: UserRecord, current_password: str | None) -> None:
        if record.user.platform_admin:
            raise OwnAccount("Another administrator of the platform deletes this account.")
        self.prove(principal, current_password, "Deleting your account")
        with _deletion(principal, record):
            self.remove(record, None)

    def _goes_on(self, principal: Principal, user_id: UserId) -> bool:
        """Erase what is left of a user who was removed, and return whether something was."""
        if user_id == principal.user_id or not is_ulid(user_id) or not is_admin(principal, principal.tenant_id):
            return False
        leaving = self.remove.belongings.get_leaving(user_id)
        if leaving is None:
            return False
        if not is_admin(principal, leaving.home_tenant_id):
            raise NotFound
        self.remove.belongings.erase(user_id)
        return True


def _deletion(principal: Principal, record: UserRecord) -> AbstractContextManager[audit.Act]:
    """Return what records the deletion of a user, whose name nobody can look up afterwards."""
    ids = {"tenant_id": tenant_of(principal, record), "user_id": record.user.id, "by": principal.user_id}
    return audit.act("user_deleted", target_name=record.user.username, **ids)
