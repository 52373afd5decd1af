"""Users: who may create, see, change and delete whom, and what that revokes."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from doorward.errors import (
    Conflict,
    DoorwardError,
    EmailTaken,
    InsufficientScope,
    InvalidCredentials,
    InvalidGrant,
    InvalidRequest,
    InvalidToken,
    NotFound,
    OwnAccount,
    PasswordChangeRequired,
    TooManyAttempts,
    UnacceptableName,
    UsernameTaken,
    WeakPassword,
    WrongPassword,
)
from doorward.model import PLATFORM, Principal, TenantId
from doorward.model.changes import NewUser
from doorward.rules.fields import Relation
from tests.support.people import PASSWORD
from tests.support.world import ACME, GLOBEX, House, new_user

NEW = "another good password"


class TestCreation:
    def test_a_tenant_administrator_creates_in_the_own_tenant(self, house: House) -> None:
        made = house.create_user(house.caller("acme-admin"), NewUser(PASSWORD, profile={"email": "bob@acme.example"}))
        assert made.user.tenant_ids == (ACME,)
        assert made.user.username == made.user.id
        assert made.memberships[0].roles == ("user",)

    @pytest.mark.parametrize(
        ("who", "tenant_id"), [("acme-admin", GLOBEX), ("acme-admin", PLATFORM), ("bob", ACME), ("bob", None)]
    )
    def test_nobody_else_creates_there(self, house: House, who: str, tenant_id: TenantId | None) -> None:
        house.add_user("bob")
        password = "admin123" if who == "acme-admin" else PASSWORD
        principal = house.caller(who, password)
        with pytest.raises(InsufficientScope):
            house.create_user(principal, NewUser(PASSWORD, tenant_id=tenant_id))

    @pytest.mark.parametrize(
        ("wanted", "error"),
        [
            ({"username": "ACME-admin"}, UsernameTaken),
            ({"email": "ADMIN@acme.example"}, EmailTaken),
            ({"tenant_id": TenantId("nowhere")}, NotFound),
            ({"password": "short"}, WeakPassword),
            ({"password": "x" * 1025}, WeakPassword),
            ({"password": "password123"}, WeakPassword),
            ({"password": "longusername", "username": "LongUserName"}, WeakPassword),
            ({"roles": ("service",)}, InvalidRequest),
            ({"roles": ("platform_admin",)}, InvalidRequest),
            ({"roles": ("Admin",)}, InvalidRequest),
            ({"roles": tuple(f"r{n}" for n in range(21))}, InvalidRequest),
            ({"username": "has space"}, UnacceptableName),
            ({"username": "at@sign"}, UnacceptableName),
            ({"username": "nul\0byte"}, UnacceptableName),
            ({"username": "x" * 129}, UnacceptableName),
            ({"username": "me"}, UnacceptableName),
            ({"username": "service:ci"}, UnacceptableName),
            ({"username": ".."}, UnacceptableName),
            ({"username": "\u3164"}, UnacceptableName),
            ({"display_name": "a\0b"}, UnacceptableName),
            ({"display_name": "a\u202eb"}, UnacceptableName),
            ({"email": "no-address"}, UnacceptableName),
        ],
    )
    def test_a_refused_creation_writes_nothing(
        self, house: House, wanted: dict[str, Any], error: type[DoorwardError]
    ) -> None:
        admin = house.caller()
        before = repr((house.world.users, house.world.usernames, house.world.emails, house.world.memberships))
        with pytest.raises(error):
            house.create_user(admin, new_user(**{"tenant_id": ACME, **wanted}))
        assert repr((house.world.users, house.world.usernames, house.world.emails, house.world.memberships)) == before

    def test_roles_without_a_tenant_are_refused_and_not_dropped(self, house: House) -> None:
        with pytest.raises(InvalidRequest):
            house.create_user(house.caller(), NewUser(PASSWORD, roles=("user",)))

    def test_a_platform_administrator_is_nobodys_but_the_platforms(self, house: House) -> None:
        boss = house.add_user("boss")
        house.world.users[boss.user_id] = replace(house.world.users[boss.user_id], platform_admin=True)
        for changes in ({"password": NEW}, {"email": "x@y.example"}, {"display_name": "x"}):
            with pytest.raises(InsufficientScope):
                house.change(house.caller("acme-admin"), boss.user_id, **changes)
        with pytest.raises(InsufficientScope):
            house.delete_user(house.caller("acme-admin"), boss.user_id)
        house.change(house.caller(), boss.user_id, display_name="Boss")

    def test_the_same_address_in_two_tenants_is_two_users(self, house: House) -> None:
        for admin in (house.caller("acme-admin"), house.caller("globex-admin")):
            house.create_user(admin, NewUser(PASSWORD, profile={"email": "same@people.example"}))

    @pytest.mark.standard("ASVS 10.3.3")
    def test_a_deleted_users_name_is_never_given_again(self, house: House) -> None:
        house.delete_user(house.caller("acme-admin"), house.add_user("carol", email="carol@acme.example").user_id)
        with pytest.raises(UsernameTaken):
            house.create_user(house.caller(), NewUser(PASSWORD, username="carol", tenant_id=ACME))
        assert house.create_user(house.caller("acme-admin"), NewUser(PASSWORD, profile={"email": "carol@acme.example"}))


class TestSight:
    def test_everybody_sees_himself(self, house: House) -> None:
        bob = house.add_user("bob")
        assert house.look_up.one(bob, "me").user.username == "bob"
        assert house.look_up.one(bob, bob.user_id).relation is Relation.SELF

    @pytest.mark.standard("ASVS 8.2.2")
    def test_a_user_asking_for_another_learns_not_even_of_existence(self, house: House) -> None:
        bob, carol = house.add_user("bob"), house.add_user("carol")
        for user_id in (carol.user_id, "nobody"):
            with pytest.raises(InsufficientScope):
                house.look_up.one(bob, user_id)

    @pytest.mark.standard("ASVS 8.2.2", "ASVS 8.4.1")
    def test_another_tenants_user_is_the_same_as_none(self, house: House) -> None:
        stranger = house.add_user("stranger", GLOBEX)
        for user_id in (stranger.user_id, "nobody"):
            with pytest.raises(NotFound):
                house.look_up.one(house.caller("acme-admin"), user_id)

    def test_an_administrator_of_a_second_tenant_sees_the_membership_alone(self, house: House) -> None:
        bob = house.add_user("bob", email="bob@acme.example")
        _join(house, bob, GLOBEX)
        guest = house.look_up.one(house.caller("globex-admin"), bob.user_id)
        assert guest.relation is Relation.GUEST
        assert [member.tenant_id for member in guest.memberships] == [GLOBEX]
        home = house.look_up.one(house.caller("acme-admin"), bob.user_id)
        assert home.relation is Relation.OWNER
        assert [member.tenant_id for member in home.memberships] == [ACME]
        assert len(house.look_up.one(house.caller(), bob.user_id).memberships) == 2

    def test_lists_are_of_one_tenant_and_paged(self, house: House) -> None:
        for number in range(5):
            house.add_user(f"user{number}")
        admin = house.caller("acme-admin")
        listed, after = [], None
        while True:
            page = house.look_up.many(admin, house.look_up.tenant_of_list(admin, None), 2, after)
            listed += [shown.user.username for shown in page.users]
            after = page.after
            if after is None:
                break
        assert sorted(listed) == ["acme-admin", *(f"user{number}" for number in range(5))]

    def test_only_platform_administrators_list_everybody(self, house: House) -> None:
        admin = house.caller()
        assert len(house.look_up.many(admin, house.look_up.tenant_of_list(admin, None), 10, None).users) == 3
        for tenant_id in (GLOBEX, PLATFORM):
            with pytest.raises(InsufficientScope):
                house.look_up.many(house.caller("acme-admin"), tenant_id, 10, None)
        with pytest.raises(InsufficientScope):
            house.look_up.tenant_of_list(house.add_user("bob"), None)


def _join(house: House, principal: Principal, tenant_id: TenantId) -> None:
    house.assign.put(house.caller(), principal.user_id, tenant_id, ("user",))


class TestPasswordChange:
    @pytest.mark.standard("ASVS 6.2.3")
    def test_it_needs_the_current_password(self, house: House) -> None:
        bob = house.add_user("bob")
        with pytest.raises(InvalidRequest):
            house.change(bob, "me", password=NEW)
        with pytest.raises(WrongPassword):
            house.change(bob, "me", password=NEW, current_password="wrong")
        house.change(bob, "me", password=NEW, current_password=PASSWORD)
        with pytest.raises(InvalidCredentials):
            house.sign_in("bob", PASSWORD)
        assert house.sign_in("bob", NEW)

    @pytest.mark.standard("ASVS 7.4.3")
    def test_it_ends_the_other_sessions_and_spares_this_one(self, house: House) -> None:
        house.add_user("bob")
        here, there = house.sign_in("bob", PASSWORD), house.sign_in("bob", PASSWORD)
        house.change(house.principal(here.tokens), "me", password=NEW, current_password=PASSWORD)
        assert house.principal(here.tokens)
        assert house.by_cookie(here.cookie)
        assert house.principal(house.refresh(here.tokens.refresh_token))
        for refused in (
            lambda: house.principal(there.tokens),
            lambda: house.by_cookie(there.cookie),
            lambda: house.refresh(there.tokens.refresh_token),
        ):
            with pytest.raises((InvalidToken, InvalidGrant)):
                refused()

    def test_the_current_password_cannot_be_guessed_from_a_stolen_session(self, house: House) -> None:
        bob = house.add_user("bob")
        for _ in range(10):
            with pytest.raises(WrongPassword):
                house.change(bob, "me", password=NEW, current_password="wrong")
        with pytest.raises(TooManyAttempts):
            house.change(bob, "me", password=NEW, current_password=PASSWORD)

    def test_who_must_change_it_can_do_nothing_else(self, house: House) -> None:
        bob = house.add_user("bob", password_change_required=True)
        assert bob.restriction == "password_change_required"
        for user_id, changes in (
            ("me", {"display_name": "Bob"}),
            (house.caller("acme-admin").user_id, {"password": NEW}),
        ):
            with pytest.raises((PasswordChangeRequired, InsufficientScope)):
                house.change(bob, user_id, **changes)

    def test_changing_it_lifts_the_restriction_from_this_very_session(self, house: House) -> None:
        house.add_user("bob", password_change_required=True)
        here, there = house.sign_in("bob", PASSWORD), house.sign_in("bob", PASSWORD)
        house.change(house.principal(here.tokens), "me", password=NEW, current_password=PASSWORD)
        assert house.principal(here.tokens).restriction is None
        assert house.by_cookie(here.cookie).restriction is None
        assert house.principal(house.refresh(here.tokens.refresh_token)).restriction is None
        with pytest.raises(InvalidToken):
            house.principal(there.tokens)

    def test_the_new_one_must_be_another(self, house: House) -> None:
        bob = house.add_user("bob", password_change_required=True)
        with pytest.raises(WeakPassword):
            house.change(bob, "me", password=PASSWORD, current_password=PASSWORD)

    @pytest.mark.standard("ASVS 6.2.11")
    def test_it_cannot_be_a_name_old_or_new(self, house: House) -> None:
        bob = house.add_user("bobby-the-user", email="bobby@acme.example")
        for wanted in ("Bobby-the-User", "BOBBY@acme.example"):
            with pytest.raises(WeakPassword):
                house.change(bob, "me", password=wanted, current_password=PASSWORD)
        with pytest.raises(WeakPassword):
            house.change(bob, "me", password="new@acme.example", email="new@acme.example", current_password=PASSWORD)

    def test_changing_it_twice_spares_the_same_token_twice(self, house: House) -> None:
        house.add_user("bob")
        here = house.sign_in("bob", PASSWORD)
        house.change(house.principal(here.tokens), "me", password=NEW, current_password=PASSWORD)
        house.change(house.principal(here.tokens), "me", password=PASSWORD, current_password=NEW)
        assert house.principal(here.tokens)

    def test_a_session_that_was_signed_out_everywhere_meanwhile_is_not_revived(self, house: House) -> None:
        house.add_user("bob")
        here, there = house.sign_in("bob", PASSWORD), house.sign_in("bob", PASSWORD)
        in_flight = house.principal(here.tokens)
        house.log_out(house.principal(there.tokens), everywhere=True)
        with pytest.raises(Conflict):
            house.change(in_flight, "me", password=NEW, current_password=PASSWORD)
        with pytest.raises(InvalidGrant):
            house.refresh(here.tokens.refresh_token)
        assert house.sign_in("bob", PASSWORD)

    def test_a_session_that_was_signed_out_meanwhile_is_not_revived(self, house: House) -> None:
        house.add_user("bob")
        here = house.sign_in("bob", PASSWORD)
        in_flight = house.principal(here.tokens)
        house.log_out(in_flight)
        with pytest.raises(Conflict):
            house.change(in_flight, "me", password=NEW, current_password=PASSWORD)

    def test_a_reset_by_an_administrator_ends_all_sessions(self, house: House) -> None:
        bob = house.add_user("bob")
        session = house.sign_in("bob", PASSWORD)
        house.change(house.caller("acme-admin"), bob.user_id, password=NEW, password_change_required=True)
        with pytest.raises(InvalidToken):
            house.principal(session.tokens)
        assert house.caller("bob", NEW).restriction == "password_change_required"


class TestChanges:
    def test_a_change_of_roles_acts_on_live_tokens_and_spares_the_session(self, house: House) -> None:
        bob = house.add_user("bob")
        session = house.sign_in("bob", PASSWORD)
        house.change(house.caller("acme-admin"), bob.user_id, roles=("admin",))
        with pytest.raises(InvalidToken):
            house.principal(session.tokens)
        assert house.principal(house.refresh(session.tokens.refresh_token)).roles == {"admin"}
        assert house.by_cookie(session.cookie).roles == {"admin"}

    @pytest.mark.standard("ASVS 7.4.2", "RFC 8725 3.8.b")
    def test_disabling_ends_everything_and_enabling_revives_nothing(self, house: House) -> None:
        bob = house.add_user("bob")
        session = house.sign_in("bob", PASSWORD)
        house.change(house.caller("acme-admin"), bob.user_id, status="disabled")
        house.change(house.caller("acme-admin"), bob.user_id, status="active")
        with pytest.raises(InvalidToken):
            house.principal(session.tokens)
        with pytest.raises(InvalidToken):
            house.by_cookie(session.cookie)
        with pytest.raises(InvalidGrant):
            house.refresh(session.tokens.refresh_token)
        assert house.sign_in("bob", PASSWORD)

    @pytest.mark.parametrize(
        "changes", [{"roles": ("admin",)}, {"status": "active"}, {"password_change_required": False}]
    )
    def test_nobody_raises_himself(self, house: House, changes: dict[str, Any]) -> None:
        with pytest.raises(InsufficientScope):
            house.change(house.add_user("bob"), "me", **changes)

    @pytest.mark.parametrize("changes", [{"roles": ("user",)}, {"status": "disabled"}])
    def test_administrators_do_not_lock_themselves_out(self, house: House, changes: dict[str, Any]) -> None:
        with pytest.raises(OwnAccount):
            house.change(house.caller("acme-admin"), "me", **changes)

    @pytest.mark.parametrize(
        "changes",
        [{"password": NEW}, {"email": "x@y.example"}, {"display_name": "x"}, {"password_change_required": True}],
    )
    def test_a_second_tenants_administrator_does_not_touch_the_user(
        self, house: House, changes: dict[str, Any]
    ) -> None:
        bob = house.add_user("bob")
        _join(house, bob, GLOBEX)
        guest = house.caller("globex-admin")
        with pytest.raises(InsufficientScope):
            house.change(guest, bob.user_id, **changes)
        with pytest.raises(InsufficientScope):
            house.delete_user(guest, bob.user_id)

    def test_a_second_tenants_administrator_changes_the_membership_there_alone(self, house: House) -> None:
        bob = house.add_user("bob")
        _join(house, bob, GLOBEX)
        there = house.sign_in("bob", PASSWORD, tenant_id=GLOBEX)
        house.change(house.caller("globex-admin"), bob.user_id, status="disabled")
        with pytest.raises(InvalidToken):
            house.principal(there.tokens)
        with pytest.raises(InvalidCredentials):
            house.sign_in("bob", PASSWORD, tenant_id=GLOBEX)
        assert house.sign_in("bob", PASSWORD)

    def test_an_address_moves_and_its_old_one_is_free(self, house: House) -> None:
        bob = house.add_user("bob", email="bob@acme.example")
        house.change(bob, "me", email="robert@acme.example", current_password=PASSWORD)
        house.create_user(house.caller("acme-admin"), NewUser(PASSWORD, profile={"email": "bob@acme.example"}))
        with pytest.raises(EmailTaken):
            house.change(house.caller("acme-admin"), bob.user_id, email="BOB@acme.example")
        house.change(house.caller("acme-admin"), bob.user_id, email=None, display_name=None)
        assert house.world.users[bob.user_id].email is None

    def test_two_changes_from_one_reading_conflict(self, house: House) -> None:
        bob = house.add_user("bob")
        before = house.users.get(bob.user_id)
        assert before is not None
        after = replace(before, user=replace(before.user, version=before.user.version + 1))
        house.users.change(before, after)
        with pytest.raises(Conflict):
            house.users.change(before, after)

    def test_nothing_to_change_is_refused(self, house: House) -> None:
        with pytest.raises(InvalidRequest):
            house.change(house.caller("acme-admin"), "me")

    def test_roles_of_a_user_without_tenant_cannot_be_changed(self, house: House) -> None:
        with pytest.raises(InvalidCredentials):
            house.add_user("homeless", PLATFORM)
        user_id = house.world.usernames["homeless"].user_id
        with pytest.raises(InvalidRequest):
            house.change(house.caller(), user_id, roles=("user",))

    @pytest.mark.standard("ASVS 7.4.2", "RFC 8725 3.8.b")
    def test_a_deletion_ends_everything(self, house: House) -> None:
        bob = house.add_user("bob")
        session = house.sign_in("bob", PASSWORD)
        house.delete_user(house.caller("acme-admin"), bob.user_id)
        with pytest.raises(InvalidToken):
            house.principal(session.tokens)
        with pytest.raises(InvalidToken):
            house.by_cookie(session.cookie)
        with pytest.raises(InvalidGrant):
            house.refresh(session.tokens.refresh_token)
        with pytest.raises(NotFound):
            house.delete_user(house.caller("acme-admin"), bob.user_id)


class TestWalls:
    def test_only_the_user_and_the_platform_set_the_password_of_a_user_of_two_tenants(self, house: House) -> None:
        kim = house.add_user("kim")
        house.assign.put(house.caller(), kim.user_id, GLOBEX, ("admin",))
        with pytest.raises(InsufficientScope):
            house.change(house.caller("acme-admin"), kim.user_id, password="chosen by the neighbour")
        with pytest.raises(InvalidCredentials):
            house.sign_in("kim", "chosen by the neighbour", tenant_id=GLOBEX)
        house.change(house.caller("acme-admin"), kim.user_id, display_name="Kim")
        house.change(house.caller(), kim.user_id, password="chosen by the platform")
        assert house.sign_in("kim", "chosen by the platform", tenant_id=GLOBEX)

    def test_a_password_that_somebody_else_set_must_be_changed_unless_they_say_otherwise(self, house: House) -> None:
        kim = house.add_user("kim")
        admin = house.caller("acme-admin")
        house.change(admin, kim.user_id, password="chosen by the administrator")
        assert house.principal(house.sign_in("kim", "chosen by the administrator").tokens).restriction
        house.change(admin, kim.user_id, password="handed on by a backend", password_change_required=False)
        assert house.principal(house.sign_in("kim", "handed on by a backend").tokens).restriction is None

    @pytest.mark.standard("ASVS 6.4.1")
    def test_a_one_time_password_ends_after_three_days(self, house: House) -> None:
        kim = house.add_user("kim")
        house.change(house.caller("acme-admin"), kim.user_id, password="chosen by the administrator")
        house.clock.advance(72 * 3600)
        assert house.sign_in("kim", "chosen by the administrator")
        house.clock.advance(1)
        with pytest.raises(InvalidCredentials) as caught:
            house.sign_in("kim", "chosen by the administrator")
        assert caught.value.reason == "one_time_password_expired"

    def test_what_another_tenant_does_with_its_membership_does_not_show(self, house: House) -> None:
        kim = house.add_user("kim")
        before = house.look_up.one(house.caller("acme-admin"), kim.user_id).user.updated_at_ms
        house.clock.advance(60)
        house.assign.put(house.caller(), kim.user_id, GLOBEX, ("user",))
        house.change(house.caller("globex-admin"), kim.user_id, roles=("auditor",))
        assert house.look_up.one(house.caller("acme-admin"), kim.user_id).user.updated_at_ms == before

    @pytest.mark.parametrize("wanted", ["taken", "Taken", "taken@acme", "globex-admin", "initech-admin", "free"])
    def test_a_tenants_administrator_cannot_see_which_names_other_tenants_have(self, house: House, wanted: str) -> None:
        house.create_user(house.caller(), NewUser(PASSWORD, username="taken", tenant_id=GLOBEX))
        house.create_user(house.caller("globex-admin"), NewUser(PASSWORD, username="taken"))
        admin = house.caller("acme-admin")
        made = house.create_user(admin, NewUser(PASSWORD, username=wanted)).user
        assert made.username == f"{wanted.removesuffix('@acme')}@acme"
        assert house.sign_in(made.username, PASSWORD)
        assert house.sign_in(wanted, PASSWORD, tenant_id=ACME)
        with pytest.raises(UsernameTaken):
            house.create_user(admin, NewUser(PASSWORD, username=wanted.upper().replace("@ACME", "")))

    def test_nobody_gives_names_of_another_tenant(self, house: House) -> None:
        for caller in ("acme-admin", "admin"):
            for name in ("kim@globex", "kim@", "@acme", "kim@acme@acme", "kim@initech"):
                with pytest.raises(UnacceptableName):
                    house.create_user(house.caller(caller), NewUser(PASSWORD, username=name, tenant_id=ACME))

    def test_a_name_of_everybody_works_at_a_tenant_unless_the_tenant_has_one(self, house: House) -> None:
        kim = house.add_user("kim")
        assert house.sign_in("kim", PASSWORD, tenant_id=ACME)
        own = house.create_user(house.caller("acme-admin"), NewUser("a phrase of the other kim", username="kim")).user
        assert house.claims(house.sign_in("kim", "a phrase of the other kim", tenant_id=ACME).tokens).user_id == own.id
        assert house.claims(house.sign_in("kim", PASSWORD).tokens).user_id == kim.user_id
