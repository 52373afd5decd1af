"""Every front that can stand before an API, each asked the same question in its own words."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from doorward.authorizer.decide import Unauthorized, decide
from doorward.errors import Unavailable
from doorward.feed.publish import PublishFeed
from doorward.keys.signing import KeySet
from doorward.model import Lives, Principal, Revoked
from doorward.rules.facts import news
from doorward.verifier import Verifier
from doorward.verifier.asgi import Protect, principal_of
from tests.support.fakes import MemoryFeedStore, MemoryRevocationSource
from tests.support.world import AUDIENCE, ISSUER, House

REGION_ARN = "arn:aws:execute-api:eu-central-1:123456789012:foreignapi/v1"


@dataclass(frozen=True)
class Question:
    """One request to somebody's own API.

    Args:
        headers: of the request.
        tenant_id: that the path names.
        rules: of the API's owner.
    """

    headers: dict[str, str] = field(default_factory=dict)
    method: str = "GET"
    path: str = "/orders/7"
    tenant_id: str | None = None
    rules: str = ""


@dataclass(frozen=True)
class Verdict:
    """Who is let in: user and tenant, or nobody."""

    user_id: str | None = None
    tenant_id: str = ""


NOBODY = Verdict()


def _variables(question: Question, **more: str) -> dict[str, str]:
    return {**({"doorward_roles": question.rules} if question.rules else {}), **more}


def _request(question: Question) -> dict[str, Any]:
    return {
        "type": "REQUEST",
        "methodArn": f"{REGION_ARN}/{question.method}{question.path}",
        "path": question.path,
        "httpMethod": question.method,
        "headers": question.headers,
        "pathParameters": {"tenantId": question.tenant_id} if question.tenant_id else None,
        "stageVariables": _variables(question) or None,
        "requestContext": {"apiId": "foreignapi", "requestId": "r1"},
    }


def rest(question: Question) -> dict[str, Any]:
    return _request(question)


def rest_several(question: Question) -> dict[str, Any]:
    several = {name: [value] for name, value in question.headers.items()}
    return {**_request(question), "headers": None, "multiValueHeaders": several}


def token(question: Question) -> dict[str, Any]:
    return {
        "type": "TOKEN",
        "methodArn": f"{REGION_ARN}/{question.method}{question.path}",
        "authorizationToken": question.headers.get("Authorization", ""),
    }


def http_1(question: Question) -> dict[str, Any]:
    token = question.headers.get("Authorization", "")
    return {**_request(question), "version": "1.0", "identitySource": token, "authorizationToken": token}


def http_2(question: Question, **variables: str) -> dict[str, Any]:
    headers = {name.lower(): value for name, value in question.headers.items()}
    cookies = [part.strip() for part in headers.pop("cookie", "").split(";") if part]
    return {
        "version": "2.0",
        "type": "REQUEST",
        "routeArn": f"{REGION_ARN}/{question.method}{question.path}",
        "identitySource": [headers.get("authorization", "")],
        "routeKey": "$default",
        "rawPath": question.path,
        "cookies": cookies,
        "headers": headers,
        "requestContext": {
            "apiId": "foreignapi",
            "requestId": "r1",
            "http": {"method": question.method, "path": question.path},
        },
        "pathParameters": {"tenantId": question.tenant_id} if question.tenant_id else {},
        "stageVariables": _variables(question, **variables),
    }


def http_2_simple(question: Question) -> dict[str, Any]:
    return http_2(question, doorward_answer="simple")


def websocket(question: Question) -> dict[str, Any]:
    event = _request(question)
    context = {**event["requestContext"], "connectionId": "c1", "routeKey": "$connect", "eventType": "CONNECT"}
    return {**event, "methodArn": f"{REGION_ARN}/$connect", "requestContext": context}


def websocket_subprotocol(question: Question) -> dict[str, Any]:
    event = websocket(question)
    headers = dict(question.headers)
    value = headers.pop("Authorization", None)
    if value is not None:
        headers["Sec-WebSocket-Protocol"] = f"doorward, doorward.token.{value.partition(' ')[2]}"
    return {**event, "headers": headers}


def appsync(question: Question) -> dict[str, Any]:
    return {
        "authorizationToken": question.headers.get("Authorization", ""),
        "requestContext": {"apiId": "foreignapi", "requestId": "r1", "queryString": "query { x }"},
        "requestHeaders": question.headers,
    }


EVENTS: dict[str, Callable[[Question], dict[str, Any]]] = {
    "REST REQUEST": rest,
    "REST REQUEST, several values": rest_several,
    "REST TOKEN": token,
    "HTTP API 1.0": http_1,
    "HTTP API 2.0": http_2,
    "HTTP API 2.0, simple": http_2_simple,
    "WebSocket": websocket,
    "WebSocket, subprotocol": websocket_subprotocol,
    "AppSync": appsync,
}
COOKIES = {"REST REQUEST", "REST REQUEST, several values", "HTTP API 1.0", "HTTP API 2.0", "HTTP API 2.0, simple"}
"""The fronts that carry a cookie from a browser's request."""
PATHS = COOKIES
"""The fronts that know the path, its parameters and stage variables."""


