"""Tenants, memberships, service tokens and the demo."""

from __future__ import annotations

from typing import Any

import pytest

from doorward.authorization import RequestCredentials
from doorward.errors import (
    Conflict,
    DoorwardError,
    EmailTaken,
    InsufficientScope,
    InvalidCredentials,
    InvalidGrant,
    InvalidRequest,
    InvalidToken,
    LastAdmin,
    NotFound,
    RefreshTokenReused,
    TenantTaken,
    UnacceptableName,
)
from doorward.model import PLATFORM, Principal, TenantId, UserId
from doorward.model.changes import NewUser
from doorward.sessions.begin import Client
from doorward.sessions.login import Credentials
from tests.support.people import PASSWORD
from tests.support.world import ACME, GLOBEX, House, changed

INITECH = TenantId("initech")


def _by_token(house: House, token: str) -> Principal:
    return house.authorize(RequestCredentials("GET", "/", authorization=(f"Bearer {token}",)))


class TestTenants:
    def test_they_are_created_once_and_for_ever(self, house: House) -> None:
        made = house.tenants.create(house.caller(), INITECH, None)
        assert (made.name, made.status) == ("initech", "active")
        with pytest.raises(TenantTaken):
            house.tenants.create(house.caller(), INITECH, "Again")
        with pytest.raises(UnacceptableName):
            house.tenants.create(house.caller(), TenantId("other"), "a\u202eb")
        with pytest.raises(UnacceptableName):
            house.tenants.create(house.caller(), TenantId("other"), "   ")

    def test_disabling_ends_everything_at_once_and_enabling_revives_nothing(self, house: House) -> None:
        session, admin = house.sign_in("acme-admin"), house.caller()
        service, _ = house.service_tokens.mint(house.principal(session.tokens), ACME, "ci", None)
        elsewhere = house.sign_in("globex-admin")
        house.tenants.change(admin, ACME, {"status": "disabled"})
        for _ in range(2):
            for refused in (
                lambda: house.principal(session.tokens),
                lambda: house.by_cookie(session.cookie),
                lambda: house.refresh(session.tokens.refresh_token),
                lambda: _by_token(house, service),
            ):
                with pytest.raises((InvalidToken, InvalidGrant)):
                    refused()
            house.tenants.change(admin, ACME, {"status": "active"})
        assert house.principal(elsewhere.tokens)
        assert house.caller("acme-admin")
        assert house.tenants.one(admin, ACME).status == "active"

    def test_nobody_signs_in_while_it_is_disabled(self, house: House) -> None:
        house.tenants.change(house.caller(), ACME, {"status": "disabled", "name": "Closed"})
        with pytest.raises(InvalidCredentials):
            house.sign_in("acme-admin")

    def test_a_list_is_complete(self, house: House) -> None:
        first = house.tenants.many(house.caller(), 1, None)
        second = house.tenants.many(house.caller(), 1, first.after)
        assert [tenant.id for tenant in (*first.records, *second.records)] == [ACME, GLOBEX]
        assert second.after is None

    def test_two_changes_at_once_conflict(self, house: House) -> None:
        before = house.tenants.one(house.caller(), ACME)
        house.tenants.change(house.caller(), ACME, {"name": "One"})
        with pytest.raises(Conflict):
            house.tenants.tenants.change(before, before, 0)


