"""Look users up: one, or a list."""

from __future__ import annotations

from dataclasses import dataclass

from doorward.accounts.access import VisibleUser, find, resolve, show
from doorward.errors import InvalidRequest
from doorward.model import PLATFORM, SERVICE, Membership, Principal, TenantId, User
from doorward.rules.fields import Relation
from doorward.rules.finding import ANYBODY, Search
from doorward.rules.tenancy import require_admin
from doorward.stores import UserReader


@dataclass(frozen=True, slots=True)
class VisiblePage:
    """One page of users; `after` continues it, None at its end."""

    users: tuple[VisibleUser, ...]
    after: str | None


@dataclass(frozen=True, slots=True)
class LookUpUsers:
    """Reads users on behalf of a caller."""

    users: UserReader

    def one(self, principal: Principal, user_id: str) -> VisibleUser:
        """Return one user; `me` is the caller.

        Raises:
            InsufficientScope: the caller is no administrator and asks for somebody else.
            NotFound: there is none that the caller may see.
        """
        if SERVICE in principal.roles and resolve(principal, user_id) == principal.user_id:
            return _service(principal)
        return show(principal, find(self.users, principal, resolve(principal, user_id)))

    def tenant_of_list(self, principal: Principal, tenant_id: TenantId | None) -> TenantId:
        """Return whose list the caller gets: PLATFORM stands for all users of the deployment.

        Raises:
            InsufficientScope: the caller does not administer it.
        """
        listed = tenant_id or principal.tenant_id
        require_admin(principal, listed)
        return listed

    def many(
        self, principal: Principal, listed: TenantId, limit: int, after: str | None, search: Search = ANYBODY
    ) -> VisiblePage:
        """Return a page of a list that `tenant_of_list` allowed.

        Args:
            principal: the caller.
            listed: the tenant, or PLATFORM for all.
            limit: users on the page, at most.
            after: the place that the previous page ended at.
            search: what is asked of the users. It takes a tenant: users are found within one.

        Raises:
            InsufficientScope: the caller does not administer it.
            InvalidRequest: something is asked of all users of the deployment.
        """
        require_admin(principal, listed)
        if search.asks and listed == PLATFORM:
            raise InvalidRequest("Users are found within a tenant; name a tenant_id.")
        if search.asks:
            page = self.users.find(listed, search, limit, after)
        elif listed == PLATFORM:
            page = self.users.list_all(limit, after)
        else:
            page = self.users.list_by_tenant(listed, limit, after)
        return VisiblePage(tuple(show(principal, record) for record in page.records), page.after)


def _service(principal: Principal) -> VisibleUser:
    """Return a service, which is no user, as its token describes it."""
    user = User(
        id=principal.user_id,
        username=principal.username,
        status="active",
        tenant_ids=(principal.tenant_id,),
        platform_admin=False,
        password_change_required=False,
        created_at_ms=0,
        updated_at_ms=0,
        version=0,
    )
    membership = Membership(principal.tenant_id, principal.user_id, (SERVICE,), "active", 0)
    return VisibleUser(user, (membership,), Relation.GUEST)
