"""Read the events of AWS's gateways: who calls, and what the request asks for."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from doorward.authorization import RequestCredentials
from doorward.errors import InvalidRequest
from doorward.rules.routes import Route, parse_rules, plain_path

Event = Mapping[str, Any]
GatewayKind = Literal["rest", "token", "http_1", "http_2", "websocket", "appsync"]

RULES, ANSWER, USAGE = "doorward_roles", "doorward_answer", "doorward_usage"
"""The names of the stage variables in which an API's owner configures the authorizer."""

SUBPROTOCOL_PREFIX = "doorward.token."
_TENANT_PARAMETERS = frozenset({"tenant", "tenantid"})
_ARN_PARTS = 3


@dataclass(frozen=True, slots=True)
class AuthorizerRequest:
    """An authorizer event, from any kind of gateway.

    Args:
        arn: the ARN of the called method or route; empty for AppSync.
        settings: the stage variables of the called API.
    """

    gateway: GatewayKind
    credentials: RequestCredentials
    route: Route
    arn: str
    api_id: str
    settings: Mapping[str, str]


def read_request(event: Event) -> AuthorizerRequest:
    """Return the request that an authorizer event describes.

    Raises:
        InvalidRequest: the event is of no known kind.
        Misconfigured: the API's rules are malformed.
    """
    gateway = _gateway_kind(event)
    context = _mapping(event, "requestContext")
    arn = str(event.get("routeArn") or event.get("methodArn") or "")
    settings = {name: str(value) for name, value in _mapping(event, "stageVariables").items()}
    credentials = _READERS[gateway](event)
    method, path = _called(arn)
    if gateway in {"http_1", "http_2"} and method.startswith("$"):
        method, path = credentials.method, _without_stage(event)  # the route $default has no method and no path
    if plain_path(path).startswith("/api/"):
        credentials = replace(credentials, path=plain_path(path))  # an HTTP API's own path may begin with the stage
    return AuthorizerRequest(
        gateway=gateway,
        credentials=credentials,
        route=Route(method, path, _tenant(event), parse_rules(settings.get(RULES, ""))),
        arn=arn,
        api_id=str(context.get("apiId") or arn.partition("/")[0].rpartition(":")[2]),
        settings=settings,
    )


def read_credentials(event: Event, *, changes_state: bool = False) -> RequestCredentials:
    """Return the credentials that a request sends.

    Args:
        event: the event of an authorizer or of a proxy integration.
        changes_state: whether the request changes state although its method is safe (RFC 9110 section 9.2.1).
    """
    http = _mapping(_mapping(event, "requestContext"), "http")
    spellings = (event.get("path") or event.get("rawPath"), event.get("resource"))
    paths = [re.sub("/+", "/", str(path or "").lower()) for path in spellings]
    cookies, headers = event.get("cookies"), _headers(event)
    return RequestCredentials(
        method=str(event.get("httpMethod") or http.get("method") or "").upper(),
        path=next((path for path in paths if path.startswith("/api/")), paths[0]),
        authorization=tuple(headers.get("authorization", ())),
        cookie=tuple(map(str, cookies) if isinstance(cookies, list) else headers.get("cookie", ())),
        origin=_last(headers, "origin"),
        host=_last(headers, "host"),
        fetch_site=_last(headers, "sec-fetch-site"),
        referer=_last(headers, "referer"),
        changes_state=changes_state,
    )


def read_socket_credentials(event: Event) -> RequestCredentials:
    """Return the credentials that the handshake of a WebSocket sends.

    A browser can send a token only in the subprotocols, because a web page can set no other header.
    """
    credentials = read_credentials(event)
    offered = [name.strip() for name in ",".join(_headers(event).get("sec-websocket-protocol", ())).split(",")]
    tokens = [name.removeprefix(SUBPROTOCOL_PREFIX) for name in offered if name.startswith(SUBPROTOCOL_PREFIX)]
    return RequestCredentials(
        credentials.method,
        credentials.path,
        credentials.authorization or tuple(f"Bearer {token}" for token in tokens),
        origin=credentials.origin,
        host=credentials.host,
        subprotocols=tuple(filter(None, offered)),
    )


def _gateway_kind(event: Event) -> GatewayKind:
    if "authorizationToken" in event and event.get("type") != "REQUEST":
        return "token" if "methodArn" in event else "appsync"
    if event.get("version") == "2.0" and "routeArn" in event:
        return "http_2"
    if "methodArn" in event:
        if event.get("version") == "1.0" and "identitySource" in event:
            return "http_1"
        return "websocket" if "connectionId" in _mapping(event, "requestContext") else "rest"
    raise InvalidRequest("This is no event of an authorizer.", reason="unknown_event")


def _read_token(event: Event) -> RequestCredentials:
    credentials, token = read_credentials(event), str(event.get("authorizationToken") or "")
    return RequestCredentials(credentials.method, credentials.path, (token,) if token else ())


def _read_appsync(event: Event) -> RequestCredentials:
    token = str(event.get("authorizationToken") or "")
    # AppSync's own clients send the token without a scheme.
    bare = bool(token) and " " not in token.strip()
    return _read_token(
        {**event, "headers": event.get("requestHeaders"), "authorizationToken": f"Bearer {token}" if bare else token}
    )


_READERS: Mapping[GatewayKind, Callable[[Event], RequestCredentials]] = {
    "rest": read_credentials,
    "token": _read_token,
    "http_1": read_credentials,
    "http_2": read_credentials,
    "websocket": read_socket_credentials,
    "appsync": _read_appsync,
}
"""The function that reads the credentials, for each kind of gateway."""


def _called(arn: str) -> tuple[str, str]:
    """Return the method and the path in arn:aws:execute-api:REGION:ACCOUNT:API/STAGE/METHOD/PATH."""
    parts = arn.split("/", _ARN_PARTS)
    if len(parts) < _ARN_PARTS:
        return "", ""
    return parts[2].upper(), f"/{parts[3]}" if len(parts) > _ARN_PARTS else "/"


def _without_stage(event: Event) -> str:
    path, stage = str(event.get("rawPath") or event.get("path") or ""), _mapping(event, "requestContext").get("stage")
    return path.removeprefix(f"/{stage}") if path.startswith(f"/{stage}/") else path


def _tenant(event: Event) -> str | None:
    parameters = _mapping(event, "pathParameters")
    named = {
        str(value)
        for name, value in parameters.items()
        if value is not None and re.sub("[_-]", "", name).lower() in _TENANT_PARAMETERS
    }
    # If a path names two tenants, this returns a name that no tenant can have.
    return "/".join(sorted(named)) if named else None


def _mapping(event: Event, name: str) -> Mapping[str, Any]:
    found = event.get(name)
    return found if isinstance(found, Mapping) else {}


def _headers(event: Event) -> Mapping[str, list[str]]:
    """Return the values of each header by its name in small letters, in the order they came, in one pass."""
    several: dict[str, list[str]] = {}
    for name, values in _mapping(event, "multiValueHeaders").items():
        if isinstance(values, list) and values:
            several.setdefault(name.lower(), []).extend(map(str, values))
    single: dict[str, list[str]] = {}
    for name, value in _mapping(event, "headers").items():
        single.setdefault(name.lower(), []).append(str(value))
    return {**single, **several}


def _last(headers: Mapping[str, list[str]], name: str) -> str | None:
    found = headers.get(name)
    return found[-1] if found else None