class TestMemberships:
    def test_a_user_of_two_tenants_signs_in_to_each(self, house: House) -> None:
        bob = house.add_user("bob")
        shown = house.assign.put(house.caller(), bob.user_id, GLOBEX, ("auditor",))
        assert [(member.tenant_id, member.roles) for member in shown.memberships] == [
            (ACME, ("user",)),
            (GLOBEX, ("auditor",)),
        ]
        assert house.claims(house.sign_in("bob", PASSWORD).tokens).tenant_id == ACME
        assert house.claims(house.sign_in("bob", PASSWORD, tenant_id=GLOBEX).tokens).subject.roles == ("auditor",)

    def test_switching_leaves_the_first_session_its_cookie_and_its_end(self, house: House) -> None:
        bob = house.add_user("bob")
        house.assign.put(house.caller(), bob.user_id, GLOBEX, ("user",))
        here = house.sign_in("bob", PASSWORD)
        house.clock.advance(3600)
        access = house.refresh(here.tokens.refresh_token)
        there = house.switch(access.refresh_token, GLOBEX)
        assert house.claims(there).tenant_id == GLOBEX
        assert there.refresh_expires_in == 86_400 - 3600
        assert there.session_id == here.tokens.session_id
        assert house.by_cookie(here.cookie).tenant_id == ACME
        assert house.principal(access).tenant_id == ACME
        house.clock.advance(5)
        assert house.switch(access.refresh_token, GLOBEX).refresh_token == there.refresh_token
        assert house.principal(house.refresh(there.refresh_token)).tenant_id == GLOBEX
        back = house.switch(house.refresh(there.refresh_token).refresh_token, ACME)
        assert house.principal(back).tenant_id == ACME
        assert house.by_cookie(here.cookie).tenant_id == ACME

    def test_two_tabs_that_share_a_token_work_in_two_tenants(self, house: House) -> None:
        bob = house.add_user("bob")
        house.assign.put(house.caller(), bob.user_id, GLOBEX, ("user",))
        shared = house.sign_in("bob", PASSWORD).tokens.refresh_token
        there = house.switch(shared, GLOBEX)
        here = house.refresh(shared)
        house.clock.advance(900)
        assert house.principal(house.refresh(here.refresh_token)).tenant_id == ACME
        assert house.principal(house.refresh(there.refresh_token)).tenant_id == GLOBEX

    @pytest.mark.standard("ASVS 10.4.5", "RFC 9700 2.2.2.a")
    @pytest.mark.parametrize("switches", [1, 2, 5, 1000])
    @pytest.mark.parametrize("who", ["refresh", "revoke", "sign out"])
    def test_a_thief_does_not_outrun_the_family_by_switching(self, house: House, switches: int, who: str) -> None:
        bob = house.add_user("bob")
        house.assign.put(house.caller(), bob.user_id, GLOBEX, ("user",))
        signed_in = house.sign_in("bob", PASSWORD)
        stolen = signed_in.tokens.refresh_token
        thief = signed_in.tokens
        for number in range(switches):
            thief = house.switch(thief.refresh_token, ACME if number % 2 else GLOBEX)
        house.clock.advance(10.001)
        if who == "refresh":
            with pytest.raises(RefreshTokenReused):
                house.refresh(stolen)
        elif who == "revoke":
            house.revoke(stolen)
        else:
            house.log_out(house.by_cookie(signed_in.cookie))
        with pytest.raises(InvalidGrant):
            house.refresh(thief.refresh_token)
        with pytest.raises(InvalidToken):
            house.principal(thief)
        with pytest.raises(InvalidToken):
            house.by_cookie(signed_in.cookie)

    def test_another_client_does_not_switch_and_does_no_harm(self, house: House) -> None:
        bob = house.add_user("bob")
        house.assign.put(house.caller(), bob.user_id, GLOBEX, ("user",))
        begun = house.log_in(Credentials(PASSWORD, Client("192.0.2.1", "web"), username="bob")).tokens
        with pytest.raises(InvalidGrant) as caught:
            house.switch(begun.refresh_token, GLOBEX, client_id="other")
        assert caught.value.reason == "other_client"
        assert house.principal(begun).tenant_id == ACME
        assert house.claims(house.switch(begun.refresh_token, GLOBEX, client_id="web")).client_id == "web"

    @pytest.mark.parametrize("by", ["refresh", "switch"])
    def test_a_token_that_comes_back_after_a_switch_ends_what_came_of_it(self, house: House, by: str) -> None:
        bob = house.add_user("bob")
        for tenant_id in (GLOBEX, INITECH):
            if tenant_id == INITECH:
                house.tenants.create(house.caller(), INITECH, None)
            house.assign.put(house.caller(), bob.user_id, tenant_id, ("user",))
        first = house.sign_in("bob", PASSWORD).tokens
        second = house.switch(first.refresh_token, GLOBEX)
        third = house.switch(second.refresh_token, INITECH)
        house.clock.advance(10.001)
        use = house.refresh if by == "refresh" else lambda token: house.switch(token, GLOBEX)
        with pytest.raises(RefreshTokenReused):
            use(first.refresh_token)
        with pytest.raises(InvalidGrant):
            house.refresh(third.refresh_token)
        with pytest.raises(InvalidToken):
            house.principal(third)

    def test_a_family_has_one_session_a_tenant_however_often_it_switches(self, house: House) -> None:
        bob = house.add_user("bob")
        house.tenants.create(house.caller(), INITECH, None)
        for tenant_id in (GLOBEX, INITECH):
            house.assign.put(house.caller(), bob.user_id, tenant_id, ("user",))
        pair = house.sign_in("bob", PASSWORD).tokens
        for tenant_id in (GLOBEX, INITECH, ACME, GLOBEX, INITECH):
            pair = house.switch(pair.refresh_token, tenant_id)
        family = [ref.tenant_id for ref in house.world.sessions if ref.session_id == pair.session_id]
        assert sorted(family) == [ACME, GLOBEX, INITECH]

    def test_what_a_replaced_session_gave_out_is_reuse(self, house: House) -> None:
        bob = house.add_user("bob")
        house.assign.put(house.caller(), bob.user_id, GLOBEX, ("user",))
        first = house.sign_in("bob", PASSWORD).tokens
        thief = house.switch(first.refresh_token, GLOBEX)
        again = house.switch(house.refresh(first.refresh_token).refresh_token, GLOBEX)
        house.clock.advance(11)
        with pytest.raises(RefreshTokenReused):
            house.refresh(thief.refresh_token)
        with pytest.raises(InvalidGrant):
            house.refresh(again.refresh_token)

    def test_a_session_that_ended_does_not_switch(self, house: House) -> None:
        bob = house.add_user("bob")
        house.assign.put(house.caller(), bob.user_id, GLOBEX, ("user",))
        pair = house.sign_in("bob", PASSWORD).tokens
        house.log_out(house.principal(pair))
        with pytest.raises(InvalidGrant):
            house.switch(pair.refresh_token, GLOBEX)
        assert not [ref for ref in house.world.sessions if ref.tenant_id == GLOBEX and ref.user_id == bob.user_id]

    def test_an_old_token_does_not_switch_and_ends_its_session(self, house: House) -> None:
        bob = house.add_user("bob")
        house.assign.put(house.caller(), bob.user_id, GLOBEX, ("user",))
        first = house.sign_in("bob", PASSWORD).tokens
        second = house.refresh(first.refresh_token)
        house.clock.advance(11)
        with pytest.raises(RefreshTokenReused):
            house.switch(first.refresh_token, GLOBEX)
        with pytest.raises(InvalidGrant):
            house.refresh(second.refresh_token)

    def test_a_demotion_during_a_switch_is_not_outlived(self, house: House, monkeypatch: pytest.MonkeyPatch) -> None:
        bob, platform = house.add_user("bob"), house.caller()
        house.create_user(platform, NewUser(PASSWORD, username="keeper", tenant_id=GLOBEX, roles=("admin",)))
        house.assign.put(platform, bob.user_id, GLOBEX, ("admin",))
        real = house.sessions.switch

        def demoting(*arguments: Any, **named: Any) -> bool:
            house.assign.put(platform, bob.user_id, GLOBEX, ("user",))
            return real(*arguments, **named)

        monkeypatch.setattr(house.sessions, "switch", demoting)
        there = house.switch(house.sign_in("bob", PASSWORD).tokens.refresh_token, GLOBEX)
        assert house.principal(there).roles == {"user"}

    def test_switching_to_the_own_tenant_refreshes(self, house: House) -> None:
        pair = house.sign_in("acme-admin").tokens
        assert house.switch(pair.refresh_token, ACME).session_id == pair.session_id

    @pytest.mark.parametrize("tenant_id", [GLOBEX, TenantId("nowhere")])
    def test_who_is_not_let_in_there_does_not_switch_and_loses_nothing(self, house: House, tenant_id: TenantId) -> None:
        pair = house.sign_in("acme-admin").tokens
        with pytest.raises(InvalidGrant):
            house.switch(pair.refresh_token, tenant_id)
        assert house.refresh(pair.refresh_token)

    def test_a_platform_administrator_signs_in_outside_tenants_unless_one_is_named(self, house: House) -> None:
        admin = house.caller()
        house.assign.put(admin, admin.user_id, ACME, ("user",))
        house.change_user(house.caller("acme-admin"), admin.user_id, changed(status="disabled"))
        assert house.claims(house.sign_in("admin").tokens).tenant_id == PLATFORM
        house.change_user(house.caller("acme-admin"), admin.user_id, changed(status="active"))
        assert house.claims(house.sign_in("admin", tenant_id=ACME).tokens).subject.roles == ("user", "platform_admin")

    def test_a_platform_administrator_acting_in_one_tenant_changes_users_of_another(self, house: House) -> None:
        admin, other = house.caller(), house.add_user("other", GLOBEX)
        house.assign.put(admin, admin.user_id, ACME, ("user",))
        here = house.caller("admin", tenant_id=ACME)
        house.change_user(here, other.user_id, changed(status="active", roles=("auditor",)))
        assert house.world.memberships[GLOBEX, other.user_id].roles == ("auditor",)

    def test_removal_ends_what_is_there_and_the_next_tenant_is_home(self, house: House) -> None:
        bob = house.add_user("bob")
        house.assign.put(house.caller(), bob.user_id, GLOBEX, ("user",))
        here, there = house.sign_in("bob", PASSWORD), house.sign_in("bob", PASSWORD, tenant_id=GLOBEX)
        house.assign.remove(house.caller(), bob.user_id, ACME)
        with pytest.raises(InvalidToken):
            house.principal(here.tokens)
        assert house.principal(there.tokens)
        assert house.claims(house.sign_in("bob", PASSWORD).tokens).tenant_id == GLOBEX
        with pytest.raises(NotFound):
            house.assign.remove(house.caller(), bob.user_id, ACME)

    def test_who_comes_back_gets_in_and_old_tokens_do_not(self, house: House) -> None:
        bob = house.add_user("bob")
        before = house.sign_in("bob", PASSWORD)
        house.assign.remove(house.caller(), bob.user_id, ACME)
        house.assign.put(house.caller(), bob.user_id, ACME, ("user",))
        with pytest.raises(InvalidToken):
            house.principal(before.tokens)
        with pytest.raises(InvalidGrant):
            house.refresh(before.tokens.refresh_token)
        assert house.caller("bob", PASSWORD)

    def test_assigning_again_replaces_roles_or_changes_nothing(self, house: House) -> None:
        bob = house.add_user("bob")
        session = house.sign_in("bob", PASSWORD)
        house.assign.put(house.caller(), bob.user_id, ACME, ("user",))
        assert house.principal(session.tokens)
        house.assign.put(house.caller(), bob.user_id, ACME, ("auditor",))
        with pytest.raises(InvalidToken):
            house.principal(session.tokens)
        assert house.claims(house.refresh(session.tokens.refresh_token)).subject.roles == ("auditor",)

    @pytest.mark.parametrize(
        ("tenant_id", "roles", "error"),
        [
            (TenantId("nowhere"), ("user",), NotFound),
            (GLOBEX, ("service",), InvalidRequest),
            (GLOBEX, ("platform_admin",), InvalidRequest),
            (GLOBEX, ("Not a role",), InvalidRequest),
        ],
    )
    def test_a_bad_assignment_changes_nothing(
        self, house: House, tenant_id: TenantId, roles: tuple[str, ...], error: type[DoorwardError]
    ) -> None:
        bob = house.add_user("bob")
        with pytest.raises(error):
            house.assign.put(house.caller(), bob.user_id, tenant_id, roles)
        assert house.world.users[bob.user_id].tenant_ids == (ACME,)

    def test_a_user_has_at_most_twenty_tenants(self, house: House) -> None:
        bob, admin = house.add_user("bob"), house.caller()
        for number in range(20):
            house.tenants.create(admin, TenantId(f"t{number}"), None)
        for number in range(19):
            house.assign.put(admin, bob.user_id, TenantId(f"t{number}"), ("user",))
        with pytest.raises(InvalidRequest):
            house.assign.put(admin, bob.user_id, TenantId("t19"), ("user",))

    def test_an_address_taken_in_the_new_tenant_is_told_to_the_platform_alone(self, house: House) -> None:
        bob = house.add_user("bob", email="same@people.example")
        house.add_user("other", GLOBEX, email="same@people.example")
        with pytest.raises(EmailTaken):
            house.assign.put(house.caller(), bob.user_id, GLOBEX, ("user",))

    def test_leaving_the_last_tenant_needs_no_address(self, house: House) -> None:
        bob = house.add_user("bob", email="same@people.example")
        carl = house.add_user("carl", GLOBEX, email="same@people.example")
        house.assign.remove(house.caller(), bob.user_id, ACME)
        house.assign.remove(house.caller(), carl.user_id, GLOBEX)
        assert house.world.users[carl.user_id].tenant_ids == ()

    def test_a_new_home_where_the_address_is_taken_is_refused(self, house: House) -> None:
        bob = house.add_user("bob")
        house.assign.put(house.caller(), bob.user_id, GLOBEX, ("user",))
        house.add_user("other", GLOBEX, email="taken@people.example")
        house.change_user(house.caller("acme-admin"), bob.user_id, changed(email="taken@people.example"))
        with pytest.raises(EmailTaken):
            house.assign.remove(house.caller(), bob.user_id, ACME)

    def test_a_membership_that_was_disabled_can_be_enabled_by_a_new_home(self, house: House) -> None:
        bob = house.add_user("bob")
        house.assign.put(house.caller(), bob.user_id, GLOBEX, ("user",))
        guest = house.caller("globex-admin")
        house.change_user(guest, bob.user_id, changed(status="disabled"))
        house.assign.put(house.caller(), bob.user_id, GLOBEX, ("auditor",))
        with pytest.raises(InvalidCredentials):
            house.sign_in("bob", PASSWORD, tenant_id=GLOBEX)
        house.assign.remove(house.caller(), bob.user_id, ACME)
        house.change_user(guest, bob.user_id, changed(status="active"))
        assert house.claims(house.sign_in("bob", PASSWORD).tokens).subject.roles == ("auditor",)

    def test_a_home_administrator_learns_nothing_of_addresses_elsewhere(self, house: House) -> None:
        bob = house.add_user("bob", email="bob@acme.example")
        house.assign.put(house.caller(), bob.user_id, GLOBEX, ("user",))
        other = house.add_user("other", GLOBEX, email="secret@globex.example")
        changes = changed(email="secret@globex.example")
        house.change_user(house.caller("acme-admin"), bob.user_id, changes)
        assert house.world.emails[GLOBEX, "secret@globex.example"] == other.user_id
        house.delete_user(house.caller("acme-admin"), bob.user_id)
        assert house.world.emails[GLOBEX, "secret@globex.example"] == other.user_id


