"""What every implementation of the tenant, service token and notification stores promises."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from ulid import ULID

from doorward.errors import Conflict, DoorwardError, EmailTaken, LastAdmin, NotFound
from doorward.model import (
    Admission,
    Notification,
    RevocationState,
    ServiceToken,
    SessionId,
    SessionRef,
    TenantId,
    TokenId,
    UserId,
    UserRecord,
    service_user_id,
)
from doorward.rules.revocation import mark_revoked
from tests.contract.conftest import Stores
from tests.support.makers import (
    ACME,
    GLOBEX,
    NOW,
    by_email,
    by_username,
    claims,
    membership,
    record,
    session,
    tenant,
    user,
)


@pytest.fixture
def tenants(stores: Stores) -> Stores:
    for tenant_id in (ACME, GLOBEX):
        stores.tenants.add(tenant(tenant_id))
    return stores


def _admins(stores: Stores, count: int) -> list[UserRecord]:
    records = []
    for _ in range(count):
        member = user()
        records.append(UserRecord(member, (membership(member, roles=("admin",)),)))
        stores.writer.add(records[-1], None)
    return records


def _next(before: UserRecord, **changes: Any) -> UserRecord:
    return replace(before, user=replace(before.user, version=before.user.version + 1), **changes)


def test_disabling_a_tenant_raises_its_epoch_in_the_same_write(tenants: Stores) -> None:
    before = tenant()
    after = replace(before, status="disabled", version=2)
    tenants.tenants.change(before, after, NOW)
    assert tenants.tenants.get(ACME) == after
    assert tenants.revocation_reader.get(ACME, UserId("u")).tenant_min_epoch >= NOW
    assert tenants.revocation_reader.get(GLOBEX, UserId("u")).tenant_min_epoch == 0
    with pytest.raises(Conflict):
        tenants.tenants.change(before, after, NOW)
    enabled = replace(after, status="active", version=3)
    tenants.tenants.change(after, enabled, NOW)
    tenants.tenants.change(enabled, replace(after, version=4), NOW)
    assert tenants.revocation_reader.get(ACME, UserId("u")).tenant_min_epoch > NOW


@pytest.mark.parametrize("limit", [1, 2, 3, 10])
def test_tenants_are_listed_completely(tenants: Stores, limit: int) -> None:
    found: list[str] = []
    after = None
    while True:
        page = tenants.tenants.list_all(limit, after)
        found += [one.id for one in page.records]
        after = page.after
        if after is None:
            break
    assert found == [ACME, GLOBEX]


def test_a_membership_comes_and_goes_with_the_address_and_the_home(tenants: Stores) -> None:
    member = user(username="bob", email="bob@people.example")
    tenants.writer.add(record(member), None)
    joined = UserRecord(
        replace(member, tenant_ids=(ACME, GLOBEX), version=2), (membership(member), membership(member, GLOBEX))
    )
    tenants.writer.change(record(member), joined)
    assert tenants.reader.get(member.id) == joined
    assert by_email(tenants, GLOBEX, "bob@people.example") == member.id
    moved = UserRecord(replace(member, tenant_ids=(GLOBEX,), version=3), (membership(member, GLOBEX),))
    tenants.writer.change(joined, moved)
    assert by_email(tenants, ACME, "bob@people.example") is None
    located = by_username(tenants, "bob")
    assert located is not None
    assert located.home_tenant_id == GLOBEX
    assert tenants.directory.get_admission(ACME, member.id).membership is None
    tenants.writer.remove(moved, [])
    assert by_email(tenants, GLOBEX, "bob@people.example") is None


def test_a_user_without_tenant_enters_the_first(tenants: Stores) -> None:
    member = user((), email="bob@people.example")
    tenants.writer.add(UserRecord(member, ()), None)
    joined = UserRecord(replace(member, tenant_ids=(ACME,), version=2), (membership(member),))
    tenants.writer.change(UserRecord(member, ()), joined)
    assert by_email(tenants, ACME, "bob@people.example") == member.id


def test_an_address_that_is_taken_in_a_new_tenant_or_a_missing_tenant_refuses_all(tenants: Stores) -> None:
    member, other = user(email="same@people.example"), user((GLOBEX,), email="same@people.example")
    for one in (member, other):
        tenants.writer.add(record(one), None)
    refused: list[tuple[Any, type[DoorwardError]]] = [(GLOBEX, EmailTaken), ("nowhere", NotFound)]
    for tenant_id, error in refused:
        joined = replace(member, tenant_ids=(ACME, tenant_id), version=2)
        after = UserRecord(joined, (membership(member), membership(member, tenant_id)))
        with pytest.raises(error):
            tenants.writer.change(record(member), after)
        assert tenants.reader.get(member.id) == record(member)


def test_an_address_that_is_taken_where_the_user_is_a_guest_is_left_to_its_owner(tenants: Stores) -> None:
    guest = user((ACME, GLOBEX), email="old@people.example")
    tenants.writer.add(record(guest), None)
    owner = user((GLOBEX,), email="new@people.example")
    tenants.writer.add(record(owner), None)
    after = _next(record(guest))
    after = replace(after, user=replace(after.user, email="new@people.example"))
    tenants.writer.change(record(guest), after)
    assert by_email(tenants, ACME, "new@people.example") == guest.id
    assert by_email(tenants, GLOBEX, "new@people.example") == owner.id
    assert by_email(tenants, GLOBEX, "old@people.example") is None
    tenants.writer.remove(after, [])
    assert by_email(tenants, GLOBEX, "new@people.example") == owner.id


def test_the_last_administrator_stays(tenants: Stores) -> None:
    first, second = _admins(tenants, 2)
    demoted = _next(first, memberships=(membership(first.user),))
    tenants.writer.change(first, demoted)
    with pytest.raises(LastAdmin):
        tenants.writer.change(second, _next(second, memberships=(membership(second.user),)))
    with pytest.raises(LastAdmin):
        tenants.writer.remove(second, [])
    tenants.writer.change(demoted, _next(demoted, memberships=first.memberships))
    tenants.writer.remove(second, [])


def test_service_tokens_are_kept_listed_and_refused(tenants: Stores) -> None:
    tokens = [ServiceToken(ACME, TokenId(str(ULID())), "ci", UserId("u"), NOW, NOW // 1000 + 60) for _ in range(3)]
    for token in tokens:
        tenants.service_tokens.add(token)
    assert tenants.service_tokens.get_admission(ACME, "ci") == Admission(tenant_status="active")
    ids = sorted(token.id for token in tokens)
    first = tenants.service_tokens.list_by_tenant(ACME, 2, None)
    rest = tenants.service_tokens.list_by_tenant(ACME, 2, first.after)
    assert [token.id for token in (*first.records, *rest.records)] == ids
    assert tenants.service_tokens.list_by_tenant(GLOBEX, 2, None).records == ()
    assert not tenants.service_tokens.revoke(GLOBEX, tokens[0].id, NOW)
    assert tenants.service_tokens.revoke(ACME, tokens[0].id, NOW)
    assert tenants.revocation_reader.get(ACME, service_user_id("ci")).user.tokens == {tokens[0].id}
    states = {token.id: token.revoked_at_ms for token in tenants.service_tokens.list_by_tenant(ACME, 9, None).records}
    assert states[tokens[0].id] == NOW
    assert states[tokens[1].id] is None


def test_a_service_that_signed_out_stays_out_and_is_listed_so(tenants: Stores) -> None:
    token = ServiceToken(ACME, TokenId(str(ULID())), "ci", UserId("u"), NOW, NOW // 1000 + 2_592_000)
    tenants.service_tokens.add(token)
    service = service_user_id("ci")
    tenants.sessions.revoke(SessionRef(ACME, service, SessionId(token.id)), NOW)
    found = tenants.service_tokens.get_revocations(ACME, ["ci", "ci", "other"])
    assert token.id in found["ci"].user.sessions
    assert found["other"].user == RevocationState()
    assert mark_revoked(token, found["ci"]).revoked_at_ms is not None
    assert mark_revoked(token, found["other"]).revoked_at_ms is None
    later = NOW + 7_200_000
    other = replace(claims(user(), "other", user_id=service), expires_at=later // 1000 + 60)
    tenants.revocations.revoke_token(other, later)
    assert token.id in tenants.revocation_reader.get(ACME, service).user.sessions


def _in(ref: SessionRef, tenant_id: TenantId) -> SessionRef:
    return SessionRef(tenant_id, ref.user_id, ref.session_id)


def test_a_switch_spends_the_generation_and_enters_the_other_tenant_in_one_write(tenants: Stores) -> None:
    member = user((ACME, GLOBEX))
    tenants.writer.add(record(member), None)
    old = session(member)
    new = replace(old, ref=_in(old.ref, GLOBEX), cookie_hash=None)
    tenants.sessions.add(old)
    assert tenants.sessions.switch(old, new, NOW + 1)
    moved = replace(old, generation=1, rotated_at_ms=NOW + 1, links=1, switched_to=GLOBEX)
    assert tenants.sessions.get_admission(old.ref).session == moved
    assert tenants.sessions.get_admission(new.ref).session == new
    assert not tenants.sessions.switch(old, new, NOW + 2, replaced=0)
    assert not tenants.sessions.switch(moved, new, NOW + 2)
    assert not tenants.sessions.switch(moved, new, NOW + 2, replaced=7)
    again = replace(new, generation=1)
    assert tenants.sessions.switch(moved, again, NOW + 2, replaced=0)
    assert tenants.sessions.get_admission(new.ref).session == again
    assert tenants.sessions.rotate(old.ref, 2, NOW + 3).session == replace(
        moved, generation=3, rotated_at_ms=NOW + 3, links=2, switched_to=None
    )


def test_a_switch_on_a_cookie_spends_no_refresh_token_and_is_counted(tenants: Stores) -> None:
    member = user((ACME, GLOBEX))
    tenants.writer.add(record(member), None)
    old = session(member)
    new = replace(old, ref=_in(old.ref, GLOBEX), cookie_hash=None)
    tenants.sessions.add(old)
    assert tenants.sessions.switch(old, new, NOW + 1, spends=False)
    assert tenants.sessions.get_admission(old.ref).session == replace(old, links=1)
    assert tenants.sessions.get_admission(new.ref).session == new
    assert not tenants.sessions.switch(old, new, NOW + 1, spends=False)
    assert tenants.sessions.rotate(old.ref, 0, NOW + 2).won
    assert not tenants.sessions.switch(old, replace(new, generation=1), NOW + 3, replaced=0, spends=False)
    assert tenants.sessions.end_family(old.ref, NOW + 4)
    assert tenants.sessions.get_admission(new.ref).session == replace(new, revoked_at_ms=NOW + 4)


def test_a_switch_does_not_replace_a_session_that_was_ended(tenants: Stores) -> None:
    member = user((ACME, GLOBEX))
    tenants.writer.add(record(member), None)
    old = session(member)
    new = replace(old, ref=_in(old.ref, GLOBEX), cookie_hash=None)
    tenants.sessions.add(old)
    assert tenants.sessions.switch(old, new, NOW + 1)
    assert tenants.sessions.revoke(new.ref, NOW + 2)
    again = replace(new, generation=1)
    assert not tenants.sessions.switch(replace(old, generation=1, links=1), again, NOW + 3, replaced=0)
    assert tenants.sessions.get_admission(new.ref).session == replace(new, revoked_at_ms=NOW + 2)


@pytest.mark.parametrize("start", [ACME, GLOBEX])
def test_a_family_of_two_living_sessions_ends_whole_from_either(tenants: Stores, start: TenantId) -> None:
    member = user((ACME, GLOBEX))
    tenants.writer.add(record(member), None)
    old = session(member)
    tenants.sessions.add(old)
    assert tenants.sessions.switch(old, replace(old, ref=_in(old.ref, GLOBEX), links=1), NOW + 1)
    assert tenants.sessions.end_family(_in(old.ref, start), NOW + 3)
    found = [tenants.sessions.get_admission(_in(old.ref, realm)).session for realm in (ACME, GLOBEX)]
    assert [each.revoked_at_ms for each in found if each] == [NOW + 3] * 2


def test_a_family_ends_in_every_tenant_from_any_of_its_sessions_live_or_dead(tenants: Stores) -> None:
    for start in (ACME, GLOBEX):
        member = user((ACME, GLOBEX))
        tenants.writer.add(record(member), None)
        old, stranger = session(member), session(member)
        new = replace(old, ref=_in(old.ref, GLOBEX), links=1)
        tenants.sessions.add(old)
        tenants.sessions.add(stranger)
        assert tenants.sessions.switch(old, new, NOW + 1)
        tenants.sessions.revoke(_in(old.ref, start), NOW + 2)
        assert tenants.sessions.end_family(_in(old.ref, start), NOW + 3)
        for realm in (ACME, GLOBEX):
            ended = tenants.sessions.get_admission(_in(old.ref, realm)).session
            assert ended is not None
            assert ended.revoked_at_ms is not None
            assert tenants.revocation_reader.get(realm, member.id).user.sessions == {old.ref.session_id}
        left = tenants.sessions.get_admission(stranger.ref).session
        assert left == stranger
        assert not tenants.sessions.end_family(old.ref, NOW + 4)
        assert not tenants.sessions.switch(replace(old, generation=1), replace(new, generation=1), NOW + 5, replaced=0)


def test_a_family_whose_session_is_forgotten_is_refused_all_the_same(tenants: Stores) -> None:
    member = user()
    gone = session(member).ref
    assert not tenants.sessions.end_family(gone, NOW)
    assert tenants.revocation_reader.get(ACME, member.id).user.sessions == {gone.session_id}


def test_notifications_are_merged_marked_and_removed(tenants: Stores) -> None:
    made = [
        Notification(ACME, f"{number:026}", UserId("u") if number % 2 else None, "t", "b", NOW) for number in range(7)
    ]
    for one in made:
        tenants.notifications.add(one)
        tenants.notifications.add(one)
    tenants.notifications.add(replace(made[0], tenant_id=GLOBEX))
    tenants.notifications.add(replace(made[0], id="9" * 26, user_id=UserId("other")))
    found: list[str] = []
    after = None
    for _ in range(10):
        page = tenants.notifications.list_by_user(ACME, UserId("u"), 2, after)
        found += [seen.notification.id for seen in page.records]
        after = page.after
        if after is None:
            break
    assert found == [one.id for one in reversed(made)]
    for stamp in (NOW, NOW + 1):
        assert tenants.notifications.mark_read(ACME, UserId("u"), made[0].id, stamp)
    assert not tenants.notifications.mark_read(ACME, UserId("u"), "9" * 26, NOW)
    marks = {
        seen.notification.id: seen.read_at_ms
        for seen in tenants.notifications.list_by_user(ACME, UserId("u"), 9, None).records
    }
    assert marks[made[0].id] == NOW
    assert marks[made[1].id] is None
    for one in made:
        tenants.notifications.remove(one)
    assert tenants.notifications.list_by_user(ACME, UserId("u"), 9, None).records == ()


def test_one_record_of_the_demo_is_kept(stores: Stores) -> None:
    assert stores.notifications.get_demo(ACME) is None
    assert stores.notifications.add_demo(ACME, "one")
    assert not stores.notifications.add_demo(ACME, "two")
    assert stores.notifications.get_demo(ACME) == "one"
    stores.notifications.remove_demo(ACME)
    assert stores.notifications.get_demo(ACME) is None
