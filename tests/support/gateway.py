"""API Gateway before the functions on moto, as a WSGI application: its routes, its authorizer, its own refusals."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any
from urllib.parse import parse_qsl, unquote

from tests.support.deployment import Answer, Deployment, event
from tests.support.template import folder_of, resources, routes

_API = "arn:aws:execute-api:us-east-1:123456789012:ownapi/v1"


@dataclass(frozen=True)
class Asked:
    """A request, as it came over the wire."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True)
class Place:
    """A route of the API that a request meets."""

    function: str
    resource: str
    parameters: Mapping[str, str]
    is_public: bool


def find_place(method: str, path: str) -> Place | None:
    """Return the route that API Gateway chooses, which is the one that says most; None if there is none."""
    for pattern, resource in _patterns():
        if match := pattern.fullmatch(path):
            named = {name: unquote(value, errors="replace") for name, value in match.groupdict().items()}
            own = {found: (name, public) for found, where, name, public in routes() if where == resource}
            chosen = own.get(method) or own.get("ANY")
            return Place(folder_of(chosen[0]), resource, named, chosen[1]) if chosen else None
    return None


@cache
def _patterns() -> list[tuple[re.Pattern[str], str]]:
    known = sorted({path for _, path, _, _ in routes()}, key=lambda path: (path.count("{"), path))
    known.sort(key=lambda path: [segment.startswith("{") for segment in path.split("/")])
    return [(re.compile(re.sub(r"\\{(\w+)\\}", r"(?P<\1>[^/]+)", re.escape(path))), path) for path in known]


@dataclass
class Gateway:
    """Answers requests as the deployed API does; `last` is the event that its last request became."""

    deployment: Deployment
    last: Any = None
    function: str = ""

    def __call__(self, environ: Mapping[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Answer a request of WSGI (PEP 3333)."""
        target = str(environ.get("REQUEST_URI") or environ["PATH_INFO"])
        sent = [(_header_name(name), str(value)) for name, value in environ.items() if name.startswith("HTTP_")]
        sent += [("Content-Type", environ["CONTENT_TYPE"])] if environ.get("CONTENT_TYPE") else []
        body = environ["wsgi.input"].read()
        asked = Asked(environ["REQUEST_METHOD"], target.partition("?")[0], environ["QUERY_STRING"], dict(sent), body)
        answer = self.answer(asked)
        headers = [(name, value) for name, several in answer["multiValueHeaders"].items() for value in several]
        start_response(f"{answer['statusCode']} Any", headers)
        return [answer["body"].encode()]

    def answer(self, asked: Asked) -> Answer:
        """Return the answer of a function, or API Gateway's own refusal."""
        place = find_place(asked.method, asked.path)
        if place is None:
            return _refusal("MISSING_AUTHENTICATION_TOKEN", {})
        made = _event(place, asked)
        self.last, self.function = made, place.function
        if not place.is_public:
            arn = {"type": "REQUEST", "methodArn": f"{_API}/{asked.method}{asked.path}"}
            decision = self.deployment.raw("authorizer", {**made, **arn, "body": None})
            if decision["policyDocument"]["Statement"][0]["Effect"] != "Allow":
                return _refusal("ACCESS_DENIED", decision["context"])
            made["requestContext"]["authorizer"] = decision["context"]
        found: Answer = self.deployment.raw(place.function, made)
        return found


def _header_name(name: str) -> str:
    return name.removeprefix("HTTP_").replace("_", "-").title()


def _event(place: Place, asked: Asked) -> dict[str, Any]:
    made = event("login_username")
    pairs = parse_qsl(asked.query, keep_blank_values=True, errors="replace")
    several: dict[str, list[str]] = {}
    for name, value in pairs:
        several.setdefault(name, []).append(value)
    made |= {"httpMethod": asked.method, "path": asked.path, "resource": place.resource}
    made |= {"pathParameters": dict(place.parameters) or None}
    made |= {"queryStringParameters": dict(pairs) or None, "multiValueQueryStringParameters": several or None}
    made |= {"headers": {**asked.headers}, "multiValueHeaders": {name: [one] for name, one in asked.headers.items()}}
    made |= {"body": asked.body.decode("utf-8", "replace") if asked.body else None, "isBase64Encoded": False}
    return made


def _refusal(kind: str, context: Mapping[str, Any]) -> Answer:
    """Return a gateway response of template.yaml."""
    (api,) = resources("AWS::Serverless::Api").values()
    shown = api["Properties"]["GatewayResponses"][kind]
    body = shown["ResponseTemplates"]["application/json"].replace("$context.requestId", "request-1")
    for name, value in context.items():
        body = body.replace(f"$context.authorizer.{name}", value)
    json.loads(body)
    headers = {"Content-Type": ["application/problem+json"], "Cache-Control": ["no-store"]}
    return {"statusCode": shown["StatusCode"], "body": body, "isBase64Encoded": False, "multiValueHeaders": headers}