class TestLastAdministrator:
    @pytest.mark.parametrize("way", ["demote", "disable", "delete", "remove", "reassign"])
    def test_a_tenant_keeps_one(self, house: House, way: str) -> None:
        platform, user_id = house.caller(), house.world.usernames["acme-admin"].user_id

        def act() -> None:
            if way == "demote":
                house.change_user(platform, user_id, changed(roles=("user",)))
            elif way == "disable":
                house.change_user(platform, user_id, changed(status="disabled"))
            elif way == "delete":
                house.delete_user(platform, user_id)
            elif way == "remove":
                house.assign.remove(platform, user_id, ACME)
            else:
                house.assign.put(platform, user_id, ACME, ("user",))

        session = house.sign_in("acme-admin")
        with pytest.raises(LastAdmin):
            act()
        assert house.principal(session.tokens)
        house.create_user(platform, NewUser(PASSWORD, username="second", tenant_id=ACME, roles=("admin",)))
        act()

    def test_a_home_administrator_answers_for_the_own_tenant_alone(self, house: House) -> None:
        bob = house.add_user("bob")
        house.tenants.create(house.caller(), INITECH, None)
        house.assign.put(house.caller(), bob.user_id, INITECH, ("admin",))
        with pytest.raises(LastAdmin):
            house.change_user(house.caller(), bob.user_id, changed(status="disabled"))
        house.change_user(house.caller("acme-admin"), bob.user_id, changed(status="disabled"))
        house.delete_user(house.caller("acme-admin"), bob.user_id)


