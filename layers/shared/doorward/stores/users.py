"""The storage that users, tenants and service tokens need."""

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
    TenantPolicy,
    TokenId,
    UserId,
    UserRecord,
)
from doorward.model.proofs import NO_PROOFS, ProofChanges
from doorward.rules.finding import Search

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """One page of a list.

    The next page begins after the item with the id `after`; None at the end of the list.
    """

    records: tuple[T, ...]
    after: str | None


class UserReader(Protocol):
    """Users as the use cases read them."""

    def get(self, user_id: UserId) -> UserRecord | None:
        """Return a user with memberships, from consistent reads."""

    def get_password_hash(self, user_id: UserId) -> str | None:
        """Return the hash of the user's password, or None if the user has no password."""

    def list_by_tenant(self, tenant_id: TenantId, limit: int, after: str | None) -> Page[UserRecord]:
        """Return members of a tenant in the order of their ids."""

    def find(self, tenant_id: TenantId, search: Search, limit: int, after: str | None) -> Page[UserRecord]:
        """Return users of a tenant who are what is asked for, from consistent reads.

        They come in the order of their ids, or of the names that are found. A page may be short, or empty, although
        more follows: a page reads a bounded number of candidates.

        Args:
            tenant_id: the tenant.
            search: what is asked.
            limit: how many users to return at most.
            after: the place that the previous page ended at.
        """

    def list_all(self, limit: int, after: str | None) -> Page[UserRecord]:
        """Return users of the deployment in the order of their ids.

        A new user may appear a moment late.
        """

    def list_by_address(self, folded: str) -> Sequence[tuple[TenantId, UserId]]:
        """Return the tenants in which a folded address names a user, and that user; at most 100.

        A new address may appear a moment late. For mails alone: nobody may learn this but who reads the address's mail.
        """


class UserWriter(Protocol):
    """Changes of users.

    Each change is one transaction, with the revocations that it implies.
    """

    def add(self, record: UserRecord, password_hash: str | None, *, proofs: ProofChanges = NO_PROOFS) -> None:
        """Store a new user.

        Raises:
            UsernameTaken: a user has or had this folded user name.
            EmailTaken: the folded address is in use in a tenant of the user.
            NotFound: the tenant of a membership does not exist, or is being deleted.
            InvalidProof: the proof that allows it was used or has ended.
        """

    def change(
        self,
        before: UserRecord,
        after: UserRecord,
        *,
        password_hash: str | None = None,
        cutoffs: Sequence[Cutoff] = (),
        keep_admin_in: Collection[TenantId] | None = None,
        proofs: ProofChanges = NO_PROOFS,
    ) -> None:
        """Replace a user and memberships that were read as `before`.

        The change may add and remove memberships. A changed address is claimed only in the home tenant. In the user's
        other tenants, the claim could take an address from other people, or show that they have it. There the user
        signs in with the user name.

        Args:
            before: the user as the caller read them.
            after: the user after the change.
            password_hash: the new hash, if the password changes.
            cutoffs: the revocations that the change implies.
            keep_admin_in: the tenants that must keep an administrator; None means all tenants.
            proofs: the proof that allows the change, and proofs and notices that come of it.

        Raises:
            InvalidProof: the proof was used or has ended.
            Conflict: somebody changed the user meanwhile.
            EmailTaken: the address is in use in the home tenant, or in a tenant that the user enters.
            NotFound: the tenant of a new membership does not exist, or is being deleted.
            LastAdmin: the change would leave a tenant of `keep_admin_in` without an active administrator.
        """

    def remove(
        self,
        before: UserRecord,
        cutoffs: Sequence[Cutoff],
        *,
        keep_admin_in: Collection[TenantId] | None = None,
        proofs: ProofChanges = NO_PROOFS,
        erased: bool = False,
    ) -> None:
        """Remove a user, and leave to `BelongingsStore.erase` what is still to be erased.

        Nobody can ever have the same user name again, although the name is kept nowhere.

        Args:
            before: the user as the caller read them.
            cutoffs: the revocations that the removal implies.
            keep_admin_in: the tenants that must keep an administrator; None means all tenants.
            proofs: the proof that allows the removal, and notices of it.
            erased: whether nothing else of the user is left to be erased.

        Raises:
            InvalidProof: the proof was used or has ended.
            Conflict: somebody changed the user meanwhile.
            LastAdmin: the removal would leave a tenant of `keep_admin_in` without an active administrator.
        """


class TenantStore(Protocol):
    """Tenants.

    The id of a tenant that was removed is kept, so no other tenant ever gets it.
    """

    def add(self, tenant: Tenant) -> None:
        """Store a new tenant.

        Raises:
            TenantTaken: a tenant has this id already.
        """

    def get(self, tenant_id: TenantId) -> Tenant | None:
        """Return a tenant, from a consistent read."""

    def list_all(self, limit: int, after: str | None) -> Page[Tenant]:
        """Return tenants in the order of their ids.

        A new tenant may appear a moment late.
        """

    def change(self, before: Tenant, after: Tenant, now_ms: int) -> None:
        """Replace a tenant that was read as `before`.

        Disabling a tenant cuts off all its tokens and sessions.

        Raises:
            Conflict: somebody changed the tenant meanwhile.
        """

    def begin_removal(self, before: Tenant, now_ms: int) -> Tenant:
        """Let nobody and nothing come into a disabled tenant any more, and return the tenant as it is then.

        All its tokens and sessions are cut off. From then on `UserWriter` takes no new member of it.

        Raises:
            Conflict: somebody changed the tenant meanwhile.
        """

    def end_removal(self, tenant: Tenant) -> None:
        """Remove a tenant whose removal began and in which nobody is left. Its tokens stay refused.

        Raises:
            Conflict: somebody changed the tenant meanwhile.
        """


class ServiceTokenStore(Protocol):
    """The records of service tokens, to list and to revoke them.

    The tokens themselves are stored nowhere.
    """

    def get_admission(self, tenant_id: TenantId, name: str) -> Admission:
        """Return the tenant, the epochs and the revoked keys that a new service token depends on, as of one moment."""

    def add(self, token: ServiceToken) -> None:
        """Store the record of a token that was minted."""

    def list_by_tenant(self, tenant_id: TenantId, limit: int, after: str | None) -> Page[ServiceToken]:
        """Return the records of a tenant's tokens, the oldest first.

        Revoked and expired tokens are in the list too.
        """

    def get_revocations(self, tenant_id: TenantId, names: Iterable[str]) -> Mapping[str, Revocations]:
        """Return what is revoked of each of these services, in one consistent read."""

    def revoke(self, tenant_id: TenantId, token_id: TokenId, now_ms: int) -> bool:
        """Refuse a token until it expires, mark its record, and return whether there was a record.

        One transaction writes both.

        Raises:
            Conflict: other revocations came first in every try.
        """


class PolicyStore(Protocol):
    """Policies of tenants."""

    def get(self, tenant_id: TenantId) -> TenantPolicy:
        """Return the policy of a tenant, from a consistent read; of one that decided nothing, the defaults."""

    def change(self, tenant_id: TenantId, after: TenantPolicy) -> None:
        """Store a policy. Every sign-in from then on goes by it.

        `after.version` is one more than the version of the stored policy.

        Raises:
            Conflict: another change came first.
            TenantNotFound: there is no such tenant.
        """
