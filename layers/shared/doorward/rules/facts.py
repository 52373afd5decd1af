"""From what is revoked to the feed's entries, which name nobody and live as long as their tokens."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from doorward.model import (
    Digest,
    Facts,
    Lives,
    Revoked,
    SessionId,
    TenantCutoff,
    TenantId,
    TokenId,
    UserCutoff,
    UserId,
    is_service,
)
from doorward.rules.lifetimes import (
    MAX_ACCESS_TTL_SECONDS,
    MAX_TOKEN_LIFE_SECONDS,
    concerns_until,
    epoch_concerns_until,
)

DIGEST_BYTES = 12
SHORT_SECONDS = 7200
"""What is forgotten within this time is short-lived. It goes into parts of its own, which are forgotten whole."""

_MINUTE, _HOUR = 60, 3600


def session_digest(tenant_id: TenantId, user_id: UserId, session_id: SessionId | str) -> Digest:
    """Return what stands for a session."""
    return _digest("session", tenant_id, user_id, session_id)


def token_digest(tenant_id: TenantId, user_id: UserId, token_id: TokenId | str) -> Digest:
    """Return what stands for a token."""
    return _digest("token", tenant_id, user_id, token_id)


def user_digest(tenant_id: TenantId, user_id: UserId) -> Digest:
    """Return what stands for a user or a service in a tenant."""
    return _digest("user", tenant_id, user_id)


def tenant_digest(tenant_id: TenantId) -> Digest:
    """Return what stands for a tenant."""
    return _digest("tenant", tenant_id)


def _digest(*names: str) -> Digest:
    return hashlib.sha256("\0".join(names).encode()).digest()[:DIGEST_BYTES]


def news(new: Revoked, old: Revoked | None) -> Revoked | None:
    """Return what an item says that it did not say before; None if that is nothing."""
    if old is None:
        return new
    sessions, tokens = _without(new.sessions, old.sessions), _without(new.tokens, old.tokens)
    kids, epoch = _without(new.kids, old.kids), new.min_epoch if new.min_epoch > old.min_epoch else 0
    if not (sessions or tokens or kids or epoch):
        return None
    return replace(new, min_epoch=epoch, sessions=sessions, tokens=tokens, kids=kids)


def _without(new: Mapping[str, int], old: Mapping[str, int]) -> dict[str, int]:
    return {name: end for name, end in new.items() if old.get(name) != end}


def facts_of(revoked: Revoked, lives: Lives, now: int) -> Facts:
    """Return the entries of what is revoked of a user or of a tenant.

    Args:
        revoked: of a user or a tenant.
        lives: how long this deployment's tokens live at most.
        now: the time, in epoch seconds. What concerns no token that lives now is left out.
    """
    tenant_id, user_id = revoked.tenant_id, revoked.user_id
    if tenant_id is None:
        return Facts()
    if user_id is None:
        cutoff = TenantCutoff(epoch_concerns_until(revoked.min_epoch, lives.longest), revoked.min_epoch)
        return live(Facts(tenants={tenant_digest(tenant_id): cutoff}), now)
    service = is_service(user_id)
    life, longest = (lives.service, MAX_TOKEN_LIFE_SECONDS) if service else (lives.access, MAX_ACCESS_TTL_SECONDS)
    ended = [
        (concerns_until(end, longest, life), session_digest(tenant_id, user_id, name))
        for name, end in revoked.sessions.items()
    ]
    ended += [(end, token_digest(tenant_id, user_id, name)) for name, end in revoked.tokens.items()]
    users = {user_digest(tenant_id, user_id): _user_cutoff(revoked, tenant_id, user_id, life)}
    return live(Facts(ended=_by_end(ended, now), users=users if revoked.min_epoch else {}), now)


def _user_cutoff(revoked: Revoked, tenant_id: TenantId, user_id: UserId, life: int) -> UserCutoff:
    spared = revoked.spared_session_id
    return UserCutoff(
        epoch_concerns_until(revoked.min_epoch, life),
        revoked.min_epoch,
        session_digest(tenant_id, user_id, spared) if spared else None,
        revoked.spared_min_epoch,
    )


def _by_end(ended: Iterable[tuple[int, Digest]], now: int) -> dict[int, frozenset[Digest]]:
    """Group digests by their end, later by up to a minute, or by up to an hour for those that live long."""
    groups: dict[int, set[Digest]] = {}
    for end, digest in ended:
        step = _MINUTE if end - now <= SHORT_SECONDS else _HOUR
        groups.setdefault(-(-end // step) * step, set()).add(digest)
    return {end: frozenset(digests) for end, digests in groups.items()}


def live(facts: Facts, now: int) -> Facts:
    """Return the entries that can still concern a token."""
    return Facts(
        {end: digests for end, digests in facts.ended.items() if end > now},
        {digest: cutoff for digest, cutoff in facts.users.items() if cutoff.end > now},
        {digest: cutoff for digest, cutoff in facts.tenants.items() if cutoff.end > now},
    )


def joined(several: Iterable[Facts]) -> Facts:
    """Return the entries of several as one. Of two cutoffs of a user or a tenant, both hold."""
    ended: dict[int, set[Digest]] = {}
    users: dict[Digest, UserCutoff] = {}
    tenants: dict[Digest, TenantCutoff] = {}
    for facts in several:
        for end, digests in facts.ended.items():
            ended.setdefault(end, set()).update(digests)
        for digest, cutoff in facts.users.items():
            users[digest] = later(users.get(digest), cutoff)
        for digest, whole in facts.tenants.items():
            tenants[digest] = stricter(tenants.get(digest), whole)
    return Facts({end: frozenset(digests) for end, digests in ended.items()}, users, tenants)


def later(one: UserCutoff | None, other: UserCutoff) -> UserCutoff:
    """Return the later of two cutoffs of a user: the later epoch takes the earlier one in."""
    return other if one is None or other.epoch > one.epoch else one


def stricter(one: TenantCutoff | None, other: TenantCutoff) -> TenantCutoff:
    """Return a cutoff of a tenant that refuses what either of two refuses."""
    if one is None:
        return other
    return TenantCutoff(
        max(one.end, other.end),
        max(one.epoch, other.epoch),
        max(one.users_before, other.users_before),
        max(one.services_before, other.services_before),
    )


def by_life(facts: Facts, now: int) -> tuple[Facts, Facts]:
    """Return the short-lived entries, and the lasting ones."""
    limit = now + SHORT_SECONDS
    lasting = live(facts, limit)
    return (
        Facts(
            {end: digests for end, digests in facts.ended.items() if end <= limit},
            {digest: cutoff for digest, cutoff in facts.users.items() if cutoff.end <= limit},
            {digest: cutoff for digest, cutoff in facts.tenants.items() if cutoff.end <= limit},
        ),
        lasting,
    )


def pieces(facts: Facts, size: int) -> Iterator[Facts]:
    """Cut entries into pieces of at most so many."""
    entries: list[Facts] = [
        Facts(ended={end: frozenset(chosen)})
        for end, digests in sorted(facts.ended.items())
        for chosen in _batches(sorted(digests), size)
    ]
    entries += [Facts(users=dict(chosen)) for chosen in _batches(sorted(facts.users.items()), size)]
    entries += [Facts(tenants=dict(chosen)) for chosen in _batches(sorted(facts.tenants.items()), size)]
    held: list[Facts] = []
    for piece in entries:
        if held and sum(map(len, held)) + len(piece) > size:
            yield joined(held)
            held = []
        held.append(piece)
    if held:
        yield joined(held)


def _batches(values: list, size: int) -> Iterator[list]:  # type: ignore[type-arg]
    for start in range(0, len(values), size):
        yield values[start : start + size]
