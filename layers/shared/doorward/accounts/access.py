"""Who may see a user, and how much of it."""

from __future__ import annotations

from dataclasses import dataclass

from doorward.errors import InsufficientScope, NotFound
from doorward.model import Membership, Principal, TenantId, User, UserId, UserRecord
from doorward.rules.fields import Relation
from doorward.rules.names import is_ulid
from doorward.rules.tenancy import is_admin
from doorward.stores import UserReader


@dataclass(frozen=True, slots=True)
class VisibleUser:
    """A user as far as one caller, who has this relation to the user, may see them."""

    user: User
    memberships: tuple[Membership, ...]
    relation: Relation


def resolve(principal: Principal, user_id: str) -> UserId:
    """Return whom an id in a path means: `me` is the caller."""
    return principal.user_id if user_id == "me" else UserId(user_id)


def find(users: UserReader, principal: Principal, user_id: UserId) -> UserRecord:
    """Return a user whom the caller may see.

    Raises:
        InsufficientScope: the caller is no administrator and asks for somebody else.
        NotFound: there is no such user, or only in tenants that are not the caller's.
    """
    own = user_id == principal.user_id
    if not own and not is_admin(principal, principal.tenant_id):
        raise InsufficientScope
    record = users.get(user_id) if is_ulid(user_id) else None
    if record is None or not (own or principal.is_platform_admin or record.membership(principal.tenant_id)):
        raise NotFound
    return record


def tenant_of(principal: Principal, record: UserRecord) -> TenantId:
    """Return in which tenant's audit trail it belongs what a caller does to a user: in the caller's, if it is there."""
    here = principal.tenant_id
    return here if here in record.user.tenant_ids else record.user.home_tenant_id


def relation_to(principal: Principal, user: User) -> Relation:
    """Return what the caller, who may see the user, is to the user."""
    if principal.user_id == user.id:
        return Relation.SELF
    return Relation.OWNER if owns(principal, user) else Relation.GUEST


def words_about(record: UserRecord, *more: str | None) -> list[str | None]:
    """Return the words that are the first in any guess of a user's password."""
    user = record.user
    return [user.username, user.email, user.display_name, *user.tenant_ids, *more]


def owns(principal: Principal, user: User) -> bool:
    """Return whether the caller administers the user: as administrator of the home tenant or the platform.

    A platform administrator belongs to no tenant's administrators, whichever tenant is home.
    """
    return principal.is_platform_admin or (not user.platform_admin and is_admin(principal, user.home_tenant_id))


def show(principal: Principal, record: UserRecord) -> VisibleUser:
    """Return what the caller may see of a user that it may see at all.

    A tenant's administrators learn nothing of the user's other tenants.
    """
    relation = relation_to(principal, record.user)
    if relation is Relation.SELF or principal.is_platform_admin:
        return VisibleUser(record.user, record.memberships, relation)
    here = tuple(member for member in record.memberships if member.tenant_id == principal.tenant_id)
    return VisibleUser(record.user, here, relation)
