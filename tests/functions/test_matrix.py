"""Every protected route, for every kind of caller, on own and on foreign objects.

A route of the template without a row here fails. Callers act in the tenant acme; `own` objects are acme's,
`foreign` ones globex's. Whoever is not recognised, or no longer, gets 401 everywhere.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from tests.support.aws import Snapshot
from tests.support.deployment import Answer, Deployment, Stack, deployed
from tests.support.people import PASSWORD, bearer
from tests.support.template import folder_of, routes

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
    ("GET", "/users/{id}/sessions"): ((403, 403), (200, 404), (403, 403), (200, 200)),
    ("DELETE", "/users/{id}/sessions"): ((403, 403), (204, 404), (403, 403), (204, 204)),
    ("DELETE", "/users/{id}/sessions/{sessionId}"): ((403, 403), (204, 404), (403, 403), (204, 204)),
    ("GET", "/users/{id}/export"): ((403, 403), (200, 404), (403, 403), (200, 200)),
    ("PUT", "/users/{id}/tenants/{tenantId}"): ONLY_PLATFORM(200),
    ("DELETE", "/users/{id}/tenants/{tenantId}"): ONLY_PLATFORM(204),
    ("POST", "/users/{id}/password-reset"): ((403, 403), (202, 404), (403, 403), (202, 202)),
    ("POST", "/users/{id}/email"): ((404, 404), (404, 404), (404, 404), (404, 404)),
    **{
        (method, f"/users/{{id}}/factors{rest}"): ((404, 404),) * 4  # everybody's own alone
        for method, rest in (
            ("GET", ""),
            ("POST", "/totp"),
            ("DELETE", "/totp"),
            ("POST", "/totp/confirm"),
            ("POST", "/recovery-codes"),
            ("POST", "/passkeys/options"),
            ("POST", "/passkeys"),
            ("PATCH", "/{factorId}"),
            ("DELETE", "/{factorId}"),
        )
    },
    ("DELETE", "/users/{id}/factors"): ((403, 403), (204, 404), (403, 403), (204, 204)),
    ("POST", "/auth/step-up"): ((400, 400), (400, 400), (400, 400), (400, 400)),
    ("POST", "/auth/verify-email"): ((400, 400), (400, 400), (404, 404), (400, 400)),
    ("GET", "/tenants"): ONLY_PLATFORM(200),
    ("POST", "/tenants"): ONLY_PLATFORM(201),
    ("GET", "/tenants/{tenantId}"): ((200, 404), (200, 404), (200, 404), (200, 200)),
    ("PATCH", "/tenants/{tenantId}"): ONLY_PLATFORM(200),
    ("GET", "/api/{tenantId}/policy"): ((403, 404), (200, 404), (403, 404), (200, 200)),
    ("PATCH", "/api/{tenantId}/policy"): ((403, 404), (200, 404), (403, 404), (200, 200)),
    ("DELETE", "/tenants/{tenantId}"): ONLY_PLATFORM(409),  # neither tenant is disabled
    ("GET", "/api/{tenantId}/auth/service-tokens"): ((403, 404), (200, 404), (403, 404), (200, 200)),
    ("POST", "/api/{tenantId}/auth/service-tokens"): ((403, 404), (201, 404), (403, 404), (201, 201)),
    ("DELETE", "/api/{tenantId}/auth/service-tokens"): ((403, 404), (200, 404), (403, 404), (200, 200)),
    ("DELETE", "/api/{tenantId}/auth/service-tokens/{jti}"): ((403, 404), (204, 404), (403, 404), (204, 204)),
    ("GET", "/api/{tenantId}/audit"): ((403, 404), (200, 404), (403, 404), (200, 200)),
    ("GET", "/api/{tenantId}/audit/checkpoint"): ((403, 404), (200, 404), (403, 404), (200, 200)),
    ("GET", "/audit"): ONLY_PLATFORM(200),
    ("GET", "/audit/checkpoint"): ONLY_PLATFORM(200),
    ("GET", "/api/{tenantId}/invitations"): ((403, 404), (200, 404), (403, 404), (200, 200)),
    ("POST", "/api/{tenantId}/invitations"): ((403, 404), (201, 404), (403, 404), (201, 201)),
    ("DELETE", "/api/{tenantId}/invitations/{id}"): ((403, 404), (204, 404), (403, 404), (204, 204)),
    ("POST", "/api/{tenantId}/invitations/{id}/resend"): ((403, 404), (200, 404), (403, 404), (200, 200)),
    ("GET", "/api/{tenantId}/webhooks"): ((403, 404), (200, 404), (403, 404), (200, 200)),
    ("POST", "/api/{tenantId}/webhooks"): ((403, 404), (201, 404), (403, 404), (201, 201)),
    ("GET", "/api/{tenantId}/webhooks/{id}"): ((403, 404), (200, 404), (403, 404), (200, 200)),
    ("PATCH", "/api/{tenantId}/webhooks/{id}"): ((403, 404), (200, 404), (403, 404), (200, 200)),
    ("DELETE", "/api/{tenantId}/webhooks/{id}"): ((403, 404), (204, 404), (403, 404), (204, 204)),
    ("POST", "/api/{tenantId}/webhooks/{id}/secret"): ((403, 404), (200, 404), (403, 404), (200, 200)),
    ("POST", "/api/{tenantId}/webhooks/{id}/test"): ((403, 404), (202, 404), (403, 404), (202, 202)),
    ("GET", "/api/{tenantId}/webhooks/{id}/deliveries"): ((403, 404), (200, 404), (403, 404), (200, 200)),
    ("POST", "/api/{tenantId}/webhooks/{id}/deliveries/{deliveryId}/replay"): (
        (403, 404),
        (202, 404),
        (403, 404),
        (202, 202),
    ),
    ("POST", "/auth/token/introspect"): ((403, 403), (200, 200), (200, 200), (200, 200)),
    ("POST", "/auth/socket-ticket"): ((200, 200), (200, 200), (403, 403), (200, 200)),
    ("POST", "/api/{tenantId}/demo/seed"): ((403, 404), (200, 404), (403, 404), (200, 200)),
    ("DELETE", "/api/{tenantId}/demo/seed"): ((403, 404), (204, 404), (403, 404), (204, 204)),
    ("GET", "/api/{tenantId}/notifications"): ((200, 404), (200, 404), (200, 404), (404, 404)),
    ("PATCH", "/api/{tenantId}/notifications/{id}"): ((204, 404), (204, 404), (204, 404), (404, 404)),
}
PROTECTED = {(method, path): folder_of(name) for method, path, name, public in routes() if not public}


@pytest.mark.standard("ASVS 8.2.1")
def test_every_protected_route_has_a_row() -> None:
    assert set(TABLE) == set(PROTECTED)


# What becomes of somebody after signing in, so that nobody lets them in any more.
ENDS: dict[str, tuple[str, str, Any]] = {
    "disabled": ("PATCH", "/users/{id}", {"status": "disabled"}),
    "demoted": ("PUT", "/users/{id}/tenants/acme", {"roles": ["user"]}),
    "removed": ("DELETE", "/users/{id}/tenants/acme", None),
    "deleted": ("DELETE", "/users/{id}", None),
}


@dataclass
class Stage:
    """A deployment, and what the platform's administrator puts into it."""

    deployment: Deployment
    names: Iterator[str] = field(default_factory=lambda: (f"name{number}" for number in itertools.count()))

    def __post_init__(self) -> None:
        self.platform = self.deployment.context("admin")
        self.notifications: dict[str, str] = {}

    def ask(self, function: str, method: str, path: str, context: dict[str, str], body: Any = None) -> Answer:
        answer = self.deployment.call(function, method, path, body, context=context)
        assert answer["statusCode"] < 300, answer
        return answer

    def make_user(self, tenant_id: str, name: str | None = None, role: str = "user") -> str:
        """Return the id of a new user."""
        body = {"username": name or next(self.names), "password": PASSWORD, "tenant_id": tenant_id, "roles": [role]}
        return str(self.ask("users", "POST", "/users", self.platform, body)["json"]["id"])

    def sign_in(self, name: str, password: str = PASSWORD) -> str:
        """Return the access token of somebody who signs in."""
        return str(self.deployment.token(name, password))

    def token(self, caller: str) -> str | None:
        """Return the access token of one kind of caller."""
        if caller == "nobody":
            return None
        if caller == "platform_admin":
            return self.sign_in("admin", "admin123")
        if caller == "service":
            return str(self.mint("acme", "robot")["access_token"])
        name = f"{caller}-of-acme"
        user_id = self.make_user("acme", name, "admin" if caller in {"admin", "demoted"} else "user")
        token = self.sign_in(name)
        if caller == "signed_out":
            self.deployment.call("logout", "POST", "/auth/logout", headers=bearer(token))
        if caller in ENDS:
            method, path, body = ENDS[caller]
            self.ask("users", method, path.replace("{id}", user_id), self.platform, body)
        return token

    def mint(self, tenant_id: str, name: str) -> dict[str, Any]:
        path = f"/api/{tenant_id}/auth/service-tokens"
        minted: dict[str, Any] = self.ask("service_tokens", "POST", path, self.platform, {"name": name})["json"]
        return minted

    def invite(self, tenant_id: str) -> str:
        """Return the id of a new invitation."""
        body = {"email": f"{next(self.names)}@people.example"}
        return str(self.ask("invitations", "POST", f"/api/{tenant_id}/invitations", self.platform, body)["json"]["id"])

    def webhook(self, tenant_id: str) -> str:
        """Return the id of a new webhook."""
        body = {"url": "https://hooks.example/in"}
        return str(self.ask("webhooks", "POST", f"/api/{tenant_id}/webhooks", self.platform, body)["json"]["id"])

    def notification(self, tenant_id: str) -> str:
        """Return the id of a notification to the whole tenant; each of its users marks it for themselves."""
        if tenant_id not in self.notifications:
            self.notifications[tenant_id] = self._seed(tenant_id)
        return self.notifications[tenant_id]

    def _seed(self, tenant_id: str) -> str:
        self.ask("demo", "POST", f"/api/{tenant_id}/demo/seed", self.platform, "")
        admin = self.deployment.context(f"{tenant_id}-admin")
        listed = self.ask("notifications", "GET", f"/api/{tenant_id}/notifications", admin)["json"]["items"]
        return str(next(item["id"] for item in listed if not item["own"]))

    def path(self, route: str, tenant_id: str) -> str:  # noqa: PLR0911 - one for each kind of object
        """Return the path of a route, on a fresh object of a tenant."""
        path = route.replace("{tenantId}", tenant_id)
        if route.endswith("{sessionId}"):
            name = next(self.names)
            path = path.replace("{id}", self.make_user(tenant_id, name))
            return path.replace("{sessionId}", self.deployment.sign_in(name, PASSWORD)["json"]["session_id"])
        if route.startswith("/users/{id}"):
            return path.replace("{id}", self.make_user(tenant_id))
        if route.endswith("notifications/{id}"):
            return path.replace("{id}", self.notification(tenant_id))
        if "/webhooks/" in route:
            return self._webhook_path(path, tenant_id)
        if "/invitations/" in route:
            return path.replace("{id}", self.invite(tenant_id))
        if route.endswith("{jti}"):
            return path.replace("{jti}", self.mint(tenant_id, "target")["jti"])
        return path

    def _webhook_path(self, path: str, tenant_id: str) -> str:
        path = path.replace("{id}", self.webhook(tenant_id))
        if "{deliveryId}" not in path:
            return path
        trial = f"{path.partition('/deliveries')[0]}/test"
        return path.replace("{deliveryId}", self.ask("webhooks", "POST", trial, self.platform)["json"]["id"])

    def body(self, method: str, route: str, tenant_id: str) -> Any:
        """Return the body of a request that changes something of a tenant."""
        if route == "/auth/token/introspect":
            name = next(self.names)
            self.make_user(tenant_id, name)
            return {"token": self.sign_in(name)}
        return {
            ("POST", "/users"): {"password": PASSWORD, "tenant_id": tenant_id},
            ("PATCH", "/users/{id}"): {"display_name": "x"},
            ("POST", "/users/{id}/password-reset"): {"deliver": "link"},
            ("PUT", "/users/{id}/tenants/{tenantId}"): {"roles": ["auditor"]},
            ("POST", "/tenants"): {"id": next(self.names)},
            ("PATCH", "/tenants/{tenantId}"): {"name": "Another name"},
            ("PATCH", "/api/{tenantId}/policy"): {"session_seconds": 3600},
            ("POST", "/api/{tenantId}/auth/service-tokens"): {"name": "another"},
            ("POST", "/api/{tenantId}/invitations"): {"email": f"{next(self.names)}@people.example"},
            ("POST", "/api/{tenantId}/webhooks"): {"url": "https://hooks.example/in"},
            ("PATCH", "/api/{tenantId}/webhooks/{id}"): {"description": "x"},
            ("PATCH", "/api/{tenantId}/notifications/{id}"): {"read": True},
        }.get((method, route))

    def status(self, token: str | None, method: str, route: str, tenant_id: str) -> int:
        """Send a request as API Gateway passes it on; return the status that the caller sees."""
        decision = self.deployment.authorize({} if token is None else bearer(token), method)
        if not decision.allowed:
            return 401
        query = {"tenant_id": tenant_id} if (method, route) == ("GET", "/users") else None
        body, path = self.body(method, route, tenant_id), self.path(route, tenant_id)
        answer = self.deployment.call(
            PROTECTED[method, route], method, path, body, context=decision.context, query=query
        )
        return int(answer["statusCode"])


