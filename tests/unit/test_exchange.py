"""A browser's cookie is exchanged for access tokens, and no script holds what renews."""

from __future__ import annotations

import pytest

from doorward.errors import InvalidGrant, InvalidToken, SessionOver
from doorward.model import TenantId
from doorward.sessions.begin import SignedIn
from tests.support.people import PASSWORD
from tests.support.world import ACME, GLOBEX, House


def _shared(house: House) -> str:
    """Return the cookie of Bob, who belongs to both tenants, and signed in to acme."""
    bob = house.add_user("bob")
    house.assign.put(house.caller(), bob.user_id, GLOBEX, ("user",))
    return _cookie(house.sign_in("bob", PASSWORD))


def _cookie(signed_in: SignedIn) -> str:
    assert signed_in.cookie is not None
    return signed_in.cookie


def test_an_exchange_writes_nothing_and_two_tabs_may_ask_at_once(house: House) -> None:
    signed_in = house.sign_in("acme-admin")
    before = dict(house.world.sessions)
    pairs = [house.exchange(_cookie(signed_in)) for _ in range(3)]
    assert house.world.sessions == before
    assert {house.principal(pair).username for pair in pairs} == {"acme-admin"}
    assert len({house.claims(pair).token_id for pair in pairs}) == 3
    assert {pair.session_id for pair in pairs} == {signed_in.tokens.session_id}


def test_a_refresh_token_of_the_same_session_stays_as_good_as_it_was(house: House) -> None:
    cookie = _shared(house)
    first = house.sign_in("bob", PASSWORD)
    for tenant_id in (None, GLOBEX, ACME, GLOBEX):
        house.exchange(_cookie(first), tenant_id)
        house.clock.advance(60)
    second = house.refresh(first.tokens.refresh_token)
    house.exchange(_cookie(first))
    house.clock.advance(60)
    assert house.refresh(second.refresh_token)
    assert house.exchange(cookie)


def test_roles_are_read_again(house: House) -> None:
    cookie = _shared(house)
    user_id = house.claims(house.exchange(cookie, GLOBEX)).user_id
    house.assign.put(house.caller(), user_id, GLOBEX, ("auditor",))
    assert house.claims(house.exchange(cookie, GLOBEX)).subject.roles == ("auditor",)


def test_the_familys_session_in_another_tenant_is_begun_once_and_lives_no_longer(house: House) -> None:
    cookie = _shared(house)
    home = house.exchange(cookie)
    house.clock.advance(100)
    there = house.exchange(cookie, GLOBEX)
    again = house.exchange(cookie, GLOBEX)
    assert (house.claims(there).tenant_id, house.claims(again).tenant_id) == (GLOBEX, GLOBEX)
    assert there.session_id == again.session_id == home.session_id
    assert there.refresh_expires_in == home.refresh_expires_in - 100
    assert len([ref for ref in house.world.sessions if ref.session_id == home.session_id]) == 2
    assert house.claims(house.exchange(cookie)).tenant_id == ACME


def test_an_exchange_into_a_tenant_without_the_user_is_refused_and_ends_nothing(house: House) -> None:
    cookie = _cookie(house.sign_in("acme-admin"))
    for tenant_id in (GLOBEX, TenantId("nowhere")):
        with pytest.raises(InvalidGrant) as refused:
            house.exchange(cookie, tenant_id)
        assert refused.value.reason == "not_admitted"
    assert house.exchange(cookie)


def test_what_an_administrator_ended_there_the_cookie_does_not_bring_back(house: House) -> None:
    cookie = _shared(house)
    there = house.claims(house.exchange(cookie, GLOBEX))
    house.sessions.revoke(there.session_ref, house.clock())
    with pytest.raises(InvalidGrant) as refused:
        house.exchange(cookie, GLOBEX)
    assert refused.value.reason == "ended_there"
    assert house.exchange(cookie)


@pytest.mark.standard("ASVS 7.4.1")
def test_signing_out_ends_the_cookie_and_the_tokens_of_every_tenant_that_it_gave(house: House) -> None:
    cookie = _shared(house)
    pairs = [house.exchange(cookie), house.exchange(cookie, GLOBEX)]
    house.log_out(house.by_cookie(cookie), everywhere=False)
    for pair in pairs:
        with pytest.raises(InvalidToken):
            house.principal(pair)
    for tenant_id in (None, GLOBEX):
        with pytest.raises(SessionOver):
            house.exchange(cookie, tenant_id)


def test_a_switch_that_loses_a_race_looks_once_more_and_finds_the_winners_session(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    cookie, switch = _shared(house), type(house.sessions).switch
    raced: list[int] = []

    def losing(*given: object, **more: object) -> bool:
        if raced:
            return bool(switch(*given, **more))  # type: ignore[arg-type]
        raced.append(1)
        assert switch(*given, **more)  # type: ignore[arg-type] # the other tab was first
        return False

    monkeypatch.setattr(type(house.sessions), "switch", losing)
    assert house.claims(house.exchange(cookie, GLOBEX)).tenant_id == GLOBEX


def test_who_loses_every_race_is_told_so(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    cookie = _shared(house)
    monkeypatch.setattr(type(house.sessions), "switch", lambda *_given, **_more: False)
    with pytest.raises(InvalidGrant) as refused:
        house.exchange(cookie, GLOBEX)
    assert refused.value.reason == "not_switched"


@pytest.mark.parametrize("change", ["secret", "tenant", "garbage", "end"])
def test_a_cookie_that_is_not_the_sessions_own_is_worth_nothing(house: House, change: str) -> None:
    cookie = _shared(house)
    parts = cookie.split(".")
    spoilt = {
        "secret": ".".join([*parts[:-1], "A" * 43]),
        "tenant": ".".join([parts[0], GLOBEX, *parts[2:]]),
        "garbage": "x",
        "end": cookie,
    }[change]
    house.exchange(cookie, GLOBEX)
    if change == "end":
        house.clock.advance(86_400)
    for tenant_id in (None, GLOBEX):
        with pytest.raises(SessionOver):
            house.exchange(spoilt, tenant_id)
