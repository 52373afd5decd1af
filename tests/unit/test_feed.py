"""The feed: what it says of each revocation, how it grows, and that nothing is lost on the way."""

from __future__ import annotations

import json
import random
import threading
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cache
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from doorward.errors import InvalidToken, Unavailable
from doorward.feed.publish import PublishFeed
from doorward.keys.shared_secret import SharedSecret
from doorward.model import Facts, Head, Lives, Load, Part, Revoked, TenantCutoff, TenantId, UserCutoff, UserId
from doorward.rules import feed as rules
from doorward.rules.facts import by_life, facts_of, joined, live, news, pieces, session_digest, tenant_digest
from doorward.rules.feed import (
    PART_BYTES,
    PART_ENTRIES,
    SIGNED_ANEW_SECONDS,
    TAIL_ENTRIES,
    advanced,
    first_head,
    issued,
    mergeable,
    noted,
    pruned,
    refounded,
    replaced,
)
from doorward.rules.lifetimes import cutoff_end, session_entry_end
from doorward.tokens.feed import decode_part, encode_part, part_of, read_head, sign_head, verify_head
from doorward.verifier.feed import KnownRevocations
from tests.support.fakes import FakeClock, MemoryFeedStore
from tests.support.world import ISSUER, House
from tests.unit.test_shared_secret import SECRET

NOW_MS = 1_800_000_000_000
NOW = NOW_MS // 1000
LIVES = Lives(900, 86_400)
ACME, KIM = TenantId("acme"), UserId("kim")
SERVICE = UserId("service:ci")


def signed_out(user_id: str = "kim", tenant_id: str = "acme", at: int = NOW, session: str = "s") -> Revoked:
    """Return what the table says when a session ends."""
    end = session_entry_end(UserId(user_id), at * 1000)
    return Revoked(TenantId(tenant_id), UserId(user_id), sessions={session: end})


def many(count: int, first: int = 0, tenant_id: str = "acme", at: int = NOW) -> list[Revoked]:
    return [signed_out(f"u{number}", tenant_id, at) for number in range(first, first + count)]


class TestEntries:
    def test_a_session_is_told_until_the_last_of_its_access_tokens_has_died(self) -> None:
        (end,) = facts_of(signed_out(), LIVES, NOW).ended
        assert 900 + 120 <= end - NOW < 900 + 120 + 60
        (longer,) = facts_of(signed_out(), Lives(3600, 0), NOW).ended
        assert 3720 <= longer - NOW < 3720 + 60

    def test_a_token_is_told_until_it_expires_and_a_service_as_long_as_its_tokens_live(self) -> None:
        token = Revoked(ACME, SERVICE, tokens={"t": NOW + 300})
        (end,) = facts_of(token, LIVES, NOW).ended
        assert 0 <= end - (NOW + 300) < 60
        (end,) = facts_of(signed_out(SERVICE), LIVES, NOW).ended
        assert 86_400 + 120 <= end - NOW < 86_400 + 120 + 3600

    def test_cutoffs_are_told_as_long_as_a_token_from_before_lives(self) -> None:
        (user,) = facts_of(Revoked(ACME, KIM, min_epoch=NOW_MS), LIVES, NOW).users.values()
        assert user == UserCutoff(NOW + 900 + 300, NOW_MS)
        (service,) = facts_of(Revoked(ACME, SERVICE, min_epoch=NOW_MS), LIVES, NOW).users.values()
        assert service.end == NOW + 86_400 + 300
        (tenant,) = facts_of(Revoked(ACME, min_epoch=NOW_MS), LIVES, NOW).tenants.values()
        assert tenant == TenantCutoff(NOW + 86_400 + 300, NOW_MS)

    def test_what_concerns_no_live_token_is_not_told(self) -> None:
        for old in (signed_out(at=NOW - 1100), Revoked(ACME, KIM, min_epoch=NOW_MS - 1_300_000), Revoked(ACME)):
            assert not facts_of(old, LIVES, NOW)
        assert not facts_of(Revoked(ACME, KIM, tokens={"t": NOW - 60}), LIVES, NOW)
        assert facts_of(signed_out(at=NOW - 1000), LIVES, NOW)

    def test_the_same_session_of_another_user_tenant_or_kind_is_another(self) -> None:
        places = [("acme", "a", "s"), ("acme", "b", "s"), ("globex", "a", "s"), ("acme", "a", "t")]
        assert len({session_digest(TenantId(t), UserId(u), s) for t, u, s in places}) == 4

    def test_an_old_revocation_is_no_news(self) -> None:
        old = replace(signed_out(), min_epoch=5, tokens={"t": 9}, kids={})
        assert news(old, old) is None
        assert news(old, None) == old
        assert news(replace(old, min_epoch=4), old) is None
        found = news(replace(old, min_epoch=6, spared_session_id="s"), old)
        assert found == Revoked(ACME, KIM, 6, "s")


