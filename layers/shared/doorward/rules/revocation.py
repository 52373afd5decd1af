"""The revocation contract as pure functions: what is refused although its signature is right."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from doorward.model import (
    AccessTokenClaims,
    Admission,
    Cutoff,
    Restriction,
    Revocable,
    Revocations,
    RevocationState,
    Session,
    SessionRef,
    SignInPolicy,
    TenantId,
    UserId,
    is_service,
)

if TYPE_CHECKING:
    from doorward.model import ServiceToken

MAX_ENTRIES = 20
"""Single revocations of one user, which every request of the user reads, before a cutoff takes their place.

With so many the user's item has less than 1 KB, and a sign-out costs at most six write units whatever came before."""

MAX_SERVICE_ENTRIES = 40
"""The same of a service, whose tokens live long and cannot be refreshed after a cutoff."""


def denial_reason(token: Revocable, revocations: Revocations) -> str | None:
    """Return why an access token or a socket is refused, or None if nothing revoked it.

    Args:
        token: a verified token, or what a socket was opened with.
        revocations: what is stored, read consistently after the request arrived.
    """
    user = revocations.user
    refused = {
        "key_revoked": token.kid in revocations.revoked_kids,
        "deployment_cut_off": token.epochs.deployment < revocations.deployment_min_epoch,
        "tenant_cut_off": token.epochs.tenant < revocations.tenant_min_epoch,
        "session_ended": token.session_id in user.sessions,
        "token_revoked": token.token_id in user.tokens,
        "user_cut_off": token.epochs.user < user.min_epoch and not _is_spared(token, user),
    }
    return next((reason for reason, holds in refused.items() if holds), None)


def restriction_of(claims: AccessTokenClaims, revocations: Revocations) -> Restriction | None:
    """Return what the bearer of a token must do before anything else, or None.

    That a password must be changed ends when the token's own session changes it. That a second factor is missing ends
    with the token: whoever proves one gets another token.
    """
    if claims.password_change_required and not _is_spared(claims, revocations.user):
        return "password_change_required"
    return "second_factor_required" if claims.second_factor_required else None


def is_live(session: Session, admission: Admission, now_ms: int) -> bool:
    """Return whether a session can still be used: not ended, not past its end, not cut off."""
    return (
        session.revoked_at_ms is None
        and now_ms < session_ends_at_ms(session, admission.policy)
        and session.epochs.user >= admission.sessions_from
        and session.epochs.tenant >= admission.epochs.tenant
        and session.epochs.deployment >= admission.epochs.deployment
    )


def is_shut_out(session: Session, there: Admission) -> bool:
    """Return whether a family may not come back to a tenant by a switch, because its session there was ended.

    Somebody ended that one session, or all of the user's in the tenant after the family began. Otherwise the session of
    another tenant would bring back what the tenant's administrator ended. A change of the password spares the session
    that made it: that session has the epoch of the change, in every tenant.

    Args:
        session: of the family, from which the switch starts.
        there: what decides in the other tenant, with the family's session there if it has one.
    """
    ended_alone = there.session is not None and there.session.revoked_at_ms is not None
    spared = session.epochs.user == there.sessions_from
    return ended_alone or (session.created_at_ms < there.sessions_from and not spared)


def session_ends_at_ms(session: Session, policy: SignInPolicy) -> int:
    """Return when a session ends: a tenant that shortens its sessions shortens those that live too."""
    if policy.session_seconds is None:
        return session.expires_at_ms
    return min(session.expires_at_ms, session.created_at_ms + policy.session_seconds * 1000)


def mark_revoked(token: ServiceToken, revocations: Revocations) -> ServiceToken:
    """Return the record of a service token with what it does not know: that the token was revoked otherwise.

    Its possessor may have revoked it or signed out, and epochs are times, so older tokens fell with a cutoff.
    """
    state = revocations.user
    epoch = max(state.min_epoch, revocations.tenant_min_epoch, revocations.deployment_min_epoch)
    if token.revoked_at_ms is None and (token.created_at_ms < epoch or token.id in state.tokens | state.sessions):
        return replace(token, revoked_at_ms=epoch)
    return token


@dataclass(frozen=True, slots=True)
class EntryPlan:
    """What becomes of the single revocations of one user when another one is added.

    Args:
        removed: the entries that go.
        cutoff_at: the epoch of the cutoff that takes the place of all entries; None if the new entry is added.
    """

    removed: tuple[str, ...]
    cutoff_at: int | None = None


def most_entries(user_id: UserId) -> int:
    """Return how many single revocations of a user or service are kept."""
    return MAX_SERVICE_ENTRIES if is_service(user_id) else MAX_ENTRIES


def plan_entry(entries: Mapping[str, int], name: str, min_epoch: int, now_ms: int, most: int) -> EntryPlan:
    """Return how to add a single revocation to those of one user in one realm.

    Entries whose tokens have died go. When too many are left, a cutoff that spares nobody takes their place: the
    user's other sessions lose their access tokens once, and refresh into new ones.

    Args:
        entries: name of each single revocation to its end, in epoch seconds.
        name: of the one to add.
        min_epoch: the user's epoch so far.
        now_ms: the time, in milliseconds.
        most: how many entries there may be (`most_entries`).
    """
    dead = tuple(entry for entry, end in entries.items() if end < now_ms // 1000 and entry != name)
    if len(entries) - len(dead) >= most:
        return EntryPlan(tuple(entries), next_epoch(min_epoch, now_ms))
    return EntryPlan(dead)


def next_epoch(current: int, now_ms: int) -> int:
    """Return an epoch later than the current one: the time in milliseconds, or one more than it was.

    Clocks of two machines may differ; the order of epochs must not depend on them.
    """
    return max(now_ms, current + 1)


def cut_off_user(
    user_id: UserId,
    states: Mapping[TenantId, RevocationState],
    now_ms: int,
    *,
    ends_sessions: bool,
    spared: SessionRef | None = None,
) -> tuple[Cutoff, ...]:
    """Return the cutoffs that refuse a user's present tokens in the given realms.

    Args:
        user_id: whose tokens.
        states: the present state of each realm to cut off.
        now_ms: the time, in milliseconds.
        ends_sessions: whether sessions end too (a password change), or refresh into new tokens
            (a change of roles).
        spared: the one session that goes on.
    """
    at = max((next_epoch(state.min_epoch, now_ms) for state in states.values()), default=now_ms)
    cutoffs = []
    for tenant_id, state in states.items():
        cutoff = Cutoff(tenant_id, user_id, at, ends_sessions)
        if spared is not None and spared.tenant_id == tenant_id:
            again = state.spared_session_id == spared.session_id
            cutoff = replace(
                cutoff,
                spared=spared.session_id,
                spared_from=state.spared_min_epoch if again else state.min_epoch,
                seen=state.min_epoch,
                sessions_from=state.sessions_min_epoch,
            )
        cutoffs.append(cutoff)
    return tuple(cutoffs)


def _is_spared(token: Revocable, user: RevocationState) -> bool:
    return user.spared_session_id == token.session_id and token.epochs.user >= user.spared_min_epoch
