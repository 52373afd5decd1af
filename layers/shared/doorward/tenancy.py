"""Who is let into a tenant, with which roles, and who may do what there."""

from __future__ import annotations

import re
from collections.abc import Iterable

from doorward.errors import InsufficientScope, InvalidRequest
from doorward.model import ADMIN, PLATFORM, PLATFORM_ADMIN, SERVICE, Principal, Snapshot, TenantId

RESERVED_ROLES = frozenset({SERVICE, PLATFORM_ADMIN})
MAX_ROLES = 20

_ROLE = re.compile(r"[a-z][a-z0-9_.:-]{0,63}")


def admitted_roles(snapshot: Snapshot, tenant_id: TenantId) -> tuple[str, ...] | None:
    """Return the roles with which a user enters a realm, or None if he does not.

    Args:
        snapshot: user, membership and tenant as they are now.
        tenant_id: the realm; PLATFORM admits platform administrators alone.
    """
    user, member, tenant = snapshot.user, snapshot.membership, snapshot.tenant
    if user is None or user.status != "active":
        return None
    platform = (PLATFORM_ADMIN,) if user.platform_admin else ()
    if tenant_id == PLATFORM:
        return platform or None
    if tenant is None or tenant.status != "active" or member is None or member.status != "active":
        return None
    return (*member.roles, *platform)


def require_admin(principal: Principal, tenant_id: TenantId) -> None:
    """Let a platform administrator or an administrator of the tenant pass.

    Raises:
        InsufficientScope: the caller is neither.
    """
    if not is_admin(principal, tenant_id):
        raise InsufficientScope


def is_admin(principal: Principal, tenant_id: TenantId) -> bool:
    """Tell whether the caller administers the tenant, as its own or the platform's administrator."""
    own = ADMIN in principal.roles and principal.tenant_id == tenant_id and tenant_id != PLATFORM
    return own or principal.is_platform_admin


def check_roles(roles: Iterable[str]) -> tuple[str, ...]:
    """Return roles fit for a membership, sorted and without repetition.

    Raises:
        InvalidRequest: a role is malformed or reserved, or there are too many.
    """
    distinct = tuple(sorted(set(roles)))
    if len(distinct) > MAX_ROLES:
        raise InvalidRequest(f"A membership has at most {MAX_ROLES} roles.")
    for role in distinct:
        if not _ROLE.fullmatch(role):
            raise InvalidRequest("A role has 1 to 64 of a-z, 0-9, _ . : and -, and begins with a letter.")
        if role in RESERVED_ROLES:
            raise InvalidRequest(f"The role {role} cannot be given to a member.")
    return distinct
