"""What every implementation of the session and revocation stores promises."""

from __future__ import annotations

from dataclasses import replace

import pytest

from doorward.errors import Conflict
from doorward.model import PLATFORM, Cutoff, Epochs, SessionId, SessionRef, UserId
from doorward.rules.throttles import Counter, Limit, Trust, failures_name
from doorward.stores import Page, SignInName
from tests.contract.conftest import Stores
from tests.support.makers import ACME, GLOBEX, NOW, claims, membership, record, session, tenant, user
from tests.support.makers import epochs_of as _epochs


def test_a_session_reads_back_with_all_that_decides_about_it(stores: Stores) -> None:
    stores.tenants.add(tenant())
    member = user(email="a@b.example")
    stores.writer.add(record(member), "hash")
    stored = session(member)
    stores.sessions.add(stored)
    for admission in (stores.sessions.get_admission(stored.ref), stores.session_reader.get_admission(stored.ref)):
        assert admission.session == stored
        assert admission.user == member
        assert admission.membership == membership(member)
        assert admission.tenant_status == "active"
        assert admission.epochs == Epochs()
        assert admission.password_hash is None


def test_a_session_tells_where_it_began_unless_it_was_stored_before_that_was_kept(stores: Stores) -> None:
    owner = user()
    known = session(owner, source="2001:db8::7", user_agent="curl/8 (\u00fc)")
    before = session(owner)
    for each in (known, before):
        stores.sessions.add(each)
        assert stores.sessions.get_admission(each.ref).session == each
    rotated = stores.sessions.rotate(known.ref, 0, NOW + 5).session
    assert rotated == replace(known, generation=1, rotated_at_ms=NOW + 5)


def test_the_sessions_of_a_user_in_a_tenant_are_listed_newest_first_in_pages(stores: Stores) -> None:
    stores.tenants.add(tenant())
    owner, other = user((ACME, GLOBEX)), user()
    mine = [session(owner, ref=SessionRef(ACME, owner.id, SessionId(f"{number:026}"))) for number in range(5)]
    for each in (*mine, session(owner, GLOBEX), session(other)):
        stores.sessions.add(each)
    stores.sessions.revoke(mine[3].ref, NOW + 1)
    first = stores.sessions.list_by_user(ACME, owner.id, 3, None)
    assert first.records == (mine[4], replace(mine[3], revoked_at_ms=NOW + 1), mine[2])
    assert first.after == mine[2].ref.session_id
    assert stores.sessions.list_by_user(ACME, owner.id, 3, first.after) == Page((mine[1], mine[0]), None)
    assert stores.sessions.list_by_user(ACME, user().id, 3, None) == Page((), None)


def test_an_unknown_session_is_an_empty_snapshot(stores: Stores) -> None:
    ref = SessionRef(ACME, UserId("u"), SessionId("s"))
    assert stores.sessions.get_admission(ref).session is None
    assert stores.session_reader.get_admission(ref).user is None


def test_a_rotation_moves_one_generation_once(stores: Stores) -> None:
    stored = session(user())
    stores.sessions.add(stored)
    first = stores.sessions.rotate(stored.ref, 0, NOW + 5)
    assert first.won
    assert first.session == replace(stored, generation=1, rotated_at_ms=NOW + 5)
    second = stores.sessions.rotate(stored.ref, 0, NOW + 9)
    assert not second.won
    assert second.session == first.session


@pytest.mark.parametrize("state", ["revoked", "expired", "unknown"])
def test_a_dead_session_does_not_rotate(stores: Stores, state: str) -> None:
    stored = session(user(), expires_at_ms=NOW + 1000)
    if state != "unknown":
        stores.sessions.add(stored)
    if state == "revoked":
        stores.sessions.revoke(stored.ref, NOW)
    rotation = stores.sessions.rotate(stored.ref, 0, NOW + (1000 if state == "expired" else 0))
    assert not rotation.won
    assert (rotation.session is None) == (state == "unknown")


def test_revoking_a_session_ends_it_and_refuses_its_tokens(stores: Stores) -> None:
    stores.tenants.add(tenant())
    stored = session(user())
    stores.sessions.add(stored)
    assert stores.sessions.revoke(stored.ref, NOW)
    assert stores.sessions.get_admission(stored.ref).session == replace(stored, revoked_at_ms=NOW)
    revocations = stores.revocation_reader.get(ACME, stored.ref.user_id)
    assert revocations.user.sessions == {stored.ref.session_id}


def test_revoking_a_session_that_is_gone_still_refuses_its_tokens(stores: Stores) -> None:
    stores.tenants.add(tenant())
    ref = session(user()).ref
    assert not stores.sessions.revoke(ref, NOW)
    assert stores.revocation_reader.get(ACME, ref.user_id).user.sessions == {ref.session_id}
    assert stores.sessions.get_admission(ref).session is None


