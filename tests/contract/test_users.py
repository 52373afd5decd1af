"""What every implementation of the user, tenant and key set stores promises."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from doorward.errors import Conflict, DoorwardError, EmailTaken, NotFound, NotInitialised, TenantTaken, UsernameTaken
from doorward.keys.signing import FormerKey, KeySet, generate_key
from doorward.model import PLATFORM, Cutoff, UserId, UserRecord
from doorward.rules.names import fold_email
from doorward.stores import SignInTarget
from tests.contract.conftest import Stores
from tests.support.makers import ACME, GLOBEX, NOW, by_email, by_username, membership, record, session, tenant, user
from tests.support.makers import epochs_of as _epochs


@pytest.fixture
def tenants(stores: Stores) -> Stores:
    for tenant_id in (ACME, GLOBEX):
        stores.tenants.add(tenant(tenant_id))
    return stores


def test_a_tenant_id_is_given_once(tenants: Stores) -> None:
    with pytest.raises(TenantTaken):
        tenants.tenants.add(tenant())
    assert tenants.tenants.get(ACME) == tenant()
    assert tenants.tenants.get(PLATFORM) is None


def test_a_user_reads_back_by_id_name_and_address(tenants: Stores) -> None:
    member = user(username="Bob", email="Bob@acme.example", display_name="B")
    tenants.writer.add(record(member), "hash")
    assert tenants.reader.get(member.id) == record(member)
    assert tenants.reader.get_password_hash(member.id) == "hash"
    assert by_username(tenants, "bob") == SignInTarget(member.id, ACME)
    assert by_email(tenants, ACME, "bob@acme.example") == member.id
    assert by_email(tenants, GLOBEX, "bob@acme.example") is None
    assert tenants.directory.get_admission(ACME, member.id).password_hash == "hash"
    assert tenants.directory.get_admission(GLOBEX, member.id).membership is None


def test_an_unknown_user_is_none_everywhere(tenants: Stores) -> None:
    nobody = UserId("0" * 26)
    assert tenants.reader.get(nobody) is None
    assert tenants.reader.get_password_hash(nobody) is None
    assert by_username(tenants, "nobody") is None
    assert tenants.directory.get_admission(ACME, nobody).user is None


def test_a_taken_name_or_address_or_a_missing_tenant_leaves_nothing_behind(tenants: Stores) -> None:
    first = user(username="bob", email="bob@acme.example")
    tenants.writer.add(record(first), "hash")
    refused: list[tuple[dict[str, Any], type[DoorwardError]]] = [
        ({"username": "BOB", "email": "new@acme.example"}, UsernameTaken),
        ({"username": "new", "email": "BOB@acme.example"}, EmailTaken),
    ]
    for values, error in refused:
        second = user(**values)
        with pytest.raises(error):
            tenants.writer.add(record(second), "hash")
        assert tenants.reader.get(second.id) is None
    assert by_username(tenants, "new") is None
    assert by_email(tenants, ACME, "new@acme.example") is None
    lost = user((PLATFORM,), username="lost")
    with pytest.raises(NotFound):
        tenants.writer.add(record(lost), None)
    assert by_username(tenants, "lost") is None


def test_the_same_address_lives_in_two_tenants(tenants: Stores) -> None:
    for tenant_id in (ACME, GLOBEX):
        member = user((tenant_id,), email="same@people.example")
        tenants.writer.add(record(member), None)
        assert by_email(tenants, tenant_id, "same@people.example") == member.id


def test_a_change_replaces_what_was_read_and_only_that(tenants: Stores) -> None:
    member = user(email="old@acme.example")
    tenants.writer.add(record(member), "hash")
    before = record(member)
    changed = replace(member, email="new@acme.example", status="disabled", version=2)
    after = UserRecord(changed, (membership(member, roles=("admin",)),))
    tenants.writer.change(
        before, after, password_hash="other", cutoffs=[Cutoff(ACME, member.id, 9, ends_sessions=True)]
    )
    assert tenants.reader.get(member.id) == after
    assert tenants.reader.get_password_hash(member.id) == "other"
    assert by_email(tenants, ACME, "old@acme.example") is None
    assert by_email(tenants, ACME, "new@acme.example") == member.id
    assert _epochs(tenants, [ACME], member.id) == {ACME: 9}
    with pytest.raises(Conflict):
        tenants.writer.change(before, after)
    with pytest.raises(Conflict):
        tenants.writer.remove(before, [])


def test_a_change_to_a_taken_address_changes_nothing(tenants: Stores) -> None:
    first, second = user(email="one@acme.example"), user(email="two@acme.example")
    for member in (first, second):
        tenants.writer.add(record(member), None)
    after = replace(record(first), user=replace(first, email="TWO@acme.example", version=2))
    with pytest.raises(EmailTaken):
        tenants.writer.change(record(first), after, cutoffs=[Cutoff(ACME, first.id, 9, ends_sessions=True)])
    assert tenants.reader.get(first.id) == record(first)
    assert by_email(tenants, ACME, "one@acme.example") == first.id
    assert _epochs(tenants, [ACME], first.id) == {ACME: 0}


def test_an_overtaken_cutoff_takes_the_whole_change_back(tenants: Stores) -> None:
    member = user()
    tenants.writer.add(record(member), "hash")
    tenants.revocations.cut_off([Cutoff(ACME, member.id, 50, ends_sessions=False)], NOW)
    after = replace(record(member), user=replace(member, version=2))
    with pytest.raises(Conflict):
        tenants.writer.change(
            record(member), after, password_hash="other", cutoffs=[Cutoff(ACME, member.id, 50, ends_sessions=True)]
        )
    assert tenants.reader.get_password_hash(member.id) == "hash"


def test_a_deletion_leaves_the_name_taken_and_the_address_free(tenants: Stores) -> None:
    member = user(username="bob", email="bob@acme.example")
    tenants.writer.add(record(member), "hash")
    tenants.writer.remove(record(member), [Cutoff(ACME, member.id, 9, ends_sessions=True)])
    assert tenants.reader.get(member.id) is None
    assert tenants.reader.get_password_hash(member.id) is None
    assert tenants.directory.get_admission(ACME, member.id).membership is None
    assert by_email(tenants, ACME, "bob@acme.example") is None
    other = user(username="Bob")
    with pytest.raises(UsernameTaken):
        tenants.writer.add(record(other), None)


def test_a_hash_is_replaced_only_if_it_is_still_the_one(tenants: Stores) -> None:
    member = user()
    tenants.writer.add(record(member), "old")
    tenants.directory.change_password_hash(member.id, "stale", "x")
    assert tenants.reader.get_password_hash(member.id) == "old"
    tenants.directory.change_password_hash(member.id, "old", "new")
    assert tenants.reader.get_password_hash(member.id) == "new"


@pytest.mark.parametrize("limit", [1, 2, 5, 100])
def test_lists_are_complete_and_without_repetition(tenants: Stores, limit: int) -> None:
    members = [user((ACME, GLOBEX) if number % 2 else (ACME,)) for number in range(5)]
    for member in members:
        tenants.writer.add(record(member), None)
        if GLOBEX in member.tenant_ids:
            tenants.writer.change(
                UserRecord(member, (membership(member),)), replace(record(member), user=replace(member, version=2))
            )
    stranger = user((GLOBEX,))
    tenants.writer.add(record(stranger), None)
    assert _ids(tenants, limit, of_acme=True) == sorted(member.id for member in members)
    assert _ids(tenants, limit, of_acme=False) == sorted([stranger.id, *(member.id for member in members)])


def _ids(stores: Stores, limit: int, *, of_acme: bool) -> list[str]:
    found: list[str] = []
    after = None
    for _ in range(20):
        page = stores.reader.list_by_tenant(ACME, limit, after) if of_acme else stores.reader.list_all(limit, after)
        assert len(page.records) <= limit
        found += [shown.user.id for shown in page.records]
        assert all(len(shown.memberships) == len(shown.user.tenant_ids) for shown in page.records)
        after = page.after
        if after is None:
            return found
    raise AssertionError("the list does not end")


def test_a_key_set_is_changed_by_one_at_a_time(stores: Stores) -> None:
    with pytest.raises(NotInitialised):
        stores.key_sets.get()
    public, _ = generate_key("ES256", NOW)
    key_set = KeySet("https://id.example", "api", (public,), 1)
    stores.key_sets.change(key_set)
    assert stores.key_sets.get() == key_set
    for stale in (key_set, replace(key_set, version=3)):
        with pytest.raises(Conflict):
            stores.key_sets.change(stale)
    stores.key_sets.change(replace(key_set, version=2))


def test_keys_that_leave_the_set_are_kept_with_the_change_or_not_at_all(stores: Stores) -> None:
    (public, _), (other, _), (third, _) = (generate_key("ES256", NOW) for _ in range(3))
    key_set = KeySet("https://id.example", "api", (public,), 1)
    stores.key_sets.change(key_set)
    assert stores.key_sets.former() == []
    with pytest.raises(Conflict):
        stores.key_sets.change(replace(key_set, version=3), [FormerKey(public, revoked=False)])
    assert stores.key_sets.former() == []
    left = [FormerKey(public, revoked=False), FormerKey(other, revoked=True)]
    stores.key_sets.change(replace(key_set, version=2), left)
    assert sorted(stores.key_sets.former(), key=str) == sorted(left, key=str)
    for kid in (public.kid, third.kid):
        stores.key_sets.revoke_former(kid)
    assert {each.key.kid: each.revoked for each in stores.key_sets.former()} == {public.kid: True, other.kid: True}
    assert stores.key_sets.get().keys == (public,)


def test_sessions_of_a_deleted_user_have_no_user(tenants: Stores) -> None:
    member = user()
    tenants.writer.add(record(member), None)
    stored = session(member)
    tenants.sessions.add(stored)
    tenants.writer.remove(record(member), [])
    assert tenants.sessions.get_admission(stored.ref).user is None


def test_an_address_is_one_in_a_tenant_however_its_domain_is_written(stores: Stores) -> None:
    stores.tenants.add(tenant())
    member = user(email="bob@b\u00fccher.example")
    stores.writer.add(record(member), None)
    with pytest.raises(EmailTaken):
        stores.writer.add(record(user(email="bob@xn--bcher-kva.example")), None)
    assert by_email(stores, ACME, fold_email("BOB@XN--BCHER-KVA.example")) == member.id
    written = replace(member, email="bob@xn--bcher-kva.example", version=2)
    stores.writer.change(record(member), UserRecord(written, record(member).memberships))
    assert by_email(stores, ACME, fold_email("bob@b\u00fccher.example")) == member.id


def test_the_tenants_of_an_address_are_found_by_it(stores: Stores) -> None:
    for tenant_id in (ACME, GLOBEX):
        stores.tenants.add(tenant(tenant_id))
    ann, other, bob = (
        user(email="Ann@people.example"),
        user((GLOBEX,), email="ann@People.example"),
        user(email="b@b.example"),
    )
    for member in (ann, other, bob):
        stores.writer.add(record(member), None)
    assert stores.reader.list_by_address("ann@people.example") == [(ACME, ann.id), (GLOBEX, other.id)]
    assert stores.reader.list_by_address("nobody@people.example") == []
    stores.writer.remove(record(ann), ())
    assert stores.reader.list_by_address("ann@people.example") == [(GLOBEX, other.id)]
