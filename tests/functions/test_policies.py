"""Policies, metadata and the hook, through the functions as they are wired."""

from __future__ import annotations

import json
from typing import Any

import jwt
import pytest

from tests.support.deployment import Answer, Deployment
from tests.support.people import bearer
from tests.support.wire import http, wire

PATH = "/api/acme/policy"
ARN = "arn:aws:lambda:us-east-1:123456789012:function:claims"


def _change(deployment: Deployment, context: dict[str, str], **body: Any) -> Answer:
    return deployment.call("tenants", "PATCH", PATH, body, context=context)


def test_a_tenant_that_decided_nothing_shows_the_defaults_and_gets_them_back_with_null(deployment: Deployment) -> None:
    admin = deployment.context("acme-admin")
    defaults = {
        "sign_up": "closed",
        "domains": [],
        "methods": ["password"],
        "second_factor": "optional",
        "second_factor_grace_days": 0,
        "remember_device_days": 0,
        "token_metadata": [],
    }
    assert deployment.call("tenants", "GET", PATH, context=admin)["json"] == defaults
    changed = {
        "sign_up": "domain",
        "domains": ["acme.example"],
        "session_seconds": 3600,
        "least_password_length": 15,
        "locale": "de-CH",
        "mail_from_name": "Acmé",
        "mail_reply_to": "help@acme.example",
        "audit_retention_days": 400,
        "token_metadata": ["plan"],
    }
    answer = _change(deployment, admin, **changed)
    assert (answer["statusCode"], answer["json"]) == (200, {**defaults, **changed})
    assert deployment.call("tenants", "GET", PATH, context=admin)["json"] == {**defaults, **changed}
    assert _change(deployment, admin, **dict.fromkeys(changed))["json"] == defaults


