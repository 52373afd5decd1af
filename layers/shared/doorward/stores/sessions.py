"""The storage that sessions need."""

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
    """The user who has a user name, and the tenant or platform to sign in to if the caller names no tenant."""

    user_id: UserId
    home_tenant_id: TenantId


@dataclass(frozen=True, slots=True)
class Rotation:
    """The result of a rotation: whether this call moved the session, and the session as it is now."""

    won: bool
    session: Session | None


class Directory(Protocol):
    """Users as sign-in reads them."""

    def get_by_username(self, folded: str) -> SignInTarget | None:
        """Return the user who has this folded user name."""

    def get_by_email(self, tenant_id: TenantId, folded: str) -> UserId | None:
        """Return the id of the user who has this folded e-mail address in the tenant."""

    def get_admission(self, tenant_id: TenantId, user_id: UserId) -> Admission:
        """Return everything that decides about a sign-in, and the password hash, as of one moment."""

    def change_password_hash(self, user_id: UserId, old: str, new: str) -> None:
        """Store a hash of the same password with the present parameters, unless the password changed meanwhile."""


class SessionStore(Protocol):
    """Sessions and their rotation."""

    def add(self, session: Session, *, counters: Sequence[Counter] = (), trust: Trust | None = None) -> None:
        """Store a new session, lower the counters, and store the trust key, all in one transaction.

        Raises:
            Conflict: there is a session with this id, or a counter is gone.
        """

    def get_admission(self, ref: SessionRef) -> Admission:
        """Return a session and everything that decides whether it is still let in, as of one moment."""

    def rotate(self, ref: SessionRef, generation: int, now_ms: int) -> Rotation:
        """Move a live session from `generation` to the next one, unless another call did so already."""

    def switch(self, old: Session, new: Session, now_ms: int) -> bool:
        """End a session, store the session that replaces it, and return whether this happened.

        Nothing happens if the old session has ended, or if it was refreshed since it was read.
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
        """Apply general revocations in one transaction.

        Raises:
            Conflict: another cutoff came first, and one of these epochs is too early now.
        """

    def get_states(self, tenant_ids: Iterable[TenantId], user_id: UserId) -> Mapping[TenantId, RevocationState]:
        """Return what is revoked for the user in each realm, from a consistent read."""


class RevocationFeedStore(Protocol):
    """Revocations as the feed for offline verifiers reads them."""

    def list_live(self, now_ms: int) -> LiveRevocations:
        """Return all revocations that can concern a live token.

        A change may appear about a second late.
        """


class AttemptStore(Protocol):
    """Counters of attempts to sign in."""

    def count(self, counters: Sequence[Counter]) -> Counter | None:
        """Raise all counters by one, unless one of them is full.

        Returns:
            A full counter, and then no counter was raised; None if all were raised.
        """

    def uncount(self, counters: Sequence[Counter]) -> None:
        """Lower counters that `count` raised, because the attempt succeeded."""

    def is_trusted(self, key: str, now_ms: int) -> bool:
        """Return whether a sign-in stored this trust key and the key has not expired."""
