"""The examples of protected APIs, deployed beside Doorward with `sam`; docs/protecting.md tells what these measure."""

from __future__ import annotations

import json
import os
import sys
import time
import uuid
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest
import requests

from local.tools import environment, run
from tests.support import fronts
from tests.support.cloud import ROOT, Cloud
from tests.support.people import PASSWORD

ORIGIN = "https://app.example.com"
CALLERS, REQUESTS, FEW = 10, 1_000, 10
KINDS = ("rest", "http")


@dataclass(frozen=True)
class Api:
    """A deployed example.

    Args:
        unknown: the status for a token that nobody is known by. An HTTP API has no other way than 403.
    """

    id: str
    url: str
    unknown: int

    def call(self, method: str, path: str, token: str | None = None, **headers: str) -> requests.Response:
        sent = {**({} if token is None else {"Authorization": f"Bearer {token}"}), **headers}
        return requests.request(method, self.url + path, headers=sent, timeout=120)

    def status(self, method: str, path: str, token: str | None = None) -> int:
        return self.call(method, path, token).status_code


@pytest.fixture(scope="module")
def apis(cloud: Cloud) -> dict[str, Api]:
    """Both examples, built and deployed as their templates say."""
    rest, http = _deploy(cloud, "rest"), _deploy(cloud, "http", Issuer=cloud.outputs["BaseUrl"])
    return {"rest": Api(*rest, 401), "http": Api(*http, 403)}


@pytest.fixture(params=KINDS)
def api(request: pytest.FixtureRequest, apis: dict[str, Api]) -> Api:
    return apis[request.param]


def _deploy(cloud: Cloud, kind: str, **parameters: str) -> tuple[str, str]:
    """Return the id of an example's API, and where `make complete` says that it answers."""
    variables = {**cloud.variables(), "SAM_CLI_TELEMETRY": "0"}
    sam, build = str(environment("sam") / "sam"), cloud.state / "protected" / kind
    template = ROOT / "examples" / "protected-api" / kind / "template.yaml"
    run([sam, "build", "--template", str(template), "--build-dir", str(build)], "sam build failed", variables)
    command = [sam, "deploy", "--template-file", str(build / "template.yaml"), "--stack-name", f"orders-{kind}"]
    command += ["--capabilities", "CAPABILITY_IAM", "--resolve-s3", "--no-confirm-changeset"]
    overrides = [f"{name}={value}" for name, value in {"AllowedOrigin": ORIGIN, **parameters}.items()]
    run([*command, "--parameter-overrides", *overrides], "sam deploy failed", variables)
    state = {"DOORWARD_STATE": str(cloud.state)}
    said = run([sys.executable, "-m", "local.complete", f"orders-{kind}"], "make complete failed", state)
    api_id, url = cloud.outputs_of(f"orders-{kind}")["ApiId"], said.split()[-1]
    assert url.startswith(f"{cloud.url}/_aws/execute-api/{api_id}")
    return api_id, url


def _clerk(cloud: Cloud) -> str:
    """Return a token of somebody in acme who is no administrator."""
    name, token = f"clerk-{uuid.uuid4().hex[:8]}", cloud.token("acme-admin")
    made = cloud.call("POST", "/users", token, json={"username": name, "password": PASSWORD, "roles": ["user"]})
    assert made.status_code == 201, made.text
    return cloud.token(f"{name}@acme", PASSWORD)


def _expired(cloud: Cloud) -> str:
    now = int(time.time())
    return cloud.forger().saying(iat=now - 1000, exp=now - 100)


def _signed_out(cloud: Cloud) -> str:
    token = cloud.token("acme-admin")
    assert cloud.call("POST", "/auth/logout", token).status_code == 204
    return token


def test_the_function_sees_who_is_calling(cloud: Cloud, api: Api) -> None:
    token = cloud.token("acme-admin")
    me = cloud.call("GET", "/users/me", token).json()
    answer = api.call("GET", "/orders", token)
    assert answer.status_code == 200, answer.text
    assert answer.json() == {"route": "GET /orders", "user_id": me["id"], "tenant_id": "acme", "roles": ["admin"]}
    answer = api.call("GET", "/orders", cloud.token("admin"))
    assert answer.json()["tenant_id"] == ""


def test_without_a_token_it_is_401(api: Api) -> None:
    assert api.status("GET", "/orders") == 401


def test_a_token_that_is_not_good_is_401_or_403_by_the_kind_of_gateway(cloud: Cloud, api: Api) -> None:
    bad = {"garbage": "x.y.z", "expired": _expired(cloud), "signed out": _signed_out(cloud)}
    assert {name: api.status("GET", "/orders", token) for name, token in bad.items()} == dict.fromkeys(bad, api.unknown)


