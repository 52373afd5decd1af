"""The main job over HTTP, against the stack that `sam deploy` made, each function confined to its role."""

from __future__ import annotations

import re
import subprocess
import sys
import threading
import uuid
from typing import Any

import jwt
import pytest

from tests.support.cloud import ROOT, Cloud
from tests.support.people import PASSWORD


def _add_user(cloud: Cloud, admin: str = "acme-admin", **body: Any) -> dict[str, Any]:
    name = f"user-{uuid.uuid4().hex[:8]}"
    token = cloud.token(admin)
    answer = cloud.call("POST", "/users", token, json={"username": name, "password": PASSWORD, **body})
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


def test_sign_in_call_refresh_sign_out(cloud: Cloud) -> None:
    signed_in = cloud.call("POST", "/auth/login", json={"username": "admin", "password": "admin123"})
    assert signed_in.headers["Cache-Control"] == "no-store"
    assert signed_in.headers["Set-Cookie"].startswith("__Host-doorward=")
    pair = signed_in.json()
    assert cloud.call("GET", "/users/me", pair["access_token"]).json()["username"] == "admin"
    cookie = {"Cookie": signed_in.headers["Set-Cookie"].partition(";")[0]}
    assert cloud.call("GET", "/users/me", headers=cookie).json()["username"] == "admin"
    successor = cloud.call("POST", "/auth/token/refresh", json={"refresh_token": pair["refresh_token"]}).json()
    form = {"grant_type": "refresh_token", "refresh_token": pair["refresh_token"]}
    again = cloud.call("POST", "/auth/refresh", data=form).json()
    assert again["refresh_token"] == successor["refresh_token"]
    assert cloud.call("POST", "/auth/logout", successor["access_token"]).status_code == 204
    for token in (pair["access_token"], successor["access_token"], again["access_token"]):
        assert cloud.call("GET", "/users/me", token).status_code == 401
    assert cloud.call("GET", "/users/me", headers=cookie).status_code == 401
    dead = cloud.call("POST", "/auth/refresh", json={"refresh_token": successor["refresh_token"]})
    assert (dead.status_code, dead.json()["error"]) == (400, "invalid_grant")
    assert "WWW-Authenticate" not in dead.headers


def test_refusals_carry_the_challenge_and_a_problem(cloud: Cloud) -> None:
    missing, bad = cloud.call("GET", "/users/me"), cloud.call("GET", "/users/me", "garbage")
    assert (missing.status_code, missing.headers["WWW-Authenticate"]) == (401, "Bearer")
    assert bad.status_code == 401
    assert 'error="invalid_token"' in bad.headers["WWW-Authenticate"]
    for answer, code in (
        (missing, "missing_credentials"),
        (bad, "invalid_token"),
        (cloud.call("GET", "/nowhere"), "not_found"),
    ):
        assert answer.headers["Content-Type"] == "application/problem+json"
        assert answer.headers["Strict-Transport-Security"] == "max-age=63072000"
        assert answer.headers["Access-Control-Allow-Origin"] == "http://localhost:3000"
        assert (answer.json()["code"], answer.json()["status"]) == (code, answer.status_code)
        assert answer.json()["request_id"]


def test_a_functions_challenge_arrives_renamed_as_on_aws(cloud: Cloud) -> None:
    refused = cloud.call("POST", "/auth/login", json={"username": "nobody", "password": "x"})
    assert (refused.status_code, refused.headers["x-amzn-Remapped-WWW-Authenticate"]) == (401, "Bearer")
    assert "WWW-Authenticate" not in refused.headers


def test_a_wrong_method_is_told_the_right_ones(cloud: Cloud) -> None:
    for path, allowed in (("/auth/login", "POST"), ("/users", "GET, POST"), ("/users/me", "GET, PATCH, DELETE")):
        answer = cloud.call("PUT", path)
        assert (answer.status_code, answer.headers["Allow"]) == (405, allowed)


def test_a_preflight_is_answered_for_the_one_origin(cloud: Cloud) -> None:
    headers = {"Origin": "http://localhost:3000", "Access-Control-Request-Method": "POST"}
    answer = cloud.call("OPTIONS", "/users", headers=headers)
    assert answer.status_code == 204
    assert answer.headers["Access-Control-Allow-Origin"] == "http://localhost:3000"
    assert answer.headers["Access-Control-Allow-Methods"] == "GET, POST"
    assert answer.headers["Access-Control-Allow-Credentials"] == "true"
    assert "Authorization" in answer.headers["Access-Control-Allow-Headers"]


