"""Every sample event has the answer that is written here, whole."""

from __future__ import annotations

import logging
from typing import Any

import pytest

from tests.support.deployment import EVENTS, NAMES, Deployment, event, parsed

EXPECTED: dict[str, tuple[int, str | None]] = {
    "login_username": (200, None),
    "login_tenant": (200, None),
    "login_wrong": (401, "invalid_credentials"),
    "login_malformed": (400, "invalid_request"),
    "login_put": (405, "method_not_allowed"),
    "refresh_forged": (400, "invalid_grant"),
    "refresh_form": (400, "unsupported_grant_type"),
    "revoke_unknown": (200, None),
    "logout_anonymous": (401, "missing_credentials"),
    "logout_dead_cookie": (204, None),
    "users_create": (201, None),
    "users_list": (200, None),
    "users_find": (200, None),
    "users_export_missing": (404, "not_found"),
    "users_missing": (404, "not_found"),
    "users_assign_forbidden": (403, "insufficient_scope"),
    "tenants_list": (200, None),
    "tenants_delete_active": (409, "tenant_active"),
    "tenants_taken": (409, "tenant_taken"),
    "tenants_foreign": (404, "not_found"),
    "tenants_policy": (200, None),
    "service_tokens_mint": (201, None),
    "service_tokens_foreign": (404, "not_found"),
    "audit_find": (200, None),
    "audit_foreign": (404, "not_found"),
    "audit_checkpoint": (200, None),
    "webhooks_foreign": (404, "not_found"),
    "invitations_make": (201, None),
    "invitations_foreign": (404, "not_found"),
    "invitations_accept_forged": (400, "invalid_proof"),
    "links_show": (200, None),
    "links_dead": (400, None),  # a page
    "pages_sign_in": (200, None),
    "account_pages_anonymous": (303, None),
    "factor_pages_anonymous": (303, None),
    "factors_anonymous": (401, "missing_credentials"),
    "second_factor_forged": (401, "invalid_second_factor"),
    "second_factor_pages_reloaded": (303, None),
    "admin_pages_anonymous": (303, None),
    "tenant_pages_anonymous": (303, None),
    "demo_seed": (200, None),
    "notifications_list": (200, None),
    "notifications_missing": (404, "not_found"),
    "users_anonymous": (401, "missing_credentials"),
    "user_sessions_anonymous": (401, "missing_credentials"),
    "user_sessions_missing": (404, "not_found"),
    "introspect_dead": (200, None),
    "introspect_anonymous": (401, "missing_credentials"),
    "revocations_feed": (200, None),
    "revocations_missing_part": (404, "not_found"),
    "socket_ticket_anonymous": (401, "missing_credentials"),
    "well_known_openapi": (200, None),
    "well_known_jwks": (200, None),
    "well_known_metadata": (200, None),
}


@pytest.fixture(autouse=True)
def whole_tables() -> None:
    """The callers of sample events are made up, so what they have belongs to nobody."""


OTHERS: dict[str, dict[str, Any] | None] = {
    "rotate_keys_schedule": None,
    "rotate_keys_rotate": None,
    "sockets_connect_used_ticket": {"statusCode": 403},
    "close_sockets_revoked": {"closed": 0},
    "publish_feed_revoked": {"changes": 1},
    "publish_feed_schedule": {"changes": 0},
    "publish_feed_rebuild": {"changes": 0},
    "mail_feedback_bounced": {"marked": False},
    "mail_feedback_complained": {"marked": False},
    "send_mail_gone": {"batchItemFailures": []},
    "publish_events_linked": {"batchItemFailures": []},
    "deliver_webhooks_gone": {"batchItemFailures": []},
    "deliver_webhooks_schedule": {"batchItemFailures": []},
}


AUTHORIZER = {"authorizer_garbage": "invalid_token", "authorizer_missing": "missing_credentials"}


def _function(name: str) -> str:
    return max((function for function in NAMES if name.startswith(f"{function}_")), key=len)


def test_every_event_file_is_tested() -> None:
    files = {file.stem for file in EVENTS.glob("*.json")}
    assert files == {*EXPECTED, *OTHERS, *AUTHORIZER}


@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_an_event_gets_its_answer(deployment: Deployment, name: str) -> None:
    status, code = EXPECTED[name]
    sent = event(name)
    for headers, origin in (("headers", "https://app.example"), ("multiValueHeaders", ["https://app.example"])):
        sent[headers] = {**(sent.get(headers) or {}), "Origin": origin}
    answer = parsed(deployment.raw(_function(name), sent))
    assert answer["statusCode"] == status, answer
    page = _function(name) == "links" or _function(name).endswith("pages")
    assert answer["headers"].get("Access-Control-Allow-Origin") == (None if page else "https://app.example")
    assert answer["headers"].get("Access-Control-Allow-Credentials") == (None if page else "true")
    assert answer["headers"]["X-Content-Type-Options"] == "nosniff"
    assert answer["headers"]["Strict-Transport-Security"] == "max-age=63072000"
    assert "Cache-Control" in answer["headers"]
    if code is not None:
        _assert_problem(answer, status, code, oauth=_function(name) in {"introspect", "refresh", "revoke"})