def test_a_value_that_breaks_a_rule_is_400_with_a_sentence_and_changes_nothing(
    deployment: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MAIL_FROM", "")
    admin = deployment.context("acme-admin")
    before = deployment.call("tenants", "GET", PATH, context=admin)["json"]
    for body, sentence in (
        ({"session_seconds": 86_401}, "session_seconds is 60 to 86400."),
        ({"session_seconds": 3600, "methods": []}, "methods has at least one method, or nobody could sign in."),
        ({"methods": ["email_code"]}, "methods cannot have email_code, because this deployment sends no mail."),
        ({"second_factor_grace_days": 61}, "second_factor_grace_days is 0 to 60."),
    ):
        answer = _change(deployment, admin, **body)
        assert (answer["statusCode"], answer["json"]["detail"]) == (400, sentence)
    assert deployment.call("tenants", "GET", PATH, context=admin)["json"] == before


def test_where_mail_is_on_people_may_sign_in_by_codes(deployment: Deployment, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MAIL_FROM", "no-reply@id.example")
    changed = _change(deployment, deployment.context("acme-admin"), methods=["password", "email_code"])
    assert changed["json"]["methods"] == ["password", "email_code"]


def test_a_shorter_session_holds_from_the_next_sign_in_on(deployment: Deployment) -> None:
    _change(deployment, deployment.context("acme-admin"), session_seconds=600)
    assert deployment.sign_in("acme-admin")["json"]["refresh_expires_in"] == 600
    assert deployment.sign_in("globex-admin")["json"]["refresh_expires_in"] == 86_400


def test_metadata_go_from_the_administrator_into_token_context_and_introspection(deployment: Deployment) -> None:
    admin = deployment.context("acme-admin")
    body = {"username": "kim", "password": "correct horse battery", "metadata": {"plan": "gœld", "note": "private"}}
    made = deployment.call("users", "POST", "/users", body, context=admin)["json"]
    assert made["metadata"] == {"note": "private", "plan": "gœld"}
    _change(deployment, admin, token_metadata=["plan"])
    pair = deployment.sign_in("kim@acme", "correct horse battery")["json"]
    said = jwt.decode(pair["access_token"], options={"verify_signature": False})
    assert said["metadata"] == {"plan": "gœld"}
    context = deployment.authorize(bearer(pair["access_token"])).context
    assert json.loads(context["metadata"]) == {"plan": "gœld"}
    assert (context["userId"], context["tenantId"]) == (made["id"], "acme")
    own = deployment.call("users", "GET", "/users/me", context=context)["json"]
    assert own["metadata"] == {"note": "private", "plan": "gœld"}
    asked = {"token": pair["access_token"]}
    found = deployment.call("introspect", "POST", "/auth/token/introspect", asked, context=admin)["json"]
    assert found["metadata"] == {"plan": "gœld"}
    denied = deployment.call("users", "PATCH", "/users/me", {"metadata": {"plan": "x"}}, context=context)
    assert denied["statusCode"] == 403
    path = f"/users/{made['id']}"
    assert "metadata" not in deployment.call("users", "PATCH", path, {"metadata": None}, context=admin)["json"]
    again = deployment.call("refresh", "POST", "/auth/refresh", {"refresh_token": pair["refresh_token"]})["json"]
    assert "metadata" not in jwt.decode(again["access_token"], options={"verify_signature": False})


@pytest.mark.parametrize(
    "metadata",
    [{"Plan": "x"}, {"plan": 7}, {"plan": None}, {"plan": {"a": "b"}}, {"plan": "x" * 257}, ["plan"], "plan", 7],
)
def test_metadata_that_are_none_are_400(deployment: Deployment, metadata: Any) -> None:
    admin = deployment.context("acme-admin")
    for function, path in (("users", f"/users/{admin['user_id']}"), ("tenants", "/tenants/acme")):
        answer = deployment.call(function, "PATCH", path, {"metadata": metadata}, context=deployment.context())
        assert (answer["statusCode"], answer["json"]["code"]) == (400, "invalid_request"), path


def test_a_tenants_metadata_are_shown_to_those_who_administer_it(deployment: Deployment) -> None:
    admin, platform = deployment.context("acme-admin"), deployment.context()
    changed = deployment.call("tenants", "PATCH", "/tenants/acme", {"metadata": {"plan": "gold"}}, context=admin)
    assert (changed["statusCode"], changed["json"]["metadata"]) == (200, {"plan": "gold"})
    body = {"username": "kim", "password": "correct horse battery"}
    deployment.call("users", "POST", "/users", body, context=admin)
    member = deployment.context("kim@acme", "correct horse battery")
    shown = [
        deployment.call("tenants", "GET", "/tenants/acme", context=context)["json"].get("metadata")
        for context in (admin, platform, member)
    ]
    assert shown == [{"plan": "gold"}, {"plan": "gold"}, None]
    assert deployment.call("tenants", "PATCH", "/tenants/acme", {"name": "x"}, context=admin)["statusCode"] == 403


def test_the_hook_is_asked_by_the_functions_that_mint_and_denies_with_their_own_errors(
    deployment: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    with wire() as server:
        monkeypatch.setenv("AWS_ENDPOINT_URL_LAMBDA", server.url)
        monkeypatch.setenv("TOKEN_HOOK_ARN", ARN)
        said: list[Any] = [{"claims": {"tier": 2}}, {"claims": {"tier": 3}}, {"deny": "on_hold"}, {"deny": "on_hold"}]
        server.script = [*(http(200, answer, "Connection: close") for answer in said), b"x\r\n"]
        first = deployment.sign_in("acme-admin")["json"]
        body = {"refresh_token": first["refresh_token"]}
        second = deployment.call("refresh", "POST", "/auth/refresh", body)["json"]
        contexts = [deployment.authorize(bearer(pair["access_token"])).context for pair in (first, second)]
        assert [json.loads(context["ext"]) for context in contexts] == [{"tier": 2}, {"tier": 3}]
        answer = deployment.call("refresh", "POST", "/auth/refresh", {"refresh_token": second["refresh_token"]})
        assert (answer["statusCode"], answer["json"]["error"]) == (400, "invalid_grant")
        answer = deployment.sign_in("acme-admin")
        assert (answer["statusCode"], answer["json"]["code"]) == (401, "invalid_credentials")
        answer = deployment.sign_in("acme-admin")
        assert (answer["statusCode"], answer["json"]["code"]) == (503, "temporarily_unavailable")
        assert "Retry-After" in answer["headers"]
        assert {asked.head.split(" ")[1].rpartition("/functions/")[2] for asked in server.asked} == {
            f"{ARN.replace(':', '%3A')}/invocations"
        }
