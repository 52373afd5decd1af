"""What every store promises when a user or a tenant leaves: what names them is gone, and nobody gets it again."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from doorward.errors import Conflict, NotFound, TenantNotFound, TenantTaken, UsernameTaken
from doorward.model import Cutoff, Notification, ServiceToken, TenantId, TenantPolicy, TokenId, UserId, UserRecord
from doorward.model.leaving import Leaving
from tests.contract.conftest import Stores
from tests.contract.test_invitations import invited
from tests.support.makers import ACME, GLOBEX, NOW, by_email, by_username, membership, record, session, tenant, user


@pytest.fixture
def tenants(stores: Stores) -> Stores:
    for tenant_id in (ACME, GLOBEX):
        stores.tenants.add(tenant(tenant_id))
    return stores


def _told(user_id: UserId | None, number: int, tenant_id: TenantId = ACME) -> Notification:
    return Notification(tenant_id, f"{number:026}", user_id, "Title", "Body", NOW)


def _remove(stores: Stores, found: UserRecord) -> None:
    stores.writer.remove(found, [Cutoff(one, found.user.id, NOW, ends_sessions=True) for one in found.user.realms])


@pytest.mark.standard("ASVS 10.3.3")
def test_a_removed_name_is_kept_nowhere_and_given_to_nobody(tenants: Stores) -> None:
    member = user(username="Bob.Secret", display_name="Bobby Secret", email="secret@acme.example")
    tenants.writer.add(record(member), "hash")
    _remove(tenants, record(member))
    tenants.belongings.erase(member.id)
    assert by_username(tenants, "bob.secret") is None
    assert by_email(tenants, ACME, "secret@acme.example") is None
    for again in ("bob.secret", "BOB.SECRET"):
        with pytest.raises(UsernameTaken):
            tenants.writer.add(record(user(username=again)), None)
    tenants.writer.add(record(user(username="bob.secret2")), None)
    database: Any = getattr(tenants.reader, "database", None)
    if database is not None:
        tables = tenants.reader.tables  # type: ignore[attr-defined]
        for table in (tables.users, tables.refresh_tokens):
            stored = [item for items in database.scan(table) for item in items if "secret2" not in str(item)]
            assert "secret" not in str(stored).lower()
            assert member.id not in str(stored)


def test_what_is_stored_for_a_user_is_shown_and_erased_and_nothing_of_others(tenants: Stores) -> None:
    member, other = user((ACME, GLOBEX)), user()
    found = UserRecord(member, (membership(member), membership(member, GLOBEX)))
    for one in (found, record(other)):
        tenants.writer.add(one, None)
    mine = [session(member), session(member, GLOBEX, revoked_at_ms=NOW)]
    theirs = session(other)
    for begun in (*mine, theirs):
        tenants.sessions.add(begun)
    told = _told(member.id, 1)
    for each in (told, _told(None, 2), _told(other.id, 3)):
        tenants.notifications.add(each)
    tenants.notifications.mark_read(ACME, member.id, told.id, NOW)
    shown = tenants.belongings.list_of(member.id, (ACME, GLOBEX))
    assert {one.ref for one in shown.sessions} == {one.ref for one in mine}
    assert (shown.notifications, shown.complete) == ((told,), True)
    assert [one.ref for one in tenants.belongings.list_of(member.id, (GLOBEX,)).sessions] == [mine[1].ref]
    assert tenants.belongings.get_leaving(member.id) is None
    _remove(tenants, found)
    assert tenants.belongings.get_leaving(member.id) == Leaving(member.id, ACME, (ACME, GLOBEX))
    for _ in range(2):
        tenants.belongings.erase(member.id)
        shown = tenants.belongings.list_of(member.id, (ACME, GLOBEX))
        assert (shown.sessions, shown.notifications) == ((), ())
        assert tenants.belongings.get_leaving(member.id) is None
    kept = tenants.belongings.list_of(other.id, (ACME,))
    assert ([one.ref for one in kept.sessions], len(kept.notifications)) == ([theirs.ref], 1)
    assert tenants.revocations.get_states([ACME], member.id)[ACME].min_epoch == NOW


def test_many_sessions_are_erased_to_the_last(tenants: Stores) -> None:
    member = user()
    tenants.writer.add(record(member), None)
    for _ in range(105):
        tenants.sessions.add(session(member))
    tenants.belongings.erase_in(ACME, member.id)
    assert tenants.belongings.list_of(member.id, (ACME,)).sessions == ()


def test_nobody_enters_a_tenant_that_is_being_deleted(tenants: Stores) -> None:
    inside, outside = user(), user((GLOBEX,))
    for member in (inside, outside):
        tenants.writer.add(record(member), None)
    disabled = replace(tenant(), status="disabled", version=2)
    tenants.tenants.change(tenant(), disabled, NOW)
    leaving = tenants.tenants.begin_removal(disabled, NOW + 1)
    assert tenants.tenants.get(ACME) == leaving == replace(disabled, version=3, deletion_began_at_ms=NOW + 1)
    with pytest.raises(Conflict):
        tenants.tenants.begin_removal(disabled, NOW + 2)
    with pytest.raises(Conflict):
        tenants.tenants.change(disabled, replace(disabled, status="active", version=3), NOW)
    with pytest.raises(NotFound):
        tenants.writer.add(record(user(username="new")), None)
    assert by_username(tenants, "new") is None
    joined = replace(outside, tenant_ids=(GLOBEX, ACME), version=2)
    members = (membership(outside, GLOBEX), membership(outside))
    with pytest.raises(NotFound):
        tenants.writer.change(record(outside), UserRecord(joined, members))
    with pytest.raises(TenantNotFound):
        tenants.policies.change(ACME, TenantPolicy(version=1))
    renamed = replace(inside, display_name="x", version=2)
    tenants.writer.change(record(inside), replace(record(inside), user=renamed))


def test_a_tenant_goes_with_all_that_is_stored_for_it_and_its_id_stays(tenants: Stores) -> None:
    tenants.policies.change(ACME, TenantPolicy(version=1, locale="de"))
    for number in range(3):
        token = ServiceToken(ACME, TokenId(f"{number:026}"), "robot", UserId("x"), NOW, NOW // 1000 + 60)
        tenants.service_tokens.add(token)
        tenants.notifications.add(_told(None, number))
    tenants.notifications.add(_told(None, 1, GLOBEX))
    tenants.notifications.add_demo(ACME, "{}")
    invited(tenants, user())
    disabled = replace(tenant(), status="disabled", version=2)
    tenants.tenants.change(tenant(), disabled, NOW)
    with pytest.raises(Conflict):
        tenants.tenants.end_removal(disabled)
    leaving = tenants.tenants.begin_removal(disabled, NOW + 1)
    assert tenants.belongings.erase_tenant(ACME) is None
    tenants.tenants.end_removal(leaving)
    assert tenants.tenants.get(ACME) is None
    assert [one.id for one in tenants.tenants.list_all(10, None).records] == [GLOBEX]
    assert tenants.policies.get(ACME) == TenantPolicy()
    assert tenants.service_tokens.list_by_tenant(ACME, 10, None).records == ()
    assert tenants.notifications.list_by_user(ACME, UserId("x"), 10, None).records == ()
    assert len(tenants.notifications.list_by_user(GLOBEX, UserId("x"), 10, None).records) == 1
    assert tenants.notifications.get_demo(ACME) is None
    assert tenants.invitations.list_by_tenant(ACME, 10, None).records == ()
    assert tenants.invitations.find(ACME, "ann@people.example") is None
    with pytest.raises(TenantTaken):
        tenants.tenants.add(tenant())
    with pytest.raises(NotFound):
        tenants.writer.add(record(user()), None)
    revoked = tenants.revocation_reader.get(ACME, UserId("x"))
    assert revoked.tenant_status == "disabled"
    assert revoked.tenant_min_epoch > NOW


def test_one_call_erases_a_bounded_part_of_a_tenant(tenants: Stores, monkeypatch: pytest.MonkeyPatch) -> None:
    if not hasattr(tenants.reader, "database"):
        return  # memory is erased at once
    monkeypatch.setattr("doorward.aws.dynamodb.leaving._BATCH", 2)
    monkeypatch.setattr("doorward.aws.dynamodb.leaving._BATCHES_A_CALL", 2)
    for number in range(5):
        tenants.notifications.add(_told(None, number))
    assert tenants.belongings.erase_tenant(ACME) == "notifications"
    assert tenants.belongings.erase_tenant(ACME) is None