def test_a_single_token_is_refused_in_its_own_tenant_alone(stores: Stores) -> None:
    stores.tenants.add(tenant())
    owner = user()
    stores.revocations.revoke_token(claims(owner, "one"), NOW)
    stores.revocations.revoke_token(claims(owner, "two"), NOW)
    assert stores.revocation_reader.get(ACME, owner.id).user.tokens == {"one", "two"}
    stores.tenants.add(tenant(GLOBEX))
    assert not stores.revocation_reader.get(GLOBEX, owner.id).user.tokens


def test_cutoffs_raise_epochs_all_or_none(stores: Stores) -> None:
    stores.tenants.add(tenant())
    owner = user()
    stores.revocations.cut_off([Cutoff(ACME, owner.id, 100, ends_sessions=False)], NOW)
    assert _epochs(stores, [ACME, GLOBEX, ACME], owner.id) == {ACME: 100, GLOBEX: 0}
    both = [Cutoff(GLOBEX, owner.id, 100, ends_sessions=True), Cutoff(ACME, owner.id, 100, ends_sessions=True)]
    with pytest.raises(Conflict):
        stores.revocations.cut_off(both, NOW)
    assert _epochs(stores, [GLOBEX], owner.id) == {GLOBEX: 0}
    stores.revocations.cut_off([replace(cutoff, at=101) for cutoff in both], NOW)
    state = stores.revocation_reader.get(ACME, owner.id).user
    assert (state.min_epoch, state.sessions_min_epoch) == (101, 101)
    assert _epochs(stores, [], owner.id) == {}


def test_a_cutoff_shows_in_the_next_snapshot(stores: Stores) -> None:
    owner = user()
    stored = session(owner)
    stores.sessions.add(stored)
    stores.revocations.cut_off([Cutoff(ACME, owner.id, 100, ends_sessions=True)], NOW)
    for admission in (stores.sessions.get_admission(stored.ref), stores.directory.get_admission(ACME, owner.id)):
        assert (admission.epochs.user, admission.sessions_from) == (100, 100)


def test_a_later_cutoff_spares_nobody_whom_an_earlier_one_spared(stores: Stores) -> None:
    stores.tenants.add(tenant())
    member = user()
    stores.writer.add(record(member), "hash")
    stored = session(member)
    stores.sessions.add(stored)
    before = stores.reader.get(member.id)
    assert before is not None
    spared = Cutoff(ACME, member.id, 100, ends_sessions=True, spared=stored.ref.session_id, spared_from=7)
    stores.writer.change(before, replace(before, user=replace(member, version=2)), cutoffs=[spared])
    state = stores.revocation_reader.get(ACME, member.id).user
    assert (state.spared_session_id, state.spared_min_epoch) == (stored.ref.session_id, 7)
    assert stores.sessions.get_admission(stored.ref).session == replace(stored, epochs=Epochs(100, 0))
    stores.revocations.cut_off([Cutoff(ACME, member.id, 101, ends_sessions=False)], NOW)
    state = stores.revocation_reader.get(ACME, member.id).user
    assert (state.spared_session_id, state.spared_min_epoch, state.sessions_min_epoch) == (None, 0, 100)


def test_a_cutoff_alone_spares_a_session_as_well(stores: Stores) -> None:
    stores.tenants.add(tenant())
    owner = user()
    kept, other = session(owner), session(owner)
    for each in (kept, other):
        stores.sessions.add(each)
    spared = Cutoff(ACME, owner.id, 100, ends_sessions=True, spared=kept.ref.session_id, spared_from=7)
    stores.revocations.cut_off([spared, Cutoff(GLOBEX, owner.id, 100, ends_sessions=True)], NOW)
    state = stores.revocation_reader.get(ACME, owner.id).user
    assert (state.min_epoch, state.sessions_min_epoch) == (100, 100)
    assert (state.spared_session_id, state.spared_min_epoch) == (kept.ref.session_id, 7)
    assert stores.sessions.get_admission(kept.ref).session == replace(kept, epochs=Epochs(100, 0))
    assert stores.sessions.get_admission(other.ref).session == other
    stores.sessions.revoke(kept.ref, NOW)
    later = replace(spared, at=200, seen=100, sessions_from=100)
    with pytest.raises(Conflict):
        stores.revocations.cut_off([later], NOW)
    assert _epochs(stores, [ACME], owner.id) == {ACME: 100}


