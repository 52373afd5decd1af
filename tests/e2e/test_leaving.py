"""Finding and leaving over HTTP, with the roles of the deployed functions enforced."""

from __future__ import annotations

from typing import Any

from tests.support.cloud import Cloud
from tests.support.mails import mails_to, wait_for

PASSWORD = "correct horse battery 9"


def _make(cloud: Cloud, admin: str, **body: Any) -> str:
    made = cloud.call("POST", "/users", admin, json={"password": PASSWORD, **body})
    assert made.status_code == 201, made.text
    return str(made.json()["id"])


def _found(cloud: Cloud, admin: str, **query: str) -> list[str]:
    answer = cloud.call("GET", "/users", admin, params=query)
    assert answer.status_code == 200, answer.text
    return [item["username"] for item in answer.json()["items"]]


def test_users_are_found_by_address_name_role_and_status(cloud: Cloud) -> None:
    admin = cloud.token("admin")
    assert cloud.call("POST", "/tenants", admin, json={"id": "meadow"}).status_code == 201
    ids = {
        name: _make(cloud, admin, username=f"{name}-m", email=f"{name}@meadow.example", tenant_id="meadow", roles=roles)
        for name, roles in (("ida", ["admin"]), ("ivo", ["auditor"]), ("jan", ["auditor"]))
    }
    cloud.call("PATCH", f"/users/{ids['jan']}", admin, json={"status": "disabled"})
    boss = cloud.token("ida-m", PASSWORD)
    assert _found(cloud, boss, email="IVO@meadow.example") == ["ivo-m"]
    assert _found(cloud, boss, name="i") == ["ida-m", "ivo-m"]
    assert _found(cloud, boss, role="auditor", status="active") == ["ivo-m"]
    assert _found(cloud, boss, email="admin@acme.example") == []


def test_a_user_leaves_and_the_name_is_given_to_nobody(cloud: Cloud) -> None:
    admin = cloud.token("admin")
    user_id = _make(cloud, admin, username="leaver", email="leaver@people.example", tenant_id="acme")
    tokens = cloud.sign_in("leaver", PASSWORD)
    token = tokens["access_token"]
    exported = cloud.call("GET", "/users/me/export", token).json()
    assert exported["user"]["email"] == "leaver@people.example"
    assert [session["id"] for session in exported["sessions"]] == [tokens["session_id"]]
    assert cloud.call("DELETE", "/users/me", token, json={"current_password": "wrong one"}).status_code == 403
    left = cloud.call("DELETE", "/users/me", token, json={"current_password": PASSWORD})
    assert left.status_code == 204, left.text
    assert cloud.call("GET", "/users/me", token).status_code == 401
    assert cloud.call("GET", f"/users/{user_id}", admin).status_code == 404
    again = cloud.call("POST", "/users", admin, json={"username": "Leaver", "password": PASSWORD, "tenant_id": "acme"})
    assert (again.status_code, again.json()["code"]) == (409, "username_taken")
    wait_for(lambda: mails_to(cloud, "leaver@people.example"))
    table = cloud.client("dynamodb").scan(TableName=cloud.outputs["UsersTable"])["Items"]
    assert not [item for item in table if "leaver" in str(item)]


def test_a_tenant_is_deleted_in_steps_and_its_id_is_kept(cloud: Cloud) -> None:
    admin = cloud.token("admin")
    assert cloud.call("POST", "/tenants", admin, json={"id": "ruin"}).status_code == 201
    _make(cloud, admin, username="ruin-boss", tenant_id="ruin", roles=["admin"])
    boss = cloud.token("ruin-boss", PASSWORD)
    cloud.call("POST", "/api/ruin/auth/service-tokens", boss, json={"name": "robot"})
    invited = cloud.call("POST", "/api/ruin/invitations", boss, json={"email": "someone@ruin.example"})
    assert invited.status_code == 201, invited.text
    cloud.call("PATCH", "/api/ruin/policy", boss, json={"locale": "de"})
    assert cloud.call("DELETE", "/tenants/ruin", admin).json()["code"] == "tenant_active"
    cloud.call("PATCH", "/tenants/ruin", admin, json={"status": "disabled"})
    assert cloud.call("GET", "/users/me", boss).status_code == 401
    for _ in range(20):
        answer = cloud.call("DELETE", "/tenants/ruin", admin)
        if answer.status_code != 202:
            break
    assert answer.status_code == 204, answer.text
    assert cloud.call("GET", "/tenants/ruin", admin).status_code == 404
    assert cloud.call("POST", "/tenants", admin, json={"id": "ruin"}).json()["code"] == "tenant_taken"