def test_an_access_token_verifies_offline_with_pyjwks_client(cloud: Cloud) -> None:
    token = cloud.token("acme-admin")
    metadata = cloud.call("GET", "/.well-known/openid-configuration").json()
    assert metadata["issuer"] == cloud.url
    key = jwt.PyJWKClient(metadata["jwks_uri"]).get_signing_key_from_jwt(token)
    claims = jwt.decode(token, key, algorithms=["RS256"], audience="doorward", issuer=cloud.url)
    assert (claims["tenant_id"], claims["roles"]) == ("acme", ["admin"])


def test_a_token_two_rotations_old_ends_the_session(cloud: Cloud) -> None:
    first = cloud.sign_in("acme-admin")
    second = cloud.call("POST", "/auth/refresh", json={"refresh_token": first["refresh_token"]}).json()
    third = cloud.call("POST", "/auth/refresh", json={"refresh_token": second["refresh_token"]}).json()
    reused = cloud.call("POST", "/auth/refresh", json={"refresh_token": first["refresh_token"]})
    assert reused.json()["error"] == "invalid_grant"
    assert cloud.call("GET", "/users/me", third["access_token"]).status_code == 401
    assert cloud.call("GET", "/users/me", headers={"Cookie": first["cookie"]}).status_code == 401


@pytest.mark.standard("RFC 7009 2.1.d")
def test_a_revoked_access_token_is_refused_by_the_next_request(cloud: Cloud) -> None:
    pair = cloud.sign_in("acme-admin")
    assert cloud.call("POST", "/auth/token/revoke", data={"token": pair["access_token"]}).status_code == 200
    assert cloud.call("GET", "/users/me", pair["access_token"]).status_code == 401
    assert cloud.call("GET", "/users/me", headers={"Cookie": pair["cookie"]}).status_code == 200
    assert cloud.call("POST", "/auth/token/revoke", json={"token": "unknown"}).status_code == 200


def test_signing_out_everywhere_by_get_and_cookie(cloud: Cloud) -> None:
    user = _add_user(cloud)
    here, there = (cloud.sign_in(user["username"], PASSWORD) for _ in range(2))
    evil = {"Cookie": here["cookie"], "Sec-Fetch-Site": "cross-site"}
    assert cloud.call("GET", "/auth/logout", headers=evil).json()["code"] == "cross_site_request"
    own = {"Cookie": here["cookie"], "Sec-Fetch-Site": "same-origin"}
    answer = cloud.call("GET", "/auth/logout?everywhere=true", headers=own)
    assert answer.status_code == 204
    assert "Max-Age=0" in answer.headers["Set-Cookie"]
    for session in (here, there):
        assert cloud.call("GET", "/users/me", session["access_token"]).status_code == 401
    assert cloud.sign_in(user["username"], PASSWORD)


@pytest.mark.standard("ASVS 8.4.1")
def test_one_tenant_cannot_touch_another(cloud: Cloud) -> None:
    user = _add_user(cloud)
    foreign = cloud.token("globex-admin")
    path = f"/users/{user['id']}"
    for method, body in (("GET", None), ("PATCH", {"display_name": "x"}), ("DELETE", None)):
        assert cloud.call(method, path, foreign, json=body).json()["code"] == "not_found"
    listed = cloud.call("GET", "/users?limit=100", foreign).json()["items"]
    assert {item["tenants"][0]["tenant_id"] for item in listed} == {"globex"}
    assert cloud.call("GET", "/users?tenant_id=acme", foreign).json()["code"] == "insufficient_scope"
    body = {"username": user["username"], "password": PASSWORD}
    assert cloud.call("POST", "/api/globex/auth/login", json=body).json()["code"] == "invalid_credentials"
    assert cloud.call("POST", "/api/acme/auth/login", json=body).status_code == 200


