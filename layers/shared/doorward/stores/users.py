"""What users, tenants and service tokens need of storage."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from doorward.model import (
    Admission,
    Cutoff,
    Revocations,
    ServiceToken,
    Tenant,
    TenantId,
    TokenId,
    UserId,
    UserRecord,
)

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """One page of a list; `after` continues it, None at its end."""

    records: tuple[T, ...]
    after: str | None


class UserReader(Protocol):
    """Users as those who look at them see them."""

    def get(self, user_id: UserId) -> UserRecord | None:
        """Return a user with memberships, consistently."""

    def get_password_hash(self, user_id: UserId) -> str | None:
        """Return the user's hash, or None if no password was ever set."""

    def list_by_tenant(self, tenant_id: TenantId, limit: int, after: str | None) -> Page[UserRecord]:
        """Return members of a tenant in the order of their ids."""

    def list_all(self, limit: int, after: str | None) -> Page[UserRecord]:
        """Return users of the deployment in the order of their ids; new ones may appear late."""


class UserWriter(Protocol):
    """Changes of users. Each is one transaction, with the revocations it implies."""

    def add(self, record: UserRecord, password_hash: str | None) -> None:
        """Store a new user.

        Raises:
            UsernameTaken: the folded user name was ever given.
            EmailTaken: the folded address is in use in the realm.
            NotFound: the tenant of a membership does not exist.
        """

    def change(
        self,
        before: UserRecord,
        after: UserRecord,
        *,
        password_hash: str | None = None,
        cutoffs: Sequence[Cutoff] = (),
        keep_admin_in: Collection[TenantId] | None = None,
    ) -> None:
        """Replace a user and memberships that were read as `before`; memberships may come and go.

        A changed address is claimed in the home tenant alone: elsewhere it would take, or tell of, other
        people's addresses. There the user signs in by user name.

        Args:
            before: the user as it was read.
            after: the user as they become.
            password_hash: the new hash, if the password changes.
            cutoffs: the revocations that the change implies.
            keep_admin_in: the tenants that must keep an administrator; None means all.

        Raises:
            Conflict: somebody changed the user meanwhile.
            EmailTaken: the address is in use in the home tenant or a new one.
            NotFound: the tenant of a new membership does not exist.
            LastAdmin: a keep_admin_in tenant would be left without an active administrator.
        """

    def remove(
        self, before: UserRecord, cutoffs: Sequence[Cutoff], *, keep_admin_in: Collection[TenantId] | None = None
    ) -> None:
        """Remove a user; the user name stays taken for ever.

        Raises:
            Conflict: somebody changed the user meanwhile.
            LastAdmin: a tenant would be left without an active administrator.
        """


class TenantStore(Protocol):
    """Tenants; they are disabled and never removed, so an id is never given again."""

    def add(self, tenant: Tenant) -> None:
        """Store a new tenant.

        Raises:
            TenantTaken: the id was ever given.
        """

    def get(self, tenant_id: TenantId) -> Tenant | None:
        """Return a tenant, consistently."""

    def list_all(self, limit: int, after: str | None) -> Page[Tenant]:
        """Return tenants in the order of their ids; new ones may appear late."""

    def change(self, before: Tenant, after: Tenant, now_ms: int) -> None:
        """Replace a tenant that was read as `before`; disabling it cuts off all its tokens and sessions.

        Raises:
            Conflict: somebody changed the tenant meanwhile.
        """


class ServiceTokenStore(Protocol):
    """Service tokens, as far as they are listed and revoked; the tokens themselves are kept nowhere."""

    def get_admission(self, tenant_id: TenantId, name: str) -> Admission:
        """Return tenant, epochs and revoked keys under which a service token begins, as of one moment."""

    def add(self, token: ServiceToken) -> None:
        """Store a token that was minted."""

    def list_by_tenant(self, tenant_id: TenantId, limit: int, after: str | None) -> Page[ServiceToken]:
        """Return the records of a tenant's tokens in the order of their making, revoked and expired ones included."""

    def get_revocations(self, tenant_id: TenantId, names: Iterable[str]) -> Mapping[str, Revocations]:
        """Return what is revoked of each of these services, in one consistent read."""

    def revoke(self, tenant_id: TenantId, token_id: TokenId, now_ms: int) -> bool:
        """Refuse a token until it expires, in one transaction with its record, and return whether it existed."""
