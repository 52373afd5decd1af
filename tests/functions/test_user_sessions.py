"""Sessions as their users and administrators see and end them; what a sign-in stores and tells."""

from __future__ import annotations

from typing import Any

import boto3
import pytest

from tests.support.aws import REGION
from tests.support.deployment import Answer, Deployment, event, parsed
from tests.support.full import also_when_full
from tests.support.people import PASSWORD, bearer


def _user(deployment: Deployment, name: str = "bob", *tenants: str) -> str:
    """Return the id of a new user of acme and of further tenants."""
    platform = deployment.context()
    body = {"username": name, "password": PASSWORD, "tenant_id": "acme"}
    user_id = deployment.call("users", "POST", "/users", body, context=platform)["json"]["id"]
    for tenant_id in tenants:
        path = f"/users/{user_id}/tenants/{tenant_id}"
        assert deployment.call("users", "PUT", path, {"roles": ["user"]}, context=platform)["statusCode"] == 200
    return str(user_id)


def _sessions(deployment: Deployment, method: str, path: str, context: dict[str, str], **more: Any) -> Answer:
    return deployment.call("user_sessions", method, f"/users/{path}", context=context, **more)


def _items(deployment: Deployment, context: dict[str, str], user_id: str = "me") -> list[dict[str, Any]]:
    answer = _sessions(deployment, "GET", f"{user_id}/sessions", context)
    assert answer["statusCode"] == 200, answer
    assert answer["headers"]["Cache-Control"] == "no-store"
    items: list[dict[str, Any]] = answer["json"]["items"]
    return items


def _sign_in(deployment: Deployment, user_agent: str | None, name: str = "bob", **members: str) -> dict[str, Any]:
    sent = event("login_username")
    sent["requestContext"]["identity"] = {"sourceIp": "203.0.113.9", "userAgent": user_agent}
    rest = "".join(f', "{name}": "{value}"' for name, value in members.items())
    sent["body"] = f'{{"username": "{name}", "password": "{PASSWORD}"{rest}}}'
    answer: dict[str, Any] = parsed(deployment.raw("login", sent))["json"]
    return answer


def _context(deployment: Deployment, pair: dict[str, Any]) -> dict[str, str]:
    decision = deployment.authorize(bearer(pair["access_token"]))
    assert decision.allowed
    return decision.context


def _denied(deployment: Deployment, pair: dict[str, Any]) -> bool:
    return not deployment.authorize(bearer(pair["access_token"])).allowed


def test_a_user_sees_each_session_and_which_one_this_is(deployment: Deployment) -> None:
    _user(deployment)
    other = _sign_in(deployment, "curl/8", client_id="web")
    this = _sign_in(deployment, None)
    first, second = _items(deployment, _context(deployment, this))
    assert (first["id"], first["current"]) == (this["session_id"], True)
    assert "user_agent" not in first
    shown = {key: second[key] for key in ("id", "tenant_id", "source", "user_agent", "client_id", "current")}
    assert shown == {
        "id": other["session_id"],
        "tenant_id": "acme",
        "source": "203.0.113.9",
        "user_agent": "curl/8",
        "client_id": "web",
        "current": False,
    }
    assert second["created_at"] == second["last_used_at"] < second["expires_at"]


def test_a_user_agent_is_kept_as_256_printable_characters(deployment: Deployment) -> None:
    _user(deployment)
    pair = _sign_in(deployment, "a\x1b[31m\u202eb\n" + "x" * 1000)
    (shown,) = _items(deployment, _context(deployment, pair))
    assert shown["user_agent"] == "a[31mb" + "x" * 250


def test_a_platform_administrators_session_outside_tenants_has_no_tenant(deployment: Deployment) -> None:
    (shown,) = _items(deployment, deployment.context())
    assert "tenant_id" not in shown
    assert shown["current"]


@also_when_full
def test_ending_a_session_is_real_at_the_next_request_and_only_once(deployment: Deployment) -> None:
    _user(deployment)
    lost, kept = _sign_in(deployment, "lost"), _sign_in(deployment, "kept")
    context, path = _context(deployment, kept), f"me/sessions/{lost['session_id']}"
    assert _sessions(deployment, "DELETE", path, context)["statusCode"] == 204
    assert _denied(deployment, lost)
    refused = deployment.call("refresh", "POST", "/auth/refresh", {"refresh_token": lost["refresh_token"]})
    assert refused["json"]["error"] == "invalid_grant"
    assert not _denied(deployment, kept)
    assert [item["id"] for item in _items(deployment, context)] == [kept["session_id"]]
    again = _sessions(deployment, "DELETE", path, context)
    assert (again["statusCode"], again["json"]["code"]) == (404, "not_found")


