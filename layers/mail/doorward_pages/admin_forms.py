"""The forms of administrators. The use cases say what is wrong with a text, so that the form can be shown again."""

from __future__ import annotations

from dataclasses import dataclass

from doorward.api.bodies.flat import FlatRequest, optional
from doorward.errors import InvalidRequest


@dataclass(frozen=True, slots=True, kw_only=True)
class ActForm(FlatRequest):
    """A form of a page with several buttons.

    `act` says which one, and `subject` the row that the button is in.
    """

    act: str | None = optional(most=None)
    subject: str | None = optional("the id of what it is done to", most=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberForm(ActForm):
    """POST /admin/t/{tenantId}/members/{userId}."""

    roles: str | None = optional("names of roles, with spaces between them", most=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class InvitationForm(ActForm):
    """POST /admin/t/{tenantId}/invitations."""

    email: str | None = optional(most=None)
    roles: str | None = optional("names of roles, with spaces between them", most=None)
    deliver: str | None = optional("`mail`, or `link`", most=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceTokenForm(ActForm):
    """POST /admin/t/{tenantId}/service-tokens."""

    name: str | None = optional("of the service", most=None)
    hours: str | None = optional("how long the token lives", most=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class TenantForm(ActForm):
    """POST /admin/tenants."""

    id: str | None = optional("of the new tenant", most=None)
    name: str | None = optional("of the new tenant")


def whole_number(name: str, text: str | None) -> int | None:
    """Return the number that a text says; None if it says nothing.

    Raises:
        InvalidRequest: it says no whole number.
    """
    found = (text or "").strip()
    if not found:
        return None
    if not (found.isascii() and found.isdigit() and len(found) <= 9):  # noqa: PLR2004
        raise InvalidRequest(f"{name} is a whole number.")
    return int(found)


def unknown_act() -> InvalidRequest:
    """Return the error of a form with a button that the page does not have."""
    return InvalidRequest("The form has no such button.")
