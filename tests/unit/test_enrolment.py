"""Second factors: enrolling them, raising sessions by them, losing them and taking them away."""

from __future__ import annotations

from dataclasses import replace

import pytest

from doorward.errors import (
    EnrolmentTooLate,
    InsufficientAuthentication,
    InsufficientScope,
    InvalidCredentials,
    InvalidGrant,
    InvalidRequest,
    InvalidSecondFactor,
    InvalidToken,
    LastFactor,
    NotFound,
    OwnAccount,
    RefreshTokenReused,
    TooManyAttempts,
    WrongPassword,
)
from doorward.factors.prove import PresentedFactor
from doorward.model import Principal
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


class TestEnrolment:
    def test_the_first_factor_brings_ten_recovery_codes_and_raises_the_session(self, house: FactorHouse) -> None:
        _, enrolled = house.enrol_app(house.caller("kim", PASSWORD))
        assert len(set(enrolled.recovery_codes)) == 10
        proved = house.principal(enrolled.raised.tokens).authentication
        assert proved is not None
        assert proved.amr == ("pwd", "otp", "mfa")

    def test_a_secret_is_no_factor_before_its_first_code(self, house: FactorHouse) -> None:
        house.totp.begin(house.caller("kim", PASSWORD))
        assert house.caller("kim", PASSWORD).restriction is None

    def test_a_wrong_code_makes_no_factor_and_tries_end(self, house: FactorHouse) -> None:
        kim = house.caller("kim", PASSWORD)
        app = App.of(house.clock, house.totp.begin(kim).uri)
        for _ in range(10):
            with pytest.raises(InvalidSecondFactor):
                house.totp.confirm(kim, "000000")
        with pytest.raises(TooManyAttempts):
            house.totp.confirm(kim, app.code())

    def test_a_new_app_takes_the_place_of_the_old_one_when_it_is_confirmed(self, house: FactorHouse, app: App) -> None:
        kim = _principal(house, app)
        new = App.of(house.clock, house.totp.begin(kim).uri)
        house.finished(house.wait().challenge_id, totp=app.code())
        house.clock.advance(60)
        assert house.totp.confirm(kim, new.code()).recovery_codes == ()
        house.clock.advance(60)
        with pytest.raises(InvalidSecondFactor):
            house.finished(house.wait().challenge_id, totp=app.code())
        house.finished(house.wait().challenge_id, totp=new.code())

    @pytest.mark.parametrize("seconds", [601, 3600])
    def test_an_old_sign_in_changes_no_factor(self, house: FactorHouse, seconds: int) -> None:
        kim = house.caller("kim", PASSWORD)
        house.clock.advance(seconds)
        with pytest.raises(InsufficientAuthentication) as raised:
            house.totp.begin(kim)
        assert raised.value.members == {"max_age": 600}

    @pytest.mark.standard("ASVS 6.4.4")
    def test_a_session_from_before_the_first_factor_adds_none_beside_it(self, house: FactorHouse) -> None:
        thief = house.caller("kim", PASSWORD)
        house.with_app("kim")
        for act in (house.totp.begin, house.passkeys.options, house.manage.renew_recovery_codes):
            with pytest.raises(InsufficientAuthentication):
                act(thief)

    def test_where_nobody_is_asked_none_is_enrolled(self, house: FactorHouse) -> None:
        house.ask(second_factor="off")
        kim = house.caller("kim", PASSWORD)
        for act in (house.totp.begin, house.passkeys.options):
            with pytest.raises(InvalidRequest, match="asks nobody"):
                act(kim)

    def test_a_service_has_none(self, house: FactorHouse) -> None:
        admin = house.caller("acme-admin")
        token, _ = house.service_tokens.mint(admin, ACME, "reports", None)
        service = house.principal(replace(house.sign_in("kim", PASSWORD).tokens, access_token=token))
        with pytest.raises(InsufficientScope):
            house.totp.begin(service)

    def test_new_recovery_codes_end_the_old_ones(self, house: FactorHouse) -> None:
        app, enrolled = house.enrol_app(house.caller("kim", PASSWORD))
        house.clock.advance(60)
        codes = house.manage.renew_recovery_codes(_principal(house, app))
        with pytest.raises(InvalidSecondFactor):
            house.finished(house.wait().challenge_id, recovery_code=enrolled.recovery_codes[0])
        house.finished(house.wait().challenge_id, recovery_code=codes[0])

    def test_there_are_no_recovery_codes_without_a_factor(self, house: FactorHouse) -> None:
        with pytest.raises(NotFound):
            house.manage.renew_recovery_codes(house.caller("kim", PASSWORD))

    def test_with_the_last_factor_go_the_recovery_codes(self, house: FactorHouse, app: App) -> None:
        kim = _principal(house, app)
        house.manage.remove(kim, "totp")
        held = house.manage.many(kim)
        assert (held.kinds, held.recovery) == ((), None)
        assert house.caller("kim", PASSWORD).restriction is None

    def test_the_last_factor_stays_where_one_is_asked_for(self, house: FactorHouse, app: App) -> None:
        kim = _principal(house, app)
        house.ask(second_factor="required")
        with pytest.raises(LastFactor):
            house.manage.remove(kim, "totp")
        house.enrol_passkey(kim)
        house.manage.remove(kim, "totp")

    @pytest.mark.parametrize("factor_id", ["", "totp", "nothing", "recovery_codes"])
    def test_what_is_not_there_is_not_removed(self, house: FactorHouse, factor_id: str) -> None:
        with pytest.raises(NotFound):
            house.manage.remove(house.caller("kim", PASSWORD), factor_id)


