"""What the use cases need of storage.

Two implementations keep these promises: `doorward.dynamodb` and the in-memory one of the tests; the same
contract tests hold both.

Every method is atomic. `tenant_id` comes first wherever the data belongs to a tenant.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from doorward.keyring import KeySet
from doorward.model import (
    AccessTokenClaims,
    Cutoff,
    Membership,
    Revocations,
    RevocationState,
    Session,
    SessionRef,
    Snapshot,
    Tenant,
    TenantId,
    User,
    UserId,
)
from doorward.throttles import Counter


@dataclass(frozen=True, slots=True)
class Located:
    """Where a user name leads: a user, and the realm of a sign-in that names none."""

    user_id: UserId
    home_tenant_id: TenantId


@dataclass(frozen=True, slots=True)
class Rotation:
    """How a rotation ended: whether this call moved the session, and the session as it is now."""

    won: bool
    session: Session | None


@dataclass(frozen=True, slots=True)
class UserRecord:
    """A user with all memberships, in the order of `user.tenant_ids`."""

    user: User
    memberships: tuple[Membership, ...]

    def membership(self, tenant_id: TenantId) -> Membership | None:
        """Return the membership in one tenant, or None."""
        return next((member for member in self.memberships if member.tenant_id == tenant_id), None)


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a list; `after` continues it, None at its end."""

    records: tuple[UserRecord, ...]
    after: str | None


class Directory(Protocol):
    """Users as signing in sees them."""

    def find_by_username(self, folded: str) -> Located | None:
        """Return whom a folded user name names."""

    def find_by_email(self, tenant_id: TenantId, folded: str) -> UserId | None:
        """Return whose folded e-mail address this is within the tenant."""

    def snapshot(self, tenant_id: TenantId, user_id: UserId) -> Snapshot:
        """Return all that decides about a sign-in, with the password hash, as of one moment."""

    def replace_hash(self, user_id: UserId, old: str, new: str) -> None:
        """Store a hash made with today's parameters, unless the password changed meanwhile."""


class SessionStore(Protocol):
    """Sessions and their rotation."""

    def create(self, session: Session, *, settled: Sequence[Counter] = (), trust: str | None = None) -> None:
        """Store a new session; in the same transaction lower the counters and keep the trust key."""

    def snapshot(self, ref: SessionRef) -> Snapshot:
        """Return a session and all that decides whether it is still let in, as of one moment."""

    def rotate(self, ref: SessionRef, generation: int, now_ms: int) -> Rotation:
        """Move a live session from `generation` to the next, unless another call already did."""

    def revoke(self, ref: SessionRef, now_ms: int) -> bool:
        """End a session and refuse its access tokens, in one transaction; tell whether it existed."""


class SessionReader(Protocol):
    """Sessions as the authorizer sees them."""

    def look_up(self, ref: SessionRef) -> Snapshot:
        """Return a session and all that decides whether it is let in; each item is consistent."""


class RevocationReader(Protocol):
    """Revocations as the authorizer sees them."""

    def read(self, tenant_id: TenantId, user_id: UserId) -> Revocations:
        """Return what is revoked, in one strongly consistent read."""


class RevocationStore(Protocol):
    """Revocations as those who revoke write them."""

    def revoke_token(self, claims: AccessTokenClaims, now_ms: int) -> None:
        """Refuse one access token until it expires."""

    def cut_off(self, cutoffs: Sequence[Cutoff], now_ms: int) -> None:
        """Apply general revocations in one transaction.

        Raises:
            Conflict: an epoch was overtaken by another cutoff.
        """

    def states(self, tenant_ids: Iterable[TenantId], user_id: UserId) -> Mapping[TenantId, RevocationState]:
        """Return what is revoked for the user in each realm, consistently."""


class AttemptStore(Protocol):
    """Counters of attempts to sign in."""

    def count(self, counters: Sequence[Counter]) -> Counter | None:
        """Raise all counters by one, or none if one is full: that one is returned."""

    def settle(self, counters: Sequence[Counter]) -> None:
        """Lower counters that `count` raised: the attempt succeeded."""

    def is_trusted(self, key: str, now_ms: int) -> bool:
        """Tell whether this trust key was kept by a sign-in that is not long ago."""


class UserReader(Protocol):
    """Users as those who look at them see them."""

    def get(self, user_id: UserId) -> UserRecord | None:
        """Return a user with memberships, consistently."""

    def password_hash(self, user_id: UserId) -> str | None:
        """Return the user's hash, or None if no password was ever set."""

    def list_tenant(self, tenant_id: TenantId, limit: int, after: str | None) -> Page:
        """Return members of a tenant in the order of their ids."""

    def list_all(self, limit: int, after: str | None) -> Page:
        """Return users of the deployment in the order of their ids; new ones may appear late."""


class UserWriter(Protocol):
    """Changes of users. Each is one transaction, with the revocations it implies."""

    def create(self, user: User, password_hash: str | None, membership: Membership | None) -> None:
        """Store a new user.

        Raises:
            UsernameTaken: the folded user name was ever given.
            EmailTaken: the folded address is in use in the realm.
            NotFound: the tenant of the membership does not exist.
        """

    def change(
        self,
        before: UserRecord,
        after: UserRecord,
        *,
        password_hash: str | None = None,
        cutoffs: Sequence[Cutoff] = (),
    ) -> None:
        """Replace a user and memberships that were read as `before`.

        Raises:
            Conflict: somebody changed the user meanwhile.
            EmailTaken: the new address is in use in one of the realms.
        """

    def delete(self, before: UserRecord, cutoffs: Sequence[Cutoff]) -> None:
        """Remove a user; the user name stays taken for ever.

        Raises:
            Conflict: somebody changed the user meanwhile.
        """


class TenantStore(Protocol):
    """Tenants."""

    def create(self, tenant: Tenant) -> None:
        """Store a new tenant.

        Raises:
            TenantTaken: the id was ever given.
        """

    def get(self, tenant_id: TenantId) -> Tenant | None:
        """Return a tenant, consistently."""


class KeySetStore(Protocol):
    """The public key set."""

    def load(self) -> KeySet:
        """Return the key set.

        Raises:
            NotInitialised: there is none yet.
        """

    def save(self, key_set: KeySet) -> None:
        """Store a key set whose `version` is one more than that of the stored one.

        Raises:
            Conflict: another change came first.
        """


class SecretStore(Protocol):
    """Texts that only some functions may read."""

    def read(self, secret_id: str) -> str | None:
        """Return the secret's text, or None if it has no value yet."""

    def write(self, secret_id: str, text: str) -> None:
        """Replace the secret's text."""
