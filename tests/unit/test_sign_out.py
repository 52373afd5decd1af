"""Signing out and revoking: refused from the next request on."""

from __future__ import annotations

import pytest

from doorward.errors import Conflict, InvalidGrant, InvalidToken
from doorward.model import Cutoff
from doorward.sessions.login import SignedIn
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


def test_revoking_a_refresh_token_takes_its_session_along(house: House) -> None:
    signed_in = house.sign_in("acme-admin")
    house.revoke(signed_in.tokens.refresh_token)
    _assert_dead(house, signed_in)


def test_revoking_an_access_token_leaves_its_session(house: House) -> None:
    signed_in = house.sign_in("acme-admin")
    second = house.refresh(signed_in.tokens.refresh_token)
    house.revoke(signed_in.tokens.access_token)
    with pytest.raises(InvalidToken):
        house.principal(signed_in.tokens)
    assert house.principal(second)
    assert house.refresh(second.refresh_token)


@pytest.mark.parametrize("text", ["", "x", "dwr1.acme.x.y.0.z", "a.b.c", "é", "x" * 8000])
def test_revoking_what_is_no_token_is_no_error(house: House, text: str) -> None:
    house.revoke(text)


def test_revoking_an_expired_access_token_stores_nothing(house: House) -> None:
    signed_in = house.sign_in("acme-admin")
    house.clock.advance(901)
    house.revoke(signed_in.tokens.access_token)
    user_id = next(user for tenant, user in house.world.memberships if tenant == ACME)
    assert not house.world.state(ACME, user_id).tokens