class TestStepUp:
    def test_a_factor_makes_an_old_sign_in_young_again(self, house: FactorHouse, app: App) -> None:
        signed_in = house.sign_in_with(app)
        kim = house.principal(signed_in.tokens)
        house.clock.advance(700)
        raised = house.step_up(kim, PresentedFactor(totp=app.code()), None, HERE)
        again = house.principal(raised.tokens)
        assert again.session_id == kim.session_id
        house.manage.renew_recovery_codes(again)

    @pytest.mark.standard("ASVS 7.2.4")
    def test_a_thief_of_the_tokens_from_before_stays_low_and_ends_the_family(
        self, house: FactorHouse, app: App
    ) -> None:
        signed_in = house.sign_in_with(app)
        house.clock.advance(700)
        raised = house.step_up(house.principal(signed_in.tokens), PresentedFactor(totp=app.code()), None, HERE)
        with pytest.raises(InsufficientAuthentication):
            house.manage.renew_recovery_codes(house.principal(signed_in.tokens))
        with pytest.raises(RefreshTokenReused):
            house.refresh(signed_in.tokens.refresh_token)
        with pytest.raises(InvalidToken):
            house.principal(raised.tokens)

    @pytest.mark.standard("ASVS 7.2.4")
    def test_the_cookie_from_before_is_spent(self, house: FactorHouse, app: App) -> None:
        signed_in = house.sign_in_with(app)
        raised = house.step_up(house.by_cookie(signed_in.cookie), PresentedFactor(totp=app.code()), None, HERE)
        with pytest.raises(InvalidToken):
            house.by_cookie(signed_in.cookie)
        assert house.by_cookie(raised.cookie).session_id

    def test_a_password_is_no_step_up_of_who_has_a_factor(self, house: FactorHouse, app: App) -> None:
        kim = _principal(house, app)
        with pytest.raises(InsufficientAuthentication):
            house.step_up(kim, PresentedFactor(), PASSWORD, HERE)

    def test_who_has_none_proves_the_password(self, house: FactorHouse) -> None:
        kim = house.caller("kim", PASSWORD)
        house.clock.advance(700)
        with pytest.raises(WrongPassword):
            house.step_up(kim, PresentedFactor(), "not the password", HERE)
        raised = house.step_up(kim, PresentedFactor(), PASSWORD, HERE)
        house.totp.begin(house.principal(raised.tokens))

    def test_a_code_steps_up_once(self, house: FactorHouse, app: App) -> None:
        signed_in, code = house.sign_in_with(app), app.code()
        raised = house.step_up(house.principal(signed_in.tokens), PresentedFactor(totp=code), None, HERE)
        with pytest.raises(InvalidSecondFactor):
            house.step_up(house.principal(raised.tokens), PresentedFactor(totp=code), None, HERE)

    def test_nothing_is_no_step_up(self, house: FactorHouse, app: App) -> None:
        with pytest.raises(InvalidRequest):
            house.step_up(_principal(house, app), PresentedFactor(), None, HERE)


