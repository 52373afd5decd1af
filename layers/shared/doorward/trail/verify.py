"""Verify the chain of a tenant: find what was dropped, altered, moved or slipped in, and name it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Literal

from doorward.model.audit import Anchor, ChainHead, Link
from doorward.rules.audit import DAY_SECONDS
from doorward.trail.chain import hash_of

Damage = Literal["altered", "dropped", "inserted", "moved", "contradicted"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong with a chain.

    Args:
        damage: `altered`: a record is not as it was. `dropped`: records are missing. `inserted`: a record is not of the
            chain. `moved`: a record does not follow the one before. `contradicted`: the chain is not the one that a
            checkpoint tells of.
        number: of the record; of the first one that is missing.
        last: of the last one that is missing; otherwise the same as `number`.
        record_id: of the record, if there is one.
    """

    damage: Damage
    number: int
    last: int
    record_id: str | None = None


@dataclass(frozen=True, slots=True)
class Trail:
    """All that is stored of a tenant's trail.

    Args:
        head: how far the chain goes.
        links: the records, in any order.
        anchors: of days and retentions.
        witnessed: number to hash, from checkpoints whose signatures are verified, wherever they were kept.
    """

    head: ChainHead
    links: Sequence[Link]
    anchors: Sequence[Anchor] = ()
    witnessed: Mapping[int, str] = field(default_factory=dict)


def verify(trail: Trail, now: int) -> list[Finding]:
    """Return everything that is wrong with a trail; nothing if it is whole.

    What has expired may be missing: up to a day before the end of its retention too.

    Args:
        trail: what is stored.
        now: the time, in epoch seconds.
    """
    places: dict[int, Link] = {}
    findings = []
    for link in sorted(trail.links, key=lambda link: (link.number, not _is_whole(link))):
        if link.number in places or not 0 < link.number <= trail.head.number:
            findings.append(_about("inserted", link))
        else:
            places[link.number] = link
    findings += _judge(places)
    findings += (Finding("dropped", first, last) for first, last in _gaps(trail, places, now))
    findings += _contradicted(trail, places)
    return sorted(findings, key=lambda finding: (finding.number, finding.damage))


def _judge(places: Mapping[int, Link]) -> Iterator[Finding]:
    for number, link in places.items():
        before = places.get(number - 1)
        if not _is_whole(link):
            yield _about("altered", link)
        elif before is not None and _is_whole(before) and link.previous != before.hash:
            yield _about("moved", link)


def _gaps(trail: Trail, places: Mapping[int, Link], now: int) -> Iterator[tuple[int, int]]:
    """Return the first and the last number of each row of records that are missing and may not be."""
    first = None
    for number in range(1, trail.head.number + 2):
        missing = number <= trail.head.number and number not in places and not _has_expired(trail.anchors, number, now)
        if missing and first is None:
            first = number
        elif not missing and first is not None:
            yield first, number - 1
            first = None


def _has_expired(anchors: Sequence[Anchor], number: int, now: int) -> bool:
    """Return whether the record with this number may be gone: counted from the beginning of the day of its anchor."""
    before = [anchor for anchor in anchors if anchor.number < number]
    if not before:
        return False
    anchor = max(before, key=lambda anchor: anchor.number)
    begun = datetime.fromisoformat(anchor.day).replace(tzinfo=UTC).timestamp()
    return begun + anchor.retention_days * DAY_SECONDS <= now


def _contradicted(trail: Trail, places: Mapping[int, Link]) -> Iterator[Finding]:
    known = {trail.head.number: trail.head.hash} if trail.head.number else {}
    known |= {anchor.number: anchor.hash for anchor in trail.anchors if anchor.number}
    for number, text in sorted((*known.items(), *trail.witnessed.items())):
        found = places.get(number)
        if number > trail.head.number or (found is not None and found.hash != text):
            yield Finding("contradicted", number, number, found.record.id if found else None)


def _is_whole(link: Link) -> bool:
    return link.hash == hash_of(link.record, link.number, link.previous, link.expires_at)


def _about(damage: Damage, link: Link) -> Finding:
    return Finding(damage, link.number, link.number, link.record.id)
