"""Sessions, and what admits somebody to one."""

from __future__ import annotations

from dataclasses import dataclass

from doorward.model.identities import (
    Membership,
    SessionId,
    TenantId,
    User,
    UserId,
)
from doorward.model.policy import NO_POLICY, Method, SignInPolicy


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
    deployment: int = 0


@dataclass(frozen=True, slots=True)
class Session:
    """One sign-in. Its refresh tokens are derived from `ref` and `generation`, never stored.

    One sign-in is a family: its sessions, one a tenant at most, have the same id. `links` counts the switches from
    this session to another tenant, and the one that made it: without any, a session is all of its family.
    `switched_to` is the tenant that the last rotation led to; None if it stayed.
    `amr` and `authenticated_at_ms` say what was proved beside the method, and when something was proved last; a session
    without them proved its method at its beginning (`doorward.rules.factors`).
    `source` is the IP address that the sign-in came from, and `user_agent` what the client said that it is; None if
    that is not known. `rotated_at_ms` is also when the session was last used: its beginning is its first use.
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
    links: int = 0
    switched_to: TenantId | None = None
    method: Method = "password"
    amr: tuple[str, ...] = ()
    authenticated_at_ms: int | None = None
    source: str | None = None
    user_agent: str | None = None


@dataclass(frozen=True, slots=True)
class Admission:
    """All that decides whether somebody is let in.

    The epochs are no later than the rest. `tenant_status` is None if there is no such tenant.
    `sessions_from` is the epoch below which the user's sessions are dead; no key of `revoked_kids` may sign for them.
    `failures` counts the wrong passwords in a row, where a sign-in asks. `policy` is the tenant's.
    """

    user: User | None = None
    password_hash: str | None = None
    password_set_at_ms: int = 0
    membership: Membership | None = None
    tenant_status: str | None = None
    session: Session | None = None
    epochs: Epochs = Epochs()
    sessions_from: int = 0
    revoked_kids: frozenset[str] = frozenset()
    failures: int = 0
    policy: SignInPolicy = NO_POLICY