class TestReset:
    def test_an_administrator_takes_factors_away_and_ends_all_sessions(self, house: FactorHouse, app: App) -> None:
        signed_in = house.sign_in_with(app)
        kim = house.principal(signed_in.tokens)
        house.clock.advance(1)
        house.reset(house.caller("acme-admin"), kim.user_id)
        with pytest.raises(InvalidToken):
            house.principal(signed_in.tokens)
        with pytest.raises(InvalidGrant):
            house.refresh(signed_in.tokens.refresh_token)
        assert house.caller("kim", PASSWORD).restriction is None
        assert house.factors.get(kim.user_id).kinds == ()

    @pytest.mark.standard("ASVS 6.4.4")
    def test_where_one_is_asked_for_another_must_be_enrolled_within_a_day(self, house: FactorHouse, app: App) -> None:
        kim = _principal(house, app)
        house.ask(second_factor="required")
        house.clock.advance(1)
        house.reset(house.caller("acme-admin"), kim.user_id)
        assert house.caller("kim", PASSWORD).restriction == "second_factor_required"
        house.clock.advance(86_400)
        with pytest.raises(InvalidCredentials):
            house.sign_in("kim", PASSWORD)

    def test_a_session_from_within_the_day_enrols_none_after_it(self, house: FactorHouse, app: App) -> None:
        kim = _principal(house, app)
        house.ask(second_factor="required")
        house.clock.advance(1)
        house.reset(house.caller("acme-admin"), kim.user_id)
        house.clock.advance(86_400 - 300)
        late = house.caller("kim", PASSWORD)
        begun = App.of(house.clock, house.totp.begin(late).uri)
        house.clock.advance(300)
        for act in (house.totp.begin, house.passkeys.options):
            with pytest.raises(EnrolmentTooLate):
                act(late)
        with pytest.raises(EnrolmentTooLate):
            house.totp.confirm(late, begun.code())

    def test_another_tenant_is_no_way_in_after_the_day(self, house: FactorHouse, app: App) -> None:
        kim = _principal(house, app)
        house.assign.put(house.caller(), kim.user_id, GLOBEX, ("user",))
        house.ask(GLOBEX, second_factor="required")
        house.ask(ACME, second_factor="off")
        house.reset(house.caller(), kim.user_id)
        house.clock.advance(86_401)
        here = house.sign_in("kim", PASSWORD)
        with pytest.raises(InvalidGrant):
            house.switch(here.tokens.refresh_token, GLOBEX)

    @pytest.mark.standard("ASVS 6.4.4")
    def test_nobody_resets_their_own_or_those_of_another_tenant(self, house: FactorHouse, app: App) -> None:
        kim = _principal(house, app)
        admin = house.caller("acme-admin")
        with pytest.raises(OwnAccount):
            house.reset(admin, "me")
        with pytest.raises(NotFound):
            house.reset(house.caller("globex-admin"), kim.user_id)
        with pytest.raises(InsufficientScope):
            house.reset(kim, admin.user_id)

    def test_a_user_of_two_tenants_is_reset_by_the_platform_alone(self, house: FactorHouse, app: App) -> None:
        kim = _principal(house, app)
        house.assign.put(house.caller(), kim.user_id, GLOBEX, ("user",))
        with pytest.raises(InsufficientScope):
            house.reset(house.caller("acme-admin"), kim.user_id)
        house.reset(house.caller(), kim.user_id)

    @pytest.mark.standard("ASVS 6.4.4")
    def test_an_old_sign_in_resets_nobody(self, house: FactorHouse, app: App) -> None:
        kim, admin = _principal(house, app), house.caller("acme-admin")
        house.clock.advance(3601)
        with pytest.raises(InsufficientAuthentication):
            house.reset(admin, kim.user_id)
