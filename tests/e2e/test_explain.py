"""An operator learns why somebody was denied; the caller does not."""

from __future__ import annotations

import json
import subprocess
import sys
import uuid

import pytest

from doorward.rules.reasons import REASONS
from tests.support.cloud import ROOT, Cloud


def _explain(cloud: Cloud, *arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(ROOT / "scripts" / "explain.py"), *arguments]
    return subprocess.run(command, input=stdin, env=cloud.variables(), capture_output=True, text=True, check=False)


def _denied(cloud: Cloud, token: str) -> str:
    """Ask the deployed authorizer as API Gateway does; return the request's id.

    On AWS the id is also in the answer. The emulator tells its authorizers none, so this asks in its place.
    """
    request_id = f"explain-{uuid.uuid4()}"
    event = {
        "type": "REQUEST",
        "methodArn": f"arn:aws:execute-api:us-east-1:000000000000:{cloud.outputs['ApiId']}/v1/GET/users/me",
        "path": "/users/me",
        "httpMethod": "GET",
        "headers": {"Authorization": f"Bearer {token}"},
        "requestContext": {"apiId": cloud.outputs["ApiId"], "requestId": request_id},
    }
    answer = cloud.client("lambda").invoke(
        FunctionName=cloud.outputs["AuthorizerArn"], Payload=json.dumps(event).encode()
    )
    policy = json.loads(answer["Payload"].read())
    assert policy["policyDocument"]["Statement"][0]["Effect"] == "Deny"
    return request_id


@pytest.mark.parametrize("what", ["garbage", "logged out"])
def test_a_denied_request_is_explained_by_its_id(cloud: Cloud, what: str) -> None:
    token = "x.y.z"
    if what == "logged out":
        token = cloud.token("acme-admin")
        cloud.call("POST", "/auth/logout", token)
    answer = cloud.call("GET", "/users/me", token)
    reason = "session_ended" if what == "logged out" else "malformed"
    assert answer.status_code == 401
    assert reason not in answer.text
    done = _explain(cloud, _denied(cloud, token))
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{reason}: {REASONS[reason]}" in done.stdout


def test_a_refusal_of_a_function_is_explained_too(cloud: Cloud) -> None:
    answer = cloud.call("POST", "/auth/refresh", json={"refresh_token": "dwr1.x"})
    done = _explain(cloud, answer.json()["request_id"])
    assert "malformed_refresh_token" in done.stdout, done.stdout + done.stderr


def test_a_token_is_explained_before_and_after_its_end(cloud: Cloud) -> None:
    token = cloud.token("acme-admin")
    done = _explain(cloud, "-", stdin=token)
    assert done.stdout.endswith("accepted: the authorizer would let it in now\n"), done.stdout + done.stderr
    assert "says: tenant_id = acme" in done.stdout
    assert token.rpartition(".")[2] not in done.stdout
    cloud.call("POST", "/auth/logout", token)
    assert "denied: session_ended" in _explain(cloud, token).stdout
    assert "denied: bad_signature" in _explain(cloud, f"{token[:-20]}{'A' * 20}").stdout
    assert "denied: malformed" in _explain(cloud, "a.b.c").stdout


def test_what_is_neither_is_said_to_be_neither(cloud: Cloud) -> None:
    assert _explain(cloud, "no such thing").returncode == 1
    assert _explain(cloud, "00000000-0000-4000-8000-000000000000").returncode == 1