def _facts_from(seed: int) -> Facts:
    """Return any entries. A seed is quicker to choose than what it stands for."""
    pick = random.Random(seed)  # noqa: S311 - no secret

    def end() -> int:
        return NOW + pick.randint(-100, 100_000)

    def user() -> UserCutoff:
        spared = pick.choice([None, pick.randbytes(12)])
        return UserCutoff(end(), pick.randint(0, NOW_MS), spared, pick.randint(0, 9) if spared else 0)

    def some() -> range:
        return range(pick.randint(0, 5))

    return Facts(
        {end(): frozenset(pick.randbytes(12) for _ in range(pick.randint(1, 5))) for _ in some()},
        {pick.randbytes(12): user() for _ in some()},
        {pick.randbytes(12): TenantCutoff(end(), *(pick.randint(0, NOW) for _ in range(3))) for _ in some()},
    )


everything = st.integers(0, 2**32).map(_facts_from)


class TestForm:
    @given(everything)
    def test_a_part_reads_back_and_the_same_entries_have_the_same_name(self, facts: Facts) -> None:
        text = encode_part(facts)
        part = part_of(text, facts, 7, lasting=False)
        assert decode_part(text, part.name) == facts
        assert (part.entries, part.size, part.end) == (len(facts), len(text.encode()), facts.end)
        assert encode_part(joined([facts])) == text

    @given(everything, st.integers(1, 7))
    def test_pieces_and_lives_together_are_the_whole(self, facts: Facts, size: int) -> None:
        assert joined(pieces(facts, size)) == facts
        assert all(0 < len(piece) <= size for piece in pieces(facts, size))
        short, lasting = by_life(facts, NOW)
        assert joined([short, lasting]) == facts
        assert short.end <= NOW + 7200

    @given(everything)
    def test_a_head_reads_back(self, facts: Facts) -> None:
        head = replace(
            first_head(NOW_MS, LIVES),
            tail=facts,
            parts=(Part("s-x", 1, 2, 3, 4, 5),),
            kids={"k": NOW},
            deployment=7,
            deployment_end=8,
            lives_until=9,
            user_load=Load(1, {"a": 2}),
        )
        house = _house()
        text = sign_head(head, house.minter.signer.current(), ISSUER)
        assert read_head(text) == verify_head(text, house.keyring) == head

    @pytest.mark.parametrize("text", ["", "x", "a.b.c", "e30.e30.e30"])
    def test_what_is_no_head_in_the_own_store_is_refused(self, text: str) -> None:
        with pytest.raises(InvalidToken):
            read_head(text)

    @given(everything, everything)
    def test_of_two_that_are_joined_both_hold(self, one: Facts, other: Facts) -> None:
        both = joined([one, other])
        for facts in (one, other):
            assert all(digests <= both.ended[end] for end, digests in facts.ended.items())
            assert all(both.users[digest].epoch >= cutoff.epoch for digest, cutoff in facts.users.items())
            for digest, whole in facts.tenants.items():
                found = both.tenants[digest]
                assert found.epoch >= whole.epoch
                assert found.users_before >= whole.users_before
                assert found.services_before >= whole.services_before
        assert joined([other, one]).ended == both.ended


@cache
def _house() -> House:
    return House()


class TestLives:
    def test_shorter_settings_count_only_after_the_tokens_of_the_longer_ones_have_died(self) -> None:
        head = issued(first_head(NOW_MS, Lives(3600, 60)), Lives(3600, 60), NOW)
        shorter = Lives(900, 60)
        assert issued(head, shorter, NOW + 60).lives == Lives(3600, 60)
        assert issued(head, shorter, NOW + 3600).lives == Lives(3600, 60)
        assert issued(head, shorter, NOW + 4200).lives == shorter

    def test_longer_settings_count_at_once(self) -> None:
        head = issued(first_head(NOW_MS, LIVES), LIVES, NOW)
        assert issued(head, Lives(3600, 86_400), NOW).lives == Lives(3600, 86_400)


