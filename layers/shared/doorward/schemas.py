"""The bodies of requests and answers."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from doorward.commands import Changes, NewUser
from doorward.model import Membership, TenantId, TokenPair, User

MAX_BODY_BYTES = 32_768

Text = Annotated[str, StringConstraints(max_length=256)]
Password = Annotated[str, StringConstraints(min_length=1, max_length=1024)]
NewPassword = Annotated[str, StringConstraints(max_length=2048)]
TenantIdText = Annotated[str, StringConstraints(pattern=r"^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$")]
TokenText = Annotated[str, StringConstraints(min_length=1, max_length=8192)]


class RequestBody(BaseModel):
    """A JSON body: strict types, no unknown members."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


class TenantLoginRequest(RequestBody):
    """POST /api/{tenantId}/auth/login."""

    password: Password
    email: Text | None = None
    username: Text | None = None
    client_id: Text | None = None

    @model_validator(mode="after")
    def _one_name(self) -> Self:
        if (self.email is None) == (self.username is None):
            raise ValueError("send either username or email")
        return self


class LoginRequest(TenantLoginRequest):
    """POST /auth/login."""

    tenant_id: TenantIdText | None = None


class RefreshRequest(RequestBody):
    """The token endpoint's refresh grant (RFC 6749 section 6)."""

    refresh_token: TokenText
    grant_type: Text | None = None
    tenant_id: TenantIdText | None = None
    client_id: Text | None = None


class RevokeRequest(RequestBody):
    """POST /auth/token/revoke (RFC 7009 section 2.1)."""

    token: TokenText
    token_type_hint: Text | None = None
    client_id: Text | None = None


class CreateUserRequest(RequestBody):
    """POST /users."""

    password: NewPassword
    username: Text | None = None
    email: Text | None = None
    display_name: Text | None = None
    roles: list[Text] | None = Field(default=None, max_length=20)
    tenant_id: TenantIdText | None = None
    password_change_required: bool = False

    def wanted(self) -> NewUser:
        """Return what is asked for."""
        return NewUser(
            password=self.password,
            username=self.username,
            email=self.email,
            display_name=self.display_name,
            roles=None if self.roles is None else tuple(self.roles),
            tenant_id=TenantId(self.tenant_id) if self.tenant_id else None,
            password_change_required=self.password_change_required,
        )


class ChangeUserRequest(RequestBody):
    """PATCH /users/{id}; a member that is absent stays as it is."""

    display_name: Text | None = None
    email: Text | None = None
    password: NewPassword = ""
    current_password: Password | None = None
    status: Literal["active", "disabled"] = "active"
    roles: list[Text] = Field(default_factory=list, max_length=20)
    password_change_required: bool = False

    def changes(self) -> Changes:
        """Return what is asked for: the members that were sent, and no others."""
        sent = {name: getattr(self, name) for name in self.model_fields_set}
        if "roles" in sent:
            sent["roles"] = tuple(sent["roles"])
        return Changes(**sent)


class TokenResponse(BaseModel):
    """A successful answer of the token endpoints (RFC 6749 section 5.1)."""

    access_token: str
    token_type: Literal["Bearer"] = "Bearer"  # noqa: S105 - RFC 6750
    expires_in: int
    refresh_token: str
    refresh_expires_in: int
    session_id: str

    @classmethod
    def of(cls, pair: TokenPair) -> Self:
        """Return the body for a token pair."""
        return cls(
            access_token=pair.access_token,
            expires_in=pair.expires_in,
            refresh_token=pair.refresh_token,
            refresh_expires_in=pair.refresh_expires_in,
            session_id=pair.session_id,
        )


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


def iso_time(milliseconds: int) -> str:
    """Return a time as ISO 8601 in UTC, to the millisecond."""
    return datetime.fromtimestamp(milliseconds / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
