"""Bad input is a clear 4xx with a stable code: never a 5xx, never something half-written."""

from __future__ import annotations

import itertools
import json
from types import SimpleNamespace
from typing import Any

import pytest

from tests.support.deployment import Deployment, event
from tests.support.people import bearer

BODIES: dict[str, Any] = {
    "nothing": None,
    "empty": "",
    "white space": "  ",
    "not json": "username=admin",
    "half": '{"username": "admin"',
    "an array": "[]",
    "a number": "7",
    "null": "null",
    "no members": {},
    "nan": '{"username": NaN, "password": "x"}',
    "deep": "[" * 30_000,
    "huge": {"username": "admin", "password": "x" * 1_000_000},
    "long password": {"username": "admin", "password": "x" * 20_000},
    "unknown member": {"username": "admin", "password": "x", "admin": True},
    "wrong types": {"username": 1, "password": ["x"]},
    "null members": {"username": None, "password": None},
    "both names": {"username": "admin", "email": "a@b.c", "password": "x"},
    "lone surrogate": '{"username": "\\ud800", "password": "x"}',
    "lone surrogate in the password": '{"username": "a", "password": "\\ud800"}',
    "raw surrogate": '{"username": "\ud800", "password": "x"}',
    "bad tenant": {"username": "admin", "password": "x", "tenant_id": "../acme"},
    "email without tenant": {"email": "a@b.example", "password": "x"},
    "empty password": {"username": "admin", "password": ""},
}
ENDPOINTS = [
    ("login", "/auth/login"),
    ("login", "/api/acme/auth/login"),
    ("refresh", "/auth/token/refresh"),
    ("revoke", "/auth/token/revoke"),
    ("invitations", "/auth/invitations/accept"),
    ("invitations", "/api/acme/auth/invitations/accept"),
]


@pytest.mark.parametrize(("function", "path"), ENDPOINTS)
def test_bad_bodies(deployment: Deployment, function: str, path: str) -> None:
    for name, body in BODIES.items():
        answer = deployment.call(function, "POST", path, body)
        assert answer["statusCode"] in {400, 401, 413}, (name, answer)
        assert answer["json"]["code"] in {"invalid_request", "payload_too_large", "invalid_credentials"}, (name, answer)
        assert "x" * 100 not in answer["body"]


def test_names_of_every_kind_are_wrong_credentials(deployment: Deployment) -> None:
    for name in ("nul\0", "\ufdfa" * 250, "x" * 256, "'; --", "../..", "\u202e", " ", "🙂"):
        answer = deployment.sign_in(name, "nul\0 password")
        assert answer["json"]["code"] == "invalid_credentials", name
        body = {"email": name, "password": "x"}
        assert deployment.call("login", "POST", "/api/acme/auth/login", body)["json"]["code"] == "invalid_credentials"


@pytest.mark.parametrize(
    "media_type", ["", "text/plain", "application/jsonp", "multipart/form-data", "application/xml"]
)
def test_other_media_types_are_refused(deployment: Deployment, media_type: str) -> None:
    for function, path in ENDPOINTS:
        answer = deployment.call(function, "POST", path, "x", headers={"Content-Type": media_type})
        assert (answer["statusCode"], answer["json"]["code"]) == (415, "unsupported_media_type")


@pytest.mark.parametrize("token", ["", "x", "dwr1.acme.a.b.0.c", "é", "\0", "a.b.c", "x" * 9000])
def test_tokens_that_are_none(deployment: Deployment, token: str) -> None:
    answer = deployment.call("refresh", "POST", "/auth/refresh", {"refresh_token": token})
    assert answer["json"]["error"] in {"invalid_grant", "invalid_request"}
    revoked = deployment.call("revoke", "POST", "/auth/token/revoke", {"token": token})
    assert revoked["statusCode"] in {200, 400}


@pytest.mark.standard("ASVS 9.2.2", "RFC 8725 3.12.a")
def test_tokens_of_the_wrong_kind(deployment: Deployment) -> None:
    answer = deployment.sign_in("acme-admin")
    access, refresh = answer["json"]["access_token"], answer["json"]["refresh_token"]
    cookie = answer["headers"]["Set-Cookie"].partition(";")[0].partition("=")[2]
    for token in (access, cookie):
        assert (
            deployment.call("refresh", "POST", "/auth/refresh", {"refresh_token": token})["json"]["error"]
            == "invalid_grant"
        )
    for headers in (
        bearer(refresh),
        bearer(cookie),
        {"Cookie": f"__Host-doorward={refresh}"},
    ):
        assert deployment.authorize(headers).refusal == "denied"


def test_bad_forms(deployment: Deployment) -> None:
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    for body in ("", "&&&", "=", "refresh_token", "refresh_token=%ff", "a=1&" * 50, "refresh_token=%00", "x" * 40_000):
        answer = deployment.call("refresh", "POST", "/auth/refresh", body, headers=form)
        assert answer["statusCode"] in {400, 413}, body[:20]


