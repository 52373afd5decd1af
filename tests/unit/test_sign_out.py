"""Signing out and revoking: refused from the next request on."""

from __future__ import annotations

import pytest

from doorward.authorization import RequestCredentials
from doorward.errors import Conflict, InvalidGrant, InvalidToken
from doorward.keys.commands import execute
from doorward.model import Cutoff
from doorward.sessions.begin import SignedIn
from tests.support.world import ACME, House


def _assert_dead(house: House, signed_in: SignedIn) -> None:
    with pytest.raises(InvalidToken):
        house.principal(signed_in.tokens)
    with pytest.raises(InvalidToken):
        house.by_cookie(signed_in.cookie)
    with pytest.raises(InvalidGrant):
        house.refresh(signed_in.tokens.refresh_token)


def _assert_alive(house: House, signed_in: SignedIn) -> None:
    assert house.principal(signed_in.tokens)
    assert house.by_cookie(signed_in.cookie)


@pytest.mark.standard("ASVS 7.4.1")
def test_signing_out_ends_this_session_alone(house: House) -> None:
    here, there = house.sign_in("acme-admin"), house.sign_in("acme-admin")
    house.log_out(house.principal(here.tokens))
    _assert_dead(house, here)
    _assert_alive(house, there)


def test_signing_out_everywhere_ends_all_sessions_of_this_user_alone(house: House) -> None:
    mine = [house.sign_in("acme-admin") for _ in range(3)]
    other = house.sign_in("globex-admin")
    house.log_out(house.principal(mine[0].tokens), everywhere=True)
    for signed_in in mine:
        _assert_dead(house, signed_in)
    _assert_alive(house, other)


def test_a_sign_in_right_after_a_revocation_is_never_bounced(house: House) -> None:
    before = house.sign_in("acme-admin")
    house.log_out(house.principal(before.tokens), everywhere=True)
    _assert_alive(house, house.sign_in("acme-admin"))  # in the very same millisecond


def test_two_general_revocations_in_one_millisecond_both_count(house: House) -> None:
    for _ in range(2):
        signed_in = house.sign_in("acme-admin")
        house.log_out(house.principal(signed_in.tokens), everywhere=True)
        _assert_dead(house, signed_in)


def test_a_platform_administrator_signs_out_too(house: House) -> None:
    signed_in = house.sign_in("admin")
    house.log_out(house.principal(signed_in.tokens), everywhere=True)
    _assert_dead(house, signed_in)


def test_a_clock_that_runs_behind_does_not_undo_a_revocation(house: House) -> None:
    signed_in = house.sign_in("acme-admin")
    house.log_out(house.principal(signed_in.tokens), everywhere=True)
    house.clock.advance(-5)
    again = house.sign_in("acme-admin")
    house.log_out(house.principal(again.tokens), everywhere=True)
    _assert_dead(house, again)
    _assert_dead(house, signed_in)


def test_an_overtaken_cutoff_is_tried_again_and_then_given_up(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    principal = house.caller("acme-admin")
    calls = []

    def overtaken(cutoffs: list[Cutoff], now_ms: int) -> None:
        calls.append(now_ms)
        raise Conflict

    monkeypatch.setattr(house.revocations, "cut_off", overtaken)
    with pytest.raises(Conflict):
        house.log_out(principal, everywhere=True)
    assert len(calls) == 3


@pytest.mark.standard("RFC 7009 2.a", "RFC 7009 2.1.d", "RFC 7009 2.1.e")
def test_revoking_a_refresh_token_takes_its_session_along(house: House) -> None:
    signed_in = house.sign_in("acme-admin")
    house.revoke(signed_in.tokens.refresh_token)
    _assert_dead(house, signed_in)


@pytest.mark.standard("RFC 7009 2.b", "RFC 7009 2.1.d")
def test_revoking_an_access_token_leaves_its_session(house: House) -> None:
    signed_in = house.sign_in("acme-admin")
    second = house.refresh(signed_in.tokens.refresh_token)
    house.revoke(signed_in.tokens.access_token)
    with pytest.raises(InvalidToken):
        house.principal(signed_in.tokens)
    assert house.principal(second)
    assert house.refresh(second.refresh_token)


@pytest.mark.standard("RFC 7009 2.2.a")
@pytest.mark.parametrize("text", ["", "x", "dwr1.acme.x.y.0.z", "a.b.c", "é", "x" * 8000])
def test_revoking_what_is_no_token_is_no_error(house: House, text: str) -> None:
    house.revoke(text)


def test_revoking_an_expired_access_token_stores_nothing(house: House) -> None:
    signed_in = house.sign_in("acme-admin")
    house.clock.advance(901)
    house.revoke(signed_in.tokens.access_token)
    user_id = next(user for tenant, user in house.world.memberships if tenant == ACME)
    assert not house.world.state(ACME, user_id).tokens


@pytest.mark.standard("ASVS 7.4.5")
def test_one_command_ends_everything_and_who_signs_in_afterwards_is_let_in(house: House) -> None:
    before = [house.sign_in("acme-admin"), house.sign_in("admin")]
    service, _ = house.service_tokens.mint(house.caller("acme-admin"), ACME, "ci", None)
    house.clock.advance(1)
    execute(house.rotate_signing_keys, house.rotate_mac_keys, {"command": "end_everything"})
    for signed_in in before:
        _assert_dead(house, signed_in)
    with pytest.raises(InvalidToken) as caught:
        house.authorize(RequestCredentials("GET", "/", (f"Bearer {service}",)))
    assert caught.value.reason == "deployment_cut_off"
    after = house.sign_in("acme-admin")
    _assert_alive(house, after)
    assert house.refresh(after.tokens.refresh_token)
    again, _ = house.service_tokens.mint(house.caller("acme-admin"), ACME, "ci", None)
    assert house.authorize(RequestCredentials("GET", "/", (f"Bearer {again}",)))
    listed = house.service_tokens.many(house.caller("acme-admin"), ACME, 9, None).records
    assert sorted(token.revoked_at_ms is None for token in listed) == [False, True]


def test_a_revoked_mac_key_is_refused_at_the_next_request(house: House) -> None:
    token = house.sign_in("acme-admin").tokens.refresh_token
    kid = house.refresh_tokens.read(token).mac_kid
    house.rotate_mac_keys.revoke(kid)
    with pytest.raises(InvalidGrant) as caught:
        house.refresh(token)
    assert caught.value.reason == "mac_key_revoked"
