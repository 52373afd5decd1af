"""The storage that sessions need."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from doorward.model import (
    AccessTokenClaims,
    Admission,
    Cutoff,
    Revocations,
    RevocationState,
    Session,
    SessionRef,
    TenantId,
    UserId,
)
from doorward.model.proofs import NO_PROOFS, ProofChanges
from doorward.rules.names import name_within
from doorward.rules.throttles import Counter, Limit, Trust
from doorward.stores.users import Page


@dataclass(frozen=True, slots=True)
class SignInName:
    """A name by which somebody signs in, folded: a user name, or an e-mail address within a realm.

    Args:
        folded: the name.
        realm: the tenant in which an e-mail address is looked up; None for a user name.
        tenant_id: the tenant that a user name is presented to, if it is one.
    """

    folded: str
    realm: TenantId | None = None
    tenant_id: TenantId | None = None

    @property
    def usernames(self) -> tuple[str, ...]:
        """Return the user names that are meant, the first choice first: the tenant's own, then the one of everybody.

        If the one of everybody came first, a tenant's administrator could see with a name of their own that it exists.
        """
        if self.tenant_id is None or "@" in self.folded:
            return (self.folded,)
        return (name_within(self.folded, self.tenant_id), self.folded)

    @property
    def presented(self) -> str:
        """Return the name in the form in which attempts on it are counted."""
        return f"username:{self.folded}" if self.realm is None else f"email:{self.realm}:{self.folded}"


@dataclass(frozen=True, slots=True)
class SignInTarget:
    """Where a name leads: a user, and the realm of a sign-in that names none."""

    user_id: UserId
    home_tenant_id: TenantId


@dataclass(frozen=True, slots=True)
class NameLookup:
    """What is known of a name: whom it names, if anybody, and the counts that were asked for, by key."""

    target: SignInTarget | None
    counts: Mapping[str, Mapping[str, int]]


@dataclass(frozen=True, slots=True)
class Rotation:
    """The result of a rotation: whether this call moved the session, and the session as it is now."""

    won: bool
    session: Session | None


class Directory(Protocol):
    """Users as sign-in reads them."""

    def look_up(self, name: SignInName, counter_keys: Sequence[str]) -> NameLookup:
        """Return whom a name names, with counts of attempts, which may be some moments old, in one request."""

    def get_admission(self, tenant_id: TenantId, user_id: UserId) -> Admission:
        """Return all that decides about a sign-in, with the password hash and failures, as of one moment."""

    def change_password_hash(self, user_id: UserId, old: str, new: str) -> None:
        """Store a hash of the same password with the present parameters, unless the password changed meanwhile."""


class SessionStore(Protocol):
    """Sessions and their rotation."""

    def add(self, session: Session, proofs: ProofChanges = NO_PROOFS) -> None:
        """Store a new session, whose id nobody had before, and use the proof that allows it, in one transaction.

        Raises:
            InvalidProof: the proof was used or has ended. Nothing is stored then.
        """

    def get_admission(self, ref: SessionRef) -> Admission:
        """Return a session and everything that decides whether it is still let in, as of one moment."""

    def list_by_user(self, tenant_id: TenantId, user_id: UserId, limit: int, after: str | None) -> Page[Session]:
        """Return sessions of a user in a realm, from a consistent read, the newest sign-in first.

        Sessions that are over are in the list too.
        """

    def rotate(self, ref: SessionRef, generation: int, now_ms: int) -> Rotation:
        """Move a live session from `generation` to the next one, unless another call did so already."""

    def switch(
        self, old: Session, new: Session, now_ms: int, *, replaced: int | None = None, spends: bool = True
    ) -> bool:
        """Move a live session from its generation to the next, and store the family's session in another tenant.

        Args:
            old: the session that the switch starts from, as it was read.
            new: the session in the other tenant, with the same id.
            now_ms: the time, in milliseconds.
            replaced: the generation of the session that is there now; None if there is none. One that was ended is
                not replaced.
            spends: whether the old session moves to its next generation; otherwise its refresh tokens stay good.

        Returns:
            Whether both were still as they were read. Otherwise nothing is written.
        """

    def step_up(self, before: Session, after: Session, proofs: ProofChanges = NO_PROOFS) -> bool:
        """Replace a live session by itself as somebody proved more in it, and use what was proved.

        The session has the next generation, so that refresh tokens from before are spent.

        Returns:
            Whether the session was still as it was read, and what was proved unused. Otherwise nothing is written.
        """

    def end_family(self, ref: SessionRef, now_ms: int) -> bool:
        """End the sessions of a family in all realms of its user, in one transaction, and return whether one lived.

        Raises:
            Conflict: the family changed at the same moment, many times.
        """

    def revoke(self, ref: SessionRef, now_ms: int) -> bool:
        """End a session, refuse its access tokens, and return whether the session existed.

        One transaction writes both.

        Raises:
            Conflict: other revocations came first in every try.
        """


class SessionReader(Protocol):
    """Sessions as the authorizer reads them."""

    def get_admission(self, ref: SessionRef) -> Admission:
        """Return a session and everything that decides whether it is let in.

        The read of each item is consistent.
        """


class RevocationReader(Protocol):
    """Revocations as the authorizer reads them."""

    def get(self, tenant_id: TenantId, user_id: UserId) -> Revocations:
        """Return what is revoked, in one strongly consistent read."""


class RevocationStore(Protocol):
    """Revocations as the use cases write them."""

    def revoke_token(self, claims: AccessTokenClaims, now_ms: int) -> None:
        """Refuse one access token until it expires.

        Raises:
            Conflict: other revocations came first in every try.
        """

    def cut_off(self, cutoffs: Sequence[Cutoff], now_ms: int) -> None:
        """Apply general revocations in one transaction; a session that one spares goes on.

        Raises:
            Conflict: another cutoff came first, and one of these epochs is too early now; or a spared session ended.
        """

    def get_states(self, tenant_ids: Iterable[TenantId], user_id: UserId) -> Mapping[TenantId, RevocationState]:
        """Return what is revoked for the user in each realm, from a consistent read."""


class AttemptStore(Protocol):
    """Counters of attempts to prove a password."""

    def count(self, counter: Counter) -> Limit | None:
        """Raise all counts of a counter by one, or none if a limit is reached: that limit is returned."""

    def uncount(self, counter: Counter) -> None:
        """Lower counts that `count` raised: the attempt was right, or something else failed."""

    def add_failure(self, key: str, expires_at: int) -> int:
        """Return how many wrong passwords in a row are counted under a key, with this one."""

    def add_trust(self, trust: Trust) -> None:
        """Remember that a name signed in from a source."""

    def clear_failures(self, user_id: UserId) -> None:
        """Forget the wrong passwords of a user."""
