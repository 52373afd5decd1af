"""What callers ask for, as the use cases take it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Final

from doorward.model import Status, TenantId


class Unset(Enum):
    """The absence of a field, which is not the same as null."""

    UNSET = "unset"


UNSET: Final = Unset.UNSET

CHANGEABLE = frozenset({"display_name", "email", "password", "status", "roles", "password_change_required"})
"""The fields of a user that somebody may change."""


@dataclass(frozen=True, slots=True)
class NewUser:
    """What an administrator asks for.

    Args:
        roles: in the home tenant; `user` if absent.
        tenant_id: the home tenant; the caller's own if absent. A platform administrator outside any
            tenant thereby makes a user who cannot sign in until assigned to a tenant.
    """

    password: str
    username: str | None = None
    email: str | None = None
    display_name: str | None = None
    roles: tuple[str, ...] | None = None
    tenant_id: TenantId | None = None
    password_change_required: bool = False


@dataclass(frozen=True, slots=True)
class UserChanges:
    """What to change; a field that is UNSET stays as it is."""

    display_name: str | Unset | None = UNSET
    email: str | Unset | None = UNSET
    password: str | Unset = UNSET
    status: Status | Unset = UNSET
    roles: tuple[str, ...] | Unset = UNSET
    password_change_required: bool | Unset = UNSET
    current_password: str | None = None

    def named(self) -> frozenset[str]:
        """Return the names of the fields to change."""
        return frozenset(name for name in CHANGEABLE if getattr(self, name) is not UNSET)
