"""Tenants, memberships, service tokens and the demo as their callers see them."""

from __future__ import annotations

from typing import Any

import pytest

from doorward.rules.revocation import MAX_ENTRIES
from tests.support.deployment import Deployment
from tests.support.full import also_when_full
from tests.support.people import PASSWORD, bearer


def test_a_tenant_is_created_listed_changed_and_disabled(deployment: Deployment) -> None:
    platform = deployment.context()
    made = deployment.call("tenants", "POST", "/tenants", {"id": "initech", "name": "Initech"}, context=platform)
    assert (made["statusCode"], made["headers"]["Location"]) == (201, "/tenants/initech")
    page = deployment.call("tenants", "GET", "/tenants", context=platform, query={"limit": "2"})["json"]
    rest = deployment.call("tenants", "GET", "/tenants", context=platform, query={"cursor": page["next_cursor"]})[
        "json"
    ]
    assert [item["id"] for item in page["items"] + rest["items"]] == ["acme", "globex", "initech"]
    token = deployment.token("acme-admin")
    changed = deployment.call("tenants", "PATCH", "/tenants/acme", {"status": "disabled"}, context=platform)
    assert changed["json"]["status"] == "disabled"
    assert deployment.authorize(bearer(token)).refusal == "denied"
    assert deployment.sign_in("acme-admin")["json"]["code"] == "invalid_credentials"


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/tenants", {"id": "Not A Slug"}),
        ("POST", "/tenants", {"id": "x" * 300}),
        ("POST", "/tenants", {"id": "-"}),
        ("POST", "/tenants", {"id": "ok", "status": "active"}),
        ("POST", "/tenants", {}),
        ("PATCH", "/tenants/acme", {}),
        ("PATCH", "/tenants/acme", {"status": "deleted"}),
        ("PATCH", "/tenants/acme", {"id": "other"}),
        ("PATCH", "/tenants/ACME", {"name": "x"}),
    ],
)
def test_bad_tenants(deployment: Deployment, method: str, path: str, body: Any) -> None:
    answer = deployment.call("tenants", method, path, body, context=deployment.context())
    assert (answer["statusCode"], answer["json"]["code"]) == (400, "invalid_request")


@pytest.mark.parametrize("signs_out", ["acme", "globex"])
@also_when_full
def test_who_switched_signs_out_of_both_tenants_from_either(deployment: Deployment, signs_out: str) -> None:
    platform = deployment.context()
    body = {"username": "eve", "password": PASSWORD, "tenant_id": "acme"}
    path = deployment.call("users", "POST", "/users", body, context=platform)["headers"]["Location"]
    deployment.call("users", "PUT", f"{path}/tenants/globex", {"roles": ["user"]}, context=platform)
    first = deployment.sign_in("eve", PASSWORD)["json"]
    switch = {"refresh_token": first["refresh_token"], "tenant_id": "globex"}
    held = {"acme": first, "globex": deployment.call("refresh", "POST", "/auth/refresh", switch)["json"]}
    deployment.call("logout", "POST", "/auth/logout", headers=bearer(held[signs_out]["access_token"]))
    assert [deployment.authorize(bearer(pair["access_token"])).allowed for pair in held.values()] == [False, False]
    spent = {"refresh_token": held["globex"]["refresh_token"]}
    assert deployment.call("refresh", "POST", "/auth/refresh", spent)["json"]["error"] == "invalid_grant"


@also_when_full
def test_a_refresh_token_that_comes_back_late_ends_its_family(deployment: Deployment) -> None:
    first = deployment.sign_in("acme-admin")["json"]
    body = {"refresh_token": first["refresh_token"]}
    second = deployment.call("refresh", "POST", "/auth/refresh", body)["json"]
    third = deployment.call("refresh", "POST", "/auth/refresh", {"refresh_token": second["refresh_token"]})["json"]
    assert deployment.call("refresh", "POST", "/auth/refresh", body)["json"]["error"] == "invalid_grant"
    assert [deployment.authorize(bearer(one["access_token"])).allowed for one in (first, second, third)] == [False] * 3


def test_signing_out_many_times_keeps_every_token_dead_and_other_sessions_alive(deployment: Deployment) -> None:
    kept = deployment.sign_in("acme-admin")["json"]
    dead = []
    for _ in range(MAX_ENTRIES + 2):
        dead.append(deployment.token("acme-admin"))
        assert deployment.call("logout", "POST", "/auth/logout", headers=bearer(dead[-1]))["statusCode"] == 204
    assert not any(deployment.authorize(bearer(token)).allowed for token in dead)
    renewed = deployment.call("refresh", "POST", "/auth/refresh", {"refresh_token": kept["refresh_token"]})["json"]
    assert deployment.authorize(bearer(renewed["access_token"])).allowed


