"""One decision everywhere: the same cases through every front."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from doorward.authorizer.decide import Unauthorized, decide
from doorward.errors import DoorwardError, InvalidRequest, Misconfigured
from doorward.model import TenantId
from doorward.tokens.cookie import COOKIE_NAME
from tests.support import fronts
from tests.support.fronts import COOKIES, EVENTS, NOBODY, PATHS, Question, Verdict
from tests.support.people import PASSWORD
from tests.support.world import ACME, GLOBEX, House, changed

Case = Callable[[House], tuple[Question, bool]]
BOSS = "acme-admin"


def _bearer(token: str, **more: Any) -> Question:
    return Question({"Authorization": f"Bearer {token}"}, **more)


def _after(change: Callable[[House, Any], Any], username: str = "kim", *, admitted: bool = False) -> Case:
    """A token of a user, to whom something happens afterwards."""

    def case(house: House) -> tuple[Question, bool]:
        house.add_user("kim", roles=("user",))
        pair = house.sign_in(username, PASSWORD if username == "kim" else "admin123").tokens
        change(house, pair)
        return _bearer(pair.access_token), admitted

    return case


def _change(house: House, pair: Any, **changes: Any) -> None:
    house.change(house.caller(), house.claims(pair).user_id, **changes)


def _password(house: House, pair: Any) -> None:
    _change(house, pair, password="another good password")


def _later(house: House, seconds: float) -> tuple[Question, bool]:
    question = _bearer(house.token(BOSS))
    house.clock.advance(seconds)
    return question, seconds < 900


def _reuse(house: House, pair: Any) -> None:
    house.refresh(pair.refresh_token)
    house.clock.advance(11)
    with pytest.raises(DoorwardError):
        house.refresh(pair.refresh_token)


def _rotated(house: House) -> tuple[Question, bool]:
    question = _bearer(house.token(BOSS))
    house.clock.advance(600)
    due = replace(house.rotate_signing_keys, policy=replace(house.rotate_signing_keys.policy, announce_ms=1))
    due.advance(due=True)
    return question, True


def _service(house: House, *, revoked: bool = False, disabled: bool = False) -> tuple[Question, bool]:
    principal = house.caller(BOSS)
    text, token = house.service_tokens.mint(principal, ACME, "ci", None)
    if revoked:
        house.service_tokens.revoke(principal, ACME, token.id)
    if disabled:
        house.tenants.change(house.caller(), ACME, {"status": "disabled"})
    return _bearer(text), not (revoked or disabled)


def _other_session(house: House) -> tuple[Question, bool]:
    first, second = house.sign_in(BOSS).tokens, house.sign_in(BOSS).tokens
    house.log_out(house.principal(first), everywhere=False)
    return _bearer(second.access_token), True


def _spared(house: House) -> tuple[Question, bool]:
    house.add_user("kim")
    pair = house.sign_in("kim", PASSWORD).tokens
    changes = changed(password="another good password", current_password=PASSWORD)
    house.change_user(house.principal(pair), house.claims(pair).user_id, changes)
    return _bearer(pair.access_token), True


def _must_change(house: House) -> tuple[Question, bool]:
    house.add_user("kim", password_change_required=True)
    return _bearer(house.token("kim", PASSWORD)), False


def _restarted(house: House) -> tuple[Question, bool]:
    house.add_user("kim")
    kim = house.principal(house.sign_in("kim", PASSWORD).tokens)
    house.change(kim, "me", password="another good password", current_password=PASSWORD)
    return _bearer(house.token("kim", "another good password")), True


def _switch(house: House, pair: Any) -> None:
    house.assign.put(house.caller(), house.claims(pair).user_id, GLOBEX, ("user",))
    house.switch(pair.refresh_token, GLOBEX)


def _restart(house: House, _: Any) -> None:
    for status in ("disabled", "active"):
        house.tenants.change(house.caller(), ACME, {"status": status})


def _next_revoked(house: House) -> tuple[Question, bool]:
    question = _bearer(house.token(BOSS))
    assert house.world.key_set is not None
    house.rotate_signing_keys.revoke(house.world.key_set.keys[1].kid)
    return question, True


CASES: dict[str, Case] = {
    "a good token": lambda house: (_bearer(house.token(BOSS)), True),
    "a platform administrator": lambda house: (_bearer(house.token()), True),
    "the scheme in small letters": lambda house: (Question({"Authorization": f"bearer {house.token(BOSS)}"}), True),
    "a header in another case": lambda house: (Question({"AUTHORIZATION": f"Bearer {house.token(BOSS)}"}), True),
    "a good service token": _service,
    "a refreshed token": lambda house: (
        _bearer(house.refresh(house.sign_in(BOSS).tokens.refresh_token).access_token),
        True,
    ),
    "just before it expires": lambda house: _later(house, 899),
    "just when it expires": lambda house: _later(house, 900),
    "after a rotation of keys": _rotated,
    "another session of the same user signed out": _other_session,
    "the session that changed its own password": _spared,
    "signed in after a password change": _restarted,
    "nothing": lambda house: (Question(), False),
    "an empty header": lambda house: (Question({"Authorization": ""}), False),
    "the scheme alone": lambda house: (Question({"Authorization": "Bearer "}), False),
    "another scheme": lambda house: (Question({"Authorization": "Basic YTpi"}), False),
    "garbage": lambda house: (_bearer("x.y.z"), False),
    "a long header": lambda house: (_bearer("x" * 9000), False),
    "an altered token": lambda house: (_bearer(house.token(BOSS)[:-4] + "AAAA"), False),
    "a token cut short": lambda house: (_bearer(house.token(BOSS)[:-1]), False),
    "the refresh token": lambda house: (_bearer(house.sign_in(BOSS).tokens.refresh_token), False),
    "the cookie as a token": lambda house: (_bearer(str(house.sign_in(BOSS).cookie)), False),
    "another deployment's token": lambda house: (_bearer(House().token(BOSS)), False),
    "signed out": _after(lambda house, pair: house.log_out(house.principal(pair), everywhere=False)),
    "signed out everywhere": _after(lambda house, pair: house.log_out(house.principal(pair), everywhere=True)),
    "the token revoked": _after(lambda house, pair: house.revoke(pair.access_token)),
    "the refresh token revoked": _after(lambda house, pair: house.revoke(pair.refresh_token)),
    "the refresh token used twice": _after(_reuse),
    "switched to another tenant": _after(_switch, admitted=True),
    "the user disabled": _after(lambda house, pair: _change(house, pair, status="disabled")),
    "the user demoted": _after(lambda house, pair: _change(house, pair, roles=("auditor",))),
    "the password changed by another": _after(_password),
    "the user deleted": _after(lambda house, pair: house.delete_user(house.caller(), house.claims(pair).user_id)),
    "the user removed from the tenant": _after(
        lambda house, pair: house.assign.remove(house.caller(), house.claims(pair).user_id, ACME)
    ),
    "the tenant disabled": _after(
        lambda house, pair: house.tenants.change(house.caller(), ACME, {"status": "disabled"})
    ),
    "the tenant disabled and enabled": _after(_restart),
    "the key revoked": _after(lambda house, pair: house.rotate_signing_keys.revoke(house.claims(pair).kid)),
    "the next key revoked": _next_revoked,
    "a service token revoked": lambda house: _service(house, revoked=True),
    "a service token of a disabled tenant": lambda house: _service(house, disabled=True),
    "the password to be changed first": _must_change,
}


def test_there_are_at_least_forty_cases() -> None:
    assert len(CASES) >= 40


@pytest.mark.parametrize("name", CASES)
def test_every_front_decides_the_same(house: House, name: str) -> None:
    question, admitted = CASES[name](house)
    expected = admitted
    found = {}
    for front in EVENTS:
        if front in {"REST TOKEN", "AppSync"} and "AUTHORIZATION" in question.headers:
            continue  # the gateway itself finds the header
        if front == "WebSocket, subprotocol" and "AUTHORIZATION" in question.headers:
            continue
        found[front] = fronts.ask_authorizer(house, front, question)
    if "AUTHORIZATION" not in question.headers:
        found["Verifier"] = _verified(house, question)
    status, found["ASGI"] = fronts.ask_asgi(house, question)
    assert len(set(found.values())) == 1, found
    assert (found["ASGI"] != NOBODY) == expected, found
    assert status in ({200} if expected else {401, 403})


def _verified(house: House, question: Question) -> Verdict:
    value = question.headers.get("Authorization")
    try:
        principal = fronts.verifier(house).verify_header(value)
    except DoorwardError:
        with pytest.raises(DoorwardError):
            fronts.verifier(house).verify_handshake({"token": (value or "").partition(" ")[2]})
        return NOBODY
    assert fronts.verifier(house).verify_handshake({"token": str(value).partition(" ")[2]}) == principal
    return Verdict(principal.user_id, principal.tenant_id.strip("-"))


COOKIE_CASES: dict[str, tuple[dict[str, str], str, bool]] = {
    "a read": ({}, "GET", True),
    "a change from the same site": ({"Sec-Fetch-Site": "same-origin"}, "POST", True),
    "a change from another site": ({"Sec-Fetch-Site": "cross-site"}, "POST", False),
    "a bad token beside it": ({"Authorization": "Bearer x"}, "GET", False),
    "with twenty kilobytes": ({"Cookie": "x" * 20_000}, "GET", False),
    "of nobody": ({"Cookie": f"{COOKIE_NAME}=dws1.x"}, "GET", False),
}


@pytest.mark.parametrize("name", COOKIE_CASES)
def test_every_front_that_carries_cookies_decides_the_same(house: House, name: str) -> None:
    headers, method, expected = COOKIE_CASES[name]
    cookie = f"a=b; {COOKIE_NAME}={house.sign_in(BOSS).cookie}"
    question = Question({"Cookie": cookie, **headers}, method)
    found = {front: fronts.ask_authorizer(house, front, question) for front in COOKIES}
    assert len(set(found.values())) == 1, found
    assert (next(iter(found.values())) != NOBODY) == expected, found


class TestRoutes:
    @pytest.mark.parametrize(
        ("parameters", "expected"),
        [
            ({"tenant": "acme"}, True),
            ({"TenantId": "acme"}, True),
            ({"tenant": "globex"}, False),
            ({"TENANT_ID": "globex"}, False),
            ({"tenantId": "acme", "tenant": "globex"}, False),
            ({"tenantId": "acme", "id": "globex"}, True),
        ],
    )
    def test_every_name_of_a_tenants_parameter_is_compared(
        self, house: House, parameters: dict[str, str], expected: bool
    ) -> None:
        event = {**fronts.rest(_bearer(house.token(BOSS))), "pathParameters": parameters}
        policy = decide(house.authorize, event)
        assert fronts.permits(policy["policyDocument"], event["methodArn"]) == expected

    @pytest.mark.parametrize("front", ["HTTP API 1.0", "HTTP API 2.0", "HTTP API 2.0, simple"])
    @pytest.mark.parametrize("prefix", ["", "/v1"])
    def test_rules_hold_on_the_route_for_all_the_rest(self, house: House, front: str, prefix: str) -> None:
        house.add_user("kim", roles=("auditor",))
        rules = "DELETE:/orders=admin"
        for username, expected in (("kim", False), (BOSS, True)):
            token = house.token(username, PASSWORD if username == "kim" else "admin123")
            event = EVENTS[front](_bearer(token, method="DELETE", path="/orders/7", rules=rules))
            name = "routeArn" if "routeArn" in event else "methodArn"
            event |= {name: f"{fronts.REGION_ARN}/$default", "rawPath": f"{prefix}/orders/7"}
            event["requestContext"] = {**event["requestContext"], "stage": "v1" if prefix else "$default"}
            answer = decide(house.authorize, event)
            allowed = answer.get("isAuthorized")
            if allowed is None:
                allowed = fronts.permits(answer["policyDocument"], event[name])
            assert allowed == expected

    def test_a_stage_in_the_path_lets_no_cookie_into_a_tenants_api(self, house: House) -> None:
        cookie = f"{COOKIE_NAME}={house.sign_in(BOSS).cookie}"
        event = fronts.http_2(Question({"Cookie": cookie}, path="/api/acme/orders"))
        event["rawPath"] = "/v1/api/acme/orders"
        assert decide(house.authorize, event)["context"] == {}

    @pytest.mark.standard("ASVS 10.3.2", "RFC 9700 2.3.d")
    @pytest.mark.parametrize("front", sorted(PATHS))
    @pytest.mark.parametrize(
        ("tenant_id", "expected"), [("acme", True), ("globex", False), ("ACME", False), ("-", False), (None, True)]
    )
    def test_a_path_is_held_to_the_tenant_that_it_names(
        self, house: House, front: str, tenant_id: str | None, expected: bool
    ) -> None:
        question = _bearer(house.token(BOSS), path=f"/api/{tenant_id}/orders", tenant_id=tenant_id)
        assert (fronts.ask_authorizer(house, front, question) != NOBODY) == expected

    @pytest.mark.parametrize("front", sorted(PATHS))
    def test_a_platform_administrator_outside_tenants_is_in_none(self, house: House, front: str) -> None:
        for tenant_id in ("acme", "-", ""):
            question = _bearer(house.token(), path=f"/api/{tenant_id}/x", tenant_id=tenant_id or None)
            assert (fronts.ask_authorizer(house, front, question) != NOBODY) == (tenant_id == "")

    @pytest.mark.standard("ASVS 10.3.2", "RFC 9700 2.3.d", "RFC 9068 4.i")
    @pytest.mark.parametrize("front", sorted(PATHS))
    @pytest.mark.parametrize(
        ("method", "path", "expected"),
        [
            ("GET", "/orders", True),
            ("GET", "/orders/7", True),
            ("DELETE", "/orders/7", False),
            ("DELETE", "/orders", False),
            ("DELETE", "/Orders/7", False),
            ("DELETE", "/%6frders/7", False),
            ("DELETE", "/%256frders/7", False),
            ("DELETE", "//orders//7", False),
            ("DELETE", "/x/../orders/7", False),
            ("DELETE", "/orders;a=b/7", False),
            ("DELETE", "/ordersandmore", True),
            ("DELETE", "/orders/..", False),
            ("DELETE", "/orders/%2e%2e", False),
            ("DELETE", "/orders/%252e%252e", False),
            ("DELETE", "/orders/.%2e/x", False),
            ("DELETE", "/orders/..;a", False),
            ("DELETE", "/orders/x/%2e%2e/%2e%2e/y", False),
            ("DELETE", "/customers/7/orders/1", True),
            ("GET", "/reports", False),
            ("PATCH", "/reports/2026/q1", False),
            ("PATCH", "/audits", True),
            ("HEAD", "/secrets", False),
            ("POST", "/secrets", True),
            ("DELETE", "/api/acme/files/7", False),
            ("DELETE", "/api/other/FILES", False),
            ("DELETE", "/api/acme", True),
        ],
    )
    def test_the_owners_rules_are_held(self, house: House, front: str, method: str, path: str, expected: bool) -> None:
        house.add_user("kim", roles=("auditor",))
        rules = "DELETE:/orders=admin&ANY:/reports=admin,ops&ANY:/audits=auditor"
        rules += "&GET:/secrets=admin&DELETE:/api/:tenantId/files=admin"
        question = _bearer(house.token("kim", PASSWORD), method=method, path=path, rules=rules)
        assert (fronts.ask_authorizer(house, front, question) != NOBODY) == expected
        question = replace(question, headers={"Authorization": f"Bearer {house.token(BOSS)}"})
        assert (fronts.ask_authorizer(house, front, question) != NOBODY) == (path != "/audits")

    def test_a_kept_policy_is_right_on_every_other_route(self, house: House) -> None:
        house.add_user("kim", roles=("auditor",))
        rules = "DELETE:/orders=admin&ANY:/Reports=admin&GET:/api/:id/files=admin"
        allowed = {("GET", "/orders"): True, ("DELETE", "/orders/7"): False, ("GET", "/Reports/x"): False}
        allowed |= {("GET", "/reports/x"): False, ("HEAD", "/api/acme/files/1"): False, ("GET", "/api/acme"): True}
        allowed |= {("POST", "/anything"): True, ("GET", "/ordersandmore"): True, ("DELETE", "/orders"): False}
        token = house.token("kim", PASSWORD)
        for method, path in allowed:
            event = fronts.rest(_bearer(token, method=method, path=path, rules=rules))
            policy = decide(house.authorize, event)["policyDocument"]
            for (other_method, other_path), verdict in allowed.items():
                arn = f"{fronts.REGION_ARN}/{other_method}{other_path}"
                assert fronts.permits(policy, arn) == verdict, (path, other_path)

    @pytest.mark.parametrize("tail", ["${aws:username}", "a*b", "a?b", "x" * 600])
    def test_what_a_policy_would_not_read_as_text_is_denied_with_everything_else(self, house: House, tail: str) -> None:
        question = _bearer(house.token(BOSS), path=f"/api/globex/{tail}", tenant_id="globex")
        policy = decide(house.authorize, fronts.rest(question))["policyDocument"]
        assert policy["Statement"][1] == {
            "Action": "execute-api:Invoke",
            "Effect": "Deny",
            "Resource": [f"{fronts.REGION_ARN}/*"],
        }

    @pytest.mark.parametrize("rules", ["x", "GET:orders=admin", "GET:/orders", "FETCH:/x=admin", "GET:/x=", "GET:/x=A"])
    def test_a_malformed_rule_lets_nobody_in(self, house: House, rules: str) -> None:
        with pytest.raises(Misconfigured):
            decide(house.authorize, fronts.rest(_bearer(house.token(BOSS), rules=rules)))

    def test_usage_is_counted_by_tenant_where_asked(self, house: House) -> None:
        event = fronts.rest(_bearer(house.token(BOSS)))
        assert "usageIdentifierKey" not in decide(house.authorize, event)
        event["stageVariables"] = {"doorward_usage": "tenant"}
        assert decide(house.authorize, event)["usageIdentifierKey"] == "doorward-usage-tenant-acme"


STRANGE: list[dict[str, Any]] = [
    {},
    {"type": "REQUEST"},
    {"headers": {"Authorization": "Bearer x"}},
    {"Records": []},
    {"version": "2.0", "headers": {}},
    {"version": "3.0", "routeArn": "x"},
    {"type": "REQUEST", "authorizationToken": "x"},
]


@pytest.mark.parametrize("event", STRANGE, ids=json.dumps)
def test_an_event_of_no_gateway_lets_nobody_in(house: House, event: dict[str, Any]) -> None:
    with pytest.raises(InvalidRequest):
        decide(house.authorize, event)


BENT: list[dict[str, Any]] = [
    {"headers": None, "multiValueHeaders": None},
    {"headers": [], "pathParameters": "x", "stageVariables": 7},
    {"headers": {"Authorization": None}},
    {"headers": {"Authorization": 7}},
    {"headers": {}, "multiValueHeaders": {"authorization": None}},
    {"headers": {}, "multiValueHeaders": {"Authorization": [], "authorization": []}},
    {"requestContext": None, "headers": {}},
    {"methodArn": "", "headers": {}},
    {"methodArn": "arn:aws:execute-api", "headers": {"Authorization": "Bearer x"}},
]


@pytest.mark.parametrize("bent", BENT, ids=json.dumps)
def test_a_bent_event_lets_nobody_in(house: House, bent: dict[str, Any]) -> None:
    with pytest.raises(Unauthorized):
        decide(house.authorize, {**fronts.rest(Question()), **bent})


def test_two_headers_of_different_case_are_two(house: House) -> None:
    token = house.token(BOSS)
    for headers in ({"Authorization": f"Bearer {token}", "authorization": "Bearer x"},):
        with pytest.raises(Unauthorized):
            decide(house.authorize, {**fronts.rest(Question()), "headers": headers})


def test_the_tenant_of_the_platform_is_no_tenant(house: House) -> None:
    context = decide(house.authorize, fronts.rest(_bearer(house.token())))["context"]
    assert context["tenant_id"] == ""
    assert TenantId("") not in house.world.tenants
