"""Every protected route, for every kind of caller, on own and on foreign objects.

A route of the template without a row here fails. Callers act in the tenant acme; `own` objects are acme's,
`foreign` ones globex's. Whoever is not recognised, or no longer, gets 401 everywhere.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from doorward.authorizer.decide import Unauthorized
from tests.functions.conftest import Answer, Deployment
from tests.template import folder_of, routes

PASSWORD = "correct horse battery"
LIVE = ("user", "admin", "service", "platform_admin")
DEAD = ("nobody", "disabled", "demoted", "removed", "deleted", "signed_out")

# (own, foreign) for each of LIVE
Cells = tuple[tuple[int, int], tuple[int, int], tuple[int, int], tuple[int, int]]
ONLY_PLATFORM: Callable[[int], Cells] = lambda status: ((403, 403), (403, 403), (403, 403), (status, status))  # noqa: E731
TABLE: dict[tuple[str, str], Cells] = {
    ("GET", "/users"): ((403, 403), (200, 403), (403, 403), (200, 200)),
    ("POST", "/users"): ((403, 403), (201, 403), (403, 403), (201, 201)),
    ("GET", "/users/{id}"): ((403, 403), (200, 404), (403, 403), (200, 200)),
    ("PATCH", "/users/{id}"): ((403, 403), (200, 404), (403, 403), (200, 200)),
    ("DELETE", "/users/{id}"): ((403, 403), (204, 404), (403, 403), (204, 204)),
    ("PUT", "/users/{id}/tenants/{tenantId}"): ONLY_PLATFORM(200),
    ("DELETE", "/users/{id}/tenants/{tenantId}"): ONLY_PLATFORM(204),
    ("GET", "/tenants"): ONLY_PLATFORM(200),
    ("POST", "/tenants"): ONLY_PLATFORM(201),
    ("GET", "/tenants/{tenantId}"): ((200, 404), (200, 404), (200, 404), (200, 200)),
    ("PATCH", "/tenants/{tenantId}"): ONLY_PLATFORM(200),
    ("GET", "/api/{tenantId}/auth/service-tokens"): ((403, 404), (200, 404), (403, 404), (200, 200)),
    ("POST", "/api/{tenantId}/auth/service-tokens"): ((403, 404), (201, 404), (403, 404), (201, 201)),
    ("DELETE", "/api/{tenantId}/auth/service-tokens/{jti}"): ((403, 404), (204, 404), (403, 404), (204, 204)),
    ("POST", "/auth/token/introspect"): ((403, 403), (200, 200), (200, 200), (200, 200)),
    ("POST", "/auth/socket-ticket"): ((200, 200), (200, 200), (403, 403), (200, 200)),
    ("POST", "/api/{tenantId}/demo/seed"): ((403, 404), (200, 404), (403, 404), (200, 200)),
    ("DELETE", "/api/{tenantId}/demo/seed"): ((403, 404), (204, 404), (403, 404), (204, 204)),
    ("GET", "/api/{tenantId}/notifications"): ((200, 404), (200, 404), (200, 404), (404, 404)),
    ("PATCH", "/api/{tenantId}/notifications/{id}"): ((204, 404), (204, 404), (204, 404), (404, 404)),
}
PROTECTED = {(method, path): folder_of(name) for method, path, name, public in routes() if not public}


def test_every_protected_route_has_a_row() -> None:
    assert set(TABLE) == set(PROTECTED)


@dataclass
class Stage:
    """A deployment with people in it."""

    deployment: Deployment
    counter: int = 0

    def __post_init__(self) -> None:
        self.platform = self.deployment.context("admin")
        self.tokens: dict[str, str | None] = {"nobody": None}

    def ask(self, function: str, method: str, path: str, context: dict[str, str], body: Any = None) -> Answer:
        answer = self.deployment.call(function, method, path, body, context=context)
        assert answer["statusCode"] < 300, answer
        return answer

    def make_user(self, tenant_id: str, roles: tuple[str, ...] = ("user",)) -> tuple[str, str]:
        """Return the name and the id of a new user."""
        self.counter += 1
        name = f"person{self.counter}"
        body = {"username": name, "password": PASSWORD, "tenant_id": tenant_id, "roles": list(roles)}
        return name, self.ask("users", "POST", "/users", self.platform, body)["json"]["id"]

    def token(self, caller: str) -> str | None:
        """Return the access token of one kind of caller."""
        if caller not in self.tokens:
            self.tokens[caller] = self._token(caller)
        return self.tokens[caller]

    def _token(self, caller: str) -> str:
        if caller == "platform_admin":
            return str(self.deployment.log_in("admin")["json"]["access_token"])
        if caller == "service":
            body = {"name": "robot"}
            return str(self.mint("acme", body)["access_token"])
        name, user_id = self.make_user("acme", ("admin",) if caller in {"admin", "demoted"} else ("user",))
        token = str(self.deployment.log_in(name, PASSWORD)["json"]["access_token"])
        path = f"/users/{user_id}"
        if caller == "disabled":
            self.ask("users", "PATCH", path, self.platform, {"status": "disabled"})
        elif caller == "demoted":
            self.ask("users", "PUT", f"{path}/tenants/acme", self.platform, {"roles": ["user"]})
        elif caller == "removed":
            self.ask("users", "DELETE", f"{path}/tenants/acme", self.platform)
        elif caller == "deleted":
            self.ask("users", "DELETE", path, self.platform)
        elif caller == "signed_out":
            self.deployment.call("logout", "POST", "/auth/logout", headers={"Authorization": f"Bearer {token}"})
        return token

    def mint(self, tenant_id: str, body: Any) -> dict[str, Any]:
        path = f"/api/{tenant_id}/auth/service-tokens"
        minted: dict[str, Any] = self.ask("service_tokens", "POST", path, self.platform, body)["json"]
        return minted

    def request(self, method: str, route: str, tenant_id: str) -> tuple[str, Any, dict[str, str] | None]:
        """Return path, body and query of a request on a fresh object of a tenant."""
        path, body, query = route.replace("{tenantId}", tenant_id), None, None
        if route.startswith("/users/{id}"):
            path = path.replace("{id}", self.make_user(tenant_id)[1])
            body = {"PATCH": {"display_name": "x"}, "PUT": {"roles": ["auditor"]}}.get(method)
        elif route.endswith("{jti}"):
            path = path.replace("{jti}", self.mint(tenant_id, {"name": "target"})["jti"])
        elif route.endswith("notifications/{id}"):
            path, body = path.replace("{id}", self.notification(tenant_id)), {"read": True}
        elif (method, route) == ("GET", "/users"):
            query = {"tenant_id": tenant_id}
        elif route == "/auth/token/introspect":
            name, _ = self.make_user(tenant_id)
            body = {"token": self.deployment.log_in(name, PASSWORD)["json"]["access_token"]}
        elif (method, route) == ("POST", "/users"):
            body = {"password": PASSWORD, "tenant_id": tenant_id}
        elif (method, route) == ("POST", "/tenants"):
            self.counter += 1
            body = {"id": f"tenant{self.counter}"}
        elif (method, route) == ("PATCH", "/tenants/{tenantId}"):
            body = {"name": "Another name"}
        elif (method, route) == ("POST", "/api/{tenantId}/auth/service-tokens"):
            body = {"name": "another"}
        return path, body, query

    def notification(self, tenant_id: str) -> str:
        """Return the id of a notification to the whole tenant."""
        self.ask("demo", "POST", f"/api/{tenant_id}/demo/seed", self.platform, "")
        admin = self.deployment.context(f"{tenant_id}-admin")
        listed = self.ask("notifications", "GET", f"/api/{tenant_id}/notifications", admin)["json"]["items"]
        return str(next(item["id"] for item in listed if not item["own"]))

    def status(self, caller: str, method: str, route: str, tenant_id: str) -> int:
        """Send a request as API Gateway passes it on; return the status that the caller sees."""
        path, body, query = self.request(method, route, tenant_id)
        token = self.token(caller)
        try:
            context = self.deployment.authorize({} if token is None else {"Authorization": f"Bearer {token}"}, method)
        except (Unauthorized, AssertionError):  # API Gateway answers 401 to this exception and to a denial
            return 401
        function = PROTECTED[method, route]
        answer = self.deployment.call(function, method, path, body, context=context, query=query)
        return int(answer["statusCode"])


@pytest.mark.parametrize(("method", "route"), sorted(TABLE), ids=lambda value: value)
def test_each_caller_gets_what_the_table_says(deployment: Deployment, method: str, route: str) -> None:
    stage = Stage(deployment)
    found: dict[str, tuple[int, int]] = {}
    for caller in (*LIVE, *DEAD):
        own, foreign = (stage.status(caller, method, route, tenant_id) for tenant_id in ("acme", "globex"))
        found[caller] = (own, foreign)
    expected = {**dict(zip(LIVE, TABLE[method, route], strict=True)), **dict.fromkeys(DEAD, (401, 401))}
    assert found == expected


TRICKS = (
    "ACME",
    "Acme",
    "acme%2F..%2Fglobex",
    "globex%00",
    "ａｃｍｅ",
    "acme.",
    "-",
    "",
    "..",
    "x" * 300,
    "acme/../globex",
)


@pytest.mark.parametrize("tenant_id", TRICKS)
def test_no_spelling_of_a_tenant_leads_anywhere(deployment: Deployment, tenant_id: str) -> None:
    admin = deployment.context("acme-admin")
    for function, method, path in (
        ("notifications", "GET", f"/api/{tenant_id}/notifications"),
        ("service_tokens", "GET", f"/api/{tenant_id}/auth/service-tokens"),
        ("tenants", "GET", f"/tenants/{tenant_id}" if tenant_id else "/tenants/x"),
    ):
        answer = deployment.call(function, method, path, context=admin)
        assert answer["statusCode"] in {400, 404}, (path, answer)


def test_headers_cannot_change_who_one_is_or_where(deployment: Deployment) -> None:
    admin = deployment.context("acme-admin")
    headers = {"X-Tenant-Id": "globex", "X-Forwarded-User": "admin", "X-Original-URL": "/api/globex/notifications"}
    page = deployment.call("users", "GET", "/users", context=admin, headers=headers)["json"]
    assert {item["tenants"][0]["tenant_id"] for item in page["items"]} == {"acme"}
    body = {"password": PASSWORD, "tenant_id": "globex"}
    assert deployment.call("users", "POST", "/users", body, context=admin, headers=headers)["statusCode"] == 403
