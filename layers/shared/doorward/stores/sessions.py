"""What the life of a session needs of storage."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from doorward.model import (
    AccessTokenClaims,
    Admission,
    Cutoff,
    LiveRevocations,
    Revocations,
    RevocationState,
    Session,
    SessionRef,
    TenantId,
    UserId,
)
from doorward.rules.throttles import Counter, Trust


@dataclass(frozen=True, slots=True)
class SignInTarget:
    """Where a user name leads: a user, and the realm of a sign-in that names none."""

    user_id: UserId
    home_tenant_id: TenantId


@dataclass(frozen=True, slots=True)
class Rotation:
    """How a rotation ended: whether this call moved the session, and the session as it is now."""

    won: bool
    session: Session | None


class Directory(Protocol):
    """Users as signing in sees them."""

    def get_by_username(self, folded: str) -> SignInTarget | None:
        """Return whom a folded user name names."""

    def get_by_email(self, tenant_id: TenantId, folded: str) -> UserId | None:
        """Return whose folded e-mail address this is within the tenant."""

    def get_admission(self, tenant_id: TenantId, user_id: UserId) -> Admission:
        """Return all that decides about a sign-in, with the password hash, as of one moment."""

    def change_password_hash(self, user_id: UserId, old: str, new: str) -> None:
        """Store a hash made with today's parameters, unless the password changed meanwhile."""


class SessionStore(Protocol):
    """Sessions and their rotation."""

    def add(self, session: Session, *, counters: Sequence[Counter] = (), trust: Trust | None = None) -> None:
        """Store a new session; in the same transaction lower the counters and keep the trust.

        Raises:
            Conflict: there is a session with this id.
        """

    def get_admission(self, ref: SessionRef) -> Admission:
        """Return a session and all that decides whether it is still let in, as of one moment."""

    def rotate(self, ref: SessionRef, generation: int, now_ms: int) -> Rotation:
        """Move a live session from `generation` to the next, unless another call already did."""

    def switch(self, old: Session, new: Session, now_ms: int) -> bool:
        """End a session, if it is live and still as it was read, and store its successor, and return whether."""

    def revoke(self, ref: SessionRef, now_ms: int) -> bool:
        """End a session and refuse its access tokens, in one transaction, and return whether it existed."""


class SessionReader(Protocol):
    """Sessions as the authorizer sees them."""

    def get_admission(self, ref: SessionRef) -> Admission:
        """Return a session and all that decides whether it is let in; each item is consistent."""


class RevocationReader(Protocol):
    """Revocations as the authorizer sees them."""

    def get(self, tenant_id: TenantId, user_id: UserId) -> Revocations:
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

    def get_states(self, tenant_ids: Iterable[TenantId], user_id: UserId) -> Mapping[TenantId, RevocationState]:
        """Return what is revoked for the user in each realm, consistently."""


class RevocationFeedStore(Protocol):
    """Revocations as offline verifiers hear of them."""

    def list_live(self, now_ms: int) -> LiveRevocations:
        """Return all that can concern a token which still lives; changes show within about a second."""


class AttemptStore(Protocol):
    """Counters of attempts to sign in."""

    def count(self, counters: Sequence[Counter]) -> Counter | None:
        """Raise all counters by one, or none if one is full: that one is returned."""

    def uncount(self, counters: Sequence[Counter]) -> None:
        """Lower counters that `count` raised: the attempt succeeded."""

    def is_trusted(self, key: str, now_ms: int) -> bool:
        """Return whether this trust key was kept by a sign-in that is not long ago."""
