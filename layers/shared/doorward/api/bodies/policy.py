"""The bodies of a tenant's policy, made from the declaration of its members."""

from __future__ import annotations

from dataclasses import asdict
from types import NoneType
from typing import Any, Self, get_args, get_origin, get_type_hints

from pydantic import Field, model_validator

from doorward.api.bodies.fields import Text, with_members
from doorward.api.bodies.requests import RequestBody
from doorward.api.bodies.responses import ResponseBody
from doorward.model import Branding, SignInPolicy, TenantPolicy
from doorward.rules.branding import MAX_NAME, MAX_SUPPORT
from doorward.rules.policy import MEMBERS, value_of

_HINTS = {**get_type_hints(TenantPolicy), **get_type_hints(SignInPolicy)}


class BrandingRequest(RequestBody):
    """What the pages of a tenant look like.

    A member that is absent or null is as the deployment has it.
    """

    name: Text | None = Field(None, description=f"what the pages call the tenant; at most {MAX_NAME} characters")
    accent: Text | None = Field(None, description="`#rrggbb`, of buttons and links; 4.5:1 against white (WCAG 2.2)")
    accent_dark: Text | None = Field(None, description="the same on dark pages; 4.5:1 against `#121212`")
    support: Text | None = Field(None, description=f"where people get help, one line of {MAX_SUPPORT} characters")


class BrandingResponse(ResponseBody):
    """What the pages of a tenant look like."""

    name: str | None = None
    accent: str | None = None
    accent_dark: str | None = None
    support: str | None = None


def _json_type(name: str, text: Any) -> Any:  # noqa: ANN401 - types as data
    """Return the JSON type of a member; its texts have the type `text`."""
    hint = _HINTS[name]
    if get_origin(hint) is tuple:
        (element, _) = get_args(hint)
        return list[text if element is str else element]  # type: ignore[misc] # a type that is only known now
    present = [choice for choice in get_args(hint) if choice is not NoneType]
    plain = present[0] if NoneType in get_args(hint) else hint
    if plain is Branding:
        return BrandingResponse if text is str else BrandingRequest
    return text if plain is str else plain


@with_members(
    {
        name: (
            _json_type(name, Text) | None,
            Field(None, description=f"{member.description}; null gives the default back"),
        )
        for name, member in MEMBERS.items()
    }
)
class ChangePolicyRequest(RequestBody):
    """PATCH /api/{tenantId}/policy.

    A member that is absent stays as it is.
    """

    @model_validator(mode="after")
    def _something(self) -> Self:
        if not self.model_fields_set:
            raise ValueError("name a member to change")
        return self

    def values(self) -> dict[str, Any]:
        """Return the new values: only the members that were sent. None gives the default back."""
        sent = {name: getattr(self, name) for name in self.model_fields_set}
        return {name: value.model_dump() if isinstance(value, RequestBody) else value for name, value in sent.items()}


@with_members(
    {
        name: (_json_type(name, str) | None, None)
        if NoneType in get_args(_HINTS[name])
        else (_json_type(name, str), ...)
        for name in MEMBERS
    }
)
class PolicyResponse(ResponseBody):
    """A tenant's policy.

    A member that is absent is as the deployment has it.
    """

    @classmethod
    def of(cls, policy: TenantPolicy) -> Self:
        """Return the body for a policy."""
        values = {name: value_of(policy, name) for name in MEMBERS}
        return cls(**{name: _shown(value) for name, value in values.items()})


def _shown(value: Any) -> Any:  # noqa: ANN401 - a member may be of any type
    if isinstance(value, Branding):
        return asdict(value)
    return list(value) if isinstance(value, tuple) else value
