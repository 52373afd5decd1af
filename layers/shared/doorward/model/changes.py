"""What callers ask for, as the use cases take it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from doorward.model.identities import Status, TenantId


@dataclass(frozen=True, slots=True)
class NewUser:
    """What an administrator asks for.

    Args:
        password: the first password.
        username: the id if absent.
        profile: field of a user to value, such as `email`; `doorward.rules.fields` says which fields.
        roles: in the home tenant; `user` if absent.
        tenant_id: the home tenant; the caller's own if absent. A platform administrator outside any
            tenant thereby makes a user who cannot sign in until they are assigned to a tenant.
        password_change_required: whether the user must change the password before anything else.
    """

    password: str
    username: str | None = None
    profile: Mapping[str, Any] = field(default_factory=dict)
    roles: tuple[str, ...] | None = None
    tenant_id: TenantId | None = None
    password_change_required: bool = False


@dataclass(frozen=True, slots=True)
class UserChanges:
    """What to change of a user.

    Args:
        values: field to new value; None removes a value. A field that is absent stays as it is.
        current_password: proves who changes their own e-mail address or password.
    """

    values: Mapping[str, Any]
    current_password: str | None = None

    @property
    def names(self) -> frozenset[str]:
        """Return the names of the fields to change."""
        return frozenset(self.values)

    @property
    def password(self) -> str | None:
        """Return the new password, if there is one."""
        return self.values.get("password")

    @property
    def status(self) -> Status | None:
        """Return the new status, if there is one."""
        return self.values.get("status")