@pytest.fixture(scope="session")
def callers(stack: Stack) -> tuple[dict[str, str | None], Stack]:
    """The access token of every caller, and the stack that knows them: made once for all routes."""
    with pytest.MonkeyPatch.context() as patch, deployed(stack, patch) as deployment:
        stage = Stage(deployment)
        tokens = {caller: stage.token(caller) for caller in (*LIVE, *DEAD)}
        return tokens, replace(stack, state=Snapshot())


@pytest.mark.standard("ASVS 8.2.1", "ASVS 8.2.2", "ASVS 8.4.1", "RFC 7662 2.1.c", "RFC 7662 2.3.a")
@pytest.mark.parametrize(("method", "route"), sorted(TABLE), ids=lambda value: value)
def test_each_caller_gets_what_the_table_says(
    callers: tuple[dict[str, str | None], Stack], monkeypatch: pytest.MonkeyPatch, method: str, route: str
) -> None:
    tokens, stack = callers
    found: dict[str, tuple[int, int]] = {}
    with deployed(stack, monkeypatch) as deployment:
        stage = Stage(deployment)
        for caller, token in tokens.items():
            own, foreign = (stage.status(token, method, route, tenant_id) for tenant_id in ("acme", "globex"))
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


@pytest.mark.standard("ASVS 8.4.1")
@pytest.mark.parametrize("tenant_id", TRICKS)
def test_no_spelling_of_a_tenant_leads_anywhere(deployment: Deployment, tenant_id: str) -> None:
    admin = deployment.context("acme-admin")
    for function, method, path in (
        ("notifications", "GET", f"/api/{tenant_id}/notifications"),
        ("service_tokens", "GET", f"/api/{tenant_id}/auth/service-tokens"),
        ("invitations", "GET", f"/api/{tenant_id}/invitations"),
        ("audit", "GET", f"/api/{tenant_id}/audit"),
        ("audit", "GET", f"/api/{tenant_id}/audit/checkpoint"),
        ("webhooks", "GET", f"/api/{tenant_id}/webhooks"),
        ("tenants", "GET", f"/tenants/{tenant_id}" if tenant_id else "/tenants/x"),
    ):
        answer = deployment.call(function, method, path, context=admin)
        assert answer["statusCode"] in {400, 404}, (path, answer)


@pytest.mark.standard("ASVS 8.3.1", "ASVS 8.4.1")
def test_headers_cannot_change_who_one_is_or_where(deployment: Deployment) -> None:
    admin = deployment.context("acme-admin")
    headers = {"X-Tenant-Id": "globex", "X-Forwarded-User": "admin", "X-Original-URL": "/api/globex/notifications"}
    page = deployment.call("users", "GET", "/users", context=admin, headers=headers)["json"]
    assert {item["tenants"][0]["tenant_id"] for item in page["items"]} == {"acme"}
    body = {"password": PASSWORD, "tenant_id": "globex"}
    assert deployment.call("users", "POST", "/users", body, context=admin, headers=headers)["statusCode"] == 403
