"""What standards ask of tokens and of pages, where no other test shows it."""

from __future__ import annotations

import re

import jwt
import pytest

from doorward.authorization import RequestCredentials
from doorward.errors import MissingCredentials
from doorward.sessions.introspect import Introspect
from doorward.settings import Settings
from tests.support.factors import FactorHouse
from tests.support.people import PASSWORD
from tests.support.template import template
from tests.support.world import AUDIENCE, ISSUER, House
from tests.unit.test_account_pages import STATES as ACCOUNT
from tests.unit.test_account_pages import page as account_page
from tests.unit.test_admin_pages import STATES as ADMIN
from tests.unit.test_admin_pages import page as admin_page
from tests.unit.test_factor_pages import STATES as FACTORS
from tests.unit.test_factor_pages import page as factor_page


@pytest.mark.standard("RFC 9068 2.1.c", "RFC 9068 2.2.a", "RFC 9068 2.2.3.1.a", "RFC 9068 3.b", "RFC 8725 3.11.a")
@pytest.mark.parametrize("who", ["user", "service"])
def test_a_token_has_all_claims_that_the_profile_requires(who: str) -> None:
    house = House()
    token = house.token("acme-admin")
    if who == "service":
        token, _ = house.service_tokens.mint(house.caller("acme-admin"), house.caller("acme-admin").tenant_id, "ci", 60)
    claims, header = jwt.decode(token, options={"verify_signature": False}), jwt.get_unverified_header(token)
    assert header.keys() == {"alg", "typ", "kid"}
    assert header["typ"] == "at+jwt"
    assert (claims["iss"], claims["aud"]) == (ISSUER, AUDIENCE)
    assert claims["sub"] == ("acme-admin" if who == "user" else "service:ci")
    assert claims["exp"] > claims["iat"] == house.clock() // 1000
    assert isinstance(claims["client_id"], str)
    assert len(claims["jti"]) == 26
    assert claims["roles"] == ["admin" if who == "user" else "service"]


@pytest.mark.standard("RFC 9068 6.a")
def test_a_token_says_neither_the_address_nor_the_name_that_is_shown() -> None:
    house = House()
    kim = house.add_user("kim", email="kim@people.example")
    house.change(kim, "me", display_name="Kim Larsson")
    claims = jwt.decode(house.token("kim", PASSWORD), options={"verify_signature": False})
    assert claims["sub"] == "kim"
    assert not [value for value in map(str, claims.values()) if "people.example" in value or "Larsson" in value]


@pytest.mark.standard("RFC 9068 2.2.1.a")
def test_what_a_token_says_of_the_sign_in_stays_when_it_is_renewed() -> None:
    house = FactorHouse()
    house.add_user("kim")
    app = house.with_app("kim")
    first = house.sign_in_with(app).tokens
    proved = house.claims(first).authentication
    assert proved is not None
    assert (proved.amr, proved.acr) == (("pwd", "otp", "mfa"), "2fa")
    house.clock.advance(3600)
    assert house.claims(house.refresh(first.refresh_token)).authentication == proved


@pytest.mark.standard("RFC 9068 2.1.b", "RFC 9068 4.a")
def test_rs256_is_what_a_deployment_signs_with_unless_it_says_otherwise() -> None:
    assert Settings().signing_algorithm == template()["Parameters"]["SigningAlgorithm"]["Default"] == "RS256"


@pytest.mark.standard("RFC 9700 4.9.3.a")
def test_a_token_in_an_address_is_no_credential() -> None:
    house = House()
    token = house.token("acme-admin")
    for path in (f"/users/me?access_token={token}", f"/users/me;access_token={token}", f"/users/{token}"):
        with pytest.raises(MissingCredentials):
            house.authorize(RequestCredentials("GET", path))


@pytest.mark.standard("RFC 7662 4.a")
def test_a_token_that_has_ended_or_was_not_signed_here_is_not_described() -> None:
    house = House()
    introspect = Introspect(
        house.sessions, house.revocations, house.keyring, house.refresh_tokens, AUDIENCE, house.clock
    )
    admin, pair = house.caller("acme-admin"), house.sign_in("acme-admin").tokens
    assert introspect(admin, pair.access_token)
    assert introspect(admin, pair.refresh_token)
    assert introspect(admin, House().sign_in("acme-admin").tokens.access_token) is None
    house.clock.advance(900)
    assert introspect(admin, pair.access_token) is None
    assert introspect(admin, pair.refresh_token)
    house.clock.advance(86_400 - 900)
    assert introspect(admin, pair.refresh_token) is None


@pytest.mark.standard("ASVS 7.4.4")
def test_each_page_of_who_is_signed_in_has_a_button_to_sign_out() -> None:
    pages = {f"account, {state}": account_page(state, "en") for state in ACCOUNT if state != "left"}  # has left
    pages |= {f"factors, {state}": factor_page(state, "en") for state in FACTORS}
    pages |= {f"admin, {state}": admin_page(state, "en") for state in ADMIN}
    button = r'<form method="post" action="[./]*account/sign-out">\s*<button type="submit"[^>]*>Sign out</button>'
    assert [name for name, text in pages.items() if not re.search(button, text.partition("<main")[0])] == []
