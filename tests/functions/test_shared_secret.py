"""A deployment in HS256 mode, and one whose settings of keys are wrong."""

from __future__ import annotations

import jwt
import pytest

from doorward.errors import Misconfigured
from tests.support.deployment import Deployment, event
from tests.support.people import bearer
from tests.unit.test_shared_secret import NEXT, SECRET


def test_everything_works_with_a_shared_secret_and_nothing_is_published(
    deployment: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = deployment.sign_in("acme-admin")["json"]
    monkeypatch.setenv("JWT_SECRET", SECRET)
    deployment._modules.clear()
    pair = deployment.sign_in("acme-admin")["json"]
    assert jwt.decode(pair["access_token"], SECRET, algorithms=["HS256"], audience="doorward")["sub"] == "acme-admin"
    context = deployment.authorize(bearer(pair["access_token"])).context
    body = {"token": pair["access_token"]}
    assert deployment.call("introspect", "POST", "/auth/token/introspect", body, context=context)["json"]["active"]
    assert deployment.call("well_known", "GET", "/.well-known/jwks.json")["json"] == {"keys": []}
    assert deployment.authorize(bearer(before["access_token"])).refusal == "denied"
    again = deployment.call("refresh", "POST", "/auth/refresh", {"refresh_token": pair["refresh_token"]})["json"]
    assert deployment.authorize(bearer(again["access_token"])).allowed
    assert (
        deployment.call("revoke", "POST", "/auth/token/revoke", {"token": again["access_token"]})["statusCode"] == 200
    )
    assert deployment.authorize(bearer(again["access_token"])).refusal == "denied"


def test_tokens_of_the_secret_before_live_on_beside_it(deployment: Deployment, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JWT_SECRET", SECRET)
    token = deployment.token("acme-admin")
    monkeypatch.setenv("JWT_SECRET", NEXT)
    monkeypatch.setenv("JWT_SECRET_PREVIOUS", SECRET)
    deployment._modules.clear()
    assert deployment.authorize(bearer(token)).allowed


@pytest.mark.parametrize("secret", ["secret", "change-me-change-me-change-me-change-me-change-me"])
def test_a_weak_secret_stops_every_function(
    deployment: Deployment, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, secret: str
) -> None:
    monkeypatch.setenv("JWT_SECRET", secret)
    answer = deployment.sign_in()
    assert (answer["statusCode"], answer["json"]["code"]) == (500, "misconfigured")
    with pytest.raises(Misconfigured, match="misconfigured"):
        deployment.raw("authorizer", event("authorizer_missing"))
    reasons = [str(getattr(record, "refusal", "")) for record in caplog.records]
    assert any("openssl rand" in reason for reason in reasons)
    assert secret not in " ".join(reasons).replace("JWT_SECRET", "")


@pytest.mark.parametrize(("name", "value"), [("KEY_ANNOUNCE_SECONDS", "300"), ("SIGNING_ALGORITHM", "RS1")])
def test_a_rotation_that_would_lock_people_out_does_not_start(
    deployment: Deployment, monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(Misconfigured):
        deployment.raw("rotate_keys", {})


def test_with_a_shared_secret_only_mac_keys_rotate(deployment: Deployment, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIGNING_ALGORITHM", "HS256")
    answer = deployment.raw("rotate_keys", {})
    assert answer["signing"] == []
    assert [key["state"] for key in answer["mac"]] == ["active", "pending"]


def test_a_warm_call_reads_no_key_and_no_secret(deployment: Deployment) -> None:
    deployment.sign_in("acme-admin")
    token = deployment.token("acme-admin")
    assert deployment.authorize(bearer(token)).allowed
    deployment.count()
    secrets = deployment.count_secrets()
    assert deployment.authorize(bearer(token)).allowed
    assert deployment.count() == ["BatchGetItem"]
    deployment.sign_in("acme-admin")
    assert deployment.count_secrets() == secrets