class TestBound:
    """A tenant that revokes more than its share is told as one, and no other tenant is."""

    def crowded(self, user_load: int) -> Head:
        part = Part("s-x", 1, NOW + 900, rules.USER_ROOM, 1)
        load = Load(NOW, {tenant_digest(ACME).hex(): user_load})
        return replace(first_head(NOW_MS, LIVES), parts=(part,), user_load=load)

    def test_while_there_is_room_every_entry_is_told_and_nobody_is_counted(self) -> None:
        head = noted(first_head(NOW_MS, LIVES), many(100), NOW)
        assert len(head.tail) == 100
        assert head.user_load.counts == {}

    def test_whoever_filled_the_room_is_told_as_one_and_the_others_are_not(self) -> None:
        head = noted(self.crowded(rules.USER_SHARE), [*many(100), *many(5, tenant_id="globex")], NOW)
        assert len(head.tail) == 6
        assert head.tail.tenants == {tenant_digest(ACME): TenantCutoff(NOW + 900 + 120, users_before=NOW)}

    def test_below_its_share_a_tenant_is_told_in_full_even_when_there_is_no_room(self) -> None:
        assert len(noted(self.crowded(rules.USER_SHARE - 101), many(100), NOW).tail) == 100

    def test_loads_fade_as_entries_die(self) -> None:
        head = noted(self.crowded(1000), many(1), NOW + 900)
        assert head.user_load.counts[tenant_digest(ACME).hex()] == round(1000 / 2.718281828) + 1

    def test_services_have_a_room_of_their_own(self) -> None:
        part = Part("l-x", 1, NOW + 86_400, rules.SERVICE_ROOM, 1)
        load = Load(NOW, {tenant_digest(ACME).hex(): rules.SERVICE_SHARE})
        head = replace(first_head(NOW_MS, LIVES), parts=(part,), service_load=load)
        tokens = [Revoked(ACME, SERVICE, tokens={f"t{number}": NOW + 8000}) for number in range(9)]
        head = noted(head, [*tokens, *many(3)], NOW)
        assert head.tail.tenants == {tenant_digest(ACME): TenantCutoff(NOW + 86_400 + 120, services_before=NOW)}
        assert len(head.tail) == 4


class TestMerging:
    def parts(self, count: int, size: int = 1000, level: int = 0, kind: str = "s") -> list[Part]:
        return [Part(f"{kind}-{level}-{number}", number, NOW + 900, 10, size, level) for number in range(count)]

    def test_the_newest_stay_and_the_oldest_become_one(self) -> None:
        assert mergeable(self.parts(31)) == []
        (group,) = mergeable(self.parts(32))
        assert [part.last for part in group] == list(range(16))
        assert [len(group) for group in mergeable(self.parts(47))] == [16]
        assert [len(group) for group in mergeable(self.parts(64))] == [16, 16, 16]

    def test_short_lived_and_lasting_ones_are_never_mixed_nor_are_levels(self) -> None:
        mixed = [*self.parts(20), *self.parts(20, kind="l"), *self.parts(20, level=1)]
        assert mergeable(mixed) == []

    def test_no_part_grows_beyond_the_bound(self) -> None:
        groups = mergeable(self.parts(32, size=300_000))
        assert all(sum(part.size for part in group) <= PART_BYTES for group in groups)
        assert [len(group) for group in groups] == [3, 3, 3, 3, 3, 1]
        assert [len(group) for group in mergeable(self.parts(32, size=PART_BYTES + 9))] == [1] * 16

    def test_a_part_takes_the_place_of_a_group_only_if_all_of_it_is_there(self) -> None:
        old, merged = self.parts(4), Part("s-m", 2, NOW + 900, 30, 1, 1)
        head = replace(first_head(NOW_MS, LIVES), parts=tuple(old))
        assert replaced(head, old[:3], merged).parts == (merged, old[3])
        assert replaced(head, old[:3], None).parts == (old[3],)
        assert replaced(replace(head, parts=tuple(old[1:])), old[:3], merged).parts == tuple(old[1:])

    def test_what_is_over_is_forgotten(self) -> None:
        head = advanced(first_head(NOW_MS, LIVES), [signed_out(), Revoked(min_epoch=5, kids={"k": 1})], LIVES, NOW)
        head = replace(head, parts=(Part("s-a", 1, NOW + 5, 1, 1), Part("s-b", 1, NOW + 9999, 1, 1)), kids={"k": NOW})
        left = pruned(head, NOW + 2000)
        assert (len(left.tail), left.kids, left.deployment) == (0, {}, 0)
        assert [part.name for part in left.parts] == ["s-b"]

    def test_a_feed_made_anew_takes_the_place_of_all_that_was_before(self) -> None:
        head = replace(first_head(NOW_MS, LIVES), parts=tuple(self.parts(3)), kids={"k": 9}, number=50)
        built = replace(
            first_head(NOW_MS, LIVES), parts=(Part("s-new", 1, NOW + 9, 1, 1),), deployment=7, deployment_end=8
        )
        found = refounded(head, built, 1, NOW)
        assert found.number == 51
        assert [(part.name, part.last) for part in found.parts] == [("s-0-2", 2), ("s-new", 51)]
        assert (found.kids, found.deployment) == ({"k": 9}, 7)


