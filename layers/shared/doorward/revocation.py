"""The revocation contract as pure functions: what is refused although its signature is right."""

from __future__ import annotations

from collections.abc import Mapping

from doorward.model import (
    AccessTokenClaims,
    Cutoff,
    Revocations,
    RevocationState,
    Session,
    SessionRef,
    Snapshot,
    TenantId,
    UserId,
)


def denial_reason(claims: AccessTokenClaims, revocations: Revocations) -> str | None:
    """Tell why an access token is refused, or None if nothing revoked it.

    Args:
        claims: a verified token.
        revocations: what is stored, read consistently after the request arrived.
    """
    user = revocations.user
    if claims.kid in revocations.revoked_kids:
        return "key_revoked"
    if claims.epochs.tenant < revocations.tenant_min_epoch:
        return "tenant_cut_off"
    if claims.session_id in user.sessions:
        return "session_ended"
    if claims.token_id in user.tokens:
        return "token_revoked"
    if claims.epochs.user < user.min_epoch and not _is_spared(claims, user):
        return "user_cut_off"
    return None


def must_change_password(claims: AccessTokenClaims, revocations: Revocations) -> bool:
    """Tell whether the token's restriction still holds: it ends when its own session changes the password."""
    return claims.password_change_required and not _is_spared(claims, revocations.user)


def is_live(session: Session, snapshot: Snapshot, now_ms: int) -> bool:
    """Tell whether a session can still be used: not ended, not past its end, not cut off."""
    return (
        session.revoked_at_ms is None
        and now_ms < session.expires_at_ms
        and session.epochs.user >= snapshot.sessions_from
        and session.epochs.tenant >= snapshot.epochs.tenant
    )


def next_epoch(current: int, now_ms: int) -> int:
    """Return an epoch later than the current one: the time in milliseconds, or one more than it was.

    Clocks of two machines may differ; the order of epochs must not depend on them.
    """
    return max(now_ms, current + 1)


def cut_off_user(
    user_id: UserId,
    epochs: Mapping[TenantId, int],
    now_ms: int,
    *,
    ends_sessions: bool,
    spared: SessionRef | None = None,
) -> tuple[Cutoff, ...]:
    """Return the cutoffs that refuse a user's present tokens in the given realms.

    Args:
        user_id: whose tokens.
        epochs: the present epoch of each realm to cut off.
        now_ms: the time, in milliseconds.
        ends_sessions: whether sessions end too (a password change), or refresh into new tokens
            (a change of roles).
        spared: the one session that goes on.
    """
    at = max((next_epoch(epoch, now_ms) for epoch in epochs.values()), default=now_ms)
    return tuple(
        Cutoff(
            tenant_id=tenant_id,
            user_id=user_id,
            at=at,
            ends_sessions=ends_sessions,
            spared=spared.session_id if spared and spared.tenant_id == tenant_id else None,
            spared_from=epoch if spared and spared.tenant_id == tenant_id else 0,
        )
        for tenant_id, epoch in epochs.items()
    )


def _is_spared(claims: AccessTokenClaims, user: RevocationState) -> bool:
    return user.spared_session_id == claims.session_id and claims.epochs.user >= user.spared_min_epoch