def test_a_user_is_changed_and_deleted(cloud: Cloud) -> None:
    user = _add_user(cloud, email=f"{uuid.uuid4().hex[:8]}@acme.example")
    admin, session = cloud.token("acme-admin"), cloud.sign_in(user["username"], PASSWORD)
    path = f"/users/{user['id']}"
    changed = cloud.call(
        "PATCH", path, admin, json={"roles": ["auditor"], "email": f"x{uuid.uuid4().hex[:8]}@acme.example"}
    )
    assert changed.json()["tenants"][0]["roles"] == ["auditor"]
    assert cloud.call("GET", "/users/me", session["access_token"]).status_code == 401
    fresh = cloud.call("POST", "/auth/refresh", json={"refresh_token": session["refresh_token"]}).json()
    assert jwt.decode(fresh["access_token"], options={"verify_signature": False})["roles"] == ["auditor"]
    body = {"password": "another good password", "current_password": PASSWORD}
    assert cloud.call("PATCH", "/users/me", fresh["access_token"], json=body).status_code == 200
    assert cloud.call("GET", "/users/me", fresh["access_token"]).status_code == 200
    assert cloud.call("DELETE", path, admin).status_code == 204
    assert cloud.call("GET", "/users/me", fresh["access_token"]).status_code == 401
    assert cloud.call("GET", path, admin).status_code == 404


def test_a_deployments_first_password_must_be_changed_before_anything_else(cloud: Cloud) -> None:
    script = [sys.executable, str(ROOT / "scripts" / "initialize_security.py"), "--tenant", "initech"]
    done = subprocess.run(script, env=cloud.variables(), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    found = re.search(r"user initech-admin made, password (\S+)", done.stdout)
    assert found, done.stdout
    session = cloud.sign_in("initech-admin", found[1])
    for method, path in (("GET", "/users/me"), ("GET", "/users"), ("DELETE", "/users/me")):
        answer = cloud.call(method, path, session["access_token"])
        assert (answer.status_code, answer.json()["code"]) == (403, "password_change_required")
    body = {"current_password": found[1], "password": PASSWORD}
    assert cloud.call("PATCH", "/users/me", session["access_token"], json=body).status_code == 200
    assert cloud.call("GET", "/users", session["access_token"]).status_code == 200
    again = subprocess.run(script, env=cloud.variables(), capture_output=True, text=True, check=True)
    assert "password" not in again.stdout


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b"\xff\xfe", b'{"username":"\\ud800","password":"x"}', b"[" * 20_000, b"x" * 1_000_000]
)
def test_bad_bodies_over_http(cloud: Cloud, body: bytes) -> None:
    for path in ("/auth/login", "/auth/token/refresh", "/auth/token/revoke"):
        answer = cloud.call("POST", path, data=body, headers={"Content-Type": "application/json"})
        assert 400 <= answer.status_code < 500, answer.text
        assert answer.json()["code"]


class TestRaces:
    """Callers at one moment; fifty of them are in tests/contract, where each is not a process of its own."""

    CALLERS = 8

    def race(self, call: Any) -> list[Any]:
        barrier, found = threading.Barrier(self.CALLERS), []

        def run() -> None:
            barrier.wait()
            found.append(call())

        threads = [threading.Thread(target=run) for _ in range(self.CALLERS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(found) == self.CALLERS
        return found

    def test_one_refresh_token_has_one_successor(self, cloud: Cloud) -> None:
        token = cloud.sign_in("acme-admin")["refresh_token"]
        answers = self.race(lambda: cloud.call("POST", "/auth/refresh", json={"refresh_token": token}))
        assert {answer.status_code for answer in answers} == {200}
        assert len({answer.json()["refresh_token"] for answer in answers}) == 1

    @pytest.mark.parametrize("field", ["username", "email"])
    def test_one_name_is_given_once(self, cloud: Cloud, field: str) -> None:
        admin = cloud.token("acme-admin")
        name = f"racer-{uuid.uuid4().hex[:8]}"
        body = {"password": PASSWORD, field: name if field == "username" else f"{name}@acme.example"}
        statuses = [answer.status_code for answer in self.race(lambda: cloud.call("POST", "/users", admin, json=body))]
        assert sorted(statuses) == [201] + [409] * (self.CALLERS - 1)


def test_zz_state_survives_a_restart_which_is_quick(cloud: Cloud) -> None:
    before = cloud.sign_in("acme-admin")
    cloud.stop()
    seconds = cloud.start()
    print(f"\nlocal cloud: second start {seconds:.1f} s")
    assert cloud.call("GET", "/users/me", before["access_token"]).status_code == 200
    assert "nothing changed since the last deploy" in cloud.output()
