"""Audit trails: the same rules for every implementation."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any

import pytest

from doorward.errors import Unavailable
from doorward.keys.signing import SigningKey, generate_key, parse_private_key
from doorward.model import PLATFORM, TenantId
from doorward.model.audit import NO_HEAD, AuditRecord, ChainHead
from doorward.rules.audit import month_of
from doorward.tokens.ids import random_ulid
from doorward.trail.append import AppendActs
from doorward.trail.verify import Trail, verify
from tests.contract.conftest import Stores
from tests.support.fakes import FakeClock

ACME = TenantId("acme")


@cache
def _signing_key() -> SigningKey:
    public, pem = generate_key("ES256", 0)
    return SigningKey(public.kid, public.algorithm, parse_private_key(pem))


@dataclass
class Key:
    """One key that signs."""

    issuer: str = "https://id.example"
    key: SigningKey = field(default_factory=_signing_key)

    def current(self, _: object = ()) -> SigningKey:
        return self.key


def happened(clock: FakeClock, event: str = "signed_in", tenant_id: TenantId = ACME, **more: Any) -> AuditRecord:
    """Return something that happens now."""
    return AuditRecord(id=random_ulid(clock()), at_ms=clock(), tenant_id=tenant_id, event=event, **more)


def appender(stores: Stores, clock: FakeClock, days: int = 365) -> AppendActs:
    return AppendActs(stores.audit, stores.policies, Key(), clock, days)


def trail_of(stores: Stores, clock: FakeClock, tenant_id: TenantId = ACME) -> Trail:
    page = stores.audit.list_month(tenant_id, month_of(clock()), 1000)
    return Trail(stores.audit.get_head(tenant_id), page.links, stores.audit.anchors(tenant_id))


def put(stores: Stores, *records: AuditRecord) -> list[str]:
    for record in records:
        stores.put_act(record)
    return [record.id for record in records]


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


def test_an_act_comes_back_as_it_was_put(stores: Stores, clock: FakeClock) -> None:
    record = replace(happened(clock, user_agent="curl/8"), details={"reason": "late", "left": 3, "everywhere": True})
    assert stores.audit.waiting(put(stores, record)) == [record]


def test_acts_become_a_chain_that_is_whole(stores: Stores, clock: FakeClock) -> None:
    ids = put(stores, *(happened(clock) for _ in range(3)))
    links = appender(stores, clock)(ids)
    assert [link.number for link in links] == [1, 2, 3]
    assert links[1].previous == links[0].hash
    trail = trail_of(stores, clock)
    assert (trail.head.number, trail.head.hash) == (3, links[2].hash)
    assert verify(trail, clock() // 1000) == []
    assert stores.audit.waiting(ids) == []


def test_what_is_appended_twice_is_in_the_chain_once(stores: Stores, clock: FakeClock) -> None:
    ids = put(stores, happened(clock))
    append = appender(stores, clock)
    assert len(append(ids)) == 1
    assert append([*ids, *ids]) == ()
    assert stores.audit.get_head(ACME).number == 1


def test_each_tenant_has_a_chain_of_its_own(stores: Stores, clock: FakeClock) -> None:
    ids = put(
        stores, happened(clock), happened(clock, tenant_id=TenantId("globex")), happened(clock, tenant_id=PLATFORM)
    )
    appender(stores, clock)(ids)
    for tenant_id in (ACME, TenantId("globex"), PLATFORM):
        trail = trail_of(stores, clock, tenant_id)
        assert [link.record.tenant_id for link in trail.links] == [tenant_id]
        assert verify(trail, clock() // 1000) == []


def test_more_acts_than_a_transaction_takes_are_appended(stores: Stores, clock: FakeClock) -> None:
    ids = put(stores, *(happened(clock) for _ in range(100)))
    assert len(appender(stores, clock)(ids)) == 100
    assert verify(trail_of(stores, clock), clock() // 1000) == []


def test_a_head_that_moved_appends_nothing(stores: Stores, clock: FakeClock) -> None:
    ids = put(stores, happened(clock), happened(clock))
    links = appender(stores, clock)(ids[:1])
    late = replace(links[0], record=stores.audit.waiting(ids[1:])[0])
    assert stores.audit.append(NO_HEAD, ChainHead(1, late.hash), [late], None) is False
    assert stores.audit.get_head(ACME).hash == links[0].hash
    assert len(stores.audit.waiting(ids)) == 1


def test_an_act_that_is_gone_appends_nothing(stores: Stores, clock: FakeClock) -> None:
    append = appender(stores, clock)
    (link,) = append(put(stores, happened(clock)))
    head = stores.audit.get_head(ACME)
    assert stores.audit.append(head, replace(head, number=2), [replace(link, number=2)], None) is False
    assert stores.audit.get_head(ACME) == head


def test_a_month_is_listed_newest_first_in_pages(stores: Stores, clock: FakeClock) -> None:
    ids = []
    for _ in range(5):
        ids += put(stores, happened(clock))
        clock.now_ms += 1000
    appender(stores, clock)(ids)
    month = month_of(clock())
    first = stores.audit.list_month(ACME, month, 2)
    assert [link.record.id for link in first.links] == ids[:2:-1]
    second = stores.audit.list_month(ACME, month, 2, before=first.after)
    assert [link.record.id for link in second.links] == ids[2:0:-1]
    assert stores.audit.list_month(ACME, month, 10, least=ids[3]).links[-1].record.id == ids[3]
    assert stores.audit.list_month(ACME, "2001-01", 10).links == ()


def test_an_anchor_marks_each_day_and_each_retention(stores: Stores, clock: FakeClock) -> None:
    appender(stores, clock)(put(stores, happened(clock)))
    appender(stores, clock, days=30)(put(stores, happened(clock)))
    clock.now_ms += 86_400_000
    appender(stores, clock, days=30)(put(stores, happened(clock)))
    anchors = stores.audit.anchors(ACME)
    assert [(anchor.number, anchor.retention_days) for anchor in anchors] == [(0, 365), (1, 30), (2, 30)]


@pytest.mark.parametrize("callers", [8])
def test_callers_who_append_the_same_acts_at_once_make_one_chain(race_stores: Stores, callers: int) -> None:
    clock = FakeClock()
    ids = put(race_stores, *(happened(clock) for _ in range(20)))

    def append(start: int) -> int:
        done = 0
        for _ in range(20):
            try:
                return done + len(appender(race_stores, clock)([*ids[start:], *ids[:start]]))
            except Unavailable:  # the stream would send the acts again
                continue
        raise AssertionError("nobody came through")

    with ThreadPoolExecutor(callers) as pool:
        assert sum(pool.map(append, range(callers))) == len(ids)
    trail = trail_of(race_stores, clock)
    assert trail.head.number == len(ids)
    assert verify(trail, clock() // 1000) == []
