"""Delete a tenant, in steps that can be repeated."""

from __future__ import annotations

from dataclasses import dataclass

from doorward import audit
from doorward.accounts.delete import RemoveUser
from doorward.accounts.membership import AssignTenants
from doorward.errors import Conflict, NotFound, TenantActive
from doorward.model import PLATFORM, Clock, Principal, TenantId, UserRecord
from doorward.model.leaving import Remnant
from doorward.rules.tenancy import require_platform_admin
from doorward.stores import TenantStore, UserReader

MAX_USERS = 25
"""How many users one call removes at most."""

_LONGEST_MS = 4000
"""How long one call removes users: far less than a function may run."""


@dataclass(frozen=True, slots=True)
class RemoveTenant:
    """Deletes tenants. Each call does a bounded part, and any call goes on where another one ended or was killed."""

    tenants: TenantStore
    reader: UserReader
    remove_user: RemoveUser
    assign: AssignTenants
    clock: Clock

    def __call__(self, principal: Principal, tenant_id: TenantId) -> Remnant | None:
        """Delete a disabled tenant, or a part of it, on behalf of a platform administrator.

        Users who are in no other tenant are deleted, others lose the membership.

        Returns:
            What is left; None if nothing is.

        Raises:
            InsufficientScope: the caller is no platform administrator.
            NotFound: there is no such tenant.
            TenantActive: the tenant is not disabled.
            Conflict: somebody changed the tenant at the same moment.
        """
        require_platform_admin(principal)
        tenant = self.tenants.get(tenant_id) if tenant_id != PLATFORM else None
        if tenant is None:
            raise NotFound
        if tenant.status != "disabled":
            raise TenantActive
        if tenant.deletion_began_at_ms is None:
            with audit.act("tenant_deletion_began", tenant_id=PLATFORM, deleted_id=tenant_id, by=principal.user_id):
                tenant = self.tenants.begin_removal(tenant, self.clock())
        left = self._go_on(tenant.id)
        if left is None:
            with audit.act("tenant_deleted", tenant_id=PLATFORM, deleted_id=tenant_id, by=principal.user_id):
                self.tenants.end_removal(tenant)
        return left

    def _go_on(self, tenant_id: TenantId) -> Remnant | None:
        """Do the next part, and return what is left."""
        return "users" if self._remove_users(tenant_id) else self.remove_user.belongings.erase_tenant(tenant_id)

    def _remove_users(self, tenant_id: TenantId) -> bool:
        """Remove some users, and return whether there may be more."""
        until_ms = self.clock() + _LONGEST_MS
        page = self.reader.list_by_tenant(tenant_id, MAX_USERS, None)
        left = page.after is not None
        for record in page.records:
            if self.clock() > until_ms:
                return True
            try:
                self._remove(tenant_id, record)
            except Conflict:  # somebody changed the user: the next call sees how
                left = True
        return left

    def _remove(self, tenant_id: TenantId, record: UserRecord) -> None:
        user = record.user
        if user.tenant_ids == (tenant_id,) and not user.platform_admin:
            self.remove_user.with_tenant(record, tenant_id)
            return
        self.remove_user.belongings.erase_in(tenant_id, user.id)
        self.assign.leave(record, tenant_id, keep_admin_in=(), keeps_address=False)