@pytest.mark.parametrize(
    ("origin", "allowed"),
    [
        ("https://app.example", True),
        ("https://second.example", True),
        ("https://evil.example", False),
        ("https://app.example.evil.example", False),
        ("https://APP.example", False),
        ("null", False),
        ("https://app.example,https://second.example", False),
        ("", False),
    ],
)
def test_a_preflight_names_the_origin_that_asked_if_it_is_on_the_list(
    deployment: Deployment, origin: str, *, allowed: bool
) -> None:
    sent = {**event("users_list"), "httpMethod": "OPTIONS"}
    sent["headers"] = {**sent["headers"], "Origin": origin}
    sent["multiValueHeaders"] = {name: [value] for name, value in sent["headers"].items()}
    answer = parsed(deployment.raw("users", sent))
    headers = answer["headers"]
    assert (answer["statusCode"], answer["body"], headers["Allow"]) == (204, "", "GET, POST")
    assert (headers["X-Content-Type-Options"], headers["Strict-Transport-Security"]) == ("nosniff", "max-age=63072000")
    assert headers.get("Access-Control-Allow-Origin") == (origin if allowed else None)
    assert headers.get("Access-Control-Allow-Credentials") == ("true" if allowed else None)
    assert headers["Vary"] == "Origin"
    assert (headers["Access-Control-Allow-Methods"], headers["Access-Control-Allow-Headers"]) == (
        "GET, POST",
        "Authorization, Content-Type",
    )


def test_a_preflight_of_no_path_is_not_found(deployment: Deployment) -> None:
    sent = {**event("users_list"), "httpMethod": "OPTIONS", "path": "/nowhere"}
    assert deployment.raw("users", sent)["statusCode"] == 404


def _assert_problem(answer: dict[str, Any], status: int, code: str, *, oauth: bool) -> None:
    body = answer["json"]
    media_type = "application/json" if oauth else "application/problem+json"
    assert answer["headers"]["Content-Type"] == media_type
    assert (body["status"], body["code"]) == (status, code)
    assert body["type"] == f"urn:doorward:problem:{code}"
    assert body["request_id"] == "7e0c6ad5-0000-4000-8000-000000000001"
    assert set(body) - {"error", "error_description"} == {"type", "title", "status", "detail", "code", "request_id"}
    assert ("error" in body) == oauth
    if status == 401:
        assert answer["headers"]["WWW-Authenticate"].startswith("Bearer")


@pytest.mark.parametrize("name", sorted({*EXPECTED, "authorizer_garbage", "sockets_connect_used_ticket"}))
def test_every_audit_event_says_where_its_request_came_from(
    deployment: Deployment, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    caplog.clear()
    sent = event(name)
    deployment.raw(_function(name), sent)
    seen = {
        "source": sent["requestContext"]["identity"]["sourceIp"],
        "user_agent": sent["requestContext"]["identity"].get("userAgent"),
        "request_id": sent["requestContext"]["requestId"],
    }
    for line in caplog.records:
        if hasattr(line, "audit"):
            assert {key: line.audit.get(key) for key in seen} == seen, line.audit


@pytest.mark.parametrize(("name", "code"), AUTHORIZER.items())
def test_the_authorizer_denies_without_an_exception_and_says_how_to_ask(
    deployment: Deployment, name: str, code: str
) -> None:
    policy = deployment.raw("authorizer", event(name))
    assert policy["policyDocument"]["Statement"][0]["Effect"] == "Deny"
    assert policy["context"]["code"] == code


def test_the_users_function_never_answers_5xx_to_an_uninitialised_caller(deployment: Deployment) -> None:
    sent = event("users_list")
    sent["requestContext"]["authorizer"] = {"user_id": "", "roles": ""}
    assert deployment.raw("users", sent)["statusCode"] == 401


@pytest.mark.parametrize("name", OTHERS)
def test_an_event_of_another_kind_gets_its_answer(deployment: Deployment, name: str) -> None:
    answer = deployment.raw(_function(name), event(name))
    if _function(name) == "rotate_keys":
        assert [key["state"] for key in answer["signing"]] == ["active", "pending"]
        assert [key["state"] for key in answer["mac"]] == ["active", "pending"]
    else:
        assert answer == OTHERS[name]