class TestServiceTokens:
    @pytest.mark.standard("RFC 9068 2.2.b")
    def test_it_is_a_service_of_its_tenant_and_nothing_else(self, house: House) -> None:
        text, record = house.service_tokens.mint(house.caller("acme-admin"), ACME, "ci", 60)
        principal = _by_token(house, text)
        assert (principal.user_id, principal.username) == ("service:ci", "service:ci")
        assert (principal.tenant_id, principal.roles) == (ACME, {"service"})
        assert text not in repr(house.world)
        shown = house.look_up.one(principal, "me")
        assert (shown.user.username, shown.memberships[0].roles) == ("service:ci", ("service",))
        assert record.expires_at == house.clock() // 1000 + 60

    def test_it_cannot_mint_seed_or_manage(self, house: House) -> None:
        text, _ = house.service_tokens.mint(house.caller("acme-admin"), ACME, "ci", None)
        service = _by_token(house, text)
        for act in (
            lambda: house.service_tokens.mint(service, ACME, "more", None),
            lambda: house.demo.seed(service, ACME),
            lambda: house.create_user(service, NewUser(PASSWORD)),
            lambda: house.look_up.tenant_of_list(service, None),
        ):
            with pytest.raises(InsufficientScope):
                act()

    @pytest.mark.standard("ASVS 7.2.2")
    def test_it_expires_and_is_revoked(self, house: House) -> None:
        admin = house.caller("acme-admin")
        short, _ = house.service_tokens.mint(admin, ACME, "short", 1)
        text, record = house.service_tokens.mint(admin, ACME, "ci", None)
        other, _ = house.service_tokens.mint(admin, ACME, "ci", None)
        house.clock.advance(1)
        with pytest.raises(InvalidToken):
            _by_token(house, short)
        house.service_tokens.revoke(admin, ACME, record.id)
        house.service_tokens.revoke(admin, ACME, record.id)
        with pytest.raises(InvalidToken):
            _by_token(house, text)
        assert _by_token(house, other)
        page = house.service_tokens.many(admin, ACME, 10, None)
        assert [token.name for token in page.records] == ["short", "ci", "ci"]
        with pytest.raises(NotFound):
            house.service_tokens.revoke(admin, ACME, "nothing")

    def test_it_dies_with_its_own_signing_out(self, house: House) -> None:
        text, _ = house.service_tokens.mint(house.caller("acme-admin"), ACME, "ci", None)
        house.log_out(_by_token(house, text))
        with pytest.raises(InvalidToken):
            _by_token(house, text)

    @pytest.mark.parametrize(
        ("name", "ttl"),
        [("", None), ("Ci", None), ("a" * 64, None), ("a b", None), ("ci", 0), ("ci", -1), ("ci", 86_401)],
    )
    def test_bad_wishes_are_refused(self, house: House, name: str, ttl: int | None) -> None:
        with pytest.raises(InvalidRequest):
            house.service_tokens.mint(house.caller("acme-admin"), ACME, name, ttl)

    def test_a_disabled_or_unknown_tenant_gets_none(self, house: House) -> None:
        house.tenants.change(house.caller(), ACME, {"status": "disabled"})
        for tenant_id in (ACME, TenantId("nowhere")):
            with pytest.raises(NotFound):
                house.service_tokens.mint(house.caller(), tenant_id, "ci", None)

    def test_signing_out_everywhere_with_one_does_not_speak_for_the_others(self, house: House) -> None:
        admin = house.caller("acme-admin")
        one, other = (house.service_tokens.mint(admin, ACME, "ci", None)[0] for _ in range(2))
        house.log_out(_by_token(house, one), everywhere=True)
        assert _by_token(house, other)
        house.revoke(other)
        listed = house.service_tokens.many(admin, ACME, 10, None).records
        assert all(token.revoked_at_ms is not None for token in listed)

    def test_tokens_of_a_tenant_that_was_disabled_are_listed_as_revoked(self, house: House) -> None:
        house.service_tokens.mint(house.caller("acme-admin"), ACME, "ci", None)
        house.clock.advance(1)
        for status in ("disabled", "active"):
            house.tenants.change(house.caller(), ACME, {"status": status})
        house.service_tokens.mint(house.caller("acme-admin"), ACME, "ci", None)
        listed = house.service_tokens.many(house.caller("acme-admin"), ACME, 10, None).records
        assert [token.revoked_at_ms is None for token in listed] == [False, True]


