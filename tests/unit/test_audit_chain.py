"""What somebody who can write to the table of the audit trail cannot hide."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from doorward.model import TenantId
from doorward.model.audit import Anchor, AuditRecord, ChainHead, Link
from doorward.rules.audit import DAY_SECONDS, day_of
from doorward.tokens.ids import random_ulid
from doorward.trail.chain import hash_of, linked
from doorward.trail.verify import Finding, Trail, verify

NOW = 1_790_000_000
KEPT_DAYS = 365


def _record(number: int) -> AuditRecord:
    at_ms = (NOW - 100 + number) * 1000
    return AuditRecord(
        id=random_ulid(at_ms),
        at_ms=at_ms,
        tenant_id=TenantId("acme"),
        event="signed_in",
        target_id="u1",
        details={"n": number},
    )


def _trail(count: int = 6, days: int = KEPT_DAYS) -> Trail:
    links, head = linked(ChainHead(), [_record(number) for number in range(count)], NOW + days * DAY_SECONDS)
    return Trail(head, links, [Anchor(0, "", day_of(NOW * 1000), days, "")])


def _rehashed(links: list[Link]) -> list[Link]:
    """Return links as a thief would write them who knows how the chain is made."""
    done: list[Link] = []
    for link in links:
        previous = done[-1].hash if done else ""
        text = hash_of(link.record, link.number, previous, link.expires_at)
        done.append(replace(link, previous=previous, hash=text))
    return done


def test_a_whole_trail_has_no_findings() -> None:
    assert verify(_trail(), NOW) == []


def test_the_order_in_which_records_are_read_does_not_matter() -> None:
    trail = _trail()
    assert verify(replace(trail, links=tuple(reversed(trail.links))), NOW) == []


@pytest.mark.parametrize(
    "change",
    [
        lambda record: replace(record, event="signed_out"),
        lambda record: replace(record, actor_id="u2"),
        lambda record: replace(record, actor_name="eve"),
        lambda record: replace(record, target_id=None),
        lambda record: replace(record, at_ms=record.at_ms + 1),
        lambda record: replace(record, outcome="failure"),
        lambda record: replace(record, source="192.0.2.1"),
        lambda record: replace(record, details={}),
        lambda record: replace(record, tenant_id=TenantId("globex")),
    ],
)
def test_an_altered_record_is_named(change: Callable[[AuditRecord], AuditRecord]) -> None:
    trail = _trail()
    links = list(trail.links)
    links[2] = replace(links[2], record=change(links[2].record))
    assert verify(replace(trail, links=links), NOW) == [Finding("altered", 3, 3, links[2].record.id)]


def test_another_time_to_live_is_an_alteration() -> None:
    trail = _trail()
    links = list(trail.links)
    links[2] = replace(links[2], expires_at=NOW)
    assert [finding.damage for finding in verify(replace(trail, links=links), NOW)] == ["altered"]


def test_a_dropped_record_is_named_by_its_number() -> None:
    trail = _trail()
    assert verify(replace(trail, links=[*trail.links[:2], *trail.links[4:]]), NOW) == [Finding("dropped", 3, 4)]


def test_a_dropped_first_and_a_dropped_last_record_are_found() -> None:
    trail = _trail()
    assert verify(replace(trail, links=trail.links[1:]), NOW) == [Finding("dropped", 1, 1)]
    assert verify(replace(trail, links=trail.links[:-1]), NOW) == [Finding("dropped", 6, 6)]


def test_all_records_dropped_are_found() -> None:
    assert verify(replace(_trail(), links=()), NOW) == [Finding("dropped", 1, 6)]


def test_records_that_changed_places_are_named() -> None:
    trail = _trail()
    links = list(trail.links)
    third, fourth = links[2].record, links[3].record
    links[2], links[3] = replace(links[2], record=fourth), replace(links[3], record=third)
    found = verify(replace(trail, links=links), NOW)
    assert [(finding.damage, finding.number) for finding in found] == [("altered", 3), ("altered", 4)]


def test_records_that_changed_places_and_were_hashed_anew_are_found() -> None:
    trail = _trail()
    links = list(trail.links)
    links[2], links[3] = replace(links[2], record=links[3].record), replace(links[3], record=links[2].record)
    for at in (2, 3):
        fresh = hash_of(links[at].record, links[at].number, links[at].previous, links[at].expires_at)
        links[at] = replace(links[at], hash=fresh)
    found = verify(replace(trail, links=links), NOW)
    assert [(finding.damage, finding.number) for finding in found] == [("moved", 4), ("moved", 5)]


def test_an_inserted_record_is_named() -> None:
    trail = _trail()
    extra = _record(99)
    at = trail.links[3]
    slipped = Link(4, at.previous, hash_of(extra, 4, at.previous, at.expires_at), extra, at.expires_at)
    found = verify(replace(trail, links=[*trail.links, slipped]), NOW)
    assert {finding.record_id for finding in found} & {extra.id, at.record.id}
    assert any(finding.damage in {"inserted", "moved"} for finding in found)


def test_a_record_after_the_head_is_inserted() -> None:
    trail = _trail()
    extra = _record(99)
    last = trail.links[-1]
    slipped = Link(7, last.hash, hash_of(extra, 7, last.hash, last.expires_at), extra, last.expires_at)
    assert verify(replace(trail, links=[*trail.links, slipped]), NOW) == [Finding("inserted", 7, 7, extra.id)]


def test_a_chain_written_anew_contradicts_a_checkpoint_that_was_kept() -> None:
    trail = _trail()
    witnessed = {5: trail.links[4].hash}
    links = list(trail.links)
    links[1] = replace(links[1], record=replace(links[1].record, actor_id="somebody else"))
    forged = _rehashed(links)
    head = replace(trail.head, hash=forged[-1].hash)
    assert verify(Trail(head, forged, trail.anchors), NOW) == []  # the chain alone cannot tell
    found = verify(Trail(head, forged, trail.anchors, witnessed), NOW)
    assert found == [Finding("contradicted", 5, 5, forged[4].record.id)]


def test_a_chain_that_was_cut_short_contradicts_a_checkpoint_that_was_kept() -> None:
    trail = _trail()
    head = replace(trail.head, number=4, hash=trail.links[3].hash)
    short = Trail(head, trail.links[:4], trail.anchors, {6: trail.head.hash})
    assert verify(short, NOW) == [Finding("contradicted", 6, 6)]


def test_what_has_expired_may_be_gone() -> None:
    trail = _trail(days=30)
    later = NOW + 31 * DAY_SECONDS
    assert verify(replace(trail, links=trail.links[4:]), later) == []
    assert verify(replace(trail, links=trail.links[4:]), NOW + 28 * DAY_SECONDS) == [Finding("dropped", 1, 4)]


def test_each_stretch_between_anchors_has_its_own_retention() -> None:
    trail = _trail(days=365)
    shorter = Anchor(3, trail.links[2].hash, day_of(NOW * 1000), 10, "")
    anchored = replace(trail, anchors=[*trail.anchors, shorter], links=trail.links[:3])
    assert verify(anchored, NOW + 11 * DAY_SECONDS) == []
    assert verify(replace(anchored, links=()), NOW + 11 * DAY_SECONDS) == [Finding("dropped", 1, 3)]


def test_an_anchor_that_tells_of_another_chain_is_found() -> None:
    trail = _trail()
    wrong = Anchor(3, "another hash", day_of(NOW * 1000), KEPT_DAYS, "")
    found = verify(replace(trail, anchors=[*trail.anchors, wrong]), NOW)
    assert [(finding.damage, finding.number) for finding in found] == [("contradicted", 3)]
