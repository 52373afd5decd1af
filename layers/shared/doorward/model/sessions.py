"""What they hold: sessions, tokens, principals, and what is revoked of them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from doorward.model.identities import (
    PLATFORM_ADMIN,
    Membership,
    SessionId,
    Tenant,
    TenantId,
    TokenId,
    User,
    UserId,
)


@dataclass(frozen=True, slots=True)
class SessionRef:
    """Where a session is kept: its tenant, its user and its id."""

    tenant_id: TenantId
    user_id: UserId
    session_id: SessionId


@dataclass(frozen=True, slots=True)
class Epochs:
    """The revocation state that a session or token begins under (docs/decisions/0003)."""

    user: int = 0
    tenant: int = 0


@dataclass(frozen=True, slots=True)
class Session:
    """One sign-in. Its refresh tokens are derived from `ref` and `generation`, never stored.

    `switched_to` is the session in another tenant that took its place.
    """

    ref: SessionRef
    generation: int
    epochs: Epochs
    created_at_ms: int
    rotated_at_ms: int
    expires_at_ms: int
    cookie_hash: str | None = None
    revoked_at_ms: int | None = None
    client_id: str | None = None
    switched_to: SessionRef | None = None


def is_service(user_id: UserId) -> bool:
    """Tell whether a subject is a service and no user."""
    return user_id.startswith("service:")


def service_user_id(name: str) -> UserId:
    """Return the subject of a service's tokens; no user has such an id or name."""
    return UserId(f"service:{name}")


@dataclass(frozen=True, slots=True)
class ServiceToken:
    """What is kept of a service token: everything but the token."""

    tenant_id: TenantId
    id: TokenId
    name: str
    created_by: UserId
    created_at_ms: int
    expires_at: int
    revoked_at_ms: int | None = None


@dataclass(frozen=True, slots=True)
class AccessTokenClaims:
    """What a verified access token says (RFC 9068 section 2.2)."""

    user_id: UserId
    username: str
    tenant_id: TenantId
    roles: tuple[str, ...]
    client_id: str
    session_id: SessionId
    token_id: TokenId
    epochs: Epochs
    issued_at: int
    expires_at: int
    password_change_required: bool = False
    kid: str = ""

    @property
    def session_ref(self) -> SessionRef:
        """Return where the token's session is kept."""
        return SessionRef(self.tenant_id, self.user_id, self.session_id)


@dataclass(frozen=True, slots=True)
class IntrospectedToken:
    """What a live token says; a refresh token has no id of its own. Times in epoch seconds."""

    username: str
    user_id: UserId
    tenant_id: TenantId
    roles: tuple[str, ...]
    client_id: str
    session_id: SessionId
    issued_at: int
    expires_at: int
    token_id: TokenId | None = None


@dataclass(frozen=True, slots=True)
class Snapshot:
    """All that decides whether somebody is let in, as it was at one moment.

    `sessions_from` is the epoch below which the user's sessions are dead; no key of `revoked_kids` may sign for them.
    """

    user: User | None = None
    password_hash: str | None = None
    membership: Membership | None = None
    tenant: Tenant | None = None
    session: Session | None = None
    epochs: Epochs = Epochs()
    sessions_from: int = 0
    revoked_kids: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Cutoff:
    """A general revocation for one user in one realm.

    Args:
        at: the new epoch; tokens begun under an earlier one are refused.
        ends_sessions: whether the sessions die too, or only their present access tokens.
        spared: the one session that lives on, if it lived under `sessions_from`, with its tokens since
            epoch `spared_from`. Sparing supposes that the epoch is still `seen`.
    """

    tenant_id: TenantId
    user_id: UserId
    at: int
    ends_sessions: bool
    spared: SessionId | None = None
    spared_from: int = 0
    seen: int = 0
    sessions_from: int = 0


@dataclass(frozen=True, slots=True)
class RevocationState:
    """What is revoked for one user in one realm; the maps hold epoch seconds of expiry."""

    min_epoch: int = 0
    sessions_min_epoch: int = 0
    spared_session_id: str | None = None
    spared_min_epoch: int = 0
    sessions: frozenset[str] = frozenset()
    tokens: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Revocations:
    """The three answers that decide about a token whose signature was right."""

    user: RevocationState = RevocationState()
    tenant_min_epoch: int = 0
    revoked_kids: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class RevokedNow:
    """All that is revoked and can concern a token which still lives."""

    users: tuple[tuple[TenantId, UserId, RevocationState], ...] = ()
    tenants: tuple[tuple[TenantId, int], ...] = ()
    kids: frozenset[str] = frozenset()


Restriction = Literal["password_change_required", "cross_site_request"]


@dataclass(frozen=True, slots=True)
class Principal:
    """Who is calling, decided by the authorizer; `expires_at`, in epoch seconds, is that of his token."""

    user_id: UserId
    username: str
    tenant_id: TenantId
    roles: frozenset[str]
    session_id: SessionId
    token_id: TokenId | None = None
    restriction: Restriction | None = None
    expires_at: int | None = None

    @property
    def is_platform_admin(self) -> bool:
        """Tell whether the caller administers the whole deployment."""
        return PLATFORM_ADMIN in self.roles

    def guarded(self, tenant_ids: Iterable[TenantId]) -> tuple[TenantId, ...]:
        """Return those of a user's tenants that must keep an administrator when this caller changes the user.

        A tenant's administrators answer for their own tenant; of others they shall not even learn.
        """
        return tuple(tenant for tenant in tenant_ids if self.is_platform_admin or tenant == self.tenant_id)

    @property
    def session_ref(self) -> SessionRef:
        """Return where the caller's session is kept."""
        return SessionRef(self.tenant_id, self.user_id, self.session_id)


@dataclass(frozen=True, slots=True)
class TokenPair:
    """What a sign-in or a refresh answers; lifetimes in whole seconds."""

    access_token: str
    expires_in: int
    refresh_token: str
    refresh_expires_in: int
    session_id: SessionId
