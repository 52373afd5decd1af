"""Events that gateways send, and events that none would: for functions that answer requests, and for authorizers."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from doorward.authorizer.events import ANSWER, RULES, USAGE
from tests.support.callers import Caller
from tests.support.deployment import event
from tests.support.odd import CANARY, SECRETS, bodies, form_bodies, json_bodies, member_names, spelled, texts, values
from tests.support.template import folder_of, routes

Event = dict[str, Any]

_METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS")
_ODD_METHODS = st.one_of(st.sampled_from((*_METHODS, "get", "TRACE", "CONNECT", "", "X" * 300, "GET\0")), values)
_PLACES = ("me", "acme", "globex", "nowhere", "-", "01M81HV2SSQGC4PZVKEFX4X6JN", "totp")
_MEDIA_TYPES = (
    "application/json", "application/json; charset=utf-16", "APPLICATION/JSON",
    "application/x-www-form-urlencoded", "application/x-www-form-urlencoded; charset=latin-1", "text/plain",
    "multipart/form-data; boundary=x", "", ";", "\0",
)  # fmt: skip
_FORM = "application/x-www-form-urlencoded"
_COOKIES = (
    "__Host-doorward=x",
    f"__Host-doorward=dws1.acme.{CANARY}",
    f"__Host-doorward-device={CANARY}",
    "a=b; a=c",
    ";;;=",
    "=",
)
_CREDENTIALS = (
    f"Bearer {CANARY}",
    "Bearer eyJhbGciOiJub25lIn0.e30.",
    "Bearer a.b.c",
    "Basic YTpi",
    "bearer",
    "Bearer \ud800",
    "",
)
_HEADERS: Mapping[str, tuple[str, ...]] = {
    "Content-Type": _MEDIA_TYPES,
    "Cookie": _COOKIES,
    "Authorization": _CREDENTIALS,
    "Origin": ("https://app.example", "https://evil.example", "null", "https://app.example\r\nX: y", "é"),
    "Host": ("id.example", "evil.example", "", "\ud800"),
    "Referer": ("https://id.example/sign-in", "https://evil.example", "//", "http://[", "http://[::1", "\0"),
    "Sec-Fetch-Site": ("same-origin", "cross-site", "none", "x"),
    "If-None-Match": ("*", "W/", '"x"', ",,,", "\0"),
    "Accept-Language": ("de", "de;q=x", "*;q=0", ";q=1e999", "de;q=nan", ",,,", "x" * 3000, "de;q=1;q=2", "fr;q=٣"),
    "Sec-WebSocket-Protocol": (f"doorward.token.{CANARY}", "chat", "chat,,", "doorward.token.", "a\r\nb"),
    "X-Forwarded-For": ("1.1.1.1", "\0"),
}


@st.composite
def headers(draw: st.DrawFn, usual: Mapping[str, str] | None = None) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the headers of an event, once with one value each and once with several."""
    named = {**(usual or {})}
    for name in draw(st.lists(st.sampled_from(tuple(_HEADERS)), max_size=3, unique=True)):
        named[draw(st.sampled_from((name, name, name.lower(), name.upper())))] = draw(st.sampled_from(_HEADERS[name]))
    several = {
        name: draw(st.sampled_from(([value], [value], ["x", value], [value, value], [])))
        for name, value in named.items()
    }
    return named, several


@st.composite
def queries(draw: st.DrawFn) -> dict[str, Any] | None:
    """Return query parameters; most have names that some route takes."""
    known = (
        "limit",
        "cursor",
        "tenant_id",
        "email",
        "name",
        "role",
        "status",
        "everywhere",
        "created_by",
        "token",
        "return_to",
    )
    names = draw(st.lists(st.one_of(st.sampled_from((*known, *member_names())), texts), max_size=3, unique=True))
    good = st.sampled_from(
        ("1", "100", "true", "acme", "user", "active", CANARY, "https://app.example/x", "//evil.example")
    )
    return {name: draw(st.one_of(good, texts)) for name in names} or None


@st.composite
def requests(draw: st.DrawFn, function: str, callers: Sequence[Caller]) -> Event:
    """Return events of a REST API for a function: more or less those of its own routes.

    Args:
        function: the folder of the function.
        callers: who may send them.
    """
    own = sorted({(method, path) for method, path, name, _ in routes() if folder_of(name) == function})
    method, resource = draw(st.sampled_from(own))
    path = re.sub(r"\{\w+\}", lambda _: draw(st.one_of(st.sampled_from(_PLACES), texts)), resource)
    made = copy.deepcopy(event("login_username"))
    is_form = draw(st.booleans())
    media_type = "application/x-www-form-urlencoded" if is_form else "application/json"
    caller = draw(st.sampled_from(tuple(callers)))
    usual = {"Content-Type": media_type, "Host": "id.example", **caller.headers}
    made["headers"], made["multiValueHeaders"] = draw(headers(usual))
    made["queryStringParameters"] = query = draw(st.one_of(st.none(), queries()))
    made["multiValueQueryStringParameters"] = query and {name: [value] for name, value in query.items()}
    made["body"], made["isBase64Encoded"] = draw(bodies(form_bodies if is_form else json_bodies))
    made |= {"httpMethod": draw(st.sampled_from(_METHODS)) if method == "ANY" else method, "resource": resource}
    made["path"] = draw(spelled(path))
    context = made["requestContext"]
    context["authorizer"] = caller.context
    context["requestId"], context["identity"]["sourceIp"] = "request-1", f"192.0.2.{draw(st.integers(0, 255))}"
    return draw(altered(made)) if draw(st.integers(0, 3)) == 0 else made