def ask_authorizer(house: House, front: str, question: Question) -> Verdict:
    """Return whom the Lambda authorizer lets in."""
    event = EVENTS[front](question)
    try:
        answer = decide(house.authorize, event)
    except Unauthorized:
        return NOBODY
    if "policyDocument" in answer:
        called = event.get("routeArn") or event["methodArn"]
        allowed = permits(answer["policyDocument"], called)
    else:
        allowed = answer["isAuthorized"]
    context = answer["context"] if "context" in answer else answer["resolverContext"]
    assert all(type(value) is str for value in context.values())
    if not allowed:
        told = {"challenge", "code", "detail"} if front.startswith("REST") else set()
        assert context.keys() <= told, "a denial tells something"
        return NOBODY
    return Verdict(context["user_id"], context["tenant_id"])


def permits(document: dict[str, Any], arn: str) -> bool:
    """Evaluate a policy as API Gateway does: a Deny wins, and what is not allowed is denied."""
    verdicts = {
        statement["Effect"]
        for statement in document["Statement"]
        for resource in statement["Resource"]
        if _matches(resource, arn)
    }
    return verdicts == {"Allow"}


def _matches(pattern: str, arn: str) -> bool:
    head, star, tail = pattern.partition("*")
    if not star:
        return pattern == arn
    return any(arn.startswith(head) and _matches(tail, arn[start:]) for start in range(len(head), len(arn) + 1))


class Stream:
    """Publishes a house's revocations, as the table's stream does: whenever somebody reads, all that is new."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.store = MemoryFeedStore()
        self.source = MemoryRevocationSource(house.world, house.clock)
        self.publish = PublishFeed(self.store, self.source, house.minter.signer, house.clock, Lives(900, 86_400))
        self._told: dict[Any, Revoked] = {}

    def __call__(self) -> MemoryFeedStore:
        self.publish.keep()
        found = []
        for one in self.source.now():
            old = self._told.get((one.tenant_id, one.user_id))
            told = _same_ends(one, old) if old else one
            found.append(news(told, old))
            self._told[one.tenant_id, one.user_id] = told
        self.publish.add([change for change in found if change is not None and change != Revoked()])
        return self.store


def _same_ends(new: Revoked, old: Revoked) -> Revoked:
    """Keep the ends that were told before."""
    return replace(
        new,
        sessions={**new.sessions, **old.sessions},
        tokens={**new.tokens, **old.tokens},
        kids={**new.kids, **old.kids},
    )


class Wire:
    """What a Verifier reads over the network, served by a house; counts and can fail."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.reads: list[str] = []
        self.down = False
        self.replaced: dict[str, str] = {}
        self.stream = Stream(house)

    def __call__(self, url: str, etag: str | None) -> tuple[str | None, str | None]:
        path = url.removeprefix(ISSUER)
        self.reads.append(path)
        if self.down:
            raise Unavailable(reason="down")
        if path in self.replaced:
            return self.replaced[path], "x"
        if path == "/.well-known/jwks.json":
            return json.dumps(self.key_set().jwks()), None
        if path != "/.well-known/revocations":
            return self.stream.store.get_part(path.rpartition("/")[2]), None
        tag, text = self.stream().read_head(etag)
        return text, f'"{tag}"'

    def key_set(self) -> KeySet:
        assert self.house.world.key_set is not None
        return self.house.world.key_set


def verifier(house: House, **settings: Any) -> Verifier:
    return Verifier(ISSUER, audience=AUDIENCE, fetch=Wire(house), clock=house.clock, **settings)


def ask_asgi(house: House, question: Question) -> tuple[int, Verdict]:
    """Return the status and whom the ASGI middleware lets in."""
    sent, principal = _protected(house, question)
    return sent[0]["status"], Verdict(principal.user_id, principal.tenant_id.strip("-")) if principal else NOBODY


def answer_of_asgi(house: House, question: Question) -> tuple[int, dict[str, str], Any]:
    """Return the status, the headers and the body with which the ASGI middleware answers."""
    sent, _ = _protected(house, question)
    headers = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
    return sent[0]["status"], headers, json.loads(sent[1]["body"]) if len(sent) > 1 else None


def _protected(house: House, question: Question) -> tuple[list[Any], Principal | None]:
    seen: list[Principal] = []
    sent: list[Any] = []

    async def app(scope: Any, _: Any, send: Any) -> None:
        seen.append(principal_of(scope))
        await send({"type": "http.response.start", "status": 200, "headers": []})

    async def receive() -> Any:
        return {"type": "http.request"}

    async def send(message: Any) -> None:
        sent.append(message)

    headers = [(name.lower().encode(), value.encode("latin-1")) for name, value in question.headers.items()]
    scope = {"type": "http", "method": question.method, "path": question.path, "headers": headers}
    asyncio.run(Protect(app, verifier(house), rules=question.rules)(scope, receive, send))
    return sent, seen[0] if seen else None
