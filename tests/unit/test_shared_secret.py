"""The exclusive HS256 mode."""

from __future__ import annotations

from typing import Any

import jwt
import pytest

from doorward.errors import InvalidToken, Misconfigured, Unavailable
from doorward.keys.shared_secret import SharedSecret, check_secret
from doorward.model import AccessTokenClaims
from doorward.tokens.access import mint_access_token, verify_access_token
from tests.support.world import AUDIENCE, ISSUER, House

SECRET = "xVq3n0Tg8LhZ5yPpWc7Rk2sB9dJfM4uEaQ1iXoNvYtH"
NEXT = "Kc0wZ7mGQy3rT9vLp5XbNh2sJd8fUe4aVi6oRq1tYxM"


@pytest.mark.standard("RFC 8725 3.5.a")
@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("tiny", "too short"),
        ("x" * 31, "too short"),
        ("0123456789abcdef0123456789abcdef", "too short"),
        ("9" * 76, "too short"),
        ("a-string-secret-at-least-256-bits-long-for-hs256", "placeholder"),
        ("your-256-bit-SECRET-your-256-bit-SECRET-0000", "placeholder"),
        ("ChangeMe-ChangeMe-ChangeMe-ChangeMe-ChangeMe", "placeholder"),
        ("please_change_me_before_you_go_to_production", "placeholder"),
        ("MyPassword-MyPassword-MyPassword-MyPassword-", "placeholder"),
        ("aB3dE6gH9jK2aB3dE6gH9jK2aB3dE6gH9jK2aB3dE6gH9jK2", "repeats"),
        ("ABABABABABABABABABABABABABABABABABABABABABABAB-+", "repeats"),
        ("=" * 80, "repeats"),
        ("To be, or not to be, that is the question: Wh", "sentence"),
    ],
)
def test_a_weak_or_placeholder_secret_stops_the_start(text: str, why: str) -> None:
    with pytest.raises(Misconfigured, match=".") as caught:
        check_secret("JWT_SECRET", text)
    assert why in caught.value.reason
    assert text not in caught.value.reason
    assert "openssl rand" in caught.value.reason


@pytest.mark.parametrize("text", [SECRET, NEXT, "f3a9" + "0c5be17d2846" * 5, "七" * 8 + SECRET])
def test_a_random_secret_is_taken_as_it_is(text: str) -> None:
    assert check_secret("JWT_SECRET", text) == text.encode()


def _claims(house: House) -> AccessTokenClaims:
    return house.claims(house.sign_in("acme-admin").tokens)


def test_it_signs_verifies_and_publishes_nothing(house: House) -> None:
    shared = SharedSecret(house.keyring, SECRET)
    token = mint_access_token(_claims(house), shared.current(), shared.issuer, AUDIENCE)
    options: Any = {"verify_exp": False, "verify_iat": False}  # the clock of the tests is elsewhere
    decoded = jwt.decode(token, SECRET, algorithms=["HS256"], audience=AUDIENCE, issuer=ISSUER, options=options)
    assert decoded["sub"] == "acme-admin"
    assert verify_access_token(token, shared, AUDIENCE, house.clock()).username == "acme-admin"
    assert shared.key_set().jwks() == {"keys": []}
    assert SECRET not in token


def test_the_secret_before_verifies_while_it_is_set(house: House) -> None:
    before = SharedSecret(house.keyring, SECRET)
    token = mint_access_token(_claims(house), before.current(), ISSUER, AUDIENCE)
    overlap, after = SharedSecret(house.keyring, NEXT, SECRET), SharedSecret(house.keyring, NEXT)
    assert verify_access_token(token, overlap, AUDIENCE, house.clock())
    assert overlap.current().kid == after.current().kid != before.current().kid
    with pytest.raises(InvalidToken):
        verify_access_token(token, after, AUDIENCE, house.clock())


@pytest.mark.standard("ASVS 9.1.2", "RFC 8725 3.1.b")
def test_the_mode_is_exclusive_either_way(house: House) -> None:
    shared, pair = SharedSecret(house.keyring, SECRET), house.sign_in("acme-admin").tokens
    with pytest.raises(InvalidToken):
        verify_access_token(pair.access_token, shared, AUDIENCE, house.clock())
    token = mint_access_token(_claims(house), shared.current(), ISSUER, AUDIENCE)
    with pytest.raises(InvalidToken):
        verify_access_token(token, house.keyring, AUDIENCE, house.clock())


def test_a_revoked_secret_signs_no_more(house: House) -> None:
    shared = SharedSecret(house.keyring, SECRET)
    with pytest.raises(Unavailable):
        shared.current({shared.current().kid})
