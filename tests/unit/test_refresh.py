"""Refreshing, and noticing reuse."""

from __future__ import annotations

import threading
from dataclasses import replace

import pytest

from doorward.errors import InvalidGrant, InvalidToken, RefreshTokenReused
from doorward.model import SessionRef
from tests.support.world import ACME, GLOBEX, House


@pytest.mark.standard("ASVS 7.2.2", "RFC 9700 2.2.2.a")
def test_a_refresh_gives_a_new_pair_of_the_same_session(house: House) -> None:
    first = house.sign_in("acme-admin").tokens
    house.clock.advance(60)
    second = house.refresh(first.refresh_token)
    assert second.refresh_token != first.refresh_token
    assert second.session_id == first.session_id
    assert house.claims(second).token_id != house.claims(first).token_id


@pytest.mark.standard("ASVS 7.3.2", "ASVS 10.4.8")
def test_the_lifetime_is_absolute_from_sign_in(house: House) -> None:
    pair = house.sign_in("acme-admin").tokens
    for _ in range(23):
        house.clock.advance(3600)
        pair = house.refresh(pair.refresh_token)
    assert pair.refresh_expires_in == 3600
    house.clock.advance(3601)
    with pytest.raises(InvalidGrant):
        house.refresh(pair.refresh_token)


@pytest.mark.standard("ASVS 7.3.2")
def test_an_access_token_never_outlives_its_session(house: House) -> None:
    pair = house.sign_in("acme-admin").tokens
    house.clock.advance(86_400 - 100)
    assert house.refresh(pair.refresh_token).expires_in == 100


def test_inside_the_overlap_the_rotated_token_answers_with_the_very_same_successor(house: House) -> None:
    first = house.sign_in("acme-admin").tokens
    second = house.refresh(first.refresh_token)
    house.clock.advance(10)
    again = house.refresh(first.refresh_token)
    assert again.refresh_token == second.refresh_token
    assert house.principal(again)


def test_a_request_that_waited_is_judged_by_its_arrival(house: House) -> None:
    first = house.sign_in("acme-admin").tokens
    second = house.refresh(first.refresh_token)
    arrived = house.clock() + 5000
    house.clock.advance(15)
    assert house.refresh(first.refresh_token, received_at_ms=arrived).refresh_token == second.refresh_token


@pytest.mark.parametrize("offset_ms", [60_000, -31_000, -1_800_000_000_000 + 7])
def test_an_arrival_that_cannot_be_counts_as_none(house: House, offset_ms: int) -> None:
    first = house.sign_in("acme-admin").tokens
    house.refresh(first.refresh_token)
    house.clock.advance(15)
    with pytest.raises(RefreshTokenReused):
        house.refresh(first.refresh_token, received_at_ms=house.clock() + offset_ms)


@pytest.mark.standard("ASVS 10.4.5", "RFC 9700 2.2.2.a")
def test_after_the_overlap_the_rotated_token_kills_the_session(house: House) -> None:
    signed_in = house.sign_in("acme-admin")
    second = house.refresh(signed_in.tokens.refresh_token)
    house.clock.advance(10.001)
    with pytest.raises(RefreshTokenReused):
        house.refresh(signed_in.tokens.refresh_token)
    with pytest.raises(InvalidGrant):
        house.refresh(second.refresh_token)
    for pair in (signed_in.tokens, second):
        with pytest.raises(InvalidToken):
            house.principal(pair)
    with pytest.raises(InvalidToken):
        house.by_cookie(signed_in.cookie)


@pytest.mark.standard("ASVS 10.4.5", "RFC 9700 2.2.2.a")
def test_a_token_two_generations_old_is_reuse_even_inside_the_overlap(house: House) -> None:
    first = house.sign_in("acme-admin").tokens
    second = house.refresh(first.refresh_token)
    house.refresh(second.refresh_token)
    with pytest.raises(RefreshTokenReused):
        house.refresh(first.refresh_token)


def test_a_token_ahead_of_its_session_is_refused_without_harm(house: House) -> None:
    first = house.sign_in("acme-admin").tokens
    second = house.refresh(first.refresh_token)
    ref = next(ref for ref in house.world.sessions if ref.session_id == first.session_id)
    house.world.sessions[ref] = replace(house.world.sessions[ref], generation=0)  # restored from a backup
    with pytest.raises(InvalidGrant):
        house.refresh(second.refresh_token)
    assert house.refresh(first.refresh_token)


def test_fifty_refreshes_at_once_give_one_chain(house: House) -> None:
    first = house.sign_in("acme-admin").tokens
    found: list[str] = []
    threads = [
        threading.Thread(target=lambda: found.append(house.refresh(first.refresh_token).refresh_token))
        for _ in range(50)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 50
    assert len(set(found)) == 1


def test_roles_are_read_again(house: House) -> None:
    pair = house.sign_in("acme-admin").tokens
    place = next(place for place in house.world.memberships if place[0] == ACME)
    house.world.memberships[place] = replace(house.world.memberships[place], roles=("auditor",))
    assert house.claims(house.refresh(pair.refresh_token)).subject.roles == ("auditor",)


@pytest.mark.parametrize("what", ["user", "tenant", "membership"])
def test_who_is_no_longer_admitted_gets_no_tokens(house: House, what: str) -> None:
    pair = house.sign_in("acme-admin").tokens
    user_id = house.claims(pair).user_id
    if what == "user":
        house.world.users[user_id] = replace(house.world.users[user_id], status="disabled")
    elif what == "tenant":
        house.world.tenants[ACME] = replace(house.world.tenants[ACME], status="disabled")
    else:
        del house.world.memberships[ACME, user_id]
    with pytest.raises(InvalidGrant):
        house.refresh(pair.refresh_token)


def test_the_tenant_named_by_path_or_body_must_be_the_tokens(house: House) -> None:
    pair = house.sign_in("acme-admin").tokens
    with pytest.raises(InvalidGrant):
        house.refresh(pair.refresh_token, {GLOBEX})
    with pytest.raises(InvalidGrant):
        house.refresh(pair.refresh_token, {ACME, GLOBEX})
    assert house.refresh(pair.refresh_token, {ACME})


def _flipped(text: str, index: int) -> str:
    return text[:index] + ("A" if text[index] != "A" else "B") + text[index + 1 :]


@pytest.mark.standard("RFC 9700 4.14.2.c", "RFC 7009 5.a")
def test_no_altered_refresh_token_reaches_a_table(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    token = house.sign_in("acme-admin").tokens.refresh_token

    def never(ref: SessionRef) -> None:
        raise AssertionError(ref)

    monkeypatch.setattr(house.sessions, "get_admission", never)
    altered = [_flipped(token, index) for index in range(len(token) - 1)]
    altered += [token[:-1], token + "A", "", "dwr1", token.replace(".0.", ".1."), token.replace(".acme.", ".globex.")]
    altered += [house.token("acme-admin"), str(house.sign_in("acme-admin").cookie), token + "\n"]
    for text in altered:
        with pytest.raises(InvalidGrant):
            house.refresh(text)
