"""Tenants on DynamoDB."""

from __future__ import annotations

from dataclasses import dataclass

from doorward.aws.dynamodb import actions
from doorward.aws.dynamodb.database import ConditionFailed, Database
from doorward.aws.dynamodb.items import tenant_key, tenant_revocations_key
from doorward.aws.dynamodb.revocations import RevocationWriter
from doorward.aws.dynamodb.shapes import tenant_attributes, to_tenant
from doorward.aws.dynamodb.users import LISTING_INDEX
from doorward.errors import Conflict, TenantTaken
from doorward.model import Tenant, TenantId
from doorward.rules.revocation import next_epoch
from doorward.stores import Page


@dataclass(frozen=True, slots=True)
class DynamoTenants:
    """Tenants, and the cutoff that is written when a tenant is disabled."""

    database: Database
    table: str
    revocations: RevocationWriter

    def add(self, tenant: Tenant) -> None:
        """Store a new tenant.

        Raises:
            TenantTaken: a tenant has this id already.
        """
        action = actions.put(self.table, tenant_key(tenant.id), tenant_attributes(tenant), when=actions.ABSENT)
        try:
            self.database.transact([action])
        except ConditionFailed as failure:
            raise TenantTaken from failure

    def get(self, tenant_id: TenantId) -> Tenant | None:
        """Return a tenant, from a consistent read."""
        return to_tenant(self.database.get((self.table, tenant_key(tenant_id))))

    def list_all(self, limit: int, after: str | None) -> Page[Tenant]:
        """Return tenants in the order of their ids.

        A new tenant may appear a moment late.
        """
        start = {"listing": "tenants", **tenant_key(TenantId(after))} if after else None
        items, last = self.database.query(
            self.table, partition="tenants", prefix="tenant#", limit=limit, after=start, index=LISTING_INDEX
        )
        tenants = tuple(tenant for tenant in map(to_tenant, items) if tenant is not None)
        return Page(tenants, tenants[-1].id if last and tenants else None)

    def change(self, before: Tenant, after: Tenant, now_ms: int) -> None:
        """Replace a tenant that was read as `before`.

        Disabling a tenant cuts off all its tokens and sessions.

        Raises:
            Conflict: somebody changed the tenant meanwhile.
        """
        steps = [
            actions.update(
                self.table,
                tenant_key(after.id),
                assign=tenant_attributes(after),
                when="version = :version",
                values={"version": before.version},
            )
        ]
        if after.status == "disabled" and before.status != "disabled":
            item = self.database.get((self.revocations.table, tenant_revocations_key(after.id))) or {}
            at = next_epoch(item.get("min_epoch", 0), now_ms)
            steps.append(self.revocations.tenant_action(after.id, at, now_ms))
        try:
            self.database.transact(steps)
        except ConditionFailed as failure:
            raise Conflict from failure
