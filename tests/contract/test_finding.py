"""Every store finds users of a tenant by what the tenant may see, completely, and shows nobody else."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from doorward.model import Membership, TenantId, User, UserRecord
from doorward.rules.finding import MAX_READ, Search
from tests.contract.conftest import Stores
from tests.support.makers import ACME, GLOBEX, membership, record, tenant, user


@pytest.fixture
def tenants(stores: Stores) -> Stores:
    for tenant_id in (ACME, GLOBEX):
        stores.tenants.add(tenant(tenant_id))
    return stores


def _found(stores: Stores, limit: int = 100, *, tenant_id: TenantId = ACME, **asked: Any) -> list[str]:
    """Return the user names that are found, page by page."""
    search, found, after = Search.of_texts(*(asked.get(name) for name in ("email", "name", "role", "status"))), [], None
    for _ in range(100):
        page = stores.reader.find(tenant_id, search, limit, after)
        assert len(page.records) <= limit
        assert all(len(shown.memberships) == len(shown.user.tenant_ids) for shown in page.records)
        found += [shown.user.username for shown in page.records]
        after = page.after
        if after is None:
            return found
    raise AssertionError("the list does not end")


def _ask(stores: Stores, asked: dict[str, str]) -> list[str]:
    values: dict[str, Any] = {**asked}
    return _found(stores, **values)


def _add(
    stores: Stores, username: str, *roles: str, tenants: tuple[TenantId, ...] = (ACME,), **values: Any
) -> UserRecord:
    member = user(tenants, username=username, **values)
    made = UserRecord(member, tuple(membership(member, one, roles or ("user",)) for one in tenants))
    stores.writer.add(made, None)
    return made


def _changed(stores: Stores, before: UserRecord, *members: Membership, **values: Any) -> UserRecord:
    after = UserRecord(replace(before.user, version=before.user.version + 1, **values), members or before.memberships)
    stores.writer.change(before, after)
    return after


def test_a_name_is_found_by_how_it_begins_whatever_its_letters(tenants: Stores) -> None:
    _add(tenants, "Anna", display_name="Zoe Quist")
    _add(tenants, "anton", display_name="Ann # Other")
    _add(tenants, "bob", display_name="\u00c5sa")
    _add(tenants, "stra\u00dfe")
    assert _found(tenants, name="an") == ["anton", "Anna"]  # "ann # other" comes first; each is shown once
    assert _found(tenants, name="ANN ") == ["anton", "Anna"]
    assert _found(tenants, name="ann #") == ["anton"]
    assert _found(tenants, name="z") == ["Anna"]
    assert _found(tenants, name="a\u030asa") == ["bob"]
    assert _found(tenants, name="STRASSE") == ["stra\u00dfe"]
    assert _found(tenants, name="nna") == []
    assert _found(tenants, tenant_id=GLOBEX, name="a") == []


@pytest.mark.parametrize("limit", [1, 2, 3, 100])
@pytest.mark.parametrize("asked", [{"name": "m"}, {"role": "auditor"}, {"status": "disabled"}, {"role": "user"}])
def test_pages_are_complete_and_without_repetition(tenants: Stores, limit: int, asked: dict[str, Any]) -> None:
    names = [f"m{number}" for number in range(5)]
    for name in names:
        _add(tenants, name, "auditor", "user", display_name=f"{name} m", status="disabled")
        _add(tenants, f"x{name}", "clerk")
    assert sorted(_found(tenants, limit, **asked)) == names


def test_roles_and_status_are_those_of_the_tenant(tenants: Stores) -> None:
    kim = _add(tenants, "kim", "auditor", tenants=(ACME, GLOBEX))
    here, there = kim.memberships
    kim = _changed(tenants, kim, here, replace(there, roles=("clerk",), status="disabled"))
    assert _found(tenants, role="auditor") == ["kim"]
    assert _found(tenants, role="clerk") == []
    assert _found(tenants, tenant_id=GLOBEX, role="clerk") == ["kim"]
    assert _found(tenants, tenant_id=GLOBEX, role="auditor") == []
    assert _found(tenants, status="active") == ["kim"]
    assert _found(tenants, tenant_id=GLOBEX, status="disabled") == ["kim"]
    kim = _changed(tenants, kim, here, tenant_ids=(ACME,))
    assert _found(tenants, tenant_id=GLOBEX, role="clerk") == []
    assert _found(tenants, tenant_id=GLOBEX, name="k") == []


def test_of_a_guest_nothing_is_found_but_the_user_name_the_roles_and_the_membership(tenants: Stores) -> None:
    places: dict[str, Any] = {"tenants": (GLOBEX, ACME), "email": "kim@people.example", "display_name": "Kim Doe"}
    _add(tenants, "guest", status="disabled", **places)
    platform: dict[str, Any] = {"email": "root@people.example", "display_name": "Kim Root", "platform_admin": True}
    _add(tenants, "root", status="disabled", **platform)
    for asked in (
        {"email": "kim@people.example"},
        {"name": "kim"},
        {"status": "disabled"},
        {"email": "root@people.example"},
    ):
        assert _ask(tenants, asked) == [], asked
    assert _found(tenants, name="guest") == ["guest"]
    assert sorted(_found(tenants, status="active", role="user")) == ["guest", "root"]
    assert _found(tenants, tenant_id=GLOBEX, email="KIM@People.example") == ["guest"]
    assert _found(tenants, tenant_id=GLOBEX, name="kim d") == ["guest"]
    assert _found(tenants, tenant_id=GLOBEX, status="disabled") == ["guest"]


def test_conditions_are_all_met(tenants: Stores) -> None:
    _add(tenants, "ann", "auditor", email="ann@acme.example")
    _add(tenants, "anna", "clerk", status="disabled")
    assert _found(tenants, name="ann", role="auditor") == ["ann"]
    assert _found(tenants, name="ann", status="disabled") == ["anna"]
    assert _found(tenants, role="clerk", status="active") == []
    assert _found(tenants, email="ann@acme.example", role="clerk") == []
    assert _found(tenants, email="ann@acme.example", name="an", role="auditor", status="active") == ["ann"]


def test_a_change_is_found_at_once_and_what_was_before_no_longer(tenants: Stores) -> None:
    ann = _add(tenants, "ann", "auditor", display_name="Old", email="old@acme.example")
    (member,) = ann.memberships
    ann = _changed(tenants, ann, replace(member, roles=("clerk",)), display_name="New", email="new@acme.example")
    for gone in ({"name": "old"}, {"role": "auditor"}, {"email": "old@acme.example"}, {"status": "disabled"}):
        assert _ask(tenants, gone) == []
    for there in ({"name": "new"}, {"role": "clerk"}, {"email": "new@acme.example"}, {"status": "active"}):
        assert _ask(tenants, there) == ["ann"]
    ann = _changed(tenants, ann, status="disabled")
    assert _found(tenants, status="disabled") == ["ann"]
    ann = _changed(tenants, ann, *(membership(ann.user, one) for one in (GLOBEX, ACME)), tenant_ids=(GLOBEX, ACME))
    assert _found(tenants, name="new") == []  # a guest now
    assert _found(tenants, status="disabled") == []
    tenants.writer.remove(ann, ())
    for asked in ({"name": "ann"}, {"role": "user"}, {"status": "active"}):
        assert _ask(tenants, asked) == []


def test_a_name_that_is_the_id_or_very_long_breaks_nothing(tenants: Stores) -> None:
    plain = user()
    tenants.writer.add(record(plain), None)
    assert _found(tenants, name=plain.id[:4]) == []
    assert _found(tenants, status="active") == [plain.id]
    _add(tenants, "wide", display_name="\ufdfa" * 250)
    assert _found(tenants, name="\ufdfa" * 7) == ["wide"]


def test_a_page_reads_a_bounded_number_of_candidates(tenants: Stores, monkeypatch: pytest.MonkeyPatch) -> None:
    if not hasattr(tenants.reader, "database"):
        pytest.skip("memory reads nothing")
    monkeypatch.setattr("doorward.aws.dynamodb.finding.MAX_READ", 50)
    assert MAX_READ > 50
    for number in range(60):
        _add(tenants, f"m{number:02}", "clerk" if number == 55 else "user")
    search = Search(name="m", role="clerk")
    page = tenants.reader.find(ACME, search, 10, None)
    assert page.records == ()
    assert page.after is not None
    assert [shown.user.username for shown in tenants.reader.find(ACME, search, 10, page.after).records] == ["m55"]


def test_a_user_of_all_tenants_with_all_roles_can_be_made_and_removed(stores: Stores) -> None:
    places = tuple(TenantId(f"t{number}") for number in range(20))
    for place in places:
        stores.tenants.add(tenant(place))
    roles = tuple(sorted([*(f"r{number}" for number in range(19)), "admin"]))
    member: User = user((places[0],), username="max", email="max@people.example", display_name="Max")
    found = UserRecord(member, (membership(member, places[0], roles),))
    stores.writer.add(found, "hash")
    for count in range(2, 21):
        joined = (*found.memberships, membership(member, places[count - 1], roles))
        found = _changed(stores, found, *joined, tenant_ids=places[:count])
    assert all(_found(stores, tenant_id=place, role="r7") == ["max"] for place in places)
    stores.writer.remove(found, (), keep_admin_in=())
    assert stores.reader.get(member.id) is None
    assert all(_found(stores, tenant_id=place, role="r7") == [] for place in places)
    stores.belongings.erase(member.id)
    assert stores.belongings.get_leaving(member.id) is None
