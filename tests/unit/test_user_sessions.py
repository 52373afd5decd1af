"""Seeing where a user is signed in, and ending it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from doorward.accounts.sessions import MAX_SHOWN
from doorward.errors import Conflict, DoorwardError, InsufficientScope, InvalidGrant, InvalidToken, NotFound
from doorward.model import PLATFORM, Principal, SessionId, SessionRef, TokenPair, UserId
from doorward.sessions.begin import Client, SignedIn
from doorward.sessions.login import Credentials
from tests.support.people import PASSWORD
from tests.support.world import ACME, GLOBEX, House


def _shared(house: House, name: str = "bob") -> Principal:
    """Return a user of acme and globex, signed in to acme."""
    bob = house.add_user(name)
    house.assign.put(house.caller(), bob.user_id, GLOBEX, ("user",))
    return bob


def _shown(house: House, caller: Principal, user_id: str = "me") -> list[SessionRef]:
    return [session.ref for session in house.user_sessions.many(caller, user_id)]


def _lives(house: House, user: Principal) -> bool:
    return user.session_ref in _shown(house, house.caller(), user.user_id)


def _dead(house: House, pair: TokenPair) -> bool:
    """Return whether both tokens are refused, and not one of the two alone."""
    refused = 0
    for use in (lambda: house.principal(pair), lambda: house.refresh(pair.refresh_token)):
        try:
            use()
        except (InvalidToken, InvalidGrant):
            refused += 1
    assert refused in {0, 2}
    return bool(refused)


def _from(house: House, name: str, source: str, user_agent: str | None) -> SignedIn:
    return house.log_in(Credentials(PASSWORD, Client(source, "web", user_agent=user_agent), username=name))


class TestSeeing:
    def test_a_session_shows_when_it_began_and_was_used_and_from_where(self, house: House) -> None:
        house.add_user("bob")
        began_ms = house.clock()
        pair = _from(house, "bob", "203.0.113.9", "curl/8").tokens
        house.clock.advance(60)
        pair = house.refresh(pair.refresh_token)
        seen = house.user_sessions.many(house.principal(pair), "me")[0]
        assert (seen.created_at_ms, seen.rotated_at_ms) == (began_ms, began_ms + 60_000)
        assert (seen.source, seen.user_agent, seen.client_id) == ("203.0.113.9", "curl/8", "web")

    def test_a_switch_keeps_from_where_the_family_began(self, house: House) -> None:
        _shared(house)
        pair = _from(house, "bob", "203.0.113.9", "curl/8").tokens
        there = house.principal(house.switch(pair.refresh_token, GLOBEX))
        family = [one for one in house.user_sessions.many(there, "me") if one.ref.session_id == pair.session_id]
        assert {one.ref.tenant_id for one in family} == {ACME, GLOBEX}
        assert {(one.source, one.user_agent) for one in family} == {("203.0.113.9", "curl/8")}

    def test_ones_own_are_shown_in_all_tenants_the_newest_sign_in_first(self, house: House) -> None:
        first = _shared(house)
        house.clock.advance(1)
        second = house.caller("bob", PASSWORD, tenant_id=GLOBEX)
        house.clock.advance(1)
        third = house.caller("bob", PASSWORD)
        assert _shown(house, first) == [third.session_ref, second.session_ref, first.session_ref]

    def test_an_administrator_sees_those_in_the_own_tenant_alone(self, house: House) -> None:
        here = _shared(house)
        there = house.caller("bob", PASSWORD, tenant_id=GLOBEX)
        assert _shown(house, house.caller("acme-admin"), here.user_id) == [here.session_ref]
        assert _shown(house, house.caller("globex-admin"), here.user_id) == [there.session_ref]
        assert set(_shown(house, house.caller(), here.user_id)) == {here.session_ref, there.session_ref}

    def test_a_platform_administrators_own_are_shown_outside_tenants_too(self, house: House) -> None:
        admin = house.caller()
        house.assign.put(admin, admin.user_id, ACME, ("user",))
        inside = house.caller("admin", tenant_id=ACME)
        assert set(_shown(house, inside)) >= {admin.session_ref, inside.session_ref}
        assert admin.tenant_id == PLATFORM
        assert _shown(house, house.caller("acme-admin"), admin.user_id) == [inside.session_ref]

    @pytest.mark.parametrize("end", ["sign out", "everywhere", "password", "tenant", "deployment", "time", "reuse"])
    def test_what_is_over_is_not_shown(self, house: House, end: str) -> None:
        bob = house.add_user("bob")
        pair = house.sign_in("bob", PASSWORD).tokens
        assert bob.session_ref in _shown(house, house.caller(), bob.user_id)
        if end == "sign out":
            house.log_out(house.principal(pair))
            assert _shown(house, house.caller(), bob.user_id) == [bob.session_ref]
            house.log_out(bob)
        elif end == "everywhere":
            house.log_out(bob, everywhere=True)
        elif end == "password":
            house.change(house.caller(), bob.user_id, password="another long passphrase")
        elif end == "tenant":
            house.tenants.change(house.caller(), ACME, {"status": "disabled"})
        elif end == "deployment":
            house.revocations.cut_off_deployment(house.clock())
        elif end == "time":
            house.clock.advance(86_400)
        else:
            house.clock.advance(11)
            for ref in [ref for ref in house.world.sessions if ref.user_id == bob.user_id]:
                house.end_family(ref)
        assert _shown(house, house.caller(), bob.user_id) == []

    def test_the_session_that_changed_the_password_is_the_one_that_is_left(self, house: House) -> None:
        bob = house.add_user("bob")
        house.sign_in("bob", PASSWORD)
        house.change(bob, "me", password="another long passphrase", current_password=PASSWORD)
        assert _shown(house, bob) == [bob.session_ref]

    def test_who_signs_in_and_out_often_pushes_no_older_session_out_of_sight(self, house: House) -> None:
        bob = house.add_user("bob")
        older = house.world.sessions[bob.session_ref]
        for number in range(3 * MAX_SHOWN):
            ref = replace(bob.session_ref, session_id=SessionId(f"7{number:025}"))
            house.world.sessions[ref] = replace(older, ref=ref, revoked_at_ms=house.clock())
        assert _shown(house, bob) == [bob.session_ref]

    def test_a_hundred_are_shown_the_newest_of_all_tenants(self, house: House) -> None:
        bob = _shared(house)
        older = house.world.sessions[bob.session_ref]
        for number in range(MAX_SHOWN + 5):
            tenant_id = GLOBEX if number % 2 else ACME
            ref = replace(bob.session_ref, tenant_id=tenant_id, session_id=SessionId(f"7{number:025}"))
            house.world.sessions[ref] = replace(older, ref=ref, created_at_ms=older.created_at_ms + number + 1)
        shown = _shown(house, bob)
        assert len(shown) == MAX_SHOWN
        assert shown[0].session_id == f"7{MAX_SHOWN + 4:025}"
        assert bob.session_ref not in shown


class TestEnding:
    def test_one_session_ends_with_its_tokens_and_no_other(self, house: House) -> None:
        house.add_user("bob")
        lost, kept = house.sign_in("bob", PASSWORD).tokens, house.sign_in("bob", PASSWORD).tokens
        house.user_sessions.end(house.principal(kept), "me", lost.session_id)
        assert _dead(house, lost)
        assert not _dead(house, kept)

    def test_ones_own_family_ends_in_every_tenant(self, house: House) -> None:
        bob = _shared(house)
        here = house.sign_in("bob", PASSWORD)
        there = house.switch(here.tokens.refresh_token, GLOBEX)
        house.user_sessions.end(bob, bob.user_id, there.session_id)
        assert _dead(house, there)
        with pytest.raises(InvalidToken):
            house.principal(here.tokens)
        with pytest.raises(InvalidToken):
            house.by_cookie(here.cookie)

    def test_the_session_that_asks_may_end_itself(self, house: House) -> None:
        pair = house.sign_in("acme-admin").tokens
        house.user_sessions.end(house.principal(pair), "me", pair.session_id)
        assert _dead(house, pair)

    @pytest.mark.standard("ASVS 7.4.5")
    def test_a_platform_administrator_ends_the_family(self, house: House) -> None:
        bob = _shared(house)
        here = house.sign_in("bob", PASSWORD).tokens
        there = house.switch(here.refresh_token, GLOBEX)
        house.user_sessions.end(house.caller(), bob.user_id, here.session_id)
        assert _dead(house, there)
        with pytest.raises(InvalidToken):
            house.principal(here)

    def test_a_tenants_administrator_ends_what_is_in_the_tenant_and_nothing_elsewhere(self, house: House) -> None:
        bob = _shared(house)
        here = house.sign_in("bob", PASSWORD).tokens
        there = house.switch(here.refresh_token, GLOBEX)
        house.user_sessions.end(house.caller("acme-admin"), bob.user_id, here.session_id)
        with pytest.raises(InvalidToken):
            house.principal(here)
        assert house.principal(there).tenant_id == GLOBEX
        assert _shown(house, house.caller("acme-admin"), bob.user_id) == [bob.session_ref]

    def test_what_ended_in_a_tenant_does_not_come_back_from_another_by_a_switch(self, house: House) -> None:
        bob = _shared(house)
        here = house.sign_in("bob", PASSWORD).tokens
        there = house.switch(here.refresh_token, GLOBEX)
        house.user_sessions.end(house.caller("acme-admin"), bob.user_id, here.session_id)
        house.clock.advance(4000)  # the entry that refuses its access tokens may be forgotten by then
        with pytest.raises(InvalidGrant) as caught:
            house.switch(there.refresh_token, ACME)
        assert caught.value.reason == "ended_there"
        assert house.principal(house.refresh(there.refresh_token)).tenant_id == GLOBEX
        assert house.caller("bob", PASSWORD).tenant_id == ACME

    def test_an_ending_during_a_switch_is_not_outlived(self, house: House, monkeypatch: pytest.MonkeyPatch) -> None:
        bob, admin = _shared(house), house.caller("acme-admin")
        here = house.sign_in("bob", PASSWORD).tokens
        there = house.switch(here.refresh_token, GLOBEX)
        real = house.sessions.switch

        def ending(*arguments: Any, **named: Any) -> bool:
            if not _ended(house, bob.user_id, here):
                house.user_sessions.end(admin, bob.user_id, here.session_id)
            return real(*arguments, **named)

        monkeypatch.setattr(house.sessions, "switch", ending)
        with pytest.raises(InvalidGrant):
            house.switch(there.refresh_token, ACME)
        assert _ended(house, bob.user_id, here)

    @pytest.mark.parametrize(
        ("caller", "session", "error"),
        [
            ("globex-admin", "theirs", NotFound),
            ("globex-admin", "unknown", NotFound),
            ("eve", "theirs", InsufficientScope),
            ("eve", "unknown", InsufficientScope),
            ("acme-admin", "unknown", NotFound),
            ("acme-admin", "no id", NotFound),
            ("acme-admin", "over", NotFound),
            ("acme-admin", "another's", NotFound),
            ("acme-admin", "in globex", NotFound),
            ("admin", "over", NotFound),
        ],
    )
    def test_what_one_may_not_see_or_what_is_over_is_not_there(
        self, house: House, caller: str, session: str, error: type[DoorwardError]
    ) -> None:
        eve, bob = house.add_user("eve"), _shared(house)
        over = house.sign_in("bob", PASSWORD).tokens
        house.log_out(house.principal(over))
        there = house.caller("bob", PASSWORD, tenant_id=GLOBEX)
        session_id = {
            "theirs": bob.session_id,
            "unknown": "7" * 26,
            "no id": "../x",
            "over": over.session_id,
            "another's": eve.session_id,
            "in globex": there.session_id,
        }[session]
        if session == "theirs":
            house.assign.remove(house.caller(), bob.user_id, GLOBEX)
        before = dict(house.world.states)
        who = house.caller(caller, PASSWORD if caller == "eve" else "admin123")
        with pytest.raises(error):
            house.user_sessions.end(who, bob.user_id, session_id)
        with pytest.raises(NotFound):  # nor under the own name
            house.user_sessions.end(who, "me", session_id)
        assert house.world.states == before
        assert _lives(house, bob)

    def test_all_of_ones_own_end_in_every_tenant(self, house: House) -> None:
        bob = _shared(house)
        mine = [house.sign_in("bob", PASSWORD, tenant_id=tenant_id).tokens for tenant_id in (ACME, GLOBEX)]
        other = house.sign_in("acme-admin").tokens
        house.user_sessions.end_all(bob, "me")
        assert all(_dead(house, pair) for pair in mine)
        assert not _dead(house, other)
        assert not _dead(house, house.sign_in("bob", PASSWORD).tokens)

    @pytest.mark.standard("ASVS 7.4.3")
    def test_all_others_of_ones_own_end_and_the_one_that_asks_goes_on(self, house: House) -> None:
        _shared(house)
        here = house.sign_in("bob", PASSWORD)
        others = [house.sign_in("bob", PASSWORD, tenant_id=tenant_id).tokens for tenant_id in (ACME, GLOBEX)]
        stranger = house.sign_in("acme-admin").tokens
        for _ in range(2):
            house.clock.advance(1)
            house.user_sessions.end_others(house.by_cookie(here.cookie))
        assert all(_dead(house, pair) for pair in others)
        assert not _dead(house, stranger)
        assert house.by_cookie(here.cookie).session_id == here.tokens.session_id
        assert house.principal(here.tokens).session_id == here.tokens.session_id
        there = house.switch(here.tokens.refresh_token, GLOBEX)
        assert house.principal(there).tenant_id == GLOBEX

    def test_a_session_that_ended_meanwhile_ends_no_others(self, house: House) -> None:
        bob = _shared(house)
        here, other = house.sign_in("bob", PASSWORD).tokens, house.sign_in("bob", PASSWORD).tokens
        caller = house.principal(here)
        house.user_sessions.end(bob, "me", here.session_id)
        with pytest.raises(Conflict):
            house.user_sessions.end_others(caller)
        assert not _dead(house, other)

    @pytest.mark.standard("ASVS 7.4.5")
    def test_a_tenants_administrator_ends_all_there_and_none_comes_back_by_a_switch(self, house: House) -> None:
        bob = _shared(house)
        here, there = (house.sign_in("bob", PASSWORD, tenant_id=tenant).tokens for tenant in (ACME, GLOBEX))
        house.clock.advance(1)
        house.user_sessions.end_all(house.caller("acme-admin"), bob.user_id)
        assert _dead(house, here)
        assert house.principal(there).tenant_id == GLOBEX
        with pytest.raises(InvalidGrant) as caught:
            house.switch(there.refresh_token, ACME)
        assert caught.value.reason == "ended_there"
        house.clock.advance(1)
        later = house.sign_in("bob", PASSWORD, tenant_id=GLOBEX).tokens
        assert house.principal(house.switch(later.refresh_token, ACME)).tenant_id == ACME

    def test_who_changed_the_password_still_switches(self, house: House) -> None:
        _shared(house)
        pair = house.sign_in("bob", PASSWORD).tokens
        house.clock.advance(1)
        bob = house.principal(pair)
        house.change(bob, "me", password="another long passphrase", current_password=PASSWORD)
        assert house.principal(house.switch(pair.refresh_token, GLOBEX)).tenant_id == GLOBEX

    @pytest.mark.parametrize("caller", ["globex-admin", "eve"])
    def test_who_may_not_see_a_user_ends_nothing(self, house: House, caller: str) -> None:
        house.add_user("eve")
        bob = house.add_user("bob")
        who = house.caller(caller, PASSWORD if caller == "eve" else "admin123")
        with pytest.raises((NotFound, InsufficientScope)):
            house.user_sessions.end_all(who, bob.user_id)
        assert _lives(house, bob)

    def test_a_service_has_no_sessions_and_ends_nobodys(self, house: House) -> None:
        admin, bob = house.caller("acme-admin"), house.add_user("bob")
        text, _ = house.service_tokens.mint(admin, ACME, "robot", None)
        robot = house.principal(replace(house.sign_in("acme-admin").tokens, access_token=text))
        for use in (
            lambda user_id: house.user_sessions.many(robot, user_id),
            lambda user_id: house.user_sessions.end(robot, user_id, bob.session_id),
            lambda user_id: house.user_sessions.end_all(robot, user_id),
        ):
            with pytest.raises(NotFound):
                use("me")
            with pytest.raises(InsufficientScope):
                use(bob.user_id)
        assert _lives(house, bob)

    def test_a_user_of_no_tenant_has_nothing_to_end(self, house: House) -> None:
        bob = house.add_user("bob")
        house.assign.remove(house.caller(), bob.user_id, ACME)
        house.user_sessions.end_all(house.caller(), bob.user_id)
        assert _shown(house, house.caller(), bob.user_id) == []

    def test_an_overtaken_ending_is_tried_again_and_then_given_up(
        self, house: House, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        calls: list[None] = []

        def overtaken(*_: Any) -> None:
            calls.append(None)
            raise Conflict

        bob = house.add_user("bob")
        monkeypatch.setattr(house.revocations, "cut_off", overtaken)
        with pytest.raises(Conflict):
            house.user_sessions.end_all(bob, "me")
        assert len(calls) == 3


def _ended(house: House, user_id: UserId, pair: TokenPair) -> bool:
    session = house.world.sessions[SessionRef(ACME, user_id, pair.session_id)]
    return session.revoked_at_ms is not None
