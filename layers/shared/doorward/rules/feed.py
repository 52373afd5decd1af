"""How the feed for offline verifiers grows: what a head says next, and which parts become one."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from doorward.model import Facts, Head, Lives, Load, Part, Revoked, TenantCutoff, TenantId, is_service
from doorward.rules.facts import facts_of, joined, live, tenant_digest
from doorward.rules.lifetimes import (
    CLOCK_SLACK_SECONDS,
    MAX_TOKEN_LIFE_SECONDS,
    concerns_until,
    epoch_concerns_until,
)

TAIL_ENTRIES = 2048
"""So many of the newest entries are in the head itself; a change beyond them moves all of them into parts."""

PART_ENTRIES = 8192
"""The most entries of a new part. A cutoff takes some 120 bytes, so a part stays below a MiB."""

PART_BYTES = 1_048_576
"""The most bytes of a part that is made of several."""

UNMERGED, MERGED_AT_ONCE = 32, 16
"""Of so many parts of a level the oldest become one. The newest stay as they are, for those who know the others."""

SIGNED_ANEW_SECONDS = 240
"""How often a head is signed again although nothing changed, so that its readers know its age."""

MAX_AGE_SECONDS = 420
"""How old a head may be for its readers: signed anew, a minute's schedule late, and clocks apart."""

GAP_SECONDS = 43_200
"""How long nobody may have written before the feed is made anew: a stream forgets its records after 24 hours."""

USER_ROOM, USER_SHARE = 1_500_000, 150_000
SERVICE_ROOM, SERVICE_SHARE = 300_000, 30_000
"""How many entries there is room for, and how many one tenant may have when there is no room left."""

_LIVES_SLACK_SECONDS = 600
_NAMES = 64


