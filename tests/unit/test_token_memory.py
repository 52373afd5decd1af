"""What is remembered of verified tokens saves their signature's check, and decides nothing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import jwt
import pytest

from doorward.authorization import RequestCredentials
from doorward.errors import InvalidToken
from doorward.keys.keyring import Keyring
from doorward.keys.signing import KeySet, generate_key
from doorward.model import AccessTokenClaims
from doorward.tokens.access import mint_access_token, verify_access_token
from doorward.tokens.memory import TokenMemory
from tests.support.world import AUDIENCE, House

ISSUER_OF_OTHERS = "https://other.example"


@pytest.fixture
def token(house: House) -> str:
    return house.token("acme-admin")


@pytest.fixture
def checks(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The tokens whose signature was checked."""
    found: list[str] = []
    decode = jwt.decode

    def noted(text: str, *args: Any, **rest: Any) -> Any:
        found.append(text)
        return decode(text, *args, **rest)

    monkeypatch.setattr(jwt, "decode", noted)
    return found


@pytest.fixture
def verify(house: House) -> Callable[[str], AccessTokenClaims]:
    memory = TokenMemory()
    return lambda text: verify_access_token(text, house.keyring, AUDIENCE, house.clock(), memory)


def test_a_tokens_signature_is_checked_once(
    verify: Callable[[str], AccessTokenClaims], token: str, checks: list[str]
) -> None:
    first = verify(token)
    assert [verify(token) for _ in range(3)] == [first] * 3
    assert checks == [token]


def test_a_remembered_token_expires(house: House, verify: Callable[[str], AccessTokenClaims], token: str) -> None:
    verify(token)
    house.clock.advance(900)
    with pytest.raises(InvalidToken) as refused:
        verify(token)
    assert refused.value.reason == "expired"


def test_a_remembered_token_is_refused_from_the_moment_on_in_which_it_is_revoked(house: House, token: str) -> None:
    asked = RequestCredentials("GET", "/", authorization=(f"Bearer {token}",))
    authorize = house.authorize
    assert authorize(asked).username == "acme-admin"
    house.sign_out(asked, everywhere=False)
    with pytest.raises(InvalidToken) as refused:
        authorize(asked)
    assert refused.value.reason == "session_ended"


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda keys: replace(keys, keys=()), "unknown_kid"),
        (lambda keys: replace(keys, issuer=ISSUER_OF_OTHERS), "wrong_issuer"),
    ],
)
def test_a_remembered_token_falls_with_its_key_and_its_issuer(
    house: House, token: str, change: Callable[[KeySet], KeySet], reason: str
) -> None:
    held = [house.keyring.key_set()]
    keyring, memory = Keyring(lambda: held[0], house.clock, max_age_ms=1), TokenMemory()
    verify_access_token(token, keyring, AUDIENCE, house.clock(), memory)
    held[0] = change(held[0])
    house.clock.advance(1)
    with pytest.raises(InvalidToken) as refused:
        verify_access_token(token, keyring, AUDIENCE, house.clock(), memory)
    assert refused.value.reason == reason


def test_a_remembered_token_is_for_its_audience_alone(house: House, token: str) -> None:
    memory = TokenMemory()
    verify_access_token(token, house.keyring, AUDIENCE, house.clock(), memory)
    with pytest.raises(InvalidToken) as refused:
        verify_access_token(token, house.keyring, "another", house.clock(), memory)
    assert refused.value.reason == "wrong_audience"


def test_another_key_under_the_same_name_checks_the_signature_anew(house: House, token: str) -> None:
    memory = TokenMemory()
    verify_access_token(token, house.keyring, AUDIENCE, house.clock(), memory)
    ours = house.keyring.key_set()
    stranger, _ = generate_key("ES256", house.clock())
    mixed = replace(ours, keys=tuple(replace(key, jwk=stranger.jwk) for key in ours.keys))
    with pytest.raises(InvalidToken) as refused:
        verify_access_token(token, Keyring(lambda: mixed, house.clock), AUDIENCE, house.clock(), memory)
    assert refused.value.reason == "bad_signature"


def test_what_is_remembered_of_a_token_serves_no_other(
    verify: Callable[[str], AccessTokenClaims], token: str, checks: list[str]
) -> None:
    verify(token)
    content, _, signature = token.rpartition(".")
    for text in (f"{content}.{signature[::-1]}", f"{content}.", f"{token}A", token.upper(), f"{token}\udc80"):
        with pytest.raises(InvalidToken):
            verify(text)
    assert checks.count(token) == 1


def test_what_is_no_good_token_is_not_remembered(house: House, token: str) -> None:
    memory = TokenMemory()
    house.clock.advance(900)
    for text in (token, "x", f"{token}A"):
        with pytest.raises(InvalidToken):
            verify_access_token(text, house.keyring, AUDIENCE, house.clock(), memory)
        assert memory.get(text) is None


def test_nobody_changes_what_is_remembered(house: House) -> None:
    memory, key = TokenMemory(), house.minter.signer.current()
    claims = verify_access_token(house.token("acme-admin"), house.keyring, AUDIENCE, house.clock())
    told = replace(claims, metadata={"plan": "free"}, ext={"limit": 1})
    token = mint_access_token(told, key, house.keyring.key_set().issuer, AUDIENCE)
    for _ in range(3):
        found = verify_access_token(token, house.keyring, AUDIENCE, house.clock(), memory)
        assert (found.metadata, found.ext) == ({"plan": "free"}, {"limit": 1})
        found.metadata["plan"] = "gold"  # type: ignore[index] # as somebody might who has no types
        found.ext["limit"] = 2  # type: ignore[index]


def test_the_oldest_token_is_forgotten_and_memory_has_an_end(house: House) -> None:
    memory = TokenMemory(most=3)
    tokens = [house.token("acme-admin") for _ in range(5)]
    for text in tokens:
        verify_access_token(text, house.keyring, AUDIENCE, house.clock(), memory)
    assert [memory.get(text) is not None for text in tokens] == [False, False, True, True, True]