@pytest.mark.parametrize("why", ["another cutoff came between", "the session was ended", "the session was cut off"])
def test_a_session_is_spared_only_as_it_was_seen(stores: Stores, why: str) -> None:
    stores.tenants.add(tenant())
    member = user()
    stores.writer.add(record(member), "hash")
    stored = session(member)
    stores.sessions.add(stored)
    cutoff = Cutoff(ACME, member.id, 100, ends_sessions=True, spared=stored.ref.session_id)
    if why == "another cutoff came between":
        stores.revocations.cut_off([Cutoff(ACME, member.id, 50, ends_sessions=False)], NOW)
    elif why == "the session was ended":
        stores.sessions.revoke(stored.ref, NOW)
    else:
        stores.revocations.cut_off([Cutoff(ACME, member.id, 50, ends_sessions=True)], NOW)
        cutoff = replace(cutoff, seen=50, sessions_from=50)
    before = record(member)
    with pytest.raises(Conflict):
        stores.writer.change(before, replace(before, user=replace(member, version=2)), cutoffs=[cutoff])
    assert stores.sessions.get_admission(stored.ref).session is not None
    assert stores.reader.get(member.id) == before


def test_the_counts_of_a_counter_rise_together_or_not_at_all(stores: Stores) -> None:
    pair, everybody = Limit(1, NOW), Limit(3, NOW)
    one = Counter("name", {"s1": pair, "in_all": everybody})
    other = Counter("name", {"s2": Limit(2, NOW), "in_all": everybody})
    assert stores.attempts.count(one) is None
    assert stores.attempts.count(one) == pair
    assert stores.attempts.count(other) is None
    assert stores.attempts.count(other) is None
    assert stores.attempts.count(other) in other.limits.values()
    assert _counts(stores, "name") == {"s1": 1, "s2": 2, "in_all": 3}
    stores.attempts.uncount(one)
    assert stores.attempts.count(one) is None
    stores.attempts.uncount(Counter("gone", {"in_all": everybody}))
    assert _counts(stores, "gone") == {}


def test_failures_in_a_row_are_counted_and_forgotten(stores: Stores) -> None:
    member = user()
    name = failures_name(member.id)
    assert stores.directory.get_admission(ACME, member.id).failures == 0
    assert [stores.attempts.add_failure(name, NOW // 1000 + 60) for _ in range(3)] == [1, 2, 3]
    assert stores.directory.get_admission(ACME, member.id).failures == 3
    stores.attempts.clear_failures(member.id)
    assert stores.directory.get_admission(ACME, member.id).failures == 0


def test_a_sign_in_is_remembered(stores: Stores) -> None:
    assert _counts(stores, "trust#x") == {}
    stores.attempts.add_trust(Trust("trust#x", NOW // 1000 + 60))
    assert _counts(stores, "trust#x") == {"expires_at": NOW // 1000 + 60}


def _counts(stores: Stores, key: str) -> dict[str, int]:
    found = stores.directory.look_up(SignInName("nobody"), ["other", key]).counts[key]
    return {
        name: count
        for name, count in found.items()
        if name != "pk" and (name != "expires_at" or key.startswith("trust"))
    }


def test_the_platform_realm_is_a_realm_like_others(stores: Stores) -> None:
    stores.tenants.add(tenant())
    owner = user((), platform_admin=True)
    stored = session(owner, PLATFORM)
    stores.sessions.add(stored)
    stores.sessions.revoke(stored.ref, NOW)
    assert stores.revocation_reader.get(PLATFORM, owner.id).user.sessions
    assert not stores.revocation_reader.get(ACME, owner.id).user.sessions


def test_everything_ends_at_once_and_nothing_that_begins_afterwards(stores: Stores) -> None:
    stores.tenants.add(tenant())
    owner = user()
    assert stores.revocation_reader.get(ACME, owner.id).deployment_min_epoch == 0
    stores.key_revocations.cut_off_deployment(NOW)
    stores.key_revocations.revoke_key("k1", NOW)
    stores.key_revocations.cut_off_deployment(NOW)
    found = stores.revocation_reader.get(ACME, owner.id)
    assert (found.deployment_min_epoch, found.revoked_kids) == (NOW + 1, {"k1"})
    assert NOW + 1 in [one.min_epoch for page in stores.source.list_all() for one in page if one.tenant_id is None]
    assert stores.directory.get_admission(ACME, owner.id).epochs.deployment == NOW + 1
    stored = session(owner, epochs=Epochs(deployment=NOW + 1))
    stores.sessions.add(stored)
    assert stores.session_reader.get_admission(stored.ref).session == stored
    assert stores.service_tokens.get_admission(ACME, "ci").epochs.deployment == NOW + 1
    assert stores.service_tokens.get_revocations(ACME, ["ci"])["ci"].deployment_min_epoch == NOW + 1
