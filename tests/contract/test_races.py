"""Users and tenants when many change them at once: only a DynamoDB that is right under concurrency shows it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from doorward.errors import (
    Conflict,
    EmailTaken,
    LastAdmin,
    TenantNotFound,
    Unavailable,
    UsernameTaken,
)
from doorward.model import Membership, TenantId, User, UserRecord
from doorward.rules.finding import Search
from doorward.tokens.ids import mint_ulid
from tests.contract.conftest import Stores
from tests.support.makers import NOW, membership, user
from tests.support.races import RACERS, kinds, new_tenant, race, rounds

pytestmark = pytest.mark.race


def _members(stores: Stores, tenant_id: TenantId) -> tuple[UserRecord, ...]:
    return stores.reader.list_by_tenant(tenant_id, 100, None).records


def _added(stores: Stores, *tenant_ids: TenantId, roles: tuple[str, ...] = ("user",), **values: Any) -> UserRecord:
    member = user(tenant_ids, **values)
    added = UserRecord(member, tuple(membership(member, tenant_id, roles) for tenant_id in tenant_ids))
    stores.writer.add(added, None)
    return added


def _with(before: UserRecord, *members: Membership, **values: Any) -> UserRecord:
    """Return somebody with other memberships and values, as the next version."""
    tenant_ids = tuple(member.tenant_id for member in members)
    after: User = replace(before.user, version=before.user.version + 1, tenant_ids=tenant_ids, **values)
    return UserRecord(after, members)


@pytest.mark.parametrize("field", ["username", "email"])
def test_one_name_is_given_once(race_stores: Stores, field: str) -> None:
    for _ in rounds():
        tenant_id, name = new_tenant(race_stores), f"bob{mint_ulid()}"
        values: dict[str, Any] = {field: {"username": name, "email": f"{name}@acme.example"}[field]}

        def create(_: int, tenant_id: TenantId = tenant_id, values: dict[str, Any] = values) -> str:
            return _added(race_stores, tenant_id, **values).user.id

        results = race(create)
        assert sum(isinstance(result, str) for result in results) == 1
        assert kinds(results) - {str} == {UsernameTaken if field == "username" else EmailTaken}
        assert len(_members(race_stores, tenant_id)) == 1


def test_the_name_of_a_deleted_user_is_given_to_none_of_many_nor_while_the_user_is_deleted(
    race_stores: Stores,
) -> None:
    for _ in rounds():
        tenant_id, end = new_tenant(race_stores), mint_ulid()
        gone, going = (_added(race_stores, tenant_id, username=f"{name}{end}") for name in ("gone", "going"))
        race_stores.writer.remove(gone, ())

        def run(number: int, going: UserRecord = going, tenant_id: TenantId = tenant_id, end: str = end) -> None:
            if number == 0:
                race_stores.writer.remove(going, ())
            else:
                _added(race_stores, tenant_id, username=f"{'gone' if number % 2 else 'Going'}{end}")

        results = race(run)
        assert results.count(None) == 1  # the removal
        assert kinds(results) == {type(None), UsernameTaken}
        assert _members(race_stores, tenant_id) == ()


def test_of_a_deletion_and_changes_at_once_one_wins_and_entries_are_those_of_the_winner(race_stores: Stores) -> None:
    for _ in rounds():
        tenant_id = new_tenant(race_stores)
        before = _added(race_stores, tenant_id, display_name="Bob")

        def run(number: int, before: UserRecord = before) -> str:
            if number % 2:
                race_stores.writer.remove(before, ())
                return ""
            name = f"name{number}"
            race_stores.writer.change(before, _with(before, *before.memberships, display_name=name))
            return name

        results = race(run)
        (won,) = (result for result in results if isinstance(result, str))
        assert kinds(results) == {str, Conflict}
        found = race_stores.reader.find(tenant_id, Search(name="name"), 100, None).records
        assert [shown.user.display_name for shown in found] == ([won] if won else [])


def test_nobody_is_left_in_a_tenant_that_is_deleted_while_many_enter(race_stores: Stores) -> None:
    for _ in rounds():
        tenant_id = new_tenant(race_stores)
        active = race_stores.tenants.get(tenant_id)
        assert active is not None
        disabled = replace(active, status="disabled", version=2)
        race_stores.tenants.change(active, disabled, NOW)

        def run(number: int, tenant_id: TenantId = tenant_id, disabled: Any = disabled) -> None:
            if number == RACERS // 2:
                race_stores.tenants.begin_removal(disabled, NOW)
            else:
                _added(race_stores, tenant_id)

        results = race(run)
        assert kinds(results) <= {type(None), TenantNotFound, Unavailable}
        assert len(_members(race_stores, tenant_id)) == results.count(None) - 1
        with pytest.raises(TenantNotFound):
            _added(race_stores, tenant_id)


def test_one_of_many_changes_from_one_reading_wins(race_stores: Stores) -> None:
    for _ in rounds():
        before = _added(race_stores, new_tenant(race_stores))

        def change(number: int, before: UserRecord = before) -> None:
            race_stores.writer.change(before, _with(before, *before.memberships, display_name=str(number)))

        results = race(change)
        assert results.count(None) == 1
        assert kinds(results) == {type(None), Conflict}


def test_of_two_administrators_who_are_demoted_at_once_one_stays(race_stores: Stores) -> None:
    for _ in rounds():
        tenant_id = new_tenant(race_stores)
        both = [_added(race_stores, tenant_id, roles=("admin",)) for _ in range(2)]

        def demote(number: int, both: list[UserRecord] = both) -> None:
            before = both[number % 2]
            (place,) = before.memberships
            race_stores.writer.change(before, _with(before, replace(place, roles=("user",))))

        results = race(demote)
        assert results.count(None) == 1
        assert kinds(results) <= {type(None), LastAdmin, Conflict, Unavailable}
        assert sum("admin" in member.memberships[0].roles for member in _members(race_stores, tenant_id)) == 1


def test_of_fifty_administrators_who_leave_at_once_one_stays(race_stores: Stores) -> None:
    for _ in rounds():
        tenant_id = new_tenant(race_stores)
        admins = [_added(race_stores, tenant_id, roles=("admin",)) for _ in range(RACERS)]
        results = race(lambda number: race_stores.writer.remove(admins[number], ()))  # noqa: B023 - called in this round
        assert results.count(None) == RACERS - 1
        assert kinds(results) == {type(None), LastAdmin}
        assert len(_members(race_stores, tenant_id)) == 1


def test_one_of_many_assignments_of_a_user_to_a_tenant_wins(race_stores: Stores) -> None:
    for _ in rounds():
        home, other = new_tenant(race_stores), new_tenant(race_stores)
        before = _added(race_stores, home)

        def assign(number: int, before: UserRecord = before, other: TenantId = other) -> int:
            entered = membership(before.user, other, (f"role{number}",))
            race_stores.writer.change(before, _with(before, *before.memberships, entered))
            return number

        results = race(assign)
        (won,) = (result for result in results if isinstance(result, int))
        assert kinds(results) == {int, Conflict}
        (shown,) = _members(race_stores, other)
        assert [place.roles for place in shown.memberships] == [("user",), (f"role{won}",)]


def test_of_many_with_one_address_one_enters_a_tenant(race_stores: Stores) -> None:
    for _ in rounds():
        there, address = new_tenant(race_stores), f"{mint_ulid()}@people.example"
        everybody = [_added(race_stores, email=address) for _ in range(RACERS)]

        def assign(number: int, everybody: list[UserRecord] = everybody, there: TenantId = there) -> None:
            before = everybody[number]
            race_stores.writer.change(before, _with(before, *before.memberships, membership(before.user, there)))

        results = race(assign)
        assert results.count(None) == 1
        assert kinds(results) == {type(None), EmailTaken}
        assert len(_members(race_stores, there)) == 1
