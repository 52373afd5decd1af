"""Second factors: enrolling, proving, losing and taking them away."""

from __future__ import annotations

import base64
import json
from dataclasses import replace

import pytest

from doorward.errors import (
    InsufficientAuthentication,
    InvalidSecondFactor,
    Misconfigured,
    SecondFactorRequired,
    TooManyAttempts,
)
from doorward.factors import recovery, totp
from doorward.factors.prove import PresentedFactor
from doorward.model import Principal, UserId
from doorward.sessions.begin import Client
from tests.support.factors import App, FactorHouse
from tests.support.people import PASSWORD
from tests.support.world import ACME, GLOBEX, HERE

# RFC 6238, appendix B: the last six digits of the eight, for the SHA-1 secret "12345678901234567890".
VECTORS = [
    (59, "287082"),
    (1_111_111_109, "081804"),
    (1_111_111_111, "050471"),
    (1_234_567_890, "005924"),
    (2_000_000_000, "279037"),
    (20_000_000_000, "353130"),
]


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


class TestCodes:
    @pytest.mark.parametrize(("seconds", "code"), VECTORS)
    def test_the_vectors_of_the_rfc(self, seconds: int, code: str) -> None:
        assert totp.code_at(b"12345678901234567890", seconds // 30) == code

    @pytest.mark.parametrize(("steps", "works"), [(-2, False), (-1, True), (0, True), (1, True), (2, False)])
    def test_a_clock_may_be_one_step_aside(self, steps: int, works: bool) -> None:
        now_ms, secret = 1_800_000_000_000, b"s" * 20
        step = now_ms // 30_000 + steps
        assert (totp.step_of(secret, totp.code_at(secret, step), 0, now_ms) == step) is works

    @pytest.mark.standard("ASVS 6.5.1")
    def test_no_code_of_a_step_that_was_used_or_of_an_earlier_one_works(self) -> None:
        now_ms, secret = 1_800_000_000_000, b"s" * 20
        step = now_ms // 30_000
        assert totp.step_of(secret, totp.code_at(secret, step), step, now_ms) is None
        assert totp.step_of(secret, totp.code_at(secret, step - 1), step, now_ms) is None
        assert totp.step_of(secret, totp.code_at(secret, step + 1), step, now_ms) == step + 1

    @pytest.mark.parametrize("typed", ["", "12345", "1234567", "abcdef", "١٢٣٤٥٦", "\ud800", "0" * 10_000])
    def test_what_is_no_code_is_wrong_and_no_error(self, typed: str) -> None:
        assert totp.step_of(b"s" * 20, typed, 0, 1_800_000_000_000) is None

    def test_spaces_in_a_code_do_not_count(self) -> None:
        now_ms, secret = 1_800_000_000_000, b"s" * 20
        code = totp.code_at(secret, now_ms // 30_000)
        assert totp.step_of(secret, f" {code[:3]} {code[3:]}\n", 0, now_ms) is not None

    def test_recovery_codes_are_read_however_they_are_typed(self) -> None:
        (code, *_) = recovery.new_codes()
        assert len(set(recovery.new_codes())) == recovery.CODES
        for text in (code, recovery.shown(code), recovery.shown(code).lower(), f" {code[:5]} {code[5:]} "):
            assert recovery.typed(text) == code
        assert recovery.typed("0I1O8-BBBBB") == "OIIOBBBBBB"


class TestSecrets:
    def test_a_dump_of_the_tables_has_neither_secret_nor_code(self, house: FactorHouse) -> None:
        app, enrolled = house.enrol_app(house.caller("kim", PASSWORD))
        kept = repr(house.world.factors)
        assert base64.b32encode(app.secret).decode() not in kept
        assert repr(app.secret)[2:-1] not in kept
        for code in enrolled.recovery_codes:
            assert recovery.typed(code) not in kept

    def test_a_sealed_secret_opens_for_its_user_alone(self, house: FactorHouse) -> None:
        kim, eve = UserId("0" * 25 + "1"), UserId("0" * 25 + "2")
        sealed = house.secrets.seal(kim, b"secret")
        assert house.secrets.open(kim, sealed) == b"secret"
        with pytest.raises(Misconfigured):
            house.secrets.open(eve, sealed)
        with pytest.raises(Misconfigured):
            replace(house.secrets, root=lambda: b"x" * 32).open(kim, sealed)
        assert house.secrets.mac(kim, "CODE") != house.secrets.mac(eve, "CODE")


class TestSignIn:
    def test_who_has_a_factor_gets_no_session_for_the_password_alone(self, house: FactorHouse, app: App) -> None:
        sessions = len(house.world.sessions)
        waits = house.wait()
        assert (waits.factors, waits.expires_in) == (("totp", "recovery_code"), 300)
        assert len(house.world.sessions) == sessions

    def test_the_code_ends_the_sign_in_with_two_factors(self, house: FactorHouse, app: App) -> None:
        claims = house.claims(house.sign_in_with(app).tokens)
        assert claims.authentication is not None
        assert (claims.authentication.amr, claims.authentication.acr) == (("pwd", "otp", "mfa"), "2fa")
        assert not claims.second_factor_required

    def test_a_code_works_once_for_one_of_two_challenges(self, house: FactorHouse, app: App) -> None:
        first, second, code = house.wait(), house.wait(), app.code()
        house.finished(first.challenge_id, totp=code)
        with pytest.raises(InvalidSecondFactor):
            house.finished(second.challenge_id, totp=code)

    def test_a_challenge_opens_one_session(self, house: FactorHouse, app: App) -> None:
        waits = house.wait()
        house.finished(waits.challenge_id, totp=app.code())
        house.clock.advance(30)
        with pytest.raises(InvalidSecondFactor):
            house.finished(waits.challenge_id, totp=app.code())

    def test_a_challenge_takes_five_tries_and_five_minutes(self, house: FactorHouse, app: App) -> None:
        waits = house.wait()
        for _ in range(5):
            with pytest.raises(InvalidSecondFactor):
                house.finished(waits.challenge_id, totp="000000")
        with pytest.raises(InvalidSecondFactor):
            house.finished(waits.challenge_id, totp=app.code())
        late = house.wait()
        house.clock.advance(300)
        with pytest.raises(InvalidSecondFactor):
            house.finished(late.challenge_id, totp=app.code())

    def test_wrong_codes_of_many_challenges_are_counted_together(self, house: FactorHouse, app: App) -> None:
        for attempt in range(20):
            with pytest.raises(InvalidSecondFactor):
                house.finished(house.wait().challenge_id, Client(f"198.51.100.{attempt}"), totp="000000")
        with pytest.raises(TooManyAttempts):
            house.finished(house.wait().challenge_id, totp=app.code())

    def test_a_thief_of_the_password_does_not_use_up_the_tries_of_a_known_device(
        self, house: FactorHouse, app: App
    ) -> None:
        known = Client(HERE, device_token=house.sign_in_with(app).device_token)
        for attempt in range(20):
            with pytest.raises(InvalidSecondFactor):
                house.finished(house.wait().challenge_id, Client(f"198.51.100.{attempt}"), totp="000000")
        house.finished(house.wait(known).challenge_id, known, totp=app.code())

    @pytest.mark.standard("ASVS 6.5.1")
    def test_a_recovery_code_works_once(self, house: FactorHouse) -> None:
        _, enrolled = house.enrol_app(house.caller("kim", PASSWORD))
        code = enrolled.recovery_codes[3]
        house.finished(house.wait().challenge_id, recovery_code=code.lower())
        with pytest.raises(InvalidSecondFactor):
            house.finished(house.wait().challenge_id, recovery_code=code)
        house.finished(house.wait().challenge_id, recovery_code=enrolled.recovery_codes[4])

    def test_a_changed_password_kills_the_sign_ins_that_wait(self, house: FactorHouse, app: App) -> None:
        waits = house.wait()
        house.clock.advance(1)
        kim = house.principal(house.finished(house.wait().challenge_id, totp=app.code()).tokens)
        house.change(kim, "me", password="quite another password", current_password=PASSWORD)
        house.clock.advance(60)
        with pytest.raises(InvalidSecondFactor):
            house.finished(waits.challenge_id, totp=app.code())

    def test_the_session_is_the_clients_that_proved_the_first_factor(self, house: FactorHouse, app: App) -> None:
        waits = house.wait(Client(HERE, client_id="their-app"))
        signed_in = house.finished(waits.challenge_id, Client(HERE, client_id="another-app"), totp=app.code())
        assert house.claims(signed_in.tokens).client_id == "their-app"

    def test_a_challenge_of_one_tenant_ends_in_no_other(self, house: FactorHouse, app: App) -> None:
        with pytest.raises(InvalidSecondFactor):
            house.finish(house.wait().challenge_id, PresentedFactor(totp=app.code()), Client(HERE), GLOBEX)

    @pytest.mark.parametrize("text", ["", "x", "dwc1.second_factor.01ARZ3NDEKTSV4RRFFQ69G5FAV." + "A" * 43])
    def test_what_is_no_challenge_proves_nothing(self, house: FactorHouse, app: App, text: str) -> None:
        with pytest.raises(InvalidSecondFactor):
            house.finished(text, totp=app.code())

    def test_right_passwords_that_wait_use_up_no_attempt(self, house: FactorHouse, app: App) -> None:
        for _ in range(30):
            house.wait()
        house.sign_in_with(app)

    def test_where_nobody_is_asked_the_password_is_enough(self, house: FactorHouse, app: App) -> None:
        house.ask(second_factor="off")
        assert house.caller("kim", PASSWORD).restriction is None


class TestRememberedDevices:
    def test_a_device_counts_where_the_tenant_says_so_and_for_as_long(self, house: FactorHouse, app: App) -> None:
        known = Client(HERE, device_token=house.sign_in_with(app).device_token)
        house.wait(known)
        house.ask(remember_device_days=30)
        claims = house.claims(house.log_in(house.credentials("kim", known)).tokens)
        assert claims.authentication is not None
        assert (claims.authentication.amr, claims.authentication.acr) == (("pwd", "rba"), "1fa")
        house.clock.advance(30 * 86_400)
        house.wait(known)

    def test_a_device_on_which_no_factor_was_proved_counts_for_nothing(self, house: FactorHouse) -> None:
        house.ask(remember_device_days=30)
        known = Client(HERE, device_token=house.sign_in("kim", PASSWORD).device_token)
        house.with_app("kim")
        house.wait(known)

    def test_another_users_device_counts_for_nothing(self, house: FactorHouse, app: App) -> None:
        house.ask(remember_device_days=30)
        house.add_user("eve")
        eve = house.with_app("eve")
        theirs = house.sign_in_with(eve, "eve")
        house.wait(Client(HERE, device_token=theirs.device_token))

    def test_a_change_of_the_factors_or_the_password_ends_it(self, house: FactorHouse, app: App) -> None:
        house.ask(remember_device_days=30)
        signed_in = house.sign_in_with(app)
        known = Client(HERE, device_token=signed_in.device_token)
        house.manage.renew_recovery_codes(house.principal(signed_in.tokens))
        house.wait(known)
        again = house.sign_in_with(app)
        known = Client(HERE, device_token=again.device_token)
        house.change(house.principal(again.tokens), "me", password="quite another one", current_password=PASSWORD)
        house.clock.advance(1)
        with pytest.raises(SecondFactorRequired):
            house.log_in(replace(house.credentials("kim", known), password="quite another one"))

    def test_a_remembered_device_does_nothing_dangerous(self, house: FactorHouse) -> None:
        house.add_user("boss", roles=("admin",))
        app = house.with_app("boss")
        house.ask(remember_device_days=30)
        known = Client(HERE, device_token=house.sign_in_with(app, "boss").device_token)
        boss = house.principal(house.log_in(house.credentials("boss", known)).tokens)
        with pytest.raises(InsufficientAuthentication) as refused:
            house.service_tokens.mint(boss, ACME, "reports", None)
        assert refused.value.members == {"acr_values": "2fa", "max_age": 3600}


def test_what_is_stored_of_factors_is_json(house: FactorHouse, app: App) -> None:
    del app
    from doorward.aws.dynamodb.factors import factor_actions, to_factors
    from doorward.aws.dynamodb.items import decode
    from doorward.model.factors import FactorChange

    (held,) = house.world.factors.values()
    change = FactorChange(user_id=UserId("x"), after=held, at_ms=1)
    (action,) = factor_actions("users", "proofs", change)
    item = decode(action["Put"]["Item"])
    assert item is not None
    json.loads(item["kept"])
    assert to_factors(item) == held