def first_head(now_ms: int, lives: Lives) -> Head:
    """Return an empty head. Its number is above that of any head that was there before and is lost."""
    return Head(now_ms, now_ms // 1000, now_ms, lives)


def advanced(head: Head, revoked: Sequence[Revoked], configured: Lives, now: int) -> Head:
    """Return the next head: the same, and what became revoked.

    Args:
        head: the head so far.
        revoked: what became revoked.
        configured: how long tokens live by the deployment's settings.
        now: the time, in epoch seconds.
    """
    return noted(replace(issued(head, configured, now), number=head.number + 1), revoked, now)


def issued(head: Head, configured: Lives, now: int) -> Head:
    """Return the head as it is signed now.

    Where the settings shortened the lives of tokens, the longer ones count until the tokens of then have died.
    """
    head = replace(head, issued_at=max(now, head.issued_at))
    lives = Lives(max(configured.access, head.lives.access), max(configured.service, head.lives.service))
    if lives == configured or now >= head.lives_until:
        until = now + configured.longest + _LIVES_SLACK_SECONDS
        return replace(head, lives=configured, lives_until=until)
    return replace(head, lives=lives)


def noted(head: Head, revoked: Iterable[Revoked], now: int) -> Head:
    """Return the head with more in its tail."""
    tail, by_tenant = [live(head.tail, now)], dict[tuple[TenantId, bool], list[Facts]]()
    for one in revoked:
        if one.tenant_id is None:
            head = _everywhere(head, one)
        elif one.user_id is None:
            tail.append(facts_of(one, head.lives, now))
        else:
            place = one.tenant_id, is_service(one.user_id)
            by_tenant.setdefault(place, []).append(facts_of(one, head.lives, now))
    together = {place: joined(several) for place, several in by_tenant.items()}
    head = _weighed(head, together, now)
    bounded = [_bounded(head, place, facts, now) for place, facts in together.items()]
    return replace(head, tail=joined([*tail, *bounded]))


def _everywhere(head: Head, revoked: Revoked) -> Head:
    """Return the head with what is revoked of the whole deployment."""
    life = head.lives.longest
    ends = {kid: concerns_until(end, MAX_TOKEN_LIFE_SECONDS, life) for kid, end in revoked.kids.items()}
    head = replace(head, kids={**head.kids, **ends})
    if revoked.min_epoch <= head.deployment:
        return head
    return replace(head, deployment=revoked.min_epoch, deployment_end=epoch_concerns_until(revoked.min_epoch, life))


def _weighed(head: Head, added: Mapping[tuple[TenantId, bool], Facts], now: int) -> Head:
    """Return the head with the load of each tenant, which is counted only while room grows scarce."""
    users, services = _filled(head)
    loads = Counter[str](), Counter[str]()
    for (tenant_id, service), facts in added.items():
        loads[service][tenant_digest(tenant_id).hex()] += len(facts)
    return replace(
        head,
        user_load=_faded(head.user_load, loads[False], users >= USER_ROOM // 2, head.lives.access, now),
        service_load=_faded(head.service_load, loads[True], services >= SERVICE_ROOM // 2, head.lives.service, now),
    )


def _filled(head: Head) -> tuple[int, int]:
    """Return how many entries there are of users and of services: about, for that is told by their lives."""
    lasting = sum(part.entries for part in head.parts if part.lasting)
    return sum(part.entries for part in head.parts) - lasting + len(head.tail), lasting


def _faded(load: Load, added: Counter[str], scarce: bool, life: int, now: int) -> Load:  # noqa: FBT001 - one caller
    if not scarce:
        return Load(now)
    left = math.exp((load.at - now) / life)
    counts = Counter({name: round(count * left) for name, count in load.counts.items()}) + added
    return Load(now, dict(counts.most_common(_NAMES)))


def _bounded(head: Head, place: tuple[TenantId, bool], facts: Facts, now: int) -> Facts:
    """Return a tenant's new entries, or the one that refuses all of its tokens so far if it has more than its share."""
    tenant_id, service = place
    digest, (users, services) = tenant_digest(tenant_id), _filled(head)
    load = (head.service_load if service else head.user_load).counts.get(digest.hex(), 0)
    full = services >= SERVICE_ROOM if service else users >= USER_ROOM
    if not full or load < (SERVICE_SHARE if service else USER_SHARE):
        return facts
    end = now + CLOCK_SLACK_SECONDS + (head.lives.service if service else head.lives.access)
    cutoff = TenantCutoff(end, services_before=now) if service else TenantCutoff(end, users_before=now)
    return Facts(tenants={digest: cutoff})


def pruned(head: Head, now: int) -> Head:
    """Return the head without what concerns no token any more."""
    passed = now >= head.deployment_end
    return replace(
        head,
        tail=live(head.tail, now),
        parts=tuple(part for part in head.parts if part.end > now),
        kids={kid: end for kid, end in head.kids.items() if end > now},
        deployment=0 if passed else head.deployment,
        deployment_end=0 if passed else head.deployment_end,
    )


def mergeable(parts: Sequence[Part]) -> list[tuple[Part, ...]]:
    """Return groups of parts, each of which becomes one part. A group of one only rises to the next level."""
    groups: list[tuple[Part, ...]] = []
    for lasting, level in sorted({(part.lasting, part.level) for part in parts}):
        peers = sorted((p for p in parts if (p.lasting, p.level) == (lasting, level)), key=lambda part: part.last)
        many = (len(peers) - UNMERGED + MERGED_AT_ONCE) // MERGED_AT_ONCE
        for batch in range(many):
            groups += _packed(peers[batch * MERGED_AT_ONCE :][:MERGED_AT_ONCE])
    return groups


def _packed(parts: Sequence[Part]) -> list[tuple[Part, ...]]:
    groups: list[list[Part]] = [[]]
    for part in parts:
        if groups[-1] and sum(held.size for held in groups[-1]) + part.size > PART_BYTES:
            groups.append([])
        groups[-1].append(part)
    return [tuple(group) for group in groups]


def replaced(head: Head, group: Sequence[Part], merged: Part | None) -> Head:
    """Return the head with one part in place of a group, or unchanged if a part of the group is gone."""
    if not set(group) <= set(head.parts):
        return head
    left = [part for part in head.parts if part not in group]
    parts = [*left, *([merged] if merged else [])]
    return replace(head, parts=tuple(sorted(parts, key=lambda part: part.last)))


def refounded(head: Head, built: Head, since: int, now: int) -> Head:
    """Return the head with what was built from the table in place of everything up to a number.

    Args:
        head: the head now.
        built: a head that was made from the whole table.
        since: the number of the head when reading the table began.
        now: the time, in epoch seconds.
    """
    number = head.number + 1
    parts = [*(part for part in head.parts if part.last > since), *(replace(p, last=number) for p in built.parts)]
    return replace(
        head,
        number=number,
        issued_at=now,
        tail=joined([head.tail, built.tail]),
        parts=tuple(parts),
        kids={**built.kids, **head.kids},
        deployment=max(built.deployment, head.deployment),
        deployment_end=max(built.deployment_end, head.deployment_end),
    )
