"""Each field of a user, a membership and a tenant is stored, shown, accepted and permitted as its declaration says."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Mapping
from dataclasses import fields, replace
from typing import Any

import pytest

from doorward.accounts.access import VisibleUser
from doorward.api.bodies.fields import shown_name
from doorward.api.bodies.requests import ChangeTenantRequest, ChangeUserRequest, CreateUserRequest
from doorward.api.bodies.responses import MembershipResponse, TenantResponse, UserResponse
from doorward.aws.dynamodb import shapes
from doorward.errors import DoorwardError, InsufficientScope, InvalidRequest, OwnAccount
from doorward.model import Membership, Principal, Tenant, User, UserId
from doorward.model.changes import NewUser, UserChanges
from doorward.rules.fields import CREDENTIAL, MEMBERSHIP, PROFILE, TENANT, USER, Field, Relation, changeable_by
from tests.support.people import PASSWORD
from tests.support.world import ACME, GLOBEX, House

SAMPLE: Mapping[str, Any] = {
    "id": UserId("01ARZ3NDEKTSV4RRFFQ69G5FAV"),
    "username": "kim",
    "email": "kim@people.example",
    "display_name": "Kim",
    "locale": "de-CH",
    "status": "disabled",
    "tenant_ids": (ACME, GLOBEX),
    "platform_admin": True,
    "password_change_required": True,
    "created_at_ms": 1_800_000_000_001,
    "updated_at_ms": 1_800_000_000_002,
    "version": 7,
    "email_verified_at_ms": 1_800_000_000_003,
    "proofs_from_ms": 1_800_000_000_004,
    "undone_from_ms": 1_800_000_000_005,
    "undone_until_ms": 1_800_000_000_006,
    "email_given_in": ACME,
    "metadata": {"plan": "gold", "team": "équipe"},
    "email_state": "bounced",
    "factors": ("passkey", "totp"),
    "factors_from_ms": 1_800_000_000_007,
    "factors_reset_at_ms": 1_800_000_000_008,
    "deletion_began_at_ms": 1_800_000_000_005,
    "tenant_id": ACME,
    "user_id": UserId("01ARZ3NDEKTSV4RRFFQ69G5FAV"),
    "roles": ("auditor", "user"),
    "name": "Acme & Sons",
    "password": "yet another good password",
}
"""A value of each field, other than any that a field has by itself."""

TABLES: Mapping[type, Mapping[str, Field]] = {User: USER, Membership: MEMBERSHIP, Tenant: TENANT}
STORED: Mapping[type, tuple[Callable[[Any], dict[str, Any]], Callable[[Any], Any]]] = {
    User: (shapes.user_attributes, shapes.to_user),
    Membership: (shapes.membership_attributes, shapes.to_membership),
    Tenant: (shapes.tenant_attributes, shapes.to_tenant),
}
CHANGEABLE = sorted(set().union(*map(changeable_by, Relation)))


def _sample(kind: type) -> Any:
    return kind(**{field.name: SAMPLE[field.name] for field in fields(kind)})


@pytest.mark.parametrize("kind", TABLES)
def test_each_field_is_declared(kind: type) -> None:
    assert set(TABLES[kind]) == {field.name for field in fields(kind)}


@pytest.mark.parametrize("kind", TABLES)
def test_each_field_is_stored(kind: type) -> None:
    to_attributes, to_record = STORED[kind]
    assert to_record(to_attributes(_sample(kind))) == _sample(kind)


@pytest.mark.standard("ASVS 8.2.3")
@pytest.mark.parametrize("relation", [Relation.SELF, Relation.OWNER, Relation.GUEST])
def test_each_field_of_a_user_is_shown_to_those_who_may_see_the_field(relation: Relation) -> None:
    visible = VisibleUser(_sample(User), (_sample(Membership),), relation)
    body = UserResponse.of(visible).model_dump(exclude_none=True)
    assert set(body) - {"tenants"} == {shown_name(name) for name, field in USER.items() if relation in field.seen_by}
    (membership,) = body["tenants"]
    seen = {shown_name(name) for name, field in MEMBERSHIP.items() if relation in field.seen_by}
    assert set(membership) - {"home"} == seen
    assert set(body) <= set(UserResponse.model_fields)
    assert set(membership) <= set(MembershipResponse.model_fields)


def test_each_field_of_a_tenant_is_shown_to_those_who_may_see_the_field() -> None:
    for relation in (Relation.MEMBER, Relation.ADMIN, Relation.PLATFORM):
        seen = {shown_name(name) for name, field in TENANT.items() if relation in field.seen_by}
        assert set(TenantResponse.of(_sample(Tenant), relation).model_dump(exclude_none=True)) == seen


def test_each_field_that_somebody_may_change_is_accepted_and_no_other() -> None:
    assert set(ChangeUserRequest.model_fields) - {"current_password"} == set(CHANGEABLE)
    assert set(ChangeTenantRequest.model_fields) == {name for name, field in TENANT.items() if field.changed_by}
    assert set(PROFILE) <= set(CreateUserRequest.model_fields)


def test_nobody_may_change_what_they_may_not_see() -> None:
    for table in TABLES.values():
        for name, field in table.items():
            assert field.changed_by <= field.seen_by, name


class Cast:
    """A user whose home is acme and who is a guest of globex, and everybody who may meet that user."""

    def __init__(self, house: House) -> None:
        self.house = house
        kim = house.add_user("kim")
        house.assign.put(self.house.caller(), kim.user_id, GLOBEX, ("user",))
        self.user_id = kim.user_id

    def principal(self, relation: Relation) -> Principal:
        name, tenant_id = {
            Relation.SELF: ("kim", ACME),
            Relation.OWNER: ("acme-admin", ACME),
            Relation.GUEST: ("globex-admin", GLOBEX),
        }[relation]
        return self.house.caller(name, PASSWORD if name == "kim" else "admin123", tenant_id=tenant_id)

    def leave_the_other_tenant(self) -> None:
        self.house.assign.remove(self.house.caller(), self.user_id, GLOBEX)

    def stored(self) -> Any:
        record = self.house.users.get(self.user_id)
        assert record is not None
        return record, self.house.users.get_password_hash(self.user_id)

    def change(self, relation: Relation, **sent: Any) -> None:
        body = ChangeUserRequest.model_validate_json(_json(sent))
        self.house.change_user(self.principal(relation), self.user_id, body.changes())


def _json(sent: Mapping[str, Any]) -> bytes:
    return json.dumps({**sent, "current_password": PASSWORD}).encode()


@pytest.fixture
def cast(house: House) -> Cast:
    return Cast(house)


RELATIONS = (Relation.SELF, Relation.OWNER, Relation.GUEST)


@pytest.mark.standard("ASVS 8.2.3")
@pytest.mark.parametrize("name", CHANGEABLE)
@pytest.mark.parametrize("relation", RELATIONS)
def test_each_field_is_changed_by_those_who_may_change_the_field_and_by_nobody_else(
    cast: Cast, relation: Relation, name: str
) -> None:
    if (relation, name) == (Relation.OWNER, "password"):
        cast.leave_the_other_tenant()  # the password of a user of two tenants is nobody's but theirs
    before = cast.stored()
    if name in changeable_by(relation):
        cast.change(relation, **{name: SAMPLE[name]})
        assert cast.stored() != before
    else:
        with pytest.raises((InsufficientScope, OwnAccount)):
            cast.change(relation, **{name: SAMPLE[name]})
        assert cast.stored() == before


@pytest.mark.standard("ASVS 8.2.3", "ASVS 8.4.1")
@pytest.mark.parametrize("name", sorted({*USER, *CREDENTIAL} - changeable_by(Relation.GUEST)))
def test_a_guest_tenants_administrator_changes_nothing_of_the_user_in_any_combination(cast: Cast, name: str) -> None:
    principal, before = cast.principal(Relation.GUEST), cast.stored()
    allowed = sorted(changeable_by(Relation.GUEST))
    for count in range(len(allowed) + 1):
        for chosen in itertools.combinations(allowed, count):
            changes = {key: SAMPLE[key] for key in (*chosen, name)}
            with pytest.raises(DoorwardError):
                cast.house.change_user(principal, cast.user_id, UserChanges(changes, PASSWORD))
    assert cast.stored() == before


def test_what_a_guest_tenants_administrator_changes_is_the_membership_alone(cast: Cast) -> None:
    user, _ = cast.stored()[0].user, None
    cast.change(Relation.GUEST, roles=["auditor"], status="disabled")
    after, _ = cast.stored()
    assert replace(after.user, version=user.version, updated_at_ms=user.updated_at_ms) == user
    assert after.membership(ACME).status == "active"
    assert (after.membership(GLOBEX).status, after.membership(GLOBEX).roles) == ("disabled", ("auditor",))


def test_users_set_their_own_locale_in_its_customary_form(cast: Cast) -> None:
    cast.change(Relation.SELF, locale="DE-latn-ch")
    assert cast.stored()[0].user.locale == "de-Latn-CH"
    for text in ("deutsch!", "de_CH", "d", "de-CH-1996-x"):
        with pytest.raises(InvalidRequest):
            cast.change(Relation.SELF, locale=text)
    cast.change(Relation.SELF, locale=None)
    assert cast.stored()[0].user.locale is None
    admin = cast.principal(Relation.OWNER)
    assert cast.house.create_user(admin, NewUser(PASSWORD, profile={"locale": "en"})).user.locale == "en"
