"""Read and change what a tenant decides for itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from doorward import audit
from doorward.errors import NotFound
from doorward.model import Clock, Principal, TenantId, TenantPolicy
from doorward.rules.factors import require_sure
from doorward.rules.policy import Bounds, changed_policy
from doorward.rules.tenancy import require_own_admin
from doorward.stores import PolicyStore, TenantStore


@dataclass(frozen=True, slots=True)
class AdministerPolicies:
    """Policies on behalf of the administrators of a tenant and of the platform."""

    policies: PolicyStore
    tenants: TenantStore
    bounds: Bounds
    clock: Clock

    def get(self, principal: Principal, tenant_id: TenantId) -> TenantPolicy:
        """Return the policy of a tenant; of one that decided nothing, the defaults.

        Raises:
            InsufficientScope, NotFound: the caller does not administer this tenant.
        """
        require_own_admin(principal, tenant_id)
        if self.tenants.get(tenant_id) is None:
            raise NotFound
        return self.policies.get(tenant_id)

    def change(self, principal: Principal, tenant_id: TenantId, values: Mapping[str, Any]) -> TenantPolicy:
        """Change members of a policy. Every sign-in and every refresh from then on goes by it.

        Args:
            principal: the caller.
            tenant_id: the tenant.
            values: member to new value; None gives the default back. `doorward.rules.policy` says which values.

        Raises:
            InsufficientScope, NotFound: the caller does not administer this tenant.
            InsufficientAuthentication: the caller's sign-in is older than an hour, or not sure enough.
            InvalidRequest, UnacceptableName: a value breaks a rule.
            Conflict: somebody changed the policy at the same moment.
        """
        before, now_ms = self.get(principal, tenant_id), self.clock()
        require_sure(principal, now_ms)
        after = changed_policy(before, values, self.bounds, now_ms)
        names = ",".join(sorted(values))
        with audit.act("policy_changed", tenant_id=tenant_id, by=principal.user_id, members=names):
            self.policies.change(tenant_id, after)
        return after