class Table:
    """A table that tells what was put into it."""

    def __init__(self) -> None:
        self.items: list[Revoked] = []

    def list_all(self) -> Iterator[Sequence[Revoked]]:
        for start in range(0, len(self.items), 1000):
            yield self.items[start : start + 1000]


class Site:
    """A publisher over stores in memory."""

    def __init__(self, store: MemoryFeedStore | None = None, tail_entries: int = 20) -> None:
        self.house = _house()
        self.clock, self.store, self.table = FakeClock(NOW_MS), store or MemoryFeedStore(), Table()
        self.tail_entries = tail_entries
        self.publish = self.another()

    def another(self, table: Table | None = None) -> PublishFeed:
        signer, table = self.house.minter.signer, table or self.table
        return PublishFeed(self.store, table, signer, self.clock, LIVES, tail_entries=self.tail_entries)

    def add(self, revoked: list[Revoked]) -> None:
        self.table.items += revoked
        self.publish.add(revoked)

    @property
    def head(self) -> Head:
        stored = self.store.get_head()
        assert stored is not None
        return verify_head(stored.text, self.house.keyring)

    def known(self) -> set[bytes]:
        """Return the sessions and tokens that a fresh verifier knows to be over."""
        facts = [decode_part(self.store.parts[part.name], part.name) for part in self.head.parts]
        return {digest for group in joined([*facts, self.head.tail]).ended.values() for digest in group}


def digests_of(revoked: list[Revoked]) -> set[bytes]:
    return {digest for one in revoked for group in facts_of(one, LIVES, NOW).ended.values() for digest in group}


