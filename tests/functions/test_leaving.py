"""Finding users, leaving, the export and the end of a tenant, through the functions."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.deployment import Deployment
from tests.support.people import PASSWORD, bearer
from tests.support.tables import on_moto


def _make(deployment: Deployment, name: str, **values: Any) -> str:
    body = {"username": name, "password": PASSWORD, "tenant_id": "acme", **values}
    made = deployment.call("users", "POST", "/users", body, context=deployment.context())
    assert made["statusCode"] == 201, made
    return str(made["json"]["id"])


def test_users_are_found_page_by_page_and_a_cursor_belongs_to_its_question(deployment: Deployment) -> None:
    for name in ("mia", "mina", "nina"):
        _make(deployment, name, email=f"{name}@acme.example", display_name=f"M {name}", roles=["auditor"])
    admin = deployment.context("acme-admin")

    def find(**query: str) -> dict[str, Any]:
        return deployment.call("users", "GET", "/users", context=admin, query=query)

    assert [item["username"] for item in find(email="MIA@acme.example")["json"]["items"]] == ["mia"]
    first = find(name="m", limit="2")["json"]
    rest = find(name="m", limit="2", cursor=first["next_cursor"])["json"]
    assert {item["username"] for item in first["items"] + rest["items"]} == {"mia", "mina", "nina"}
    for other in ({"name": "mi"}, {"name": "m", "role": "auditor"}, {}):
        refused = find(cursor=first["next_cursor"], **other)
        assert (refused["statusCode"], refused["json"]["code"]) == (400, "invalid_cursor")
    assert len(find(role="auditor", status="active")["json"]["items"]) == 3
    for bad in ({"email": "x"}, {"role": "No"}, {"status": "gone"}, {"name": "x" * 200}):
        assert find(**bad)["json"]["code"] == "invalid_request"
    everywhere = deployment.call("users", "GET", "/users", context=deployment.context(), query={"name": "m"})
    assert everywhere["json"]["code"] == "invalid_request"


def test_a_user_leaves_and_is_told_what_is_missing(deployment: Deployment) -> None:
    user_id = _make(deployment, "bob", email="bob@acme.example")
    token = deployment.token("bob", PASSWORD)
    me = deployment.authorize(bearer(token)).context
    for body, code in (
        (None, "invalid_request"),
        ({}, "invalid_request"),
        ({"current_password": ""}, "invalid_request"),
        ({"current_password": "wrong"}, "wrong_password"),
        ({"password": PASSWORD}, "invalid_request"),
        ("[", "invalid_request"),
    ):
        assert deployment.call("users", "DELETE", "/users/me", body, context=me)["json"]["code"] == code, body
    left = deployment.call("users", "DELETE", f"/users/{user_id}", {"current_password": PASSWORD}, context=me)
    assert left["statusCode"] == 204
    assert not deployment.authorize(bearer(token)).allowed
    assert deployment.sign_in("bob", PASSWORD)["json"]["code"] == "invalid_credentials"
    body = {"username": "Bob", "password": PASSWORD, "tenant_id": "acme"}
    again = deployment.call("users", "POST", "/users", body, context=deployment.context())
    assert (again["statusCode"], again["json"]["code"]) == (409, "username_taken")


def test_an_export_holds_what_is_known_and_nothing_that_could_be_used(deployment: Deployment) -> None:
    _make(deployment, "bob", email="bob@acme.example")
    signed_in = deployment.sign_in("bob", PASSWORD)
    me = deployment.authorize(bearer(signed_in["json"]["access_token"])).context
    answer = deployment.call("users", "GET", "/users/me/export", context=me)
    assert answer["headers"]["Cache-Control"] == "no-store"
    exported = answer["json"]
    assert (exported["user"]["email"], exported["complete"]) == ("bob@acme.example", True)
    assert [session["id"] for session in exported["sessions"]] == [signed_in["json"]["session_id"]]
    for secret in ("hash", "argon2", "epoch", "generation", signed_in["json"]["refresh_token"]):
        assert secret not in answer["body"]


def _told() -> list[str]:
    """Return what the audit trail says of deletions of tenants, in the order of time."""
    acts = sorted(on_moto()["AuditTable"], key=lambda item: str(item["audit_id"]))
    return [item["event"] for item in acts if item["event"].startswith("tenant_delet")]


def test_a_tenant_is_deleted_and_its_id_is_never_given_again(
    deployment: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("bob", "carl", "dora"):
        _make(deployment, name)
    token = deployment.token("bob", PASSWORD)
    platform = deployment.context()
    dora = deployment.authorize(bearer(deployment.token("dora", PASSWORD))).context["user_id"]
    joined = deployment.call("users", "PUT", f"/users/{dora}/tenants/globex", {"roles": []}, context=platform)
    assert joined["statusCode"] < 300, joined

    def delete() -> dict[str, Any]:
        return deployment.call("tenants", "DELETE", "/tenants/acme", context=platform)

    assert delete()["json"]["code"] == "tenant_active"
    deployment.call("tenants", "PATCH", "/tenants/acme", {"status": "disabled"}, context=platform)
    assert not deployment.authorize(bearer(token)).allowed
    monkeypatch.setattr("doorward.accounts.remove_tenant.MAX_USERS", 2)
    monkeypatch.setattr("doorward.accounts.remove_tenant._LONGEST_MS", 3_600_000)  # however slow this machine is
    first = delete()
    assert (first["statusCode"], first["json"]) == (202, {"left": "users"})
    assert _told() == ["tenant_deletion_began"]
    revived = deployment.call("tenants", "PATCH", "/tenants/acme", {"status": "active"}, context=platform)
    assert revived["json"]["code"] == "conflict"
    shown = deployment.call("tenants", "GET", "/tenants/acme", context=platform)["json"]
    assert shown["deletion_began_at"]
    assert delete()["statusCode"] == 204
    assert delete()["statusCode"] == 404
    assert _told() == ["tenant_deletion_began", "tenant_deleted"]
    assert not deployment.authorize(bearer(token)).allowed
    stays = deployment.authorize(bearer(deployment.token("dora", PASSWORD))).context
    assert stays["tenant_id"] == "globex"  # who is in another tenant too goes on there
    assert (
        deployment.call("tenants", "POST", "/tenants", {"id": "acme"}, context=platform)["json"]["code"]
        == "tenant_taken"
    )


def test_nothing_is_left_of_a_demo_that_an_administrator_of_the_platform_made(deployment: Deployment) -> None:
    admin = deployment.context()
    assert deployment.call("demo", "POST", "/api/globex/demo/seed", context=admin)["statusCode"] == 200
    assert deployment.call("tenants", "PATCH", "/tenants/globex", {"status": "disabled"}, context=admin)["json"]
    assert deployment.call("tenants", "DELETE", "/tenants/globex", context=admin)["statusCode"] == 204
    assert not [item for item in on_moto()["NotificationsTable"] if "globex" in item["pk"]]
