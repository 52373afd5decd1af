"""The bodies of answers."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Literal, Self

from pydantic import BaseModel

from doorward.model import Membership, SeenNotification, ServiceToken, Tenant, User


class MembershipResponse(BaseModel):
    """What a user is within one tenant."""

    tenant_id: str
    roles: list[str]
    status: str
    home: bool


class UserResponse(BaseModel):
    """A user; without profile and credentials' state where the caller sees the membership alone."""

    id: str
    username: str
    email: str | None = None
    display_name: str | None = None
    status: str | None = None
    platform_admin: bool | None = None
    password_change_required: bool | None = None
    tenants: list[MembershipResponse]
    created_at: str | None = None
    updated_at: str | None = None

    @classmethod
    def of(cls, user: User, memberships: tuple[Membership, ...], *, owned: bool) -> Self:
        """Return the body for a user; `owned` adds the profile."""
        tenants = [
            MembershipResponse(
                tenant_id=member.tenant_id,
                roles=list(member.roles),
                status=member.status,
                home=member.tenant_id == user.home_tenant_id,
            )
            for member in memberships
        ]
        if not owned:
            return cls(id=user.id, username=user.username, tenants=tenants)
        return cls(
            id=user.id,
            username=user.username,
            email=user.email,
            display_name=user.display_name,
            status=user.status,
            platform_admin=user.platform_admin,
            password_change_required=user.password_change_required,
            tenants=tenants,
            created_at=iso_time(user.created_at_ms),
            updated_at=iso_time(user.updated_at_ms),
        )


class UserListResponse(BaseModel):
    """A page of users."""

    items: list[UserResponse]
    next_cursor: str | None = None


class TenantResponse(BaseModel):
    """A tenant."""

    id: str
    name: str
    status: str
    created_at: str

    @classmethod
    def of(cls, tenant: Tenant) -> Self:
        """Return the body for a tenant."""
        return cls(id=tenant.id, name=tenant.name, status=tenant.status, created_at=iso_time(tenant.created_at_ms))


class TenantListResponse(BaseModel):
    """A page of tenants."""

    items: list[TenantResponse]
    next_cursor: str | None = None


class ServiceTokenResponse(BaseModel):
    """A service token's record; `access_token` is there only in the answer that minted it."""

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


class ServiceTokenListResponse(BaseModel):
    """A page of service tokens."""

    items: list[ServiceTokenResponse]
    next_cursor: str | None = None


class SeededUserResponse(BaseModel):
    """A user that the demo made, with a one-time password if one was asked for."""

    id: str
    email: str
    password: str | None = None


class SeedResponse(BaseModel):
    """What the demo made now; what was there before is not repeated."""

    users: list[SeededUserResponse]
    notifications: int


class NotificationResponse(BaseModel):
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


class NotificationListResponse(BaseModel):
    """A page of notifications."""

    items: list[NotificationResponse]
    next_cursor: str | None = None


def iso_time(milliseconds: int) -> str:
    """Return a time as ISO 8601 in UTC, to the millisecond."""
    return datetime.fromtimestamp(milliseconds / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
