"""A family comes back to a tenant where its session was ended: what that session gave out stays dead."""

from __future__ import annotations

import pytest

from doorward.errors import InvalidGrant, InvalidToken, RefreshTokenReused
from doorward.model import TokenPair, UserId
from doorward.sessions.begin import SignedIn
from tests.support.people import PASSWORD
from tests.support.world import ACME, GLOBEX, House, changed, new_user

NEW = "an utterly new one 7"


@pytest.fixture
def eve(house: House) -> UserId:
    """A user of both tenants."""
    made = house.create_user(house.caller(), new_user(username="eve", tenant_id=ACME))
    house.assign.put(house.caller(), made.user.id, GLOBEX, ("user",))
    return made.user.id


def _switched(house: House) -> tuple[SignedIn, TokenPair]:
    """Return a sign-in to acme, and the tokens of its family in globex."""
    signed_in = house.sign_in("eve", PASSWORD)
    house.clock.advance(1)
    there = house.switch(signed_in.tokens.refresh_token, GLOBEX)
    house.clock.advance(1)
    return signed_in, there


def _change_password(house: House, pair: TokenPair) -> None:
    house.change_user(house.principal(pair), "me", changed(current_password=PASSWORD, password=NEW))
    house.clock.advance(1)


def test_a_cookie_stays_dead_when_the_family_comes_back_to_its_tenant(house: House, eve: UserId) -> None:
    signed_in, there = _switched(house)
    _change_password(house, there)
    back = house.switch(there.refresh_token, ACME)
    assert house.principal(back).tenant_id == ACME
    with pytest.raises(InvalidToken):
        house.by_cookie(signed_in.cookie)
    with pytest.raises(InvalidToken):
        house.exchange(str(signed_in.cookie))


def test_a_cookie_stays_dead_when_its_tenant_is_enabled_again(house: House, eve: UserId) -> None:
    signed_in, there = _switched(house)
    for status in ("disabled", "active"):
        house.tenants.change(house.caller(), ACME, {"status": status})
    house.switch(there.refresh_token, ACME)
    with pytest.raises(InvalidToken):
        house.by_cookie(signed_in.cookie)


def test_a_refresh_token_of_an_ended_session_is_reuse_once_the_family_is_back(house: House, eve: UserId) -> None:
    signed_in, there = _switched(house)
    here = house.refresh(signed_in.tokens.refresh_token)
    _change_password(house, here)
    with pytest.raises(InvalidGrant, match="refresh token"):
        house.refresh(there.refresh_token)
    again = house.switch(here.refresh_token, GLOBEX)
    with pytest.raises(RefreshTokenReused):
        house.refresh(there.refresh_token)
    with pytest.raises(InvalidToken):
        house.principal(again)


def test_a_family_comes_back_to_its_session_that_was_spared(house: House, eve: UserId) -> None:
    signed_in = house.sign_in("eve", PASSWORD)
    house.clock.advance(1)
    _change_password(house, signed_in.tokens)
    house.assign.put(house.caller(), eve, GLOBEX, ("auditor",))
    house.clock.advance(1)
    there = house.switch(signed_in.tokens.refresh_token, GLOBEX)
    house.clock.advance(1)
    assert house.principal(house.switch(there.refresh_token, ACME)).tenant_id == ACME
    assert house.by_cookie(signed_in.cookie).tenant_id == ACME
