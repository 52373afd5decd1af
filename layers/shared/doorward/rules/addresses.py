"""Which e-mail addresses a user has in which tenants, and which of them a change claims."""

from __future__ import annotations

from doorward.model import TenantId, User
from doorward.rules.names import fold_email


def addresses_of(user: User | None) -> set[tuple[TenantId, str]]:
    """Return each tenant of a user, with the folded address that the user may have there."""
    if user is None or user.email is None:
        return set()
    return {(tenant_id, fold_email(user.email)) for tenant_id in user.tenant_ids}


def claims_of(before: User, after: User | None) -> set[tuple[TenantId, str]]:
    """Return the addresses that a change claims.

    A change claims the address in each tenant that the user enters. It also claims the address in the home tenant, if
    the address or the home tenant changed.
    """
    if after is None or after.email is None:
        return set()
    address = fold_email(after.email)
    claims = {(tenant_id, address) for tenant_id in after.tenant_ids if tenant_id not in before.tenant_ids}
    moved = fold_email(before.email or "") != address or before.home_tenant_id != after.home_tenant_id
    if moved and after.tenant_ids:
        claims.add((after.home_tenant_id, address))
    return claims
