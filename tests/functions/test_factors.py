"""Second factors over HTTP: the functions on moto, with an authenticator app and a passkey in software."""

from __future__ import annotations

import base64
import time
from typing import Any

import pytest

from doorward.errors import Unavailable
from doorward.factors import totp
from doorward.tokens.cookie import COOKIE_NAME
from doorward.tokens.device import DEVICE_COOKIE_NAME
from tests.support.authenticator import SoftAuthenticator
from tests.support.deployment import Answer, Deployment
from tests.support.people import PASSWORD, bearer
from tests.support.tables import on_moto

PAGE = "https://example.com"
KIM = {"username": "kim", "password": PASSWORD}


@pytest.fixture(autouse=True)
def kim(deployment: Deployment, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("PASSKEY_RP_ID", "example.com")
    body = {**KIM, "tenant_id": "acme", "email": "kim@people.example"}
    created = deployment.call("users", "POST", "/users", body, context=deployment.context())
    return str(created["json"]["id"])


def _context(deployment: Deployment, pair: Any) -> dict[str, str]:
    decision = deployment.authorize(bearer(pair["access_token"]))
    assert decision.allowed, decision
    return decision.context


def _factors(deployment: Deployment, method: str, rest: str, context: dict[str, str], body: Any = None) -> Answer:
    return deployment.call("factors", method, f"/users/me/factors{rest}", body, context=context)


class App:
    """An app whose codes are taken one after the other: none is used twice."""

    def __init__(self, secret: str) -> None:
        self.secret, self.steps = base64.b32decode(secret), iter((-1, 0, 1))
        # Three steps that are all good now, and for some seconds more.
        if time.time() % 30 > 20:
            self.now = int(time.time()) // 30 + 1
            self.steps = iter((-1, 0))
        else:
            self.now = int(time.time()) // 30

    def code(self) -> str:
        return totp.code_at(self.secret, self.now + next(self.steps))


def _enrol(deployment: Deployment) -> tuple[App, Any]:
    pair = deployment.sign_in("kim", PASSWORD)["json"]
    context = _context(deployment, pair)
    begun = _factors(deployment, "POST", "/totp", context)
    assert (begun["statusCode"], begun["json"]["id"]) == (201, "totp"), begun
    assert begun["json"]["uri"].startswith("otpauth://totp/doorward:kim@people.example?secret=")
    app = App(begun["json"]["secret"])
    confirmed = _factors(deployment, "POST", "/totp/confirm", context, {"code": app.code()})
    assert confirmed["statusCode"] == 200, confirmed
    return app, confirmed["json"]


def test_a_recovery_code_is_said_to_be_used_when_it_is_and_not_before(
    deployment: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, enrolled = _enrol(deployment)
    challenge_id = deployment.sign_in("kim", PASSWORD)["json"]["challenge_id"]
    body = {"challenge_id": challenge_id, "recovery_code": enrolled["recovery_codes"][0]}

    def fail(*_: object) -> None:
        raise Unavailable

    monkeypatch.setattr("doorward.aws.dynamodb.sessions.DynamoSessions.add", fail)
    assert deployment.call("second_factor", "POST", "/auth/second-factor", body)["statusCode"] == 503
    assert not [item for item in on_moto()["AuditTable"] if item["event"] == "recovery_code_used"]
    monkeypatch.undo()
    assert deployment.call("second_factor", "POST", "/auth/second-factor", body)["statusCode"] == 200
    (told,) = [item for item in on_moto()["AuditTable"] if item["event"] == "recovery_code_used"]
    assert told["details"] == {"left": 9}


def test_an_app_is_enrolled_and_ends_the_next_sign_in(deployment: Deployment) -> None:
    app, enrolled = _enrol(deployment)
    assert len(enrolled["recovery_codes"]) == 10
    waits = deployment.sign_in("kim", PASSWORD)
    assert (waits["statusCode"], waits["json"]["code"]) == (401, "second_factor_required")
    assert waits["json"]["factors"] == ["totp", "recovery_code"]
    assert "Set-Cookie" not in waits["multiValueHeaders"]
    body = {"challenge_id": waits["json"]["challenge_id"], "totp": app.code()}
    done = deployment.call("second_factor", "POST", "/auth/second-factor", body)
    assert done["statusCode"] == 200, done
    context = _context(deployment, done["json"])
    assert (context["acr"], context["amr"]) == ("2fa", "pwd otp mfa")
    assert abs(int(context["auth_time"]) - time.time()) < 60
    cookies = done["multiValueHeaders"]["Set-Cookie"]
    assert [each.partition("=")[0] for each in cookies] == [COOKIE_NAME, DEVICE_COOKIE_NAME]


def test_within_a_tenant_it_is_the_same_without_a_cookie(deployment: Deployment) -> None:
    app, _ = _enrol(deployment)
    waits = deployment.call(
        "login", "POST", "/api/acme/auth/login", {"email": "kim@people.example", "password": PASSWORD}
    )
    assert waits["json"]["code"] == "second_factor_required"
    body = {"challenge_id": waits["json"]["challenge_id"], "totp": app.code()}
    wrong = deployment.call("second_factor", "POST", "/api/globex/auth/second-factor", body)
    assert (wrong["statusCode"], wrong["json"]["code"]) == (401, "invalid_second_factor")
    done = deployment.call("second_factor", "POST", "/api/acme/auth/second-factor", body)
    assert done["statusCode"] == 200, done
    assert "Set-Cookie" not in done["multiValueHeaders"]


def test_the_list_shows_factors_and_no_secret(deployment: Deployment) -> None:
    _, enrolled = _enrol(deployment)
    context = _context(deployment, enrolled)
    answer = _factors(deployment, "GET", "", context)
    assert [(item["id"], item["kind"]) for item in answer["json"]["items"]] == [
        ("totp", "totp"),
        ("recovery_codes", "recovery_codes"),
    ]
    me = deployment.call("users", "GET", "/users/me", context=context)["json"]
    assert me["factors"] == ["totp", "recovery_code"]
    assert "sealed" not in answer["body"]


def test_a_passkey_is_registered_and_signs_in_alone(deployment: Deployment) -> None:
    device = SoftAuthenticator("example.com", PAGE)
    context = _context(deployment, deployment.sign_in("kim", PASSWORD)["json"])
    options = _factors(deployment, "POST", "/passkeys/options", context)["json"]["options"]
    assert options["authenticatorSelection"]["userVerification"] == "required"
    body = {"passkey": device.create(options), "name": "Laptop"}
    registered = _factors(deployment, "POST", "/passkeys", context, body)
    assert registered["statusCode"] == 201, registered
    again = _factors(deployment, "POST", "/passkeys", _context(deployment, registered["json"]), body)
    assert again["statusCode"] in {400, 401, 409}, again
    asked = deployment.call("second_factor", "POST", "/auth/passkey/options")["json"]["options"]
    assert asked["allowCredentials"] == []
    answer = device.get(asked)
    done = deployment.call("second_factor", "POST", "/auth/passkey", {"passkey": answer})
    assert done["statusCode"] == 200, done
    assert _context(deployment, done["json"])["acr"] == "phr"
    replayed = deployment.call("second_factor", "POST", "/auth/passkey", {"passkey": answer})
    assert (replayed["statusCode"], replayed["json"]["code"]) == (401, "invalid_second_factor")
    elsewhere = deployment.call("second_factor", "POST", "/auth/passkey/options")["json"]["options"]
    body = {"passkey": device.get(elsewhere)}
    foreign = deployment.call("second_factor", "POST", "/api/globex/auth/passkey", body)
    assert (foreign["statusCode"], foreign["json"]["code"]) == (401, "invalid_second_factor")


def test_without_a_domain_for_passkeys_there_are_none(deployment: Deployment, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PASSKEY_RP_ID", "")
    context = _context(deployment, deployment.sign_in("kim", PASSWORD)["json"])
    assert deployment.call("second_factor", "POST", "/auth/passkey/options")["statusCode"] == 404
    assert deployment.call("second_factor", "POST", "/auth/passkey", {"passkey": {"id": "x"}})["statusCode"] == 404
    assert _factors(deployment, "POST", "/passkeys/options", context)["statusCode"] == 404


def test_a_step_up_raises_the_session_and_spends_its_tokens(deployment: Deployment) -> None:
    app, enrolled = _enrol(deployment)
    context = _context(deployment, enrolled)
    raised = deployment.call("factors", "POST", "/auth/step-up", {"totp": app.code()}, context=context)
    assert raised["statusCode"] == 200, raised
    assert raised["json"]["session_id"] == enrolled["session_id"]
    spent = deployment.call("refresh", "POST", "/auth/token/refresh", {"refresh_token": enrolled["refresh_token"]})
    assert spent["json"]["error"] == "invalid_grant"


def test_an_old_sign_in_is_told_what_is_wanted(deployment: Deployment) -> None:
    context = deployment.context("kim", PASSWORD)
    for auth_time in (str(int(time.time()) - 700), ""):
        answer = _factors(deployment, "POST", "/totp", {**context, "auth_time": auth_time})
        assert (answer["statusCode"], answer["json"]["code"]) == (401, "insufficient_user_authentication")
        assert answer["json"]["max_age"] == 600
        assert 'max_age="600"' in answer["headers"]["WWW-Authenticate"]


def test_an_administrator_takes_factors_away(deployment: Deployment, kim: str) -> None:
    _, enrolled = _enrol(deployment)
    answer = deployment.call("factors", "DELETE", f"/users/{kim}/factors", context=deployment.context("acme-admin"))
    assert answer["statusCode"] == 204, answer
    assert not deployment.authorize(bearer(enrolled["access_token"])).allowed
    assert deployment.sign_in("kim", PASSWORD)["statusCode"] == 200


def test_where_one_is_required_nothing_else_can_be_done_before(deployment: Deployment) -> None:
    body = {"second_factor": "required"}
    admin = deployment.context("acme-admin")
    changed = deployment.call("tenants", "PATCH", "/api/acme/policy", body, context=admin)
    assert changed["statusCode"] == 200, changed
    context = _context(deployment, deployment.sign_in("kim", PASSWORD)["json"])
    assert context["restriction"] == "second_factor_required"
    refused = deployment.call("users", "GET", "/users/me", context=context)
    assert (refused["statusCode"], refused["json"]["code"]) == (403, "second_factor_required")
    _, enrolled = _enrol(deployment)
    assert deployment.call("users", "GET", "/users/me", context=_context(deployment, enrolled))["statusCode"] == 200


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"challenge_id": "x"},
        {"challenge_id": "x", "totp": "1", "recovery_code": "2"},
        {"challenge_id": "x", "passkey": "text"},
        {"challenge_id": "x", "passkey": ["list"]},
        {"challenge_id": "x", "totp": 123456},
        {"challenge_id": "x", "totp": "1", "more": 1},
    ],
    ids=str,
)
def test_a_body_that_is_not_acceptable_is_400(deployment: Deployment, body: dict[str, object]) -> None:
    answer = deployment.call("second_factor", "POST", "/auth/second-factor", body)
    assert (answer["statusCode"], answer["json"]["code"]) == (400, "invalid_request")


@pytest.mark.parametrize("passkey", [{}, {"id": 1}, {"response": []}, {"id": "x", "response": {"clientDataJSON": "{"}}])
def test_a_malformed_passkey_proves_nothing(deployment: Deployment, passkey: dict[str, object]) -> None:
    answer = deployment.call("second_factor", "POST", "/auth/passkey", {"passkey": passkey})
    assert (answer["statusCode"], answer["json"]["code"]) == (401, "invalid_second_factor")
