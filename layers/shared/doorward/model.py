"""The nouns of Doorward: identifiers, users, memberships, tenants, sessions, tokens, principals."""

from __future__ import annotations

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


class Clock(Protocol):
    """The time, injected so that tests decide it."""

    def __call__(self) -> int:
        """Return the milliseconds since 1970-01-01 UTC."""


@dataclass(frozen=True, slots=True)
class Tenant:
    """A customer of the software that Doorward protects."""

    id: TenantId
    name: str
    status: Status
    created_at_ms: int


@dataclass(frozen=True, slots=True)
class Membership:
    """What a user is within one tenant."""

    tenant_id: TenantId
    user_id: UserId
    roles: tuple[str, ...]
    status: Status
    created_at_ms: int


@dataclass(frozen=True, slots=True)
class User:
    """A person who signs in. `tenant_ids` begins with the home tenant; `version` counts changes."""

    id: UserId
    username: str
    email: str | None
    display_name: str | None
    status: Status
    tenant_ids: tuple[TenantId, ...]
    platform_admin: bool
    password_change_required: bool
    created_at_ms: int
    updated_at_ms: int
    version: int

    @property
    def home_tenant_id(self) -> TenantId:
        """Return the tenant whose administrators may change this user; PLATFORM if there is none."""
        return self.tenant_ids[0] if self.tenant_ids else PLATFORM

    @property
    def realms(self) -> tuple[TenantId, ...]:
        """Return every realm in which this user can hold a session."""
        return (*self.tenant_ids, PLATFORM) if self.platform_admin else self.tenant_ids


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
    """One sign-in. Its refresh tokens are derived from `ref` and `generation`, never stored."""

    ref: SessionRef
    generation: int
    epochs: Epochs
    created_at_ms: int
    rotated_at_ms: int
    expires_at_ms: int
    cookie_hash: str | None = None
    revoked_at_ms: int | None = None
    client_id: str | None = None


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


@dataclass(frozen=True, slots=True)
class Snapshot:
    """All that decides whether somebody is let in, as it was at one moment.

    `sessions_from` is the epoch below which the user's sessions are dead.
    """

    user: User | None = None
    password_hash: str | None = None
    membership: Membership | None = None
    tenant: Tenant | None = None
    session: Session | None = None
    epochs: Epochs = Epochs()
    sessions_from: int = 0


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


Restriction = Literal["password_change_required", "cross_site_request"]


@dataclass(frozen=True, slots=True)
class Principal:
    """Who is calling, decided by the authorizer."""

    user_id: UserId
    username: str
    tenant_id: TenantId
    roles: frozenset[str]
    session_id: SessionId
    token_id: TokenId | None = None
    restriction: Restriction | None = None

    @property
    def is_platform_admin(self) -> bool:
        """Tell whether the caller administers the whole deployment."""
        return PLATFORM_ADMIN in self.roles

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
