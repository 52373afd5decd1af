"""Create, read, change, disable and enable tenants."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from doorward import audit
from doorward.errors import Conflict, InsufficientScope, NotFound
from doorward.model import PLATFORM, Clock, Principal, Tenant, TenantId
from doorward.rules.fields import TENANT, TENANT_CHANGES, Relation
from doorward.rules.names import check_display_name
from doorward.rules.tenancy import is_admin, require_platform_admin
from doorward.stores import Page, TenantStore


@dataclass(frozen=True, slots=True)
class AdministerTenants:
    """Tenants on behalf of a caller: platform administrators manage all, members read their own.

    A tenant's administrators change its metadata.
    """

    tenants: TenantStore
    clock: Clock

    def create(self, principal: Principal, tenant_id: TenantId, name: str | None) -> Tenant:
        """Create a tenant.

        Raises:
            InsufficientScope: the caller is no platform administrator.
            UnacceptableName: the name is not printable.
            TenantTaken: the id was ever given.
        """
        require_platform_admin(principal)
        tenant = Tenant(tenant_id, check_display_name(name) if name else tenant_id, "active", self.clock())
        with audit.act("tenant_created", tenant_id=tenant_id, by=principal.user_id):
            self.tenants.add(tenant)
        return tenant

    def one(self, principal: Principal, tenant_id: TenantId) -> Tenant:
        """Return a tenant: any for platform administrators, the own for its members.

        Raises:
            NotFound: there is none, or it is another's.
        """
        own = principal.tenant_id == tenant_id and tenant_id != PLATFORM
        tenant = self.tenants.get(tenant_id) if own or principal.is_platform_admin else None
        if tenant is None:
            raise NotFound
        return tenant

    def many(self, principal: Principal, limit: int, after: str | None) -> Page[Tenant]:
        """Return a page of all tenants.

        Raises:
            InsufficientScope: the caller is no platform administrator.
        """
        require_platform_admin(principal)
        return self.tenants.list_all(limit, after)

    def change(self, principal: Principal, tenant_id: TenantId, values: Mapping[str, Any]) -> Tenant:
        """Change a tenant; disabling the tenant ends all its sessions and tokens, and enabling revives none.

        Args:
            principal: the caller.
            tenant_id: the tenant.
            values: field to new value; `doorward.rules.fields` says which fields.

        Raises:
            InsufficientScope: the caller may not change this.
            NotFound: there is no such tenant.
            UnacceptableName, InvalidRequest: a value breaks a rule.
            Conflict: somebody changed the tenant at the same moment, or its deletion began.
        """
        relation = relation_to_tenant(principal, tenant_id)
        if not all(relation in TENANT[name].changed_by for name in values):
            raise InsufficientScope
        before = self.one(principal, tenant_id)
        if before.deletion_began_at_ms is not None:
            raise Conflict("The deletion of this tenant began, and it is not taken back.")
        checked = {name: TENANT[name].checked(value) for name, value in values.items() if name in TENANT_CHANGES}
        after = replace(before, version=before.version + 1, **checked)
        names = ",".join(sorted(checked))
        with audit.act("tenant_changed", tenant_id=tenant_id, status=after.status, by=principal.user_id, fields=names):
            self.tenants.change(before, after, self.clock())
        return after


def relation_to_tenant(principal: Principal, tenant_id: TenantId) -> Relation:
    """Return what the caller is to a tenant; for one of another tenant, a member, who changes nothing."""
    if principal.is_platform_admin:
        return Relation.PLATFORM
    return Relation.ADMIN if is_admin(principal, tenant_id) else Relation.MEMBER