class TestPublishing:
    def test_few_changes_are_in_the_head_itself(self) -> None:
        site, told = Site(tail_entries=TAIL_ENTRIES), many(50)
        site.add(told[:20])
        site.add(told[20:])
        assert site.known() == digests_of(told)
        assert site.store.parts == {}

    def test_many_changes_go_into_parts_and_none_is_larger_than_the_bound(self) -> None:
        site, told = Site(), many(PART_ENTRIES + 100)
        site.publish.keep()
        site.add(told)
        assert len(site.head.parts) == 2
        assert site.known() == digests_of(told)
        assert max(part.entries for part in site.head.parts) <= PART_ENTRIES
        assert max(map(len, site.store.parts.values())) <= PART_BYTES

    def test_no_part_of_cutoffs_is_larger_than_the_bound(self) -> None:
        cutoffs = {
            bytes([*number.to_bytes(12)]): UserCutoff(NOW, NOW_MS, b"x" * 12, NOW_MS) for number in range(PART_ENTRIES)
        }
        assert len(encode_part(Facts(users=cutoffs))) <= PART_BYTES

    def test_the_number_rises_with_each_change_and_with_nothing_else(self) -> None:
        site = Site()
        site.publish.keep()
        numbers = [site.head.number]
        for count in (1, None, 1, 0):
            site.publish.keep() if count is None else site.add(many(count))
            numbers.append(site.head.number - numbers[0])
        assert numbers[1:] == [1, 1, 2, 2]

    def test_a_batch_that_comes_again_does_no_harm(self) -> None:
        site, told = Site(), many(21)
        site.publish.keep()
        for _ in range(3):
            site.publish.add(told)
        assert site.known() == digests_of(told)
        assert len(site.store.parts) == 1

    def test_of_many_who_publish_at_once_none_undoes_another(self) -> None:
        site, barrier = Site(), threading.Barrier(8)
        site.publish.keep()
        told = many(8 * 10 * 10)

        def run(mine: list[Revoked]) -> None:
            publish = site.another()
            barrier.wait()
            for start in range(0, len(mine), 10):
                publish.add(mine[start : start + 10])
                publish.keep()

        threads = [threading.Thread(target=run, args=(told[start : start + 100],)) for start in range(0, 800, 100)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert site.known() == digests_of(told)
        assert site.head.number == NOW_MS + 80

    def test_nothing_is_named_before_it_is_stored(self) -> None:
        class Watching(MemoryFeedStore):
            def put_head(self, text: str, version: str | None) -> bool:
                assert {part.name for part in read_head(text).parts} <= set(self.parts)
                return super().put_head(text, version)

        site = Site(Watching())
        site.publish.keep()
        for start in range(0, 2500, 25):
            site.add(many(25, start))
            site.publish.keep()
        assert site.known() == digests_of(many(2500))

    def test_a_head_that_others_change_in_every_try_is_given_up_and_the_stream_tries_again(self) -> None:
        class Busy(MemoryFeedStore):
            def put_head(self, text: str, version: str | None) -> bool:
                return False

        with pytest.raises(Unavailable):
            Site(Busy()).publish.keep()

    def test_a_quiet_head_is_signed_anew_before_it_is_old_and_not_more_often(self) -> None:
        site = Site()
        for _ in range(20):
            site.publish.keep()
            assert site.clock() // 1000 - site.head.issued_at < SIGNED_ANEW_SECONDS
            site.clock.advance(60)
        assert site.store.written == 5

    def test_entries_and_parts_are_forgotten_with_their_tokens(self) -> None:
        site = Site()
        site.add(many(50))
        site.add([Revoked(ACME, SERVICE, tokens={"t": NOW + 50_000})])
        site.add(many(50, 50))
        site.clock.advance(1200)
        site.publish.keep()
        assert sum(part.entries for part in site.head.parts) + len(site.head.tail) == 1
        site.clock.advance(60_000)
        site.publish.keep()
        assert (site.head.parts, len(site.head.tail)) == ((), 0)

    def test_parts_become_one_and_lose_nothing(self) -> None:
        site = Site()
        site.publish.keep()
        told = many(40 * 21)
        for start in range(0, len(told), 21):
            site.add(told[start : start + 21])
        assert len(site.head.parts) == 40
        site.publish.keep()
        assert len(site.head.parts) == 25
        assert site.known() == digests_of(told)

    def test_parts_of_which_nothing_counts_any_more_become_none(self) -> None:
        site = Site()
        site.publish.keep()
        for start in range(0, 40 * 21, 21):
            site.add(many(21, start))
        held = site.head
        site.clock.advance(1200)
        site.publish._change(lambda head: replace(head, parts=tuple(replace(p, end=p.end + 9999) for p in held.parts)))
        site.publish.keep()
        assert len(site.head.parts) == 24

    @pytest.mark.parametrize("text", [None, "altered"])
    def test_a_part_that_is_gone_or_altered_is_made_from_the_table(self, text: str | None) -> None:
        site = Site()
        site.publish.keep()
        for start in range(0, 40 * 21, 21):
            site.add(many(21, start))
        name = site.head.parts[3].name
        site.store.parts[name] = text or ""
        site.publish.keep()
        assert name not in {part.name for part in site.head.parts}
        assert site.known() == digests_of(many(40 * 21))

    @pytest.mark.parametrize("way", ["a batch", "the schedule", "an operator"])
    def test_a_feed_that_is_lost_is_made_from_the_table(self, way: str) -> None:
        site, told = Site(), many(200)
        site.add(told[:150])
        number = site.head.number
        site.store.head, site.store.parts = None, {}
        site.clock.advance(1)
        site.table.items = [
            *told,
            Revoked(ACME, min_epoch=NOW_MS),
            Revoked(min_epoch=9, kids={"k": cutoff_end(NOW_MS)}),
        ]
        {"a batch": lambda: site.publish.add(told[150:]), "the schedule": site.publish.keep}.get(
            way, site.publish.rebuild
        )()
        assert site.known() == digests_of(told)
        assert site.head.number > number
        assert (set(site.head.kids), site.head.deployment) == ({"k"}, 9)
        assert tenant_digest(ACME) in joined([*_facts(site), site.head.tail]).tenants

    def test_making_it_anew_loses_nothing_that_came_meanwhile(self) -> None:
        site, told = Site(), many(100)
        site.add(told[:50])

        class Slow(Table):
            def list_all(self) -> Iterator[Sequence[Revoked]]:
                yield told[:25]
                site.another().add(told[50:])
                yield told[25:50]

        site.another(Slow()).rebuild()
        assert site.known() == digests_of(told)

    @pytest.mark.parametrize("way", ["a batch", "the schedule"])
    def test_after_a_gap_in_which_the_stream_may_have_forgotten_it_is_made_from_the_table(self, way: str) -> None:
        site = Site()
        site.add(many(30))
        missed = Revoked(ACME, SERVICE, tokens={"t": NOW + 80_000})
        site.table.items = [missed]
        site.clock.advance(43_201)
        number = site.head.number
        site.publish.keep() if way == "the schedule" else site.publish.add(many(1, at=NOW + 43_201))
        assert len(site.head.tail) + sum(part.entries for part in site.head.parts) == 1 + (way == "a batch")
        assert site.head.number > number

    def test_a_shared_secret_signs_heads_too(self) -> None:
        site = Site()
        secret = SharedSecret(site.house.keyring, SECRET)
        PublishFeed(site.store, site.table, secret, site.clock, LIVES).add(many(1))
        assert site.store.head is not None
        assert verify_head(site.store.head.text, secret).number == NOW_MS
        with pytest.raises(InvalidToken):
            verify_head(site.store.head.text, site.house.keyring)

    def test_a_revoked_key_signs_no_head(self) -> None:
        house = House()
        site = Site()
        site.publish = PublishFeed(site.store, site.table, house.minter.signer, site.clock, LIVES)
        site.publish.keep()
        kid = house.minter.signer.current().kid
        with pytest.raises(Unavailable):
            site.publish.add([Revoked(kids={kid: cutoff_end(NOW_MS)})])


def _facts(site: Site) -> list[Facts]:
    return [decode_part(site.store.parts[part.name], part.name) for part in site.head.parts]


class TestKnown:
    def test_it_forgets_what_is_over(self) -> None:
        known = KnownRevocations()
        known.add(facts_of(signed_out(), LIVES, NOW))
        known.add(facts_of(Revoked(ACME, KIM, min_epoch=NOW_MS), LIVES, NOW))
        known.add(facts_of(Revoked(ACME, min_epoch=NOW_MS), LIVES, NOW))
        assert len(known) == 3
        known.forget(NOW + 1300)
        assert len(known) == 1
        known.forget(NOW + 90_000)
        assert len(known) == 0

    @pytest.mark.parametrize(("service", "refused"), [(False, "tenant_cut_off"), (True, None)])
    def test_tokens_of_a_tenant_that_is_told_as_one_are_refused_if_they_are_from_before(
        self, service: bool, refused: str | None
    ) -> None:
        from doorward.rules.revocation import denial_reason
        from tests.support.makers import claims, user

        token = claims(user())
        if service:
            token = replace(token, subject=replace(token.subject, user_id=SERVICE))
        known = KnownRevocations()
        known.add(
            Facts(tenants={tenant_digest(token.tenant_id): TenantCutoff(NOW + 900, users_before=token.issued_at)})
        )
        head = first_head(NOW_MS, LIVES)
        assert denial_reason(token, known.of(token, head)) == refused
        later = replace(token, issued_at=token.issued_at + 1)
        assert denial_reason(later, known.of(later, head)) is None


def test_a_parts_text_is_json_without_a_name_in_it() -> None:
    text = encode_part(facts_of(replace(signed_out(), min_epoch=NOW_MS, spared_session_id="spared"), LIVES, NOW))
    content: dict[str, Any] = json.loads(text)
    assert set(content) == {"ended", "users", "tenants"}
    assert not [name for name in ("acme", "kim", '"spared"') if name in text.replace('"spared":', "")]
    assert live(decode_part(text, part_of(text, Facts(), 1, lasting=False).name), NOW)
