"""What is revoked."""

from __future__ import annotations

from dataclasses import dataclass

from doorward.model.identities import (
    SessionId,
    TenantId,
    UserId,
)


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
    """The three answers that decide about a token whose signature was right.

    `tenant_status` is None if there is no such tenant. `tenant_policy` is the policy's text beside the status.
    """

    user: RevocationState = RevocationState()
    tenant_min_epoch: int = 0
    revoked_kids: frozenset[str] = frozenset()
    deployment_min_epoch: int = 0
    tenant_status: str | None = None
    tenant_policy: str | None = None
