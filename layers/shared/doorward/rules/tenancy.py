"""Who is let into a tenant, with which roles, and who may do what there."""

from __future__ import annotations

import re
from collections.abc import Iterable

from doorward.errors import InsufficientScope, InvalidRequest, NotFound
from doorward.model import (
    ADMIN,
    PLATFORM,
    PLATFORM_ADMIN,
    SERVICE,
    Admission,
    Principal,
    SessionRef,
    Subject,
    TenantId,
    UserRecord,
)

RESERVED_ROLES = frozenset({SERVICE, PLATFORM_ADMIN})
MAX_ROLES = 20

_ROLE = re.compile(r"[a-z][a-z0-9_.:-]{0,63}")


def admitted_roles(admission: Admission, tenant_id: TenantId) -> tuple[str, ...] | None:
    """Return the roles with which a user enters a realm, or None if the user is not let in.

    Args:
        admission: user, membership and tenant as they are now.
        tenant_id: the realm; PLATFORM admits platform administrators alone.
    """
    user, member = admission.user, admission.membership
    if user is None or user.status != "active":
        return None
    platform = (PLATFORM_ADMIN,) if user.platform_admin else ()
    if tenant_id == PLATFORM:
        return platform or None
    if admission.tenant_status != "active" or member is None or member.status != "active":
        return None
    return (*member.roles, *platform)


def admitted_subject(admission: Admission, ref: SessionRef) -> Subject | None:
    """Return who enters a realm with a session, or None if the user is not let in.

    Args:
        admission: user, membership and tenant as they are now.
        ref: the session, which names the realm.
    """
    roles = admitted_roles(admission, ref.tenant_id)
    if roles is None or admission.user is None:
        return None
    return Subject(ref.user_id, admission.user.username, ref.tenant_id, roles, ref.session_id)


def administers(record: UserRecord | None, tenant_id: TenantId) -> bool:
    """Return whether a user is an active administrator of a tenant."""
    if record is None or record.user.status != "active":
        return False
    member = record.membership(tenant_id)
    return member is not None and member.status == "active" and ADMIN in member.roles


def changes_of_administrators(before: UserRecord | None, after: UserRecord | None) -> dict[TenantId, int]:
    """Return by how many the active administrators of each tenant change."""
    tenant_ids = {member.tenant_id for record in (before, after) if record for member in record.memberships}
    changes = {
        tenant_id: administers(after, tenant_id) - administers(before, tenant_id) for tenant_id in sorted(tenant_ids)
    }
    return {tenant_id: change for tenant_id, change in changes.items() if change}


def require_platform_admin(principal: Principal) -> None:
    """Let a platform administrator pass.

    Raises:
        InsufficientScope: the caller is none.
    """
    if not principal.is_platform_admin:
        raise InsufficientScope


def require_admin(principal: Principal, tenant_id: TenantId) -> None:
    """Let a platform administrator or an administrator of the tenant pass.

    Raises:
        InsufficientScope: the caller is neither.
    """
    if not is_admin(principal, tenant_id):
        raise InsufficientScope


def require_member(principal: Principal, tenant_id: TenantId) -> None:
    """Let those pass who act in the tenant that a path names.

    Raises:
        NotFound: the caller acts elsewhere; another's tenant is the same as none.
    """
    if principal.tenant_id != tenant_id or tenant_id == PLATFORM:
        raise NotFound


def require_own_admin(principal: Principal, tenant_id: TenantId) -> None:
    """Let an administrator of the tenant that a path names pass, or a platform administrator.

    Raises:
        NotFound: the caller acts in another tenant.
        InsufficientScope: the caller has not the role.
    """
    if not principal.is_platform_admin:
        require_member(principal, tenant_id)
    require_admin(principal, tenant_id)


def is_admin(principal: Principal, tenant_id: TenantId) -> bool:
    """Return whether the caller administers the tenant, as its own or the platform's administrator."""
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