class TestDemo:
    def test_it_makes_a_team_that_nobody_can_sign_in_as(self, house: House) -> None:
        admin = house.caller("acme-admin")
        seeded = house.demo.seed(admin, ACME)
        assert len(seeded.passwords) == 5
        assert set(seeded.passwords.values()) == {None}
        for user_id in seeded.passwords:
            for password in ("", "None"):
                with pytest.raises(InvalidCredentials):
                    house.sign_in(user_id, password, source=f"192.0.2.{len(user_id)}")

    def test_asked_for_it_gives_one_time_passwords(self, house: House) -> None:
        seeded = house.demo.seed(house.caller("acme-admin"), ACME, with_passwords=True)
        user_id, password = next(iter(seeded.passwords.items()))
        assert house.caller(user_id, str(password)).restriction == "password_change_required"

    def test_repeating_it_changes_nothing_and_removing_it_leaves_nothing(self, house: House) -> None:
        def state() -> Any:
            world = house.world
            return repr((world.users, world.emails, world.memberships, world.notifications, world.demos, world.hashes))

        admin, before = house.caller("acme-admin"), state()
        house.demo.seed(admin, ACME)
        seeded = state()
        assert house.demo.seed(admin, ACME, with_passwords=True).passwords == {}
        assert state() == seeded
        for _ in range(2):
            house.demo.unseed(admin, ACME)
            assert state() == before
        assert len(house.demo.seed(admin, ACME).passwords) == 5

    def test_a_killed_seeding_is_completed(self, house: House, monkeypatch: pytest.MonkeyPatch) -> None:
        admin, real = house.caller("acme-admin"), house.users.add
        made: list[Any] = []

        def dying(*arguments: Any, **rest: Any) -> None:
            if len(made) == 2:
                raise KeyboardInterrupt
            made.append(arguments)
            real(*arguments, **rest)

        monkeypatch.setattr(house.users, "add", dying)
        with pytest.raises(KeyboardInterrupt):
            house.demo.seed(admin, ACME)
        monkeypatch.undo()
        assert len(house.demo.seed(admin, ACME).passwords) == 3
        house.demo.unseed(admin, ACME)
        assert not [place for place in house.world.memberships if place[0] == ACME and place[1] != admin.user_id]

    def test_people_who_moved_on_stay(self, house: House) -> None:
        seeded = house.demo.seed(house.caller("acme-admin"), ACME)
        moved, shared, *_ = [UserId(user_id) for user_id in seeded.passwords]
        house.assign.put(house.caller(), moved, GLOBEX, ("user",))
        house.assign.remove(house.caller(), moved, ACME)
        house.assign.put(house.caller(), shared, GLOBEX, ("user",))
        house.demo.unseed(house.caller("acme-admin"), ACME)
        assert {moved, shared} <= set(house.world.users)
        assert len(house.world.users) == 5

    def test_nobody_it_made_counts_as_an_administrator(self, house: House) -> None:
        house.demo.seed(house.caller("acme-admin"), ACME)
        with pytest.raises(LastAdmin):
            house.delete_user(house.caller(), house.world.usernames["acme-admin"].user_id)

    def test_an_unknown_tenant_leaves_no_record(self, house: House) -> None:
        with pytest.raises(NotFound):
            house.demo.seed(house.caller(), INITECH)
        assert not house.world.demos

    def test_a_real_person_with_a_sample_address_stays(self, house: House) -> None:
        ada = house.add_user("ada", email="ada.okafor@acme.example")
        seeded = house.demo.seed(house.caller("acme-admin"), ACME)
        assert len(seeded.passwords) == 4
        house.demo.unseed(house.caller("acme-admin"), ACME)
        assert ada.user_id in house.world.users

    def test_notifications_are_the_own_and_the_tenants_newest_first(self, house: House) -> None:
        admin = house.caller("acme-admin")
        house.demo.seed(admin, ACME)
        bob = house.add_user("bob")
        mine, his = (house.notifications.many(who, ACME, 10, None).records for who in (admin, bob))
        assert (len(mine), len(his)) == (3, 2)
        ids = [seen.notification.id for seen in mine]
        assert ids == sorted(ids, reverse=True)
        house.notifications.mark_read(bob, ACME, his[0].notification.id)
        assert [seen.read_at_ms is not None for seen in house.notifications.many(bob, ACME, 10, None).records] == [
            True,
            False,
        ]
        assert not any(seen.read_at_ms for seen in house.notifications.many(admin, ACME, 10, None).records)
        own = next(seen for seen in mine if seen.notification.user_id)
        with pytest.raises(NotFound):
            house.notifications.mark_read(bob, ACME, own.notification.id)
        first = house.notifications.many(admin, ACME, 2, None)
        rest = house.notifications.many(admin, ACME, 2, first.after)
        assert [seen.notification.id for seen in (*first.records, *rest.records)] == ids
        assert rest.after is None


def test_what_an_administrator_minted_is_shown_and_ended_on_request(house: House) -> None:
    keeper = house.add_user("keeper", roles=("admin",))
    leaver = house.add_user("leaver", roles=("admin",))
    kept, _ = house.service_tokens.mint(keeper, ACME, "kept", None)
    left = [house.service_tokens.mint(leaver, ACME, f"left{number}", None)[0] for number in range(3)]
    house.change(house.caller(), leaver.user_id, status="disabled")
    shown = house.service_tokens.many(keeper, ACME, 100, None, leaver.user_id).records
    assert {token.name for token in shown} == {"left0", "left1", "left2"}
    assert house.service_tokens.revoke_all_of(keeper, ACME, leaver.user_id) == 3
    assert house.service_tokens.revoke_all_of(keeper, ACME, leaver.user_id) == 0
    for text in left:
        with pytest.raises(InvalidToken):
            _by_token(house, text)
    assert _by_token(house, kept)
    with pytest.raises(NotFound):
        house.service_tokens.revoke_all_of(house.caller("globex-admin"), ACME, keeper.user_id)