def test_a_body_that_claims_to_be_base64(deployment: Deployment) -> None:
    sent = event("login_username")
    for body, status in (("%%%", 400), ("eyJ1c2VybmFtZSI6ImFkbWluIiwicGFzc3dvcmQiOiJhZG1pbjEyMyJ9", 200), ("é", 400)):
        sent.update(body=body, isBase64Encoded=True)
        assert deployment.raw("login", sent)["statusCode"] == status


_SIGNING_IN = {"username": "admin", "password": "admin123"}
_CREATING = {"password": "correct horse battery"}
WITHOUT: tuple[tuple[str, str, str, dict[str, Any], tuple[str, ...]], ...] = (
    ("login", "POST", "/auth/login", _SIGNING_IN, ("username", "tenant_id", "client_id")),
    ("login", "POST", "/auth/login", {"password": "x", "tenant_id": "acme"}, ("email",)),
    ("refresh", "POST", "/auth/refresh", {"refresh_token": "x"}, ("tenant_id", "client_id", "grant_type")),
    ("revoke", "POST", "/auth/token/revoke", {"token": "x"}, ("token", "token_type_hint", "client_id")),
    ("users", "POST", "/users", _CREATING, ("username", "email", "display_name", "locale", "tenant_id")),
    ("users", "PATCH", "/users/me", {}, ("email", "display_name", "locale", "current_password")),
    ("tenants", "POST", "/tenants", {"id": "new"}, ("id", "name")),
    ("tenants", "PATCH", "/tenants/acme", {}, ("name", "status")),
    ("tenants", "PATCH", "/api/acme/policy", {}, ("sign_up", "locale", "mail_from_name", "mail_reply_to")),
    ("service_tokens", "POST", "/api/acme/auth/service-tokens", {}, ("name",)),
    ("invitations", "POST", "/api/acme/invitations", {"email": "a@b.example"}, ("email", "locale", "deliver")),
    ("webhooks", "POST", "/api/acme/webhooks", {"url": "https://a.example/"}, ("url", "description")),
    ("invitations", "POST", "/auth/invitations/accept", {"token": "x"}, ("token", "password", "username", "client_id")),
)


def test_an_empty_text_is_no_absent_one_in_json(deployment: Deployment) -> None:
    context = deployment.context()
    deployment.count()
    for function, method, path, body, names in WITHOUT:
        for name in names:
            answer = deployment.call(function, method, path, {**body, name: ""}, context=context)
            code = "unsupported_grant_type" if name == "grant_type" else "invalid_request"
            assert (answer["statusCode"], answer["json"]["code"]) == (400, code), (path, name)
    assert deployment.count() == []


class TestUsers:
    CREATIONS: tuple[dict[str, Any], ...] = (
        {},
        {"password": "short"},
        {"password": "correct horse", "username": "a b"},
        {"password": "correct horse", "username": "аdmin"},
        {"password": "correct horse", "username": "nul\0"},
        {"password": "correct horse", "username": "x" * 300},
        {"password": "correct horse", "email": "nobody"},
        {"password": "correct horse", "roles": ["platform_admin"]},
        {"password": "correct horse", "roles": "admin"},
        {"password": "correct horse", "roles": ["a" * 65]},
        {"password": "correct horse", "roles": ["x"] * 21},
        {"password": "correct horse", "platform_admin": True},
        {"password": "correct horse", "id": "mine"},
        {"password": "x" * 3000},
        {"password": "password1"},
        {"password": "correct horse", "tenant_id": "-"},
    )

    def test_bad_creations_write_nothing(self, deployment: Deployment) -> None:
        admin = deployment.context("acme-admin")
        deployment.count()
        for body in self.CREATIONS:
            answer = deployment.call("users", "POST", "/users", body, context=admin)
            assert answer["statusCode"] == 400, (body, answer)
            assert answer["json"]["code"] in {"invalid_request", "weak_password", "unacceptable_name"}
        assert set(deployment.count()) <= {"GetItem"}  # the tenant's policy, which says how long a password is

    @pytest.mark.parametrize(
        "body",
        [
            {},
            {"status": "deleted"},
            {"password": None},
            {"roles": None},
            {"username": "x"},
            {"platform_admin": True},
            [],
        ],
    )
    def test_bad_changes(self, deployment: Deployment, body: Any) -> None:
        answer = deployment.call(
            "users", "PATCH", "/users/me", json.dumps(body), context=deployment.context("acme-admin")
        )
        assert (answer["statusCode"], answer["json"]["code"]) == (400, "invalid_request")

    @pytest.mark.parametrize(
        "query",
        [
            {"limit": "0"},
            {"limit": "101"},
            {"limit": "ten"},
            {"limit": "-1"},
            {"limit": "9" * 5000},
            {"cursor": "x"},
            {"tenant_id": "A"},
        ],
    )
    def test_bad_queries(self, deployment: Deployment, query: dict[str, str]) -> None:
        answer = deployment.call("users", "GET", "/users", context=deployment.context("acme-admin"), query=query)
        assert (answer["statusCode"], answer["json"]["code"]) in {(400, "invalid_request"), (400, "invalid_cursor")}

    @pytest.mark.parametrize("user_id", ["nobody", "x" * 9000, "%00", "a%2Fb", "Me", "🙂", "user#1"])
    def test_ids_that_name_nobody(self, deployment: Deployment, user_id: str) -> None:
        answer = deployment.call("users", "GET", f"/users/{user_id}", context=deployment.context("acme-admin"))
        assert answer["statusCode"] == 404


