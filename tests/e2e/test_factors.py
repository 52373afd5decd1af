"""Second factors over HTTP, against the stack that `sam deploy` made, each function confined to its role."""

from __future__ import annotations

import base64
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from doorward.factors import totp
from tests.support.authenticator import SoftAuthenticator
from tests.support.cloud import Cloud
from tests.support.people import PASSWORD


class App:
    """An authenticator app that never shows a code twice: it waits for the next one."""

    def __init__(self, secret: str) -> None:
        self.secret, self.shown = base64.b32decode(secret), 0

    def code(self) -> str:
        """Return a code that was not shown before; the server takes one of the step that comes next, too."""
        now = int(time.time()) // 30
        self.shown = max(self.shown + 1, now - 1)
        assert self.shown <= now + 1, "three codes in one step are the most"
        return totp.code_at(self.secret, self.shown)


class Kim:
    """A new user of acme, and what the user does."""

    def __init__(self, cloud: Cloud) -> None:
        self.cloud, self.name = cloud, f"kim-{uuid.uuid4().hex[:8]}"
        body = {"username": self.name, "password": PASSWORD, "roles": ["admin"]}
        made = cloud.call("POST", "/users", cloud.token("acme-admin"), json=body)
        assert made.status_code == 201, made.text
        self.id, self.username = made.json()["id"], made.json()["username"]

    def post(self, path: str, token: str | None = None, **body: Any) -> Any:
        """Send a request, and return the answer."""
        return self.cloud.call("POST", path, token, json=body)

    def sign_in(self) -> Any:
        """Send the password."""
        return self.post("/auth/login", username=self.username, password=PASSWORD)

    def enrol(self) -> tuple[App, Any]:
        """Enrol an app; return it and the tokens of the raised session."""
        token = self.sign_in().json()["access_token"]
        app = App(self.post("/users/me/factors/totp", token).json()["secret"])
        confirmed = self.post("/users/me/factors/totp/confirm", token, code=app.code())
        assert confirmed.status_code == 200, confirmed.text
        return app, confirmed.json()


@pytest.fixture
def kim(cloud: Cloud) -> Kim:
    return Kim(cloud)


def test_an_app_is_enrolled_ends_a_sign_in_and_steps_up(cloud: Cloud, kim: Kim) -> None:
    app, enrolled = kim.enrol()
    assert len(enrolled["recovery_codes"]) == 10
    waits = kim.sign_in()
    assert (waits.status_code, waits.json()["code"]) == (401, "second_factor_required")
    done = kim.post("/auth/second-factor", challenge_id=waits.json()["challenge_id"], totp=app.code())
    assert done.status_code == 200, done.text
    me = cloud.call("GET", "/users/me", done.json()["access_token"]).json()
    assert me["factors"] == ["totp", "recovery_code"]
    raised = kim.post("/auth/step-up", done.json()["access_token"], totp=app.code())
    assert raised.status_code == 200, raised.text
    minted = kim.post("/api/acme/auth/service-tokens", raised.json()["access_token"], name="reports")
    assert minted.status_code == 201, minted.text
    spent = kim.post("/auth/token/refresh", refresh_token=done.json()["refresh_token"])
    assert spent.json()["error"] == "invalid_grant"


def test_of_many_who_send_one_code_one_is_let_in(kim: Kim) -> None:
    app, _ = kim.enrol()
    challenges = [kim.sign_in().json()["challenge_id"] for _ in range(8)]
    code = app.code()
    with ThreadPoolExecutor(8) as pool:
        answers = pool.map(lambda each: kim.post("/auth/second-factor", challenge_id=each, totp=code), challenges)
        statuses = sorted(answer.status_code for answer in answers)
    assert statuses == [200, *[401] * 7]


def test_a_recovery_code_lets_in_once(kim: Kim) -> None:
    _, enrolled = kim.enrol()
    for status in (200, 401):
        challenge_id = kim.sign_in().json()["challenge_id"]
        body = {"challenge_id": challenge_id, "recovery_code": enrolled["recovery_codes"][0]}
        assert kim.post("/auth/second-factor", **body).status_code == status


def test_a_passkey_signs_in_alone_and_not_twice_with_one_answer(cloud: Cloud, kim: Kim) -> None:
    device = SoftAuthenticator("localhost", cloud.url)
    token = kim.sign_in().json()["access_token"]
    options = kim.post("/users/me/factors/passkeys/options", token).json()["options"]
    made = kim.post("/users/me/factors/passkeys", token, passkey=device.create(options), name="Laptop")
    assert made.status_code == 201, made.text
    answer = device.get(kim.post("/auth/passkey/options").json()["options"])
    done = kim.post("/auth/passkey", passkey=answer)
    assert done.status_code == 200, done.text
    assert kim.post("/auth/passkey", passkey=answer).status_code == 401
    token = done.json()["access_token"]
    (listed, codes) = cloud.call("GET", "/users/me/factors", token).json()["items"]
    assert (listed["name"], codes["codes_left"]) == ("Laptop", 10)
    renamed = cloud.call("PATCH", f"/users/me/factors/{listed['id']}", token, json={"name": "Phone"})
    assert renamed.json()["items"][0]["name"] == "Phone"
    assert cloud.call("DELETE", f"/users/me/factors/{listed['id']}", token).status_code == 204
    assert kim.post("/auth/passkey", passkey=device.get(options | {"allowCredentials": []})).status_code == 401
    assert kim.sign_in().status_code == 200


def test_an_administrator_takes_lost_factors_away(cloud: Cloud, kim: Kim) -> None:
    _, enrolled = kim.enrol()
    admin = cloud.token("acme-admin")
    assert cloud.call("DELETE", f"/users/{kim.id}/factors", admin).status_code == 204
    assert cloud.call("GET", "/users/me", enrolled["access_token"]).status_code == 401
    assert kim.sign_in().status_code == 200


def test_a_tenant_that_requires_one_lets_people_enrol_and_do_nothing_else(cloud: Cloud) -> None:
    platform, tenant_id = cloud.token(), f"t{uuid.uuid4().hex[:8]}"
    assert cloud.call("POST", "/tenants", platform, json={"id": tenant_id}).status_code == 201
    policy = f"/api/{tenant_id}/policy"
    assert cloud.call("PATCH", policy, platform, json={"second_factor": "required"}).status_code == 200
    body = {"username": "ann", "password": PASSWORD, "tenant_id": tenant_id}
    ann = cloud.call("POST", "/users", platform, json=body).json()
    login = {"username": ann["username"], "password": PASSWORD}
    token = cloud.call("POST", "/auth/login", json=login).json()["access_token"]
    refused = cloud.call("GET", "/users/me", token)
    assert (refused.status_code, refused.json()["code"]) == (403, "second_factor_required")
    begun = cloud.call("POST", "/users/me/factors/totp", token, json={})
    code = App(begun.json()["secret"]).code()
    confirmed = cloud.call("POST", "/users/me/factors/totp/confirm", token, json={"code": code})
    assert cloud.call("GET", "/users/me", confirmed.json()["access_token"]).status_code == 200
