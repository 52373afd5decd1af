"""Keys and forged tokens, from outside."""

from __future__ import annotations

import json
import subprocess
import sys
import time

import jwt
import pytest
import requests

from local.here import TLS_OFFSET
from tests.support.cloud import PATIENCE_SECONDS, PORT, ROOT, Cloud

SCRIPT = str(ROOT / "scripts" / "rotate_keys.py")


def _rotate(cloud: Cloud, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, SCRIPT, *arguments]
    return subprocess.run(command, env=cloud.variables(), capture_output=True, text=True, check=False)


@pytest.mark.standard("ASVS 9.1.1", "RFC 9068 4.h")
def test_every_forged_token_gets_the_same_401(cloud: Cloud) -> None:
    forger, found = cloud.forger(), set()
    for name, token in forger.all().items():
        if len(token) > 100_000 or not (token.isascii() and token.isprintable()):
            continue  # no HTTP header
        answer = cloud.call("GET", "/users/me", token)
        assert answer.status_code == 401, (name, answer.status_code, answer.text)
        found.add((answer.text.replace(answer.json()["request_id"], ""), answer.headers["WWW-Authenticate"]))
    assert len(found) == 1
    assert cloud.call("GET", "/users/me", forger.saying()).status_code == 200


def test_a_key_can_be_revoked_and_the_next_one_signs_at_once(cloud: Cloud) -> None:
    before = cloud.sign_in("acme-admin")
    shown = _rotate(cloud)
    assert shown.returncode == 0, shown.stdout + shown.stderr
    assert "active" in shown.stdout
    assert "PRIVATE" not in shown.stdout
    kid = jwt.get_unverified_header(before["access_token"])["kid"]
    pending = {key["kid"] for key in cloud.call("GET", "/.well-known/jwks.json").json()["keys"]} - {kid}
    done = _rotate(cloud, "--revoke", kid)
    assert done.returncode == 0, done.stdout + done.stderr
    assert kid not in done.stdout
    assert cloud.call("GET", "/users/me", before["access_token"]).status_code == 401
    after = cloud.call("POST", "/auth/refresh", json={"refresh_token": before["refresh_token"]}).json()
    assert jwt.get_unverified_header(after["access_token"])["kid"] in pending
    assert cloud.call("GET", "/users/me", after["access_token"]).status_code == 200
    assert _rotate(cloud, "--revoke", "a b").returncode == 1


def test_documents_are_not_sent_again(cloud: Cloud) -> None:
    for path in ("jwks.json", "openid-configuration", "oauth-authorization-server", "openapi.json"):
        _require_unchanged(cloud, f"/.well-known/{path}")
        assert cloud.call("HEAD", f"/.well-known/{path}").status_code == 200


def _require_unchanged(cloud: Cloud, path: str) -> None:
    """Ask for a document twice; for a moment after a change of keys, two environments may have two of it."""
    for _ in range(20):
        first = cloud.call("GET", path)
        again = cloud.call("GET", path, headers={"If-None-Match": first.headers["ETag"]})
        if again.status_code == 304:
            assert again.content == b""
            return
        time.sleep(0.5)
    raise AssertionError(f"{path} is sent again and again")


def test_the_cloud_answers_with_tls_too(cloud: Cloud) -> None:
    url = f"https://localhost:{PORT + TLS_OFFSET}"
    answer = requests.get(
        f"{url}/.well-known/jwks.json", timeout=PATIENCE_SECONDS, verify=str(cloud.state / "tls" / "ca.pem")
    )
    assert answer.json() == cloud.call("GET", "/.well-known/jwks.json").json()


@pytest.mark.standard("RFC 7662 2.1.a", "RFC 7662 2.1.c", "RFC 7662 2.3.a")
def test_introspection_over_http(cloud: Cloud) -> None:
    mine, other = cloud.sign_in("acme-admin"), cloud.sign_in("globex-admin")
    for token, active in ((mine["access_token"], True), (mine["refresh_token"], True), (other["access_token"], False)):
        answer = cloud.call("POST", "/auth/token/introspect", mine["access_token"], data={"token": token})
        assert answer.json()["active"] is active, json.dumps(answer.json())
    assert cloud.call("POST", "/auth/token/introspect", data={"token": "x"}).status_code == 401
