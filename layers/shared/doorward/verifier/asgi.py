"""Protect an ASGI application (Starlette, FastAPI, Quart, Django): `app = Protect(app, Verifier(issuer))`."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Collection, MutableMapping
from http import HTTPStatus
from typing import Any

from doorward.errors import DoorwardError, Forbidden, InvalidToken, NotAuthenticated
from doorward.model import Principal
from doorward.rules.challenges import challenge
from doorward.rules.routes import Route, parse_rules
from doorward.verifier.verifier import Verifier

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

PRINCIPAL = "doorward.principal"
"""The key of the caller in the ASGI scope: `scope["doorward.principal"]`."""


class Protect:
    """Lets only verified callers use an application, over HTTP and WebSocket.

    Args:
        app: the application.
        verifier: verifies the tokens.
        public: the paths that anybody may request, with any method.
        rules: what routes ask of their callers, as the authorizer's rules are written (docs/protecting.md): for example
            `POST:/payments=admin?acr=2fa,max_age=300`. The handshake of a WebSocket is a GET.
    """

    def __init__(self, app: App, verifier: Verifier, *, public: Collection[str] = (), rules: str = "") -> None:
        """Wrap an application.

        Raises:
            TypeError: `public` is a text and no collection of paths.
            Misconfigured: a rule is malformed.
        """
        if isinstance(public, str):
            raise TypeError("public is a collection of paths")
        self._app = app
        self._verifier = verifier
        self._public = frozenset(public)
        self._rules = parse_rules(rules)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a verified request on with its principal, and refuse any other request.

        A request is verified only when it begins. A long answer, or a WebSocket, goes on after its session has ended.

        Raises:
            ValueError: the ASGI scope is of an unknown type.
        """
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        if scope["type"] not in {"http", "websocket"}:
            raise ValueError(f"unknown ASGI scope: {scope['type']}")
        if scope["path"] in self._public or _is_preflight(scope):
            await self._app(scope, receive, send)
            return
        headers = [value.decode("latin-1") for name, value in scope["headers"] if name == b"authorization"]
        try:
            if len(headers) > 1:
                raise InvalidToken(reason="several_authorization_headers")
            # Reading keys and revocations may take a moment. Other requests must not wait for that.
            principal = await asyncio.to_thread(self._verifier.verify_header, headers[0] if headers else None)
            route = Route(scope.get("method", "GET"), scope["path"], rules=self._rules)
            self._verifier.check(principal, route)
        except DoorwardError as error:
            await _refuse(error, scope, receive, send)
            return
        await self._app({**scope, PRINCIPAL: principal}, receive, send)


def principal_of(scope: Scope) -> Principal:
    """Return the caller of a request, in an application that `Protect` wraps.

    Raises:
        KeyError: `Protect` does not wrap the application, or the path is public.
    """
    principal: Principal = scope[PRINCIPAL]
    return principal


def _is_preflight(scope: Scope) -> bool:
    # A browser sends no credentials with a preflight request (Fetch standard, CORS-preflight request).
    names = {name for name, _ in scope["headers"]}
    return scope.get("method") == "OPTIONS" and b"access-control-request-method" in names


async def _refuse(error: DoorwardError, scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.close", "code": 1008})  # a close before the accept: the client sees 403
        return
    status, told = _status(error), challenge(error)
    body = {
        "type": f"urn:doorward:problem:{error.code}",
        "title": status.phrase,
        "status": status.value,
        "detail": error.detail,
        "code": error.code,
        **error.members,
    }
    headers = [(b"content-type", b"application/problem+json"), (b"cache-control", b"no-store")]
    if told:
        headers.append((b"www-authenticate", told.encode("ascii")))
    await send({"type": "http.response.start", "status": status.value, "headers": headers})
    await send({"type": "http.response.body", "body": (json.dumps(body) + "\n").encode()})


def _status(error: DoorwardError) -> HTTPStatus:
    match error:
        case NotAuthenticated():
            return HTTPStatus.UNAUTHORIZED
        case Forbidden():
            return HTTPStatus.FORBIDDEN
    return HTTPStatus.SERVICE_UNAVAILABLE
