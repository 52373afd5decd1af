"""The bodies of requests."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, model_validator

from doorward.api.bodies.fields import Roles, Text, accepted, with_members
from doorward.errors import UnsupportedGrantType
from doorward.model import Membership, Tenant, TenantId, User
from doorward.model.changes import NewUser, UserChanges
from doorward.rules import fields
from doorward.rules.fields import Relation
from doorward.rules.names import check_tenant_id

MAX_BODY_BYTES = 32_768

Password = Annotated[str, StringConstraints(min_length=1, max_length=1024)]
NewPassword = str  # the module `doorward.rules.passwords` checks it
TenantIdText = Annotated[str, AfterValidator(check_tenant_id)]
TokenText = Annotated[str, StringConstraints(min_length=1, max_length=8192)]


def _no_service(client_id: str | None) -> str | None:
    if client_id is not None and client_id.casefold().startswith("service:"):
        raise ValueError("names of services are not for clients")
    return client_id


ClientId = Annotated[
    Text | None,
    AfterValidator(_no_service),
    Field(description="who asks; a session begun with one is refreshed by none that names another"),
]
Hint = Annotated[Text | None, Field(description="accepted and not needed (RFC 7009)")]


class RequestBody(BaseModel):
    """A JSON body: strict types, no unknown members."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


class TenantLoginRequest(RequestBody):
    """POST /api/{tenantId}/auth/login."""

    password: Password
    email: Annotated[Text | None, Field(description="this or `username`")] = None
    username: Text | None = None
    client_id: ClientId = None
    device_token: Annotated[
        Text | None, Field(description="of an earlier sign-in of the user on this device; strangers cannot lock it out")
    ] = None

    @model_validator(mode="after")
    def _one_name(self) -> Self:
        if (self.email is None) == (self.username is None):
            raise ValueError("send either username or email")
        return self


class LoginRequest(TenantLoginRequest):
    """POST /auth/login."""

    tenant_id: Annotated[
        TenantIdText | None,
        Field(description="the home tenant if absent; needed with `email` unless the deployment has a default"),
    ] = None


class RefreshRequest(RequestBody):
    """The token endpoint's refresh grant (RFC 6749 section 6)."""

    refresh_token: TokenText
    grant_type: Annotated[Text | None, Field(description="`refresh_token`")] = None
    tenant_id: Annotated[TenantIdText | None, Field(description="another tenant of the user: switch to it")] = None
    client_id: ClientId = None

    @model_validator(mode="before")
    @classmethod
    def _known_grant(cls, members: object) -> object:
        # This check comes first: another grant lacks members of this grant, and needs another error (RFC 6749, 5.2).
        if isinstance(members, dict) and members.get("grant_type") not in (None, "refresh_token"):
            raise UnsupportedGrantType
        return members


class RevokeRequest(RequestBody):
    """POST /auth/token/revoke (RFC 7009 section 2.1)."""

    token: TokenText
    token_type_hint: Hint = None
    client_id: Annotated[Text | None, Field(description="accepted and not needed")] = None


class IntrospectRequest(RevokeRequest):
    """POST /auth/token/introspect (RFC 7662 section 2.1)."""


@with_members(accepted(User, fields.USER, fields.PROFILE.keys(), null="is absent"))
class CreateUserRequest(RequestBody):
    """POST /users."""

    password: NewPassword
    username: Annotated[
        Text | None,
        Field(description="the id if absent; what a tenant's administrator gives gets `@` and the tenant's id"),
    ] = None
    roles: Annotated[Roles | None, Field(description='`["user"]` if absent')] = None
    tenant_id: Annotated[
        TenantIdText | None,
        Field(description="the caller's; a platform administrator may leave it out, and assign the user later"),
    ] = None
    password_change_required: Annotated[
        bool, Field(description="until the user changes the password, nothing else is allowed")
    ] = False

    def new_user(self) -> NewUser:
        """Return the user that the request asks for."""
        return NewUser(
            password=self.password,
            username=self.username,
            profile={name: getattr(self, name) for name in fields.PROFILE},
            roles=None if self.roles is None else tuple(self.roles),
            tenant_id=TenantId(self.tenant_id) if self.tenant_id else None,
            password_change_required=self.password_change_required,
        )


@with_members(
    {
        **accepted(Membership, fields.MEMBERSHIP, fields.changeable_by(Relation.GUEST)),
        **accepted(User, fields.USER, fields.changeable_by(Relation.OWNER)),
    }
)
class ChangeUserRequest(RequestBody):
    """PATCH /users/{id}.

    A field whose member is absent stays as it is.
    """

    password: NewPassword = Field(default_factory=str)
    current_password: Annotated[
        Password | None, Field(description="needed to change one's own e-mail address or password")
    ] = None

    def changes(self) -> UserChanges:
        """Return the changes that the request asks for: only the members that were sent."""
        sent = {name: getattr(self, name) for name in self.model_fields_set if name != "current_password"}
        if "roles" in sent:
            sent["roles"] = tuple(sent["roles"])
        return UserChanges(sent, self.current_password)


class CreateTenantRequest(RequestBody):
    """POST /tenants."""

    id: Annotated[
        TenantIdText, Field(description="1 to 63 of a-z, 0-9 and inner hyphens; never given to another tenant")
    ]
    name: Annotated[Text | None, Field(description="the id if absent")] = None


@with_members(accepted(Tenant, fields.TENANT, fields.TENANT_CHANGES, null="is absent"))
class ChangeTenantRequest(RequestBody):
    """PATCH /tenants/{tenantId}."""

    @model_validator(mode="after")
    def _something(self) -> Self:
        if not self.changes():
            raise ValueError("name a field to change")
        return self

    def changes(self) -> dict[str, Any]:
        """Return the new values.

        A field whose member is null or absent stays as it is.
        """
        sent = {name: getattr(self, name) for name in self.model_fields_set}
        return {name: value for name, value in sent.items() if value is not None}


class AssignTenantRequest(RequestBody):
    """PUT /users/{id}/tenants/{tenantId}."""

    roles: Roles


class MintServiceTokenRequest(RequestBody):
    """POST /api/{tenantId}/auth/service-tokens."""

    name: Annotated[Text, Field(description="1 to 63 of a-z, 0-9, `.`, `_`, `-`")]
    expires_in: Annotated[
        int | None, Field(description="seconds; 3600 if absent, and the deployment has a maximum")
    ] = None


class SeedRequest(RequestBody):
    """POST /api/{tenantId}/demo/seed.

    The request may have no body.
    """

    passwords: Annotated[bool, Field(description="give the new users one-time passwords")] = False


class ReadNotificationRequest(RequestBody):
    """PATCH /api/{tenantId}/notifications/{id}."""

    read: Literal[True]