def test_a_path_lets_in_the_tenant_that_it_names(cloud: Cloud, api: Api) -> None:
    token = cloud.token("acme-admin")
    assert api.status("GET", "/api/acme/orders", token) == 200
    for tenant_id in ("globex", "ACME", "nobody", "acme%2F..%2Fglobex"):
        assert api.status("GET", f"/api/{tenant_id}/orders", token) in {403, 404}, tenant_id
    assert api.status("GET", "/api/acme/orders", cloud.token("globex-admin")) == 403
    assert api.status("GET", "/api/acme/orders", cloud.token("admin")) == 403


def test_a_rule_asks_for_a_role(cloud: Cloud, api: Api) -> None:
    clerk = _clerk(cloud)
    assert api.status("GET", "/orders", clerk) == 200
    assert api.status("DELETE", "/orders/7", clerk) == 403
    assert api.status("DELETE", "/orders/7", cloud.token("acme-admin")) == 200


def test_a_page_of_another_origin_can_ask_and_read_refusals(cloud: Cloud, apis: dict[str, Api]) -> None:
    asked = {"Origin": ORIGIN, "Access-Control-Request-Method": "GET"}
    for api in apis.values():
        preflight = api.call("OPTIONS", "/orders", **asked)
        assert preflight.status_code in {200, 204}
        assert preflight.headers["Access-Control-Allow-Origin"] == ORIGIN
        assert "Authorization" in preflight.headers["Access-Control-Allow-Headers"]
    # Only a REST API has gateway responses; what an HTTP API sends with its own refusals is AWS's affair.
    missing = apis["rest"].call("GET", "/orders", Origin=ORIGIN)
    foreign = apis["rest"].call("GET", "/api/globex/orders", cloud.token("acme-admin"), Origin=ORIGIN)
    for answer, status in ((missing, 401), (foreign, 403)):
        assert (answer.status_code, answer.json()["status"]) == (status, status)
        assert answer.headers["Content-Type"] == "application/problem+json"
        assert answer.headers["Access-Control-Allow-Origin"] == ORIGIN
    assert missing.headers["WWW-Authenticate"] == "Bearer"
    assert foreign.headers["WWW-Authenticate"] == 'Bearer error="insufficient_scope"'
    assert foreign.json()["code"] == "insufficient_scope"


def test_api_gateway_may_call_the_authorizer_for_each_api(cloud: Cloud, apis: dict[str, Api]) -> None:
    """The emulator does not ask for the permission, as AWS does; so look whether it is there."""
    policy = json.loads(cloud.client("lambda").get_policy(FunctionName=cloud.outputs["AuthorizerArn"])["Policy"])
    sources = [statement["Condition"]["ArnLike"]["AWS:SourceArn"] for statement in policy["Statement"]]
    assert all(source.endswith("/authorizers/*") for source in sources)
    called = {source.split(":")[5].partition("/")[0] for source in sources}
    assert called >= {cloud.outputs["ApiId"], *(api.id for api in apis.values())}


def test_api_gateways_own_authorizer_verifies_and_knows_of_no_logout(cloud: Cloud, apis: dict[str, Api]) -> None:
    api, forger, now = apis["http"], cloud.forger(), int(time.time())
    answer = api.call("GET", "/offline", forger.good)
    assert answer.json()["tenant_id"] == "acme"
    assert answer.json()["roles"] == ["admin"]
    assert api.call("GET", "/offline", cloud.token("admin")).json()["tenant_id"] == ""
    refused = {
        "nothing": None,
        "garbage": "x.y.z",
        "another audience": forger.saying(aud="somebody-else"),
        "another issuer": forger.saying(iss="https://id.example"),
        "altered": forger.good[:-4] + "AAAA",
        "expired": forger.saying(iat=now - 1000, exp=now - 1),
    }
    assert {name: api.status("GET", "/offline", token) for name, token in refused.items()} == dict.fromkeys(
        refused, 401
    )
    # What is lost: the same signed-out token is refused by Doorward's authorizer, and let in here until it expires.
    assert cloud.call("POST", "/auth/logout", forger.good).status_code == 204
    expires = int(time.time()) + 10  # from here on, for on a busy machine what came before takes long
    short = forger.saying(exp=expires)
    assert api.status("GET", "/orders", short) == 403
    assert api.status("GET", "/offline", short) == 200
    time.sleep(max(0.0, expires + 1 - time.time()))
    assert api.status("GET", "/offline", short) == 401