def test_nothing_that_was_sent_as_a_password_comes_back_or_is_logged(
    deployment: Deployment, caplog: pytest.LogCaptureFixture
) -> None:
    secret = "sup3r-s3cret-value"
    for body in (
        {"username": "admin", "password": secret},
        {"username": 1, "password": secret},
        {"password": [secret]},
    ):
        answer = deployment.call("login", "POST", "/auth/login", body)
        assert secret not in answer["body"]
    admin = deployment.context("acme-admin")
    deployment.call("users", "POST", "/users", {"password": secret, "username": "ok", "roles": 1}, context=admin)
    deployment.call("users", "POST", "/users", {"password": secret, "username": "ok"}, context=admin)
    assert secret not in "".join(str(record.__dict__) for record in caplog.records)


def test_a_fault_inside_is_a_500_that_tells_nothing(deployment: Deployment, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_: object) -> None:
        raise ValueError("a detail with admin123 in it")

    monkeypatch.setattr(deployment.module("login"), "services", lambda: SimpleNamespace(log_in=fail))
    answer = deployment.sign_in()
    assert (answer["statusCode"], answer["json"]["code"]) == (500, "internal_error")
    assert "admin123" not in answer["body"]


TENANT_PATHS = [
    ("login", "POST", "/api/{}/auth/login", {"username": "admin", "password": "x"}),
    ("refresh", "POST", "/api/{}/auth/refresh", {"refresh_token": "x"}),
    ("tenants", "GET", "/tenants/{}", None),
    ("tenants", "PATCH", "/tenants/{}", {"name": "New"}),
    ("tenants", "GET", "/api/{}/policy", None),
    ("tenants", "PATCH", "/api/{}/policy", {"sign_up": "open"}),
    ("users", "PUT", "/users/me/tenants/{}", {"roles": ["user"]}),
    ("users", "DELETE", "/users/me/tenants/{}", None),
    ("service_tokens", "POST", "/api/{}/auth/service-tokens", {"name": "ci"}),
    ("service_tokens", "GET", "/api/{}/auth/service-tokens", None),
    ("webhooks", "GET", "/api/{}/webhooks", None),
    ("webhooks", "POST", "/api/{}/webhooks", {"url": "https://a.example/"}),
    ("service_tokens", "DELETE", "/api/{}/auth/service-tokens/x", None),
    ("invitations", "POST", "/api/{}/invitations", {"email": "a@b.example"}),
    ("invitations", "GET", "/api/{}/invitations", None),
    ("invitations", "DELETE", "/api/{}/invitations/x", None),
    ("invitations", "POST", "/api/{}/invitations/x/resend", None),
    ("invitations", "POST", "/api/{}/auth/invitations/accept", {"token": "x", "password": "correct horse battery"}),
    ("audit", "GET", "/api/{}/audit", None),
    ("audit", "GET", "/api/{}/audit/checkpoint", None),
    ("demo", "POST", "/api/{}/demo/seed", None),
    ("demo", "DELETE", "/api/{}/demo/seed", None),
    ("notifications", "GET", "/api/{}/notifications", None),
    ("notifications", "PATCH", "/api/{}/notifications/x", {"read": True}),
]


@pytest.mark.parametrize(("function", "method", "path", "body"), TENANT_PATHS)
def test_a_path_with_a_tenant_of_no_form_or_of_nobody_is_answered_as_documented(
    deployment: Deployment, function: str, method: str, path: str, body: Any
) -> None:
    contexts = [deployment.context(username) for username in ("admin", "acme-admin")]
    malformed = ("-", "ACME", "acme.", "acme*", "acme#x", "%00", "a" * 64, "\u0430cme")
    for context, tenant_id in itertools.product(contexts, ("nowhere", "globex", *malformed)):
        answer = deployment.call(function, method, path.format(tenant_id), body, context=context)
        assert tenant_id not in malformed or answer["statusCode"] in {400, 404}, (tenant_id, answer["body"])


def test_a_tenants_name_that_is_none_is_refused_as_documented(deployment: Deployment) -> None:
    context = deployment.context()
    for method, path, body in (("POST", "/tenants", {"id": "new"}), ("PATCH", "/tenants/acme", {})):
        answer = deployment.call("tenants", method, path, {**body, "name": "a\u202eb"}, context=context)
        assert (answer["statusCode"], answer["json"]["code"]) == (400, "unacceptable_name")
