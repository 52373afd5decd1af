"""What strangers can find out, and whom they can keep out, by trying to sign in."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from doorward.errors import DoorwardError, TooManyAttempts, Unavailable
from doorward.rules.throttles import MAX_FAILURES, Attempt
from doorward.sessions.begin import Client
from doorward.sessions.login import Credentials
from tests.support.people import PASSWORD
from tests.support.world import ACME, GLOBEX, House, changed

SOURCES = tuple(f"198.51.100.{number}" for number in range(3))


def _try(house: House, credentials: Credentials) -> tuple[str, int | None]:
    """Return all that a stranger sees of an answer."""
    try:
        house.log_in(credentials)
    except TooManyAttempts as error:
        return error.code, error.retry_after_seconds
    except DoorwardError as error:
        return error.code, None
    return "signed in", None


class TestNoOracle:
    @pytest.mark.parametrize("seed", range(12))
    def test_no_sequence_of_tries_tells_a_name_that_exists_from_one_that_does_not(self, seed: int) -> None:
        twins = House(), House()
        # The key decides which names share a shard of an address. With two keys that alone would tell twins apart.
        twins[1].world.secrets.update(mac=twins[0].world.secrets["mac"])
        twins[0].add_user("kim", email="kim@people.example")
        twins[0].assign.put(twins[0].caller(), twins[0].world.usernames["kim"].user_id, GLOBEX, ("user",))
        chance = random.Random(seed)  # noqa: S311 - a sequence to repeat, no secret
        for _ in range(400):
            credentials, seconds = _random_try(chance)
            seen = {_try(house, credentials) for house in twins}
            assert len(seen) == 1, (credentials, seen)
            work = {house.hasher.verified for house in twins}
            for house in twins:
                house.hasher.verified = 0
                house.clock.advance(seconds)
            assert max(work) - min(work) in {0, *range(2, 9)}  # the setting up differs once

    def test_an_address_is_not_linked_to_a_name_or_to_another_tenant(self, house: House) -> None:
        house.add_user("kim", email="kim@people.example")
        house.assign.put(house.caller(), house.world.usernames["kim"].user_id, GLOBEX, ("user",))
        for _ in range(10):
            assert _try(house, _wrong(email="kim@people.example", tenant_id=ACME))[0] == "invalid_credentials"
        for other in ({"email": "kim@people.example", "tenant_id": GLOBEX}, {"username": "kim"}):
            assert _try(house, _wrong(**other))[0] == "invalid_credentials"

    def test_a_shard_is_not_to_be_worked_out(self, house: House) -> None:
        other = House()
        other.world.secrets.update(mac=house.world.secrets["mac"])
        keys = {each.throttles.of_source(_attempt(), 0).key for each in (house, House())}
        assert len(keys) == 2

    def test_a_name_of_nobody_leaves_one_item_that_ends(self, house: House) -> None:
        before = set(house.world.attempts)
        _try(house, _wrong(username="nobody-at-all"))
        made = set(house.world.attempts) - before
        assert sorted(key.partition("#")[0] for key in made) == ["name", "source"]
        _try(house, _wrong(username="nobody-at-all"))
        assert set(house.world.attempts) - before == made


def _attempt() -> Attempt:
    return Attempt("192.0.2.1", "username:kim")


def _wrong(**name: Any) -> Credentials:
    return Credentials("a wrong password", Client("198.51.100.7"), **name)


def _random_try(chance: random.Random) -> tuple[Credentials, float]:
    name: dict[str, Any] = chance.choice(
        [
            {"username": "kim"},
            {"username": " KIM"},
            {"email": "kim@people.example", "tenant_id": ACME},
            {"email": "kim@people.example", "tenant_id": GLOBEX},
            {"username": "kim", "tenant_id": GLOBEX},
            {"username": "somebody"},
        ]
    )
    device = chance.choice([None, None, "dwd1.x", "dwd1." + "0" * 26 + "." + "0" * 26 + "." + "A" * 43])
    credentials = Credentials(
        chance.choice(["wrong", "x" * 20]), Client(chance.choice(SOURCES), device_token=device), **name
    )
    return credentials, chance.choice([0, 0, 0, 1, 20, 301])


class TestLockOut:
    @pytest.fixture
    def kim(self, house: House) -> Callable[..., Credentials]:
        """A user who signed in once, at 192.0.2.1, and keeps the device token."""
        house.add_user("kim")
        token = house.log_in(Credentials(PASSWORD, Client("192.0.2.1"), username="kim")).device_token

        def credentials(source: str, *, device: bool = False, password: str = PASSWORD) -> Credentials:
            return Credentials(password, Client(source, device_token=token if device else None), username="kim")

        return credentials

    def flood(self, house: House, tries: int, source: str, name: str | None = None) -> None:
        for number in range(tries):
            _try(house, Credentials("wrong", Client(source), username=name or f"invented{number}"))

    @pytest.mark.standard("ASVS 6.3.1")
    def test_a_known_device_passes_the_full_counters_of_name_and_address(
        self, house: House, kim: Callable[..., Credentials]
    ) -> None:
        for number in range(6):
            self.flood(house, 10, f"203.0.113.{number}", "kim")
        self.flood(house, 400, "203.0.113.200")
        assert _try(house, kim("203.0.113.200"))[0] == "too_many_attempts"
        assert _try(house, kim("203.0.113.200", device=True))[0] == "signed in"

    def test_a_known_address_passes_them_too(self, house: House, kim: Callable[..., Credentials]) -> None:
        for number in range(6):
            self.flood(house, 10, f"203.0.113.{number}", "kim")
        self.flood(house, 400, "192.0.2.1")
        assert _try(house, kim("192.0.2.1"))[0] == "signed in"

    def test_a_device_of_somebody_else_is_none(self, house: House, kim: Callable[..., Credentials]) -> None:
        house.add_user("thief")
        token = house.log_in(Credentials(PASSWORD, Client("203.0.113.9"), username="thief")).device_token
        self.flood(house, 10, "203.0.113.9", "kim")
        stolen = replace(kim("203.0.113.9"), client=Client("203.0.113.9", device_token=token))
        assert _try(house, stolen)[0] == "too_many_attempts"

    def test_a_stolen_device_has_ten_tries_a_window(self, house: House, kim: Callable[..., Credentials]) -> None:
        for _ in range(10):
            assert _try(house, kim("203.0.113.9", device=True, password="wrong"))[0] == "invalid_credentials"
        assert _try(house, kim("203.0.113.10", device=True))[0] == "too_many_attempts"

    def test_who_is_signed_in_changes_the_password_under_attack(
        self, house: House, kim: Callable[..., Credentials]
    ) -> None:
        pair = house.log_in(kim("192.0.2.1")).tokens
        for number in range(6):
            self.flood(house, 10, f"203.0.113.{number}", "kim")
        principal = house.principal(pair)
        changes = changed(password="another good password", current_password=PASSWORD)
        assert house.change_user(principal, "me", changes)

    @pytest.mark.standard("ASVS 6.3.1")
    def test_after_a_hundred_failures_only_known_devices_sign_in(
        self, house: House, kim: Callable[..., Credentials], caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level("INFO", "doorward.audit")
        number = 0
        while house.world.attempts.get(_failures(house), {}).get("failures", 0) < MAX_FAILURES:
            number += 1
            _try(house, Credentials("wrong", Client(f"203.0.113.{number % 250}"), username="kim"))
            house.clock.advance(31)
        house.clock.advance(301)
        events = [record.audit["event"] for record in caplog.records]  # type: ignore[attr-defined]
        assert events.count("account_restricted") == 1
        for source in ("203.0.113.251", "192.0.2.1"):
            assert _try(house, kim(source))[0] == "invalid_credentials"
        assert _try(house, kim("203.0.113.251", device=True))[0] == "signed in"
        assert _try(house, kim("203.0.113.252"))[0] == "signed in"

    def test_a_new_password_ends_the_restriction(self, house: House, kim: Callable[..., Credentials]) -> None:
        house.world.attempts[_failures(house)] = {"failures": MAX_FAILURES}
        assert _try(house, kim("192.0.2.1"))[0] == "invalid_credentials"
        user_id = house.world.usernames["kim"].user_id
        house.change_user(house.caller("acme-admin"), user_id, changed(password="a new good password"))
        assert _try(house, kim("192.0.2.1", password="a new good password"))[0] == "signed in"

    def test_right_credentials_do_not_count_while_something_else_fails(
        self, house: House, kim: Callable[..., Credentials], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def down(*_: object) -> None:
            raise Unavailable

        for place, name in ((house.minter.signer, "current"), (type(house.log_in.directory), "get_admission")):
            with monkeypatch.context() as broken:
                broken.setattr(place, name, down)
                for _ in range(15):
                    assert _try(house, kim("203.0.113.77"))[0] == "temporarily_unavailable"
            assert _try(house, kim("203.0.113.77"))[0] == "signed in"

    @pytest.mark.standard("ASVS 6.3.1")
    def test_who_sprays_over_many_names_is_slowed_for_the_day(self, house: House) -> None:
        tried = 0
        for window in range(20):
            for number in range(300):
                code, _ = _try(house, Credentials("wrong", Client("203.0.113.5"), username=f"name{window}-{number}"))
                tried += code == "invalid_credentials"
            house.clock.advance(301)
        assert tried <= 1000


def _failures(house: House) -> str:
    return f"failures#{house.world.usernames['kim'].user_id}"