@pytest.mark.standard("ASVS 7.4.1")
def test_of_a_thousand_requests_after_logout_none_is_let_in(cloud: Cloud, apis: dict[str, Api]) -> None:
    """A thousand each through Doorward's own API, the HTTP API, and the function with events of another REST API.

    To another REST API the authorizer answers by throwing, and the emulator ends the process of a function that has
    thrown and unpacks its layer anew for the next, which takes a second or more (AWS keeps it). A thousand would take
    half an hour, so the function's code is called with those events in processes of its own, on the deployed tables.
    """
    token = cloud.token("acme-admin")
    for api in apis.values():
        assert _statuses(api, token, CALLERS) == Counter({200: CALLERS})
    event = fronts.rest(fronts.Question({"Authorization": f"Bearer {token}"}, path="/orders"))
    assert _decisions(cloud, event, CALLERS) == Counter({"answer": CALLERS})
    assert cloud.call("POST", "/auth/logout", token).status_code == 204
    own = Api("", cloud.url, 401)
    with _timed("Doorward's own REST API", REQUESTS), ThreadPoolExecutor(CALLERS) as callers:
        statuses = Counter(callers.map(lambda _: own.status("GET", "/users/me", token), range(REQUESTS)))
    assert statuses == Counter({401: REQUESTS})
    with _timed("HTTP API", REQUESTS):
        assert _statuses(apis["http"], token, REQUESTS) == Counter({403: REQUESTS})
    with _timed("the function with a REST API's event", REQUESTS):
        assert _decisions(cloud, event, REQUESTS) == Counter({"Unauthorized": REQUESTS})
    with _timed("REST API", FEW):
        assert _statuses(apis["rest"], token, FEW) == Counter({401: FEW})


def _statuses(api: Api, token: str, times: int) -> Counter[int]:
    with ThreadPoolExecutor(CALLERS) as callers:
        return Counter(callers.map(lambda _: api.status("GET", "/orders", token), range(times)))


ENVIRONMENT = """
import collections, json, sys
from functions.authorizer.app import handler
event, times = json.loads(sys.argv[1]), int(sys.argv[2])
found = collections.Counter()
for _ in range(times):
    try:
        handler(event, None)
        found["answer"] += 1
    except Exception as error:
        found[str(error)] += 1
print(json.dumps(found))
"""


