"""Passkeys: what they open, and what they do not."""

from __future__ import annotations

import pytest

from doorward.errors import (
    Conflict,
    InvalidGrant,
    InvalidSecondFactor,
    NotFound,
)
from doorward.factors.enrol import MAX_PASSKEYS
from doorward.factors.prove import PresentedFactor
from doorward.model import Principal
from doorward.sessions.begin import Client
from tests.support.factors import App, FactorHouse
from tests.support.people import PASSWORD
from tests.support.world import ACME, GLOBEX, HERE


@pytest.fixture
def house() -> FactorHouse:
    found = FactorHouse()
    found.add_user("kim")
    return found


@pytest.fixture
def app(house: FactorHouse) -> App:
    return house.with_app("kim")


def _principal(house: FactorHouse, app: App) -> Principal:
    return house.principal(house.sign_in_with(app).tokens)


class TestPasskeys:
    def test_a_passkey_alone_is_two_factors_and_phishing_resistant(self, house: FactorHouse) -> None:
        house.enrol_passkey(house.caller("kim", PASSWORD))
        signed_in = house.by_passkey(house.device.get(house.ask_for_passkey()), Client(HERE))
        proved = house.principal(signed_in.tokens).authentication
        assert proved is not None
        assert (proved.amr, proved.acr) == (("hwk", "user", "mfa"), "phr")

    def test_a_synchronised_passkey_says_so(self, house: FactorHouse) -> None:
        house.device.synchronised = True
        house.enrol_passkey(house.caller("kim", PASSWORD))
        signed_in = house.by_passkey(house.device.get(house.ask_for_passkey()), Client(HERE))
        proved = house.principal(signed_in.tokens).authentication
        assert proved is not None
        assert proved.amr == ("swk", "user", "mfa")

    def test_a_passkey_ends_a_sign_in_that_waits(self, house: FactorHouse) -> None:
        house.enrol_passkey(house.caller("kim", PASSWORD))
        waits, answer = house.wait(), house.device.get(house.ask_for_passkey())
        signed_in = house.finish(waits.challenge_id, PresentedFactor(passkey=answer), Client(HERE))
        proved = house.principal(signed_in.tokens).authentication
        assert proved is not None
        assert proved.acr == "phr"

    def test_a_challenge_is_answered_once(self, house: FactorHouse) -> None:
        house.device.synchronised = True  # so that the counter does not tell
        house.enrol_passkey(house.caller("kim", PASSWORD))
        options = house.ask_for_passkey()
        house.by_passkey(house.device.get(options), Client(HERE))
        with pytest.raises(InvalidSecondFactor):
            house.by_passkey(house.device.get(options), Client(HERE))

    def test_a_challenge_ends(self, house: FactorHouse) -> None:
        house.enrol_passkey(house.caller("kim", PASSWORD))
        options = house.ask_for_passkey()
        house.clock.advance(300)
        with pytest.raises(InvalidSecondFactor):
            house.by_passkey(house.device.get(options), Client(HERE))

    @pytest.mark.parametrize(
        "quirks",
        [
            {"user_verified": False},
            {"rp_id": "evil.example"},
            {"origin": "https://evil.example"},
            {"client": {"crossOrigin": True}},
            {"challenge": "dwk1.sign_in.01ARZ3NDEKTSV4RRFFQ69G5FAV." + "A" * 43},
            {"bad_signature": True},
            {"count": 0},
            {"user_handle": b"01ARZ3NDEKTSV4RRFFQ69G5FAV"},
            {"user_handle": b""},
        ],
        ids=str,
    )
    def test_an_answer_that_is_not_right_opens_nothing(self, house: FactorHouse, quirks: dict[str, object]) -> None:
        house.enrol_passkey(house.caller("kim", PASSWORD))
        house.by_passkey(house.device.get(house.ask_for_passkey()), Client(HERE))
        with pytest.raises(InvalidSecondFactor):
            house.by_passkey(house.device.get(house.ask_for_passkey(), **quirks), Client(HERE))

    def test_the_challenge_of_a_registration_signs_nobody_in(self, house: FactorHouse) -> None:
        house.enrol_passkey(house.caller("kim", PASSWORD))
        kim = house.principal(house.by_passkey(house.device.get(house.ask_for_passkey()), Client(HERE)).tokens)
        options = {**house.ask_for_passkey(), "challenge": house.passkeys.options(kim)["challenge"]}
        with pytest.raises(InvalidSecondFactor):
            house.by_passkey(house.device.get(options), Client(HERE))

    def test_the_options_of_one_session_make_no_passkey_in_another(self, house: FactorHouse) -> None:
        response = house.device.create(house.passkeys.options(house.caller("kim", PASSWORD)))
        with pytest.raises(InvalidSecondFactor):
            house.passkeys.register(house.caller("kim", PASSWORD), response, "Laptop")
        with pytest.raises(InvalidSecondFactor):
            house.passkeys.register(house.caller(), response, "Laptop")

    def test_a_passkey_that_was_removed_opens_nothing(self, house: FactorHouse) -> None:
        raised = house.enrol_passkey(house.caller("kim", PASSWORD)).raised
        kim = house.principal(raised.tokens)
        (passkey,) = house.manage.many(kim).passkeys
        house.manage.remove(kim, passkey.id)
        with pytest.raises(InvalidSecondFactor):
            house.by_passkey(house.device.get(house.ask_for_passkey()), Client(HERE))

    def test_a_user_has_ten_passkeys_at_most(self, house: FactorHouse) -> None:
        kim = house.principal(house.enrol_passkey(house.caller("kim", PASSWORD)).raised.tokens)
        for _ in range(MAX_PASSKEYS - 1):
            house.enrol_passkey(kim)
        with pytest.raises(Conflict):
            house.passkeys.options(kim)

    def test_passkeys_are_renamed(self, house: FactorHouse) -> None:
        kim = house.principal(house.enrol_passkey(house.caller("kim", PASSWORD)).raised.tokens)
        (passkey,) = house.manage.many(kim).passkeys
        assert house.manage.rename(kim, passkey.id, " Phone ").passkeys[0].name == "Phone"
        with pytest.raises(NotFound):
            house.manage.rename(kim, "totp", "Phone")

    def test_where_nobody_is_asked_for_a_factor_passkeys_open_nothing(self, house: FactorHouse) -> None:
        house.enrol_passkey(house.caller("kim", PASSWORD))
        house.ask(second_factor="off")
        with pytest.raises(InvalidSecondFactor):
            house.by_passkey(house.device.get(house.ask_for_passkey()), Client(HERE))

    def test_a_disabled_user_is_not_let_in(self, house: FactorHouse) -> None:
        house.enrol_passkey(house.caller("kim", PASSWORD))
        user_id = next(user.id for user in house.world.users.values() if user.username == "kim")
        house.change(house.caller(), user_id, status="disabled")
        with pytest.raises(InvalidSecondFactor):
            house.by_passkey(house.device.get(house.ask_for_passkey()), Client(HERE))

    def test_a_session_by_passkey_enters_tenants_that_take_factors_alone(self, house: FactorHouse) -> None:
        kim = house.caller("kim", PASSWORD)
        house.assign.put(house.caller(), kim.user_id, GLOBEX, ("user",))
        house.enrol_passkey(house.caller("kim", PASSWORD))
        house.ask(GLOBEX, second_factor="off")
        tokens = house.by_passkey(house.device.get(house.ask_for_passkey()), Client(HERE)).tokens
        with pytest.raises(InvalidGrant):
            house.switch(tokens.refresh_token, GLOBEX)
        house.ask(GLOBEX, second_factor="optional")
        assert house.claims(house.switch(tokens.refresh_token, GLOBEX)).tenant_id == GLOBEX

    def test_where_nobody_is_asked_platform_administrators_still_are_and_enter_by_passkey(self) -> None:
        house = FactorHouse(platform_factor="required")
        boss = house.principal(house.enrol_passkey(house.caller()).raised.tokens)
        house.assign.put(boss, boss.user_id, ACME, ("admin",))
        house.ask(ACME, second_factor="off")
        tokens = house.by_passkey(house.device.get(house.ask_for_passkey()), Client(HERE)).tokens
        assert house.claims(house.switch(tokens.refresh_token, ACME)).tenant_id == ACME
