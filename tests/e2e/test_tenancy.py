"""Tenants over HTTP, against the deployed stack."""

from __future__ import annotations

import uuid

from tests.support.cloud import Cloud
from tests.support.people import PASSWORD


def test_a_tenant_lives_and_dies(cloud: Cloud) -> None:
    platform, tenant_id = cloud.token(), f"t{uuid.uuid4().hex[:8]}"
    assert cloud.call("POST", "/tenants", platform, json={"id": tenant_id}).status_code == 201
    name = f"boss-{tenant_id}"
    body = {"username": name, "password": PASSWORD, "tenant_id": tenant_id, "roles": ["admin"]}
    assert cloud.call("POST", "/users", platform, json=body).status_code == 201
    boss = cloud.sign_in(name, PASSWORD)
    path = f"/api/{tenant_id}/auth/service-tokens"
    minted = cloud.call("POST", path, boss["access_token"], json={"name": "ci"}).json()
    assert cloud.call("GET", "/users/me", minted["access_token"]).json()["username"] == "service:ci"
    assert (
        cloud.call("POST", path, minted["access_token"], json={"name": "more"}).json()["code"] == "insufficient_scope"
    )
    assert cloud.call("GET", path, boss["access_token"]).json()["items"][0]["jti"] == minted["jti"]
    assert cloud.call("PATCH", f"/tenants/{tenant_id}", platform, json={"status": "disabled"}).status_code == 200
    for token in (boss["access_token"], minted["access_token"]):
        assert cloud.call("GET", "/users/me", token).status_code == 401
    assert cloud.call("GET", "/users/me", headers={"Cookie": boss["cookie"]}).status_code == 401
    cloud.call("PATCH", f"/tenants/{tenant_id}", platform, json={"status": "active"})
    for token in (boss["access_token"], minted["access_token"]):
        assert cloud.call("GET", "/users/me", token).status_code == 401
    assert cloud.sign_in(name, PASSWORD)


def test_a_user_in_two_tenants(cloud: Cloud) -> None:
    platform, name = cloud.token(), f"shared-{uuid.uuid4().hex[:8]}"
    body = {"username": name, "password": PASSWORD, "tenant_id": "acme"}
    user_id = cloud.call("POST", "/users", platform, json=body).json()["id"]
    path = f"/users/{user_id}/tenants/globex"
    assert cloud.call("PUT", path, platform, json={"roles": ["auditor"]}).status_code == 200
    here = cloud.sign_in(name, PASSWORD)
    switch = {"refresh_token": here["refresh_token"], "tenant_id": "globex"}
    there = cloud.call("POST", "/auth/refresh", json=switch).json()
    assert cloud.call("GET", "/tenants/globex", there["access_token"]).status_code == 200
    assert cloud.call("GET", "/tenants/acme", there["access_token"]).json()["code"] == "not_found"
    assert cloud.call("GET", "/users/me", here["access_token"]).status_code == 200
    ended = cloud.sign_in(name, PASSWORD)
    switch = {"refresh_token": ended["refresh_token"], "tenant_id": "globex"}
    other = cloud.call("POST", "/auth/refresh", json=switch).json()
    assert cloud.call("POST", "/auth/token/revoke", data={"token": ended["refresh_token"]}).status_code == 200
    for dead in (ended, other):
        assert cloud.call("GET", "/users/me", dead["access_token"]).status_code == 401
    assert cloud.call("DELETE", path, platform).status_code == 204
    assert cloud.call("GET", "/users/me", there["access_token"]).status_code == 401


def test_the_demo(cloud: Cloud) -> None:
    admin = cloud.token("globex-admin")
    assert len(cloud.call("POST", "/api/globex/demo/seed", admin).json()["users"]) == 5
    (first, *_) = cloud.call("GET", "/api/globex/notifications", admin).json()["items"]
    assert (
        cloud.call("PATCH", f"/api/globex/notifications/{first['id']}", admin, json={"read": True}).status_code == 204
    )
    assert cloud.call("GET", "/api/acme/notifications", admin).json()["code"] == "not_found"
    assert cloud.call("DELETE", "/api/globex/demo/seed", admin).status_code == 204
    assert cloud.call("GET", "/api/globex/notifications", admin).json()["items"] == []
