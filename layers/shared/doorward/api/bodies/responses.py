"""The bodies of answers."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import BaseModel

from doorward.accounts.access import VisibleUser
from doorward.api.bodies.fields import shown, values_for, with_members
from doorward.api.bodies.times import iso_time
from doorward.model import Membership, SeenNotification, ServiceToken, Tenant, User
from doorward.model.leaving import Remnant
from doorward.rules import fields
from doorward.rules.fields import Relation

_USERS = (Relation.SELF, Relation.OWNER, Relation.GUEST)
_TENANTS = (Relation.MEMBER, Relation.ADMIN, Relation.PLATFORM)


class ResponseBody(BaseModel):
    """A JSON body; members that are None are left out."""

    def to_json(self) -> str:
        """Return the body as JSON."""
        return self.model_dump_json(exclude_none=True)


@with_members(shown(Membership, fields.MEMBERSHIP, _USERS))
class MembershipResponse(ResponseBody):
    """What a user is in one tenant."""

    tenant_id: str
    home: bool

    @classmethod
    def of(cls, membership: Membership, user: User, relation: Relation) -> Self:
        """Return the body for a membership, as a caller with this relation may see it."""
        home = membership.tenant_id == user.home_tenant_id
        return cls(home=home, **values_for(membership, fields.MEMBERSHIP, relation))


@with_members(shown(User, fields.USER, _USERS))
class UserResponse(ResponseBody):
    """A user.

    A caller who may see only a membership gets the id, the user name and that membership.
    """

    id: str
    tenants: list[MembershipResponse]

    @classmethod
    def of(cls, visible: VisibleUser) -> Self:
        """Return the body for a user, with the fields that the caller may see."""
        tenants = [MembershipResponse.of(member, visible.user, visible.relation) for member in visible.memberships]
        return cls(tenants=tenants, **values_for(visible.user, fields.USER, visible.relation))


class UserListResponse(ResponseBody):
    """A page of users."""

    items: list[UserResponse]
    next_cursor: str | None = None


@with_members(shown(Tenant, fields.TENANT, _TENANTS))
class TenantResponse(ResponseBody):
    """A tenant."""

    @classmethod
    def of(cls, tenant: Tenant, relation: Relation) -> Self:
        """Return the body for a tenant, as a caller with this relation may see it."""
        return cls(**values_for(tenant, fields.TENANT, relation))


class RemovedTenantResponse(ResponseBody):
    """What is left of a tenant that is being deleted. Repeat the request."""

    left: Remnant


class TenantListResponse(ResponseBody):
    """A page of tenants."""

    items: list[TenantResponse]
    next_cursor: str | None = None


class ServiceTokenResponse(ResponseBody):
    """A service token's record.

    Only the answer that mints the token has `access_token`.
    """

    jti: str
    name: str
    created_by: str
    created_at: str
    expires_at: str
    status: Literal["active", "expired", "revoked"]
    access_token: str | None = None
    token_type: Literal["Bearer"] | None = None
    expires_in: int | None = None

    @classmethod
    def of(cls, token: ServiceToken, now_ms: int) -> Self:
        """Return the body for a record."""
        expired = token.expires_at * 1000 <= now_ms
        return cls(
            jti=token.id,
            name=token.name,
            created_by=token.created_by,
            created_at=iso_time(token.created_at_ms),
            expires_at=iso_time(token.expires_at * 1000),
            status="revoked" if token.revoked_at_ms is not None else "expired" if expired else "active",
        )

    def minted(self, access_token: str, expires_in: int) -> Self:
        """Return the body with the token in it."""
        changes = {"access_token": access_token, "token_type": "Bearer", "expires_in": expires_in}
        return self.model_copy(update=changes)


class ServiceTokenListResponse(ResponseBody):
    """A page of service tokens."""

    items: list[ServiceTokenResponse]
    next_cursor: str | None = None


class RevokedTokensResponse(ResponseBody):
    """How many live tokens were revoked."""

    revoked: int


class SeededUserResponse(ResponseBody):
    """A user that the demo made, with a one-time password if the request asked for passwords."""

    id: str
    email: str
    password: str | None = None


class SeedResponse(ResponseBody):
    """The users that this request made, and the number of the demo's notifications."""

    users: list[SeededUserResponse]
    notifications: int


class NotificationResponse(ResponseBody):
    """A notification as the caller sees it."""

    id: str
    title: str
    body: str
    own: bool
    read: bool
    created_at: str

    @classmethod
    def of(cls, seen: SeenNotification) -> Self:
        """Return the body for a notification."""
        notification = seen.notification
        return cls(
            id=notification.id,
            title=notification.title,
            body=notification.body,
            own=notification.user_id is not None,
            read=seen.read_at_ms is not None,
            created_at=iso_time(notification.created_at_ms),
        )


class NotificationListResponse(ResponseBody):
    """A page of notifications."""

    items: list[NotificationResponse]
    next_cursor: str | None = None