def test_ending_the_own_session_is_signing_out(deployment: Deployment) -> None:
    _user(deployment)
    pair = _sign_in(deployment, "this")
    context = _context(deployment, pair)
    assert _sessions(deployment, "DELETE", f"me/sessions/{pair['session_id']}", context)["statusCode"] == 204
    assert _denied(deployment, pair)


def test_ending_all_is_signing_out_everywhere(deployment: Deployment) -> None:
    _user(deployment, "bob", "globex")
    pairs = [_sign_in(deployment, "one"), _sign_in(deployment, "two", tenant_id="globex")]
    assert _sessions(deployment, "DELETE", "me/sessions", _context(deployment, pairs[0]))["statusCode"] == 204
    assert all(_denied(deployment, pair) for pair in pairs)
    assert not _denied(deployment, _sign_in(deployment, "three"))


def test_an_administrator_sees_and_ends_in_the_own_tenant_alone(deployment: Deployment) -> None:
    user_id = _user(deployment, "bob", "globex")
    here, there = _sign_in(deployment, "here"), _sign_in(deployment, "there", tenant_id="globex")
    admin = deployment.context("acme-admin")
    assert [item["id"] for item in _items(deployment, admin, user_id)] == [here["session_id"]]
    foreign = _sessions(deployment, "DELETE", f"{user_id}/sessions/{there['session_id']}", admin)
    assert (foreign["statusCode"], foreign["json"]["code"]) == (404, "not_found")
    assert _sessions(deployment, "DELETE", f"{user_id}/sessions", admin)["statusCode"] == 204
    assert _denied(deployment, here)
    assert not _denied(deployment, there)
    body = {"refresh_token": there["refresh_token"], "tenant_id": "acme"}
    switched = deployment.call("refresh", "POST", "/auth/token/refresh", body)
    assert (switched["statusCode"], switched["json"]["error"]) == (400, "invalid_grant")


def test_a_user_of_no_tenant_has_no_sessions_to_end(deployment: Deployment) -> None:
    user_id, platform = _user(deployment), deployment.context()
    deployment.call("users", "DELETE", f"/users/{user_id}/tenants/acme", context=platform)
    assert _items(deployment, platform, user_id) == []
    assert _sessions(deployment, "DELETE", f"{user_id}/sessions", platform)["statusCode"] == 204


def test_neighbours_strangers_and_services_see_and_end_nothing(deployment: Deployment) -> None:
    user_id = _user(deployment)
    _user(deployment, "eve")
    pair = _sign_in(deployment, "bob's")
    minted = deployment.call(
        "service_tokens", "POST", "/api/acme/auth/service-tokens", {"name": "ci"}, context=deployment.context()
    )
    callers = {
        "a neighbour": (deployment.context("globex-admin"), 404),
        "a user": (deployment.context("eve", PASSWORD), 403),
        "a service": (_context(deployment, minted["json"]), 403),
    }
    for name, (context, status) in callers.items():
        for method, path in (
            ("GET", f"{user_id}/sessions"),
            ("DELETE", f"{user_id}/sessions"),
            ("DELETE", f"{user_id}/sessions/{pair['session_id']}"),
        ):
            assert _sessions(deployment, method, path, context)["statusCode"] == status, (name, method, path)
        own = _sessions(deployment, "DELETE", f"me/sessions/{pair['session_id']}", context)
        assert own["statusCode"] == 404, name
    for method in ("GET", "DELETE"):
        assert _sessions(deployment, method, "me/sessions", callers["a service"][0])["statusCode"] == 404
    assert not _denied(deployment, pair)


@pytest.mark.parametrize("part", ["nobody", "x" * 9000, "%00", "a%2Fb", "Me", "🙂", "user#1", "..", "7" * 26])
def test_ids_that_name_nothing_are_not_found_and_write_nothing(deployment: Deployment, part: str) -> None:
    context = deployment.context("acme-admin")
    for method, path in (
        ("GET", f"{part}/sessions"),
        ("DELETE", f"{part}/sessions"),
        ("DELETE", f"{part}/sessions/{'7' * 26}"),
        ("DELETE", f"me/sessions/{part}"),
    ):
        deployment.count()
        answer = _sessions(deployment, method, path, context)
        assert (answer["statusCode"], answer["json"]["code"]) == (404, "not_found"), path[:40]
        assert set(deployment.count()) <= {"GetItem", "BatchGetItem"}


