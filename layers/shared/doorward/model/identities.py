"""Who there is: identifiers, tenants, users, memberships, and what they are told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, NewType, Protocol

UserId = NewType("UserId", str)
TenantId = NewType("TenantId", str)
SessionId = NewType("SessionId", str)
TokenId = NewType("TokenId", str)

PLATFORM = TenantId("-")
"""The realm of platform administrators who act outside any tenant; no slug can be equal to it."""

ADMIN = "admin"
USER = "user"
SERVICE = "service"
PLATFORM_ADMIN = "platform_admin"

Status = Literal["active", "disabled"]
EmailState = Literal["bounced", "complained"]
FactorKind = Literal["totp", "passkey", "recovery_code"]


class Clock(Protocol):
    """The time, injected so that tests decide it."""

    def __call__(self) -> int:
        """Return the milliseconds since 1970-01-01 UTC."""


@dataclass(frozen=True, slots=True)
class Tenant:
    """A customer of the software that Doorward protects.

    A tenant whose deletion began stays disabled until nothing is left of the tenant.
    """

    id: TenantId
    name: str
    status: Status
    created_at_ms: int
    version: int = 1
    metadata: Mapping[str, str] | None = None
    deletion_began_at_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Membership:
    """What a user is within one tenant."""

    tenant_id: TenantId
    user_id: UserId
    roles: tuple[str, ...]
    status: Status
    created_at_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """A person who signs in. `tenant_ids` begins with the home tenant; `version` counts changes.

    `email_verified_at_ms` says when a proof that was mailed to the address was used. `email_given_in` is the tenant
    whose administrator wrote the address; None if the user proved it, or the platform wrote it. `email_state` says that
    the address takes no mails, or that its owner wants none. Proofs that were made before `proofs_from_ms` are dead. A
    change of the address was undone by a link that was made at `undone_from_ms` and used at `undone_until_ms`; links
    that undo and were made in between are dead.

    `factors` are the kinds of second factors that the user can prove; they changed at `factors_from_ms`. An
    administrator took all of them away at `factors_reset_at_ms`; None if the user has one again.

    `doorward.rules.fields` says who sees and who changes each field.
    """

    id: UserId
    username: str
    email: str | None = None
    display_name: str | None = None
    locale: str | None = None
    status: Status
    tenant_ids: tuple[TenantId, ...]
    platform_admin: bool
    password_change_required: bool
    created_at_ms: int
    updated_at_ms: int
    version: int
    email_verified_at_ms: int | None = None
    proofs_from_ms: int = 0
    undone_from_ms: int = 0
    undone_until_ms: int = 0
    email_given_in: TenantId | None = None
    metadata: Mapping[str, str] | None = None
    email_state: EmailState | None = None
    factors: tuple[FactorKind, ...] = ()
    factors_from_ms: int = 0
    factors_reset_at_ms: int | None = None

    @property
    def home_tenant_id(self) -> TenantId:
        """Return the tenant whose administrators may change this user; PLATFORM if there is none."""
        return self.tenant_ids[0] if self.tenant_ids else PLATFORM

    @property
    def sign_in_realm(self) -> TenantId:
        """Return where a sign-in leads that names no tenant; no tenant can keep a platform administrator out."""
        return PLATFORM if self.platform_admin else self.home_tenant_id

    @property
    def realms(self) -> tuple[TenantId, ...]:
        """Return every realm in which this user can hold a session."""
        return (*self.tenant_ids, PLATFORM) if self.platform_admin else self.tenant_ids


@dataclass(frozen=True, slots=True)
class UserRecord:
    """A user with all memberships, in the order of `user.tenant_ids`."""

    user: User
    memberships: tuple[Membership, ...]

    def membership(self, tenant_id: TenantId) -> Membership | None:
        """Return the membership in one tenant, or None."""
        return next((member for member in self.memberships if member.tenant_id == tenant_id), None)
