"""The bodies of requests."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, model_validator

from doorward.commands import Changes, NewUser
from doorward.model import Status, TenantId
from doorward.names import check_tenant_id

MAX_BODY_BYTES = 32_768

Text = Annotated[str, StringConstraints(max_length=256)]
Password = Annotated[str, StringConstraints(min_length=1, max_length=1024)]
NewPassword = str  # its rules are in `passwords`
TenantIdText = Annotated[str, AfterValidator(check_tenant_id)]
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


class CreateTenantRequest(RequestBody):
    """POST /tenants."""

    id: TenantIdText
    name: Text | None = None


class ChangeTenantRequest(RequestBody):
    """PATCH /tenants/{tenantId}."""

    name: Annotated[str, StringConstraints(min_length=1, max_length=256)] | None = None
    status: Status | None = None

    @model_validator(mode="after")
    def _something(self) -> Self:
        if self.name is None and self.status is None:
            raise ValueError("name a field to change")
        return self


class AssignTenantRequest(RequestBody):
    """PUT /users/{id}/tenants/{tenantId}."""

    roles: list[Text] = Field(max_length=20)


class MintServiceTokenRequest(RequestBody):
    """POST /api/{tenantId}/auth/service-tokens."""

    name: Text
    expires_in: int | None = None


class SeedRequest(RequestBody):
    """POST /api/{tenantId}/demo/seed; the body may be left out."""

    passwords: bool = False


class ReadNotificationRequest(RequestBody):
    """PATCH /api/{tenantId}/notifications/{id}."""

    read: Literal[True]
