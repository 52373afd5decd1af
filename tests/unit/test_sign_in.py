"""Signing in."""

from __future__ import annotations

import logging
from dataclasses import replace

import pytest

from doorward.errors import InvalidCredentials, InvalidRequest, TooManyAttempts
from doorward.model import PLATFORM, TenantId
from doorward.rules.passwords import PasswordHasher
from doorward.sessions.begin import Client
from doorward.sessions.login import Credentials
from tests.support.people import PASSWORD
from tests.support.world import ACME, GLOBEX, House


@pytest.mark.standard("RFC 9068 2.2.b")
def test_a_user_signs_in_with_username_and_gets_tokens_of_the_home_tenant(house: House) -> None:
    pair = house.sign_in("acme-admin").tokens
    claims = house.claims(pair)
    assert (claims.tenant_id, claims.subject.roles, claims.username) == (ACME, ("admin",), "acme-admin")
    assert (pair.expires_in, pair.refresh_expires_in) == (900, 86_400)
    assert claims.expires_at - claims.issued_at == 900
    assert claims.session_id == pair.session_id


def test_a_platform_administrator_outside_tenants_gets_a_token_without_tenant(house: House) -> None:
    claims = house.claims(house.sign_in("admin").tokens)
    assert (claims.tenant_id, claims.subject.roles) == (PLATFORM, ("platform_admin",))


def test_signing_in_by_email_needs_a_tenant(house: House) -> None:
    credentials = Credentials("admin123", Client("192.0.2.1"), email="Admin@ACME.example")
    with pytest.raises(InvalidRequest):
        house.log_in(credentials)
    assert house.log_in(replace(credentials, tenant_id=ACME)).tokens
    house.log_in = replace(house.log_in, default_tenant_id=ACME)
    assert house.log_in(credentials).tokens


@pytest.mark.parametrize("username", ["ACME-Admin", " acme-admin ", "ａｃｍｅ-admin"])
def test_names_are_compared_after_folding(house: House, username: str) -> None:
    assert house.sign_in(username).tokens


@pytest.mark.parametrize(
    ("username", "password", "tenant_id"),
    [
        ("nobody", "admin123", None),
        ("acme-admin", "wrong", None),
        ("acme-admin", "admin123", GLOBEX),
        ("acme-admin", "admin123", TenantId("nowhere")),
        ("acme-admin", "admin123 ", None),
        ("disabled", PASSWORD, None),
    ],
)
def test_every_failure_is_one_answer_after_the_same_work(
    house: House, username: str, password: str, tenant_id: TenantId | None
) -> None:
    user_id = house.add_user("disabled").user_id
    house.world.users[user_id] = replace(house.world.users[user_id], status="disabled")
    house.hasher.verified = 0
    with pytest.raises(InvalidCredentials) as caught:
        house.sign_in(username, password, tenant_id=tenant_id)
    assert caught.value.detail == InvalidCredentials.default_detail
    assert house.hasher.verified == 1


def test_a_disabled_tenant_lets_nobody_in(house: House) -> None:
    house.world.tenants[ACME] = replace(house.world.tenants[ACME], status="disabled")
    with pytest.raises(InvalidCredentials):
        house.sign_in("acme-admin")


def test_a_user_without_any_tenant_cannot_sign_in_until_assigned(house: House) -> None:
    with pytest.raises(InvalidCredentials):
        house.add_user("homeless", PLATFORM)


def test_the_cookie_comes_only_where_it_is_wanted_and_its_secret_is_not_stored(house: House) -> None:
    assert house.sign_in("admin", wants_cookie=False).cookie is None
    cookie = house.sign_in("admin").cookie
    assert cookie is not None
    assert cookie.rpartition(".")[2] not in repr(house.world)


@pytest.mark.standard("RFC 9700 4.9.3.a")
def test_nothing_stored_or_logged_can_be_replayed(house: House, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        signed_in = house.sign_in("admin")
        house.refresh(signed_in.tokens.refresh_token)
        with pytest.raises(InvalidCredentials):
            house.sign_in("admin", "a-wrong-password")
    seen = "".join(str(record.__dict__) for record in caplog.records)
    mac = signed_in.tokens.refresh_token.rpartition(".")[2]
    for secret in (mac, signed_in.tokens.access_token, str(signed_in.cookie), "admin123", "a-wrong-password"):
        assert secret not in seen
        assert secret not in repr(house.world.sessions)


def test_a_hash_of_other_parameters_is_made_anew_at_sign_in(house: House) -> None:
    user_id = house.world.usernames["acme-admin"].user_id
    house.world.hashes[user_id] = PasswordHasher(memory_kib=16, time_cost=1).hash("admin123")
    house.sign_in("acme-admin")
    assert "m=8," in house.world.hashes[user_id]
    house.sign_in("acme-admin")


class TestThrottles:
    def fail(self, house: House, username: str, source: str) -> None:
        with pytest.raises(InvalidCredentials):
            house.sign_in(username, "wrong", source=source)

    @pytest.mark.standard("ASVS 6.3.1")
    def test_one_source_gets_ten_tries_on_an_account_and_then_nothing_is_hashed(self, house: House) -> None:
        for _ in range(10):
            self.fail(house, "acme-admin", "192.0.2.9")
        house.hasher.verified = 0
        with pytest.raises(TooManyAttempts) as caught:
            house.sign_in("acme-admin", source="192.0.2.9")
        assert house.hasher.verified == 0
        assert 0 < caught.value.retry_after_seconds <= 300

    def test_they_end_by_themselves(self, house: House) -> None:
        for _ in range(10):
            self.fail(house, "acme-admin", "192.0.2.9")
        house.clock.advance(301)
        assert house.sign_in("acme-admin", source="192.0.2.9")

    def test_successes_do_not_count(self, house: House) -> None:
        for _ in range(50):
            house.sign_in("acme-admin")
        assert not any(
            count for key, counts in house.world.attempts.items() if "trust" not in key for count in counts.values()
        )

    @pytest.mark.standard("ASVS 6.3.1")
    def test_strangers_do_not_lock_out_a_user_on_a_known_address(self, house: House) -> None:
        house.sign_in("acme-admin", source="192.0.2.1")
        for number in range(50):
            self.fail(house, "acme-admin", f"198.51.100.{number}")
        with pytest.raises(TooManyAttempts):
            house.sign_in("acme-admin", source="203.0.113.1")
        assert house.sign_in("acme-admin", source="192.0.2.1")

    @pytest.mark.standard("ASVS 6.3.1")
    def test_one_source_cannot_spray_over_many_accounts(self, house: House) -> None:
        refused = 0
        for number in range(300):
            try:
                self.fail(house, f"user{number}", "192.0.2.77")
            except TooManyAttempts:
                refused += 1
        assert refused > 60

    def test_a_whole_ipv6_network_is_one_source(self, house: House) -> None:
        for number in range(10):
            self.fail(house, "acme-admin", f"2001:db8::{number:x}")
        with pytest.raises(TooManyAttempts):
            house.sign_in("acme-admin", source="2001:db8::ffff")

    def test_folded_spellings_of_a_name_are_one_account(self, house: House) -> None:
        for number in range(10):
            self.fail(house, "Acme-Admin" if number % 2 else " acme-admin", "192.0.2.9")
        with pytest.raises(TooManyAttempts):
            house.sign_in("acme-admin", source="192.0.2.9")
