"""The bodies of requests that administer; those of signing in are in `sign_in`."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, ValidationError, model_validator

from doorward.api.bodies.fields import Roles, Text, accepted, with_members
from doorward.api.bodies.flat import unacceptable
from doorward.errors import InvalidRequest
from doorward.model import Membership, Tenant, TenantId, User
from doorward.model.changes import NewUser, UserChanges
from doorward.rules import fields
from doorward.rules.fields import Relation
from doorward.rules.names import check_tenant_id

Password = Annotated[str, StringConstraints(min_length=1, max_length=1024)]
NewPassword = str  # the module `doorward.rules.passwords` checks it
TenantIdText = Annotated[str, AfterValidator(check_tenant_id)]


class RequestBody(BaseModel):
    """A JSON body: strict types, no unknown members."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)

    @classmethod
    def of_json(cls, body: bytes) -> Self:
        """Return the body of a JSON text.

        Raises:
            InvalidRequest: it is not acceptable.
        """
        try:
            return cls.model_validate_json(body)
        except ValidationError as error:
            raise _refused(error) from error


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


class LeaveRequest(RequestBody):
    """DELETE /users/{id}, by the user.

    Who deletes another user needs no body.
    """

    current_password: Annotated[Password | None, Field(description="needed to delete one's own account")] = None


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


def _refused(error: ValidationError) -> InvalidRequest:
    """Return the error that names the first wrong member, but never its value: the value may be a password."""
    first = error.errors(include_input=False, include_url=False, include_context=False)[0]
    place = ".".join(str(part) for part in first["loc"])
    message = "it is no valid JSON" if first["type"] == "json_invalid" else first["msg"].removeprefix("Value error, ")
    return unacceptable(place, message)