def test_a_shared_user_switches_tenants_and_is_removed(deployment: Deployment) -> None:
    platform = deployment.context()
    body = {"username": "bob", "password": PASSWORD, "tenant_id": "acme"}
    path = deployment.call("users", "POST", "/users", body, context=platform)["headers"]["Location"]
    joined = deployment.call("users", "PUT", f"{path}/tenants/globex", {"roles": ["auditor"]}, context=platform)
    assert [(one["tenant_id"], one["home"]) for one in joined["json"]["tenants"]] == [("acme", True), ("globex", False)]
    for roles in (["service"], ["platform_admin"], ["x" * 65], "admin", None):
        refused = deployment.call("users", "PUT", f"{path}/tenants/globex", {"roles": roles}, context=platform)
        assert (refused["statusCode"], refused["json"]["code"]) == (400, "invalid_request")
    missing = deployment.call("users", "PUT", f"{path}/tenants/nowhere", {"roles": ["user"]}, context=platform)
    assert missing["json"]["code"] == "not_found"
    token = deployment.sign_in("bob", PASSWORD)["json"]["refresh_token"]
    switch = {"refresh_token": token, "tenant_id": "globex"}
    switched = deployment.call("refresh", "POST", "/auth/refresh", switch)["json"]
    there = deployment.authorize(bearer(switched["access_token"])).context
    assert (there["tenant_id"], there["roles"]) == ("globex", "auditor")
    mixed = {"refresh_token": switched["refresh_token"], "tenant_id": "acme"}
    assert deployment.call("refresh", "POST", "/api/globex/auth/refresh", mixed)["json"]["error"] == "invalid_grant"
    assert deployment.call("users", "DELETE", f"{path}/tenants/globex", context=platform)["statusCode"] == 204
    assert deployment.authorize(bearer(switched["access_token"])).refusal == "denied"
    last = deployment.call("users", "DELETE", "/users/me/tenants/acme", context=platform)
    assert last["json"]["code"] == "not_found"


def test_the_last_administrator_is_a_conflict_with_a_reason(deployment: Deployment) -> None:
    platform, admin = deployment.context(), deployment.context("acme-admin")
    path = f"/users/{admin['user_id']}"
    for method, target, body in (
        ("DELETE", path, None),
        ("PATCH", path, {"roles": ["user"]}),
        ("DELETE", f"{path}/tenants/acme", None),
        ("PUT", f"{path}/tenants/acme", {"roles": []}),
    ):
        answer = deployment.call("users", method, target, body, context=platform)
        assert (answer["statusCode"], answer["json"]["code"]) == (409, "last_admin")


@also_when_full
def test_a_service_token_is_shown_once_and_revoked(deployment: Deployment) -> None:
    admin = deployment.context("acme-admin")
    path = "/api/acme/auth/service-tokens"
    minted = deployment.call("service_tokens", "POST", path, {"name": "ci", "expires_in": 60}, context=admin)["json"]
    assert (minted["status"], minted["token_type"]) == ("active", "Bearer")
    assert minted["expires_in"] in {59, 60}  # the clock may tick between the two readings
    service = deployment.authorize(bearer(minted["access_token"])).context
    assert (service["user_id"], service["tenant_id"], service["roles"]) == ("service:ci", "acme", "service")
    me = deployment.call("users", "GET", "/users/me", context=service)["json"]
    assert (me["username"], me["tenants"][0]["roles"]) == ("service:ci", ["service"])
    (listed,) = deployment.call("service_tokens", "GET", path, context=admin)["json"]["items"]
    assert "access_token" not in listed
    assert deployment.call("service_tokens", "DELETE", f"{path}/{minted['jti']}", context=admin)["statusCode"] == 204
    assert deployment.authorize(bearer(minted["access_token"])).refusal == "denied"
    (listed,) = deployment.call("service_tokens", "GET", path, context=admin)["json"]["items"]
    assert listed["status"] == "revoked"
    for body in (
        {},
        {"name": "A"},
        {"name": "ci", "expires_in": 10**12},
        {"name": "ci", "expires_in": "60"},
        {"name": "ci", "roles": []},
    ):
        assert deployment.call("service_tokens", "POST", path, body, context=admin)["statusCode"] == 400


def test_the_demo_is_seeded_read_and_removed(deployment: Deployment) -> None:
    admin = deployment.context("acme-admin")
    seeded = deployment.call("demo", "POST", "/api/acme/demo/seed", {"passwords": True}, context=admin)["json"]
    assert len(seeded["users"]) == 5
    assert all(user["password"] and user["email"].endswith("@acme.example") for user in seeded["users"])
    again = deployment.call("demo", "POST", "/api/acme/demo/seed", context=admin)["json"]
    assert again == {"users": [], "notifications": 3}
    path = "/api/acme/notifications"
    page = deployment.call("notifications", "GET", path, context=admin, query={"limit": "1"})["json"]
    rest = deployment.call("notifications", "GET", path, context=admin, query={"cursor": page["next_cursor"]})["json"]
    items = page["items"] + rest["items"]
    assert [item["own"] for item in items] == [True, False, False]
    read = deployment.call("notifications", "PATCH", f"{path}/{items[0]['id']}", {"read": True}, context=admin)
    assert read["statusCode"] == 204
    assert deployment.call("notifications", "GET", path, context=admin)["json"]["items"][0]["read"]
    foreign = deployment.context("globex-admin")
    stolen = deployment.call(
        "notifications", "GET", "/api/globex/notifications", context=foreign, query={"cursor": page["next_cursor"]}
    )
    assert stolen["json"]["code"] == "invalid_cursor"
    assert deployment.call("demo", "DELETE", "/api/acme/demo/seed", context=admin)["statusCode"] == 204
    assert deployment.call("notifications", "GET", path, context=admin)["json"]["items"] == []
    assert len(deployment.call("users", "GET", "/users", context=admin)["json"]["items"]) == 1


def test_without_demo_its_paths_are_none(deployment: Deployment, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DEMO_ENABLED", "false")
    admin = deployment.context("acme-admin")
    for function, method, path in (
        ("demo", "POST", "/api/acme/demo/seed"),
        ("notifications", "GET", "/api/acme/notifications"),
    ):
        assert deployment.call(function, method, path, context=admin)["json"]["code"] == "not_found"
