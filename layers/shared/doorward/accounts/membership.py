"""Assign users to tenants, and remove them."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace

from doorward import audit
from doorward.accounts.access import VisibleUser, find, resolve, show
from doorward.errors import EmailTaken, InvalidRequest, NotFound
from doorward.model import Clock, Membership, Principal, TenantId, User, UserRecord
from doorward.rules.factors import require_sure
from doorward.rules.revocation import cut_off_user
from doorward.rules.tenancy import check_roles, require_platform_admin
from doorward.stores import RevocationStore, UserReader, UserWriter

MAX_TENANTS = 20
"""The tenants of one user: all of them change in one transaction of at most 100 items."""


@dataclass(frozen=True, slots=True)
class AssignTenants:
    """Changes in which tenants a user is; only platform administrators join users and tenants."""

    reader: UserReader
    writer: UserWriter
    revocations: RevocationStore
    clock: Clock

    def put(self, principal: Principal, user_id: str, tenant_id: TenantId, roles: tuple[str, ...]) -> VisibleUser:
        """Assign a user to a tenant with these roles, in place of the roles there so far.

        The first tenant is the home tenant.

        Raises:
            InsufficientScope: the caller is no platform administrator.
            InsufficientAuthentication: the caller's sign-in is older than an hour, or not sure enough.
            NotFound: there is no such user or tenant.
            InvalidRequest: a role breaks a rule, or the user has 20 tenants.
            EmailTaken: another user of the tenant has the same address.
            LastAdmin, Conflict: see `UserWriter.change`.
        """
        before = self._find(principal, user_id)
        require_sure(principal, self.clock())
        old = before.membership(tenant_id)
        if old is None and len(before.memberships) >= MAX_TENANTS:
            raise InvalidRequest(f"A user is in at most {MAX_TENANTS} tenants.")
        new = Membership(
            tenant_id=tenant_id,
            user_id=before.user.id,
            roles=check_roles(roles),
            status=old.status if old else "active",
            created_at_ms=old.created_at_ms if old else self.clock(),
        )
        if new == old:
            return show(principal, before)
        others = [member for member in before.memberships if member.tenant_id != tenant_id]
        members = [new if member == old else member for member in before.memberships] if old else [*others, new]
        with audit.act("membership_put", user_id=before.user.id, tenant_id=tenant_id, by=principal.user_id):
            after = self._store(before, tuple(members), (tenant_id,), ends_sessions=False)
        return show(principal, after)

    def remove(self, principal: Principal, user_id: str, tenant_id: TenantId) -> None:
        """Remove a user from a tenant; all sessions and tokens there end.

        If it was the home tenant, the next one is home.

        Raises:
            InsufficientScope: the caller is no platform administrator.
            NotFound: there is no such user, or not in this tenant.
            LastAdmin, Conflict: see `UserWriter.change`.
        """
        before = self._find(principal, user_id)
        if before.membership(tenant_id) is None:
            raise NotFound
        with audit.act("membership_removed", user_id=before.user.id, tenant_id=tenant_id, by=principal.user_id):
            self.leave(before, tenant_id)

    def leave(
        self,
        before: UserRecord,
        tenant_id: TenantId,
        keep_admin_in: Collection[TenantId] | None = None,
        *,
        keeps_address: bool = True,
    ) -> None:
        """Remove a user from a tenant as the user was read, on nobody's behalf.

        Args:
            before: the user.
            tenant_id: the tenant.
            keep_admin_in: the tenants that must keep an administrator; None means all tenants.
            keeps_address: whether the user stays if somebody has the user's address in what becomes the home tenant. If
                not, the user loses the address.

        Raises:
            EmailTaken, LastAdmin, Conflict: see `UserWriter.change`.
        """
        members = tuple(member for member in before.memberships if member.tenant_id != tenant_id)
        try:
            self._store(before, members, (tenant_id,), ends_sessions=True, keep_admin_in=keep_admin_in)
        except EmailTaken:
            if keeps_address:
                raise
            user = replace(before.user, email=None, email_verified_at_ms=None)
            self._store(before, members, (tenant_id,), ends_sessions=True, keep_admin_in=keep_admin_in, user=user)

    def _find(self, principal: Principal, user_id: str) -> UserRecord:
        require_platform_admin(principal)
        return find(self.reader, principal, resolve(principal, user_id))

    def _store(
        self,
        before: UserRecord,
        members: tuple[Membership, ...],
        realms: tuple[TenantId, ...],
        *,
        ends_sessions: bool,
        keep_admin_in: Collection[TenantId] | None = None,
        user: User | None = None,
    ) -> UserRecord:
        now_ms = self.clock()
        user = replace(
            user or before.user,
            tenant_ids=tuple(member.tenant_id for member in members),
            version=before.user.version + 1,
        )
        after = UserRecord(user, members)
        states = self.revocations.get_states(realms, user.id)
        cutoffs = cut_off_user(user.id, states, now_ms, ends_sessions=ends_sessions)
        self.writer.change(before, after, cutoffs=cutoffs, keep_admin_in=keep_admin_in)
        return after