def test_a_parameter_or_another_method_is_refused(deployment: Deployment) -> None:
    context = deployment.context("acme-admin")
    answer = _sessions(deployment, "DELETE", "me/sessions", context, query={"except": "current"})
    assert (answer["statusCode"], answer["json"]["code"]) == (400, "invalid_request")
    assert _sessions(deployment, "PUT", "me/sessions", context)["headers"]["Allow"] == "GET, DELETE"
    assert _sessions(deployment, "GET", f"me/sessions/{'7' * 26}", context)["headers"]["Allow"] == "DELETE"
    assert len(_items(deployment, context)) == 1


def test_who_must_change_the_password_first_does_that_first(deployment: Deployment) -> None:
    context = {**deployment.context("acme-admin"), "restriction": "password_change_required"}
    answer = _sessions(deployment, "GET", "me/sessions", context)
    assert (answer["statusCode"], answer["json"]["code"]) == (403, "password_change_required")


def test_another_sites_page_ends_nothing_with_the_cookie(deployment: Deployment) -> None:
    cookie = deployment.sign_in("acme-admin")["headers"]["Set-Cookie"].partition(";")[0]
    context = deployment.authorize({"cookie": cookie, "origin": "https://evil.example"}, "DELETE").context
    answer = _sessions(deployment, "DELETE", "me/sessions", context)
    assert (answer["statusCode"], answer["json"]["code"]) == (403, "cross_site_request")


def test_a_list_takes_two_reads_a_tenant_and_an_ending_one_transaction(deployment: Deployment) -> None:
    _user(deployment)
    lost, kept = _sign_in(deployment, "lost"), _sign_in(deployment, "kept")
    context = _context(deployment, kept)
    deployment.count()
    _items(deployment, context)
    assert deployment.count() == ["GetItem", "BatchGetItem", "BatchGetItem", "Query"]
    _sessions(deployment, "DELETE", f"me/sessions/{lost['session_id']}", context)
    # the user, the session and what decides about it, and the one write
    assert deployment.count() == ["GetItem", *3 * ["BatchGetItem"], "TransactWriteItems"]
    _sessions(deployment, "DELETE", "me/sessions", context)
    assert deployment.count() == ["GetItem", "BatchGetItem", "BatchGetItem", "TransactWriteItems"]


class TestNotices:
    """A sign-in on a device that is not known, where mail is on."""

    LOGIN = ("BatchGetItem", "TransactWriteItems", "BatchGetItem", "BatchGetItem", "TransactWriteItems")

    @pytest.fixture
    def mailing(self, deployment: Deployment, monkeypatch: pytest.MonkeyPatch) -> Deployment:
        monkeypatch.setenv("MAIL_FROM", "doorward@id.example")
        deployment.sign_in("acme-admin")
        self._proofs_table(deployment)
        deployment.count()
        return deployment

    @staticmethod
    def _proofs_table(deployment: Deployment) -> list[dict[str, Any]]:
        table = deployment.module("login").services().log_in.begin.sessions.tables.proofs
        found: list[dict[str, Any]] = boto3.client("dynamodb", REGION).scan(TableName=table)["Items"]
        return found

    def test_the_notice_is_stored_in_one_transaction_with_the_session(self, mailing: Deployment) -> None:
        mailing.sign_in("acme-admin")
        assert tuple(mailing.count()) == (*self.LOGIN, "TransactWriteItems")
        notice = self._proofs_table(mailing)[-1]  # two, if a new hour has begun
        assert notice["kind"] == {"S": "new_device"}
        assert notice["address"] == {"S": "admin@acme.example"}
        assert notice["tenant_id"] == {"S": "acme"}
        assert '"source": "192.0.2.10"' in notice["details"]["S"]

    def test_a_known_device_costs_what_it_cost(self, mailing: Deployment) -> None:
        body = {"username": "acme-admin", "password": "admin123"}
        token = mailing.sign_in("acme-admin")["json"]["device_token"]
        before = len(self._proofs_table(mailing))
        mailing.count()
        mailing.call("login", "POST", "/auth/login", {**body, "device_token": token})
        assert mailing.count()[-1] == "TransactWriteItems"
        assert len(self._proofs_table(mailing)) == before

    def test_a_failed_sign_in_asks_for_the_same_as_where_mail_is_off(self, mailing: Deployment) -> None:
        before = self._proofs_table(mailing)
        mailing.count()
        assert mailing.sign_in("acme-admin", "wrong")["json"]["code"] == "invalid_credentials"
        assert tuple(mailing.count()) == (*self.LOGIN[:4], "UpdateItem", "PutItem")
        assert self._proofs_table(mailing) == before

    def test_where_mail_is_off_no_notice_is_stored(
        self, deployment: Deployment, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("MAIL_FROM", "")
        deployment.sign_in("acme-admin")
        assert self._proofs_table(deployment) == []
