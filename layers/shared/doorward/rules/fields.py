"""The fields of users, memberships and tenants: who sees each field, who changes it, and which values it takes.

A field is declared by its line in `doorward.model`, which says its type, and by its row here. What stores, shows,
accepts and permits the field is derived from these two; a test holds every field against all four.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

from doorward.rules.metadata import check_metadata
from doorward.rules.names import check_display_name, check_email, check_locale


class Relation(Enum):
    """What a caller is to the user or tenant in question."""

    SELF = "the user"
    OWNER = "an administrator of the user's home tenant, or of the platform"
    GUEST = "an administrator of another tenant of the user"
    MEMBER = "a member of the tenant"
    ADMIN = "an administrator of the tenant"
    PLATFORM = "an administrator of the platform"


SELF, OWNER, GUEST, MEMBER, ADMIN, PLATFORM = Relation
_USERS = frozenset({SELF, OWNER})
_EVERYBODY = frozenset({SELF, OWNER, GUEST})
_NOBODY = frozenset[Relation]()


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """The rules of one field.

    Args:
        seen_by: to whom the field is shown.
        changed_by: who may change the field.
        at_creation: whether the field may be given when its user is created.
        check: returns an acceptable value in its stored form, or raises InvalidRequest.
        needs_password: whether users prove their current password to change the field of their own.
        removable: whether null takes the value away.
        description: what clients read about the field.
    """

    seen_by: frozenset[Relation] = _NOBODY
    changed_by: frozenset[Relation] = _NOBODY
    at_creation: bool = False
    check: Callable[[Any], Any] | None = None
    needs_password: bool = False
    removable: bool = False
    description: str = ""

    def checked(self, value: Any) -> Any:  # noqa: ANN401 - a field may be of any type
        """Return the value in its stored form.

        Raises:
            InvalidRequest: the value breaks the field's rule.
        """
        if self.removable and not value:
            return None
        return value if self.check is None else self.check(value)


USER: Mapping[str, Field] = {
    "id": Field(seen_by=_EVERYBODY),
    "username": Field(seen_by=_EVERYBODY),
    "email": Field(
        seen_by=_USERS,
        changed_by=_USERS,
        at_creation=True,
        check=check_email,
        needs_password=True,
        removable=True,
    ),
    "display_name": Field(
        seen_by=_USERS,
        changed_by=_USERS,
        at_creation=True,
        check=check_display_name,
        removable=True,
    ),
    "locale": Field(
        seen_by=_USERS,
        changed_by=_USERS,
        at_creation=True,
        check=check_locale,
        removable=True,
        description="a language tag such as `de-CH` (RFC 5646)",
    ),
    "status": Field(seen_by=_USERS, changed_by=frozenset({OWNER})),
    "tenant_ids": Field(),  # shown as the memberships
    "platform_admin": Field(seen_by=_USERS),
    "password_change_required": Field(seen_by=_USERS, changed_by=frozenset({OWNER})),
    "created_at_ms": Field(seen_by=_USERS),
    "updated_at_ms": Field(seen_by=_USERS),
    "version": Field(),
    "email_verified_at_ms": Field(seen_by=_USERS, description="when the user proved to read the address's mail"),
    "proofs_from_ms": Field(),
    "undone_from_ms": Field(),
    "undone_until_ms": Field(),
    "email_given_in": Field(),
    "factors": Field(seen_by=_USERS, description="the second factors that the user can prove, by kind"),
    "factors_from_ms": Field(),
    "factors_reset_at_ms": Field(),
    "metadata": Field(
        seen_by=_USERS,
        changed_by=frozenset({OWNER}),
        at_creation=True,
        check=check_metadata,
        removable=True,
        description="texts by name, all of them: those that there were before go; nobody writes their own",
    ),
    "email_state": Field(
        seen_by=_USERS,
        description="`bounced` if mails to the address come back, `complained` if its owner called one unwanted; "
        "gone when the address changes or is proved again",
    ),
}
MEMBERSHIP: Mapping[str, Field] = {
    "tenant_id": Field(seen_by=_EVERYBODY),
    "user_id": Field(),  # its user is shown around it
    "roles": Field(seen_by=_EVERYBODY, changed_by=frozenset({OWNER, GUEST})),
    "status": Field(seen_by=_EVERYBODY, changed_by=frozenset({GUEST})),
    "created_at_ms": Field(),
}
CREDENTIAL: Mapping[str, Field] = {
    "password": Field(changed_by=_USERS, needs_password=True),
}
_MEMBERS = frozenset({MEMBER, ADMIN, PLATFORM})
_ADMINISTRATORS = frozenset({ADMIN, PLATFORM})
TENANT: Mapping[str, Field] = {
    "id": Field(seen_by=_MEMBERS),
    "name": Field(seen_by=_MEMBERS, changed_by=frozenset({PLATFORM}), check=check_display_name),
    "status": Field(
        seen_by=_MEMBERS,
        changed_by=frozenset({PLATFORM}),
        description="disabling ends all sessions and service tokens; enabling revives none",
    ),
    "created_at_ms": Field(seen_by=_MEMBERS),
    "version": Field(),
    "metadata": Field(
        seen_by=_ADMINISTRATORS,
        changed_by=_ADMINISTRATORS,
        check=check_metadata,
        removable=True,
        description="texts by name, all of them: those that there were before go",
    ),
    "deletion_began_at_ms": Field(seen_by=_MEMBERS, description="when the deletion of the tenant began"),
}

PROFILE: Mapping[str, Field] = {name: field for name, field in USER.items() if field.at_creation}
"""The fields of a user whose new value is stored as it is, once it is checked."""

TENANT_CHANGES = frozenset(name for name, field in TENANT.items() if field.changed_by)


def changeable_by(relation: Relation) -> frozenset[str]:
    """Return the fields of a user, of their membership and of their credential that a caller may change."""
    tables = (USER, MEMBERSHIP, CREDENTIAL)
    return frozenset(name for table in tables for name, field in table.items() if relation in field.changed_by)


def needs_password(name: str) -> bool:
    """Return whether users prove their current password to change this field of their own."""
    return any(table[name].needs_password for table in (USER, CREDENTIAL) if name in table)