def telling_requests(function: str) -> Iterator[Event]:
    """Return a request for each route of a function that tells a secret wherever one may be told."""
    told = dict.fromkeys(SECRETS, CANARY)
    for method, resource in sorted(
        {(method, path) for method, path, name, _ in routes() if folder_of(name) == function}
    ):
        for media_type, body in (("application/json", json.dumps(told)), (_FORM, urlencode(told))):
            made = copy.deepcopy(event("login_username"))
            made["headers"] = {"Content-Type": media_type, "Authorization": f"Bearer {CANARY}"}
            path = re.sub(r"\{\w+\}", "acme", resource)
            yield made | {"httpMethod": "POST" if method == "ANY" else method, "path": path, "body": body}


@st.composite
def altered(draw: st.DrawFn, made: Event) -> Event:
    """Return an event of which one to three members, at any depth, are missing or of another kind."""
    made = copy.deepcopy(made)
    for _ in range(draw(st.integers(1, 3))):
        place: Any = made
        for _ in range(draw(st.integers(0, 3))):
            deeper = [value for value in place.values() if isinstance(value, dict) and value]
            place = draw(st.sampled_from(deeper)) if deeper else place
        if not place:
            continue
        name = draw(st.sampled_from(sorted(place, key=str)))
        if draw(st.booleans()):
            del place[name]
        else:
            place[name] = draw(_ODD_METHODS if name == "httpMethod" else values)
    return made


_ARNS = (
    "arn:aws:execute-api:us-east-1:123456789012:{}/v1/GET/users/me",
    "arn:aws:execute-api:us-east-1:123456789012:{}/v1/GET/",
    "arn:aws:execute-api:us-east-1:123456789012:{}/v1/GET/api/globex/x",
    "arn:aws:execute-api:us-east-1:123456789012:{}/v1/$connect",
    "arn:aws:execute-api:us-east-1:123456789012:{}", "{}", "", "/", "arn:aws:execute-api:*:*:*/*/*",
    "arn\0{}/v1/GET/\ud800",
)  # fmt: skip
_SETTINGS = {
    RULES: (
        "GET /x = admin",
        "* /** = admin",
        "POST /a = b;;",
        "=",
        "GET",
        "GET /x = admin age=60",
        "\0",
        "GET /{a = b",
        "a" * 5000,
    ),
    ANSWER: ("simple", "SIMPLE", "x"),
    USAGE: ("tenant", ""),
}


@st.composite
def authorizer_events(draw: st.DrawFn) -> Event:
    """Return events of all kinds of gateways, none of which has credentials that are anybody's."""
    made = copy.deepcopy(event("authorizer_garbage"))
    named, several = draw(headers({"Authorization": draw(st.sampled_from(_CREDENTIALS))}))
    arn = draw(st.sampled_from(_ARNS)).replace("{}", draw(st.sampled_from(("ownapi", "foreign"))))
    chosen = draw(st.lists(st.sampled_from(sorted(_SETTINGS)), unique=True))
    stage = {name: draw(st.sampled_from(_SETTINGS[name])) for name in chosen} or None
    made |= {"headers": named, "multiValueHeaders": several, "methodArn": arn, "stageVariables": stage}
    made |= {
        "path": draw(spelled("/users/me")),
        "pathParameters": draw(st.sampled_from((None, {"tenantId": "acme"}, {"tenant": "\0"}))),
    }
    made["requestContext"]["apiId"] = draw(st.sampled_from(("ownapi", "foreign", None, "", 7)))
    _as_kind(
        draw(st.sampled_from(("rest", "token", "http_1", "http_2", "websocket", "appsync"))),
        made,
        draw(st.one_of(st.sampled_from(_CREDENTIALS), texts)),
    )
    return draw(altered(made)) if draw(st.booleans()) else made


def _as_kind(kind: str, made: Event, credentials: str) -> None:
    """Turn an event of a REST API into one of another kind of gateway."""
    if kind == "token":
        made |= {"type": "TOKEN", "authorizationToken": credentials}
    if kind == "http_1":
        made |= {"version": "1.0", "identitySource": credentials, "authorizationToken": None}
        del made["authorizationToken"]
    if kind == "http_2":
        made |= {
            "version": "2.0",
            "routeArn": made.pop("methodArn"),
            "rawPath": made.pop("path"),
            "cookies": [credentials],
        }
        made["requestContext"]["http"] = {
            "method": made.pop("httpMethod"),
            "path": made["rawPath"],
            "sourceIp": "192.0.2.1",
        }
    if kind == "websocket":
        made["requestContext"] |= {"connectionId": "Q1a=", "routeKey": "$connect", "eventType": "CONNECT"}
    if kind == "appsync":
        del made["methodArn"]
        made |= {"type": None, "authorizationToken": credentials, "requestHeaders": made.pop("headers")}
        made["requestContext"] = {"apiId": "graphql", "queryString": "{ a }", "operationName": None, "variables": {}}


@st.composite
def socket_events(draw: st.DrawFn) -> Event:
    """Return events of a WebSocket API."""
    made = copy.deepcopy(event("sockets_connect_used_ticket"))
    made["headers"], made["multiValueHeaders"] = draw(headers({"Host": "sockets.example"}))
    made["queryStringParameters"] = draw(
        st.one_of(st.none(), queries(), st.just({"ticket": CANARY}), st.just({"ticket": ""}))
    )
    made["requestContext"]["routeKey"] = draw(
        st.sampled_from(("$connect", "$connect", "$disconnect", "$default", "x", ""))
    )
    made["requestContext"]["connectionId"] = draw(st.one_of(st.just("Q1a="), texts))
    return draw(altered(made)) if draw(st.booleans()) else made


anything: SearchStrategy[Event] = st.dictionaries(texts, values, max_size=4)
"""Events of no kind at all."""
