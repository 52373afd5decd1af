"""Tenants on DynamoDB."""

from __future__ import annotations

from dataclasses import dataclass, replace

from doorward.aws.dynamodb import actions
from doorward.aws.dynamodb.database import Action, ConditionFailed, Database
from doorward.aws.dynamodb.items import tenant_key
from doorward.aws.dynamodb.listing import list_page
from doorward.aws.dynamodb.markers import of_deployment, of_tenant
from doorward.aws.dynamodb.revocations import RevocationWriter
from doorward.aws.dynamodb.shapes import tenant_attributes, to_tenant
from doorward.errors import Conflict, NotInitialised, TenantTaken
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
            NotInitialised: the deployment has no marker.
            Conflict: the number of the markers' copies changed at the same moment.
        """
        markers = self.revocations.markers
        deployment = markers.head(of_deployment)
        if deployment is None:
            raise NotInitialised(reason="no_marker")
        shards = deployment["shards"]
        steps = [
            actions.put(self.table, tenant_key(tenant.id), tenant_attributes(tenant), when=actions.ABSENT),
            # Who gives markers more copies begins with the deployment's: no tenant may get too few afterwards.
            actions.check(self.revocations.table, of_deployment(0), when="shards = :shards", values={"shards": shards}),
            *markers.first(of_tenant(tenant.id), shards, {"status": tenant.status}),
        ]
        try:
            self.database.transact(steps)
        except ConditionFailed as failure:
            raise (Conflict if failure.failed == (1,) else TenantTaken) from failure

    def get(self, tenant_id: TenantId) -> Tenant | None:
        """Return a tenant, from a consistent read."""
        return to_tenant(self.database.get((self.table, tenant_key(tenant_id))))

    def list_all(self, limit: int, after: str | None) -> Page[Tenant]:
        """Return tenants in the order of their ids.

        A new tenant may appear a moment late.
        """
        start = tenant_key(TenantId(after)) if after else None
        items, more = list_page(self.database, self.table, "tenants", limit, start)
        tenants = tuple(tenant for tenant in map(to_tenant, items) if tenant is not None)
        return Page(tenants, tenants[-1].id if more and tenants else None)

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
        if after.status != before.status:
            steps += self._mark(after, now_ms)
        try:
            self.database.transact(steps)
        except ConditionFailed as failure:
            raise Conflict from failure

    def begin_removal(self, before: Tenant, now_ms: int) -> Tenant:
        """Let nobody and nothing come into a disabled tenant any more, and cut off its tokens once more.

        Raises:
            Conflict: somebody changed the tenant meanwhile.
        """
        after = replace(before, version=before.version + 1, deletion_began_at_ms=now_ms)
        step = actions.update(
            self.table,
            tenant_key(after.id),
            assign=tenant_attributes(after),
            when="version = :version",  # and so the tenant is disabled, as it was read
            values={"version": before.version},
        )
        try:
            self.database.transact([step, *self._mark(after, now_ms, leaving=True)])
        except ConditionFailed as failure:
            raise Conflict from failure
        return after

    def end_removal(self, tenant: Tenant) -> None:
        """Keep of a tenant whose removal began the id alone, so that it is never given again.

        Raises:
            Conflict: somebody changed the tenant meanwhile.
        """
        key, values = tenant_key(tenant.id), {"version": tenant.version}
        when = "version = :version AND attribute_exists(deletion_began_at_ms)"
        try:
            self.database.transact([actions.put(self.table, key, {}, when=when, values=values)])
        except ConditionFailed as failure:
            raise Conflict from failure

    def _mark(self, tenant: Tenant, now_ms: int, *, leaving: bool | None = None) -> list[Action]:
        """Return the actions that tell every request of the tenant's new status."""
        markers, key_of = self.revocations.markers, of_tenant(tenant.id)
        head = markers.head(key_of)
        if head is None:
            raise NotInitialised(reason="no_marker")
        cutoff = {} if tenant.status == "active" else {"min_epoch": next_epoch(head["min_epoch"], now_ms)}
        return markers.change(key_of, head, {"status": tenant.status, "leaving": leaving, **cutoff})