def _decisions(cloud: Cloud, event: dict[str, Any], times: int) -> Counter[str]:
    """Return what the authorizer says, in as many processes as there are callers, each as Lambda starts it."""
    configuration = cloud.client("lambda").get_function_configuration(FunctionName=cloud.outputs["AuthorizerArn"])
    path = os.pathsep.join([str(ROOT), str(ROOT / "layers" / "shared")])
    variables = {**cloud.variables(), **configuration["Environment"]["Variables"], "PYTHONPATH": path}
    command = [sys.executable, "-c", ENVIRONMENT, json.dumps(event), str(times // CALLERS)]
    with ThreadPoolExecutor(CALLERS) as callers:
        said = callers.map(lambda _: run(command, "the authorizer failed", variables), range(CALLERS))
        return sum((Counter(json.loads(text)) for text in said), Counter())


@contextmanager
def _timed(where: str, times: int) -> Iterator[None]:
    started = time.monotonic()
    yield
    seconds = time.monotonic() - started
    print(f"\nafter logout, {where}: none of {times} by {CALLERS} callers let in, {seconds:.1f} s")


@contextmanager
def _cached(cloud: Cloud, api: Api, *sources: str) -> Iterator[None]:
    """Let the gateway keep the authorizer's answers for five minutes, as it does where nobody says otherwise."""
    if api.unknown == 401:
        gateway, names = cloud.client("apigateway"), ("identitySource", "authorizerResultTtlInSeconds")
        found = gateway.get_authorizers(restApiId=api.id)["items"][0]["id"]

        def put(*values: str) -> None:
            patch = [
                {"op": "replace", "path": f"/{name}", "value": value} for name, value in zip(names, values, strict=True)
            ]
            gateway.update_authorizer(restApiId=api.id, authorizerId=found, patchOperations=patch)

        put(",".join(sources), "300")
        try:
            yield
        finally:
            put("", "0")
        return
    gateway = cloud.client("apigatewayv2")
    items = gateway.get_authorizers(ApiId=api.id)["Items"]
    known = {
        "ApiId": api.id,
        "AuthorizerId": next(item["AuthorizerId"] for item in items if item["Name"] == "Doorward"),
    }
    gateway.update_authorizer(**known, IdentitySource=list(sources), AuthorizerResultTtlInSeconds=300)
    try:
        yield
    finally:
        before: dict[str, Any] = {"IdentitySource": ["$request.header.Authorization"]}
        gateway.update_authorizer(**known, **before, AuthorizerResultTtlInSeconds=0)


def test_what_a_cache_costs(cloud: Cloud, apis: dict[str, Api]) -> None:
    rest, http = apis["rest"], apis["http"]
    clerk = _clerk(cloud)
    with (
        _cached(cloud, rest, "method.request.header.Authorization"),
        _cached(cloud, http, "$request.header.Authorization"),
    ):
        for api in (rest, http):
            assert api.status("GET", "/orders", clerk) == 200
            assert api.status("GET", "/api/globex/orders", clerk) == 200, "the tenant was not compared again"
        # A policy names what the rules deny; a simple answer cannot.
        assert rest.status("DELETE", "/orders/7", clerk) == 403
        assert http.status("DELETE", "/orders/7", clerk) == 200
        assert cloud.call("POST", "/auth/logout", clerk).status_code == 204
        for api in (rest, http):
            assert api.status("GET", "/orders", clerk) == 200, "the logout waits for the cache"
    for api in (rest, http):
        assert api.status("GET", "/orders", clerk) == api.unknown


def test_a_cache_by_method_and_path_keeps_tenants_and_rules(cloud: Cloud, apis: dict[str, Api]) -> None:
    """For the HTTP API alone: the emulator takes no context variable for an identity source of a REST API."""
    api, clerk = apis["http"], _clerk(cloud)
    with _cached(cloud, api, "$request.header.Authorization", "$context.httpMethod", "$context.path"):
        assert api.status("GET", "/orders", clerk) == 200
        assert api.status("GET", "/api/acme/orders", clerk) == 200
        assert api.status("GET", "/api/globex/orders", clerk) == 403
        assert api.status("DELETE", "/orders/7", clerk) == 403


def test_the_two_kinds_of_answer_of_an_http_api_and_their_settings(cloud: Cloud, apis: dict[str, Api]) -> None:
    """`doorward_answer` and EnableSimpleResponses belong together; with neither it is a policy."""
    api, gateway, token = apis["http"], cloud.client("apigatewayv2"), cloud.token("acme-admin")
    items = gateway.get_authorizers(ApiId=api.id)["Items"]
    known = {
        "ApiId": api.id,
        "AuthorizerId": next(item["AuthorizerId"] for item in items if item["Name"] == "Doorward"),
    }
    stage = {"ApiId": api.id, "StageName": "$default"}
    before = gateway.get_stage(**stage)["StageVariables"]
    rules = {"doorward_roles": before["doorward_roles"]}
    try:
        gateway.update_stage(**stage, StageVariables=rules)
        assert api.status("GET", "/orders", token) == 500
        gateway.update_authorizer(**known, EnableSimpleResponses=False)
        clerk = _clerk(cloud)
        tried: list[tuple[str, str, str | None]] = [
            ("GET", "/orders", clerk),
            ("DELETE", "/orders/7", token),
            ("DELETE", "/orders/7", clerk),
            ("GET", "/api/globex/orders", token),
            ("GET", "/orders", "x.y.z"),
            ("GET", "/orders", None),
        ]
        assert [api.status(*each) for each in tried] == [200, 200, 403, 403, 403, 401]
        gateway.update_stage(**stage, StageVariables=before)
        assert api.status("GET", "/orders", token) == 500
    finally:
        gateway.update_authorizer(**known, EnableSimpleResponses=True)
        gateway.update_stage(**stage, StageVariables=before)
    assert api.status("GET", "/orders", token) == 200


def test_a_token_authorizer_keeps_neither_tenants_nor_rules(cloud: Cloud, apis: dict[str, Api]) -> None:
    """The function itself is asked, with the event of a TOKEN authorizer: it carries neither."""
    clerk = _clerk(cloud)
    for method, path in (("DELETE", "/orders/7"), ("GET", "/api/globex/orders")):
        rules, tenant_id = "DELETE:/orders=admin", "globex" if "globex" in path else None
        question = fronts.Question({"Authorization": f"Bearer {clerk}"}, method, path, tenant_id, rules)
        for event, allowed in ((fronts.rest(question), False), (fronts.token(question), True)):
            policy = _ask(cloud, event)["policyDocument"]
            assert fronts.permits(policy, event["methodArn"]) == allowed


def _ask(cloud: Cloud, event: dict[str, Any]) -> dict[str, Any]:
    sent = json.dumps(event).encode()
    answer = cloud.client("lambda").invoke(FunctionName=cloud.outputs["AuthorizerArn"], Payload=sent)
    found: dict[str, Any] = json.loads(answer["Payload"].read())
    return found
