"""Policies of tenants on DynamoDB.

The policy is an item beside the tenant's. What every sign-in reads of it lies in the tenant's marker besides, which is
many copies: no item of a tenant may be read by all its sign-ins (docs/decisions/0022).
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, fields
from typing import Any

from doorward.aws.dynamodb import actions
from doorward.aws.dynamodb.database import ConditionFailed, Database
from doorward.aws.dynamodb.items import Item, policy_key
from doorward.aws.dynamodb.markers import IS_OPEN, MarkerWriter, of_tenant
from doorward.aws.dynamodb.shapes import frozen, to_sign_in_policy
from doorward.errors import Conflict, TenantNotFound
from doorward.model import NO_POLICY, Branding, TenantId, TenantPolicy


@dataclass(frozen=True, slots=True)
class DynamoPolicies:
    """Policies, to read and change them."""

    database: Database
    table: str
    markers: MarkerWriter

    def get(self, tenant_id: TenantId) -> TenantPolicy:
        """Return the policy of a tenant, from a consistent read; of one that decided nothing, the defaults."""
        return to_policy(self.database.get((self.table, policy_key(tenant_id))))

    def change(self, tenant_id: TenantId, after: TenantPolicy) -> None:
        """Store a policy. Its `version` is one more than the version of the stored policy.

        Raises:
            Conflict: another change came first.
            TenantNotFound: there is no such tenant.
        """
        head = self.markers.head(of_tenant(tenant_id))
        if head is None or head.get("leaving"):
            raise TenantNotFound
        first = after.version == 1
        when, values = (actions.ABSENT, None) if first else ("version = :before", {"before": after.version - 1})
        attributes = policy_attributes(after)
        steps = [actions.put(self.table, policy_key(tenant_id), attributes, when=when, values=values)]
        if head.get("policy") != attributes["sign_in"]:
            steps += self.markers.change(of_tenant(tenant_id), head, {"policy": attributes["sign_in"]})
        else:
            steps.append(actions.check(self.markers.table, of_tenant(tenant_id)(0), when=IS_OPEN))
        try:
            self.database.transact(steps)
        except ConditionFailed as failure:
            raise Conflict from failure


def policy_attributes(policy: TenantPolicy) -> dict[str, Any]:
    """Return the attributes of a policy's item, without its key."""
    attributes = {field.name: getattr(policy, field.name) for field in fields(policy)}
    branding = asdict(policy.branding) if policy.branding else {}
    said = {name: text for name, text in branding.items() if text is not None} or None
    changed = {name: value for name, value in asdict(policy.sign_in).items() if value != getattr(NO_POLICY, name)}
    return {**attributes, "branding": said, "sign_in": json.dumps(changed) if changed else None}


def to_policy(item: Item | None) -> TenantPolicy:
    """Return the policy of an item; without an item, the defaults."""
    if item is None:
        return TenantPolicy()
    names = {field.name for field in fields(TenantPolicy)} - {"sign_in", "branding"}
    found = {name: frozen(item[name]) for name in names if name in item}
    branding, known = item.get("branding"), {field.name for field in fields(Branding)}
    if branding is not None:
        found["branding"] = Branding(**{name: text for name, text in branding.items() if name in known})
    return TenantPolicy(sign_in=to_sign_in_policy(item.get("sign_in")), **found)
