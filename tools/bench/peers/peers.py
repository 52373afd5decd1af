"""What FastAPI-Users and Flask-JWT-Extended take for a sign-in, a refresh and a verification, in this process.

Printed as JSON: for each figure the least milliseconds of processor time, and those of the raw cryptography in it.
Neither looks into a store to see whether a token was revoked, unless its user writes that.

Run by tools.bench.peers, in an environment of its own (requirements/peers.txt).
"""

from __future__ import annotations

import asyncio
import io
import json
import sys
import time
import uuid
from collections.abc import Callable
from typing import Annotated, Any

import fastapi
import flask
import flask_jwt_extended as fje
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from fastapi_users import BaseUserManager, FastAPIUsers, UUIDIDMixin
from fastapi_users.authentication import AuthenticationBackend, BearerTransport, JWTStrategy
from fastapi_users.db import BaseUserDatabase

COUNT = int(sys.argv[1])
KEY = rsa.generate_private_key(65537, 2048)
PRIVATE = KEY.private_bytes(
    serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
).decode()
PUBLIC = (
    KEY.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo).decode()
)
FORM = (padding.PKCS1v15(), hashes.SHA256())
SIGNATURE, PUBLIC_KEY = KEY.sign(b"x" * 400, *FORM), KEY.public_key()


def least(*acts: Callable[[], Any]) -> list[float]:
    """Return the least milliseconds of each of these, which take turns."""
    found = [9.0] * len(acts)
    for _ in range(COUNT):
        for at, act in enumerate(acts):
            before = time.process_time()
            act()
            found[at] = min(found[at], time.process_time() - before)
    return [seconds * 1000 for seconds in found]


def check() -> None:
    """Check a raw signature."""
    PUBLIC_KEY.verify(SIGNATURE, b"x" * 400, *FORM)


def sign() -> None:
    """Make a raw signature."""
    KEY.sign(b"x" * 400, *FORM)


def flask_jwt_extended() -> dict[str, list[float]]:
    """Return the figures of Flask-JWT-Extended: it signs nobody in, that is its user's own code."""
    app = flask.Flask("peer")
    app.config.update(JWT_ALGORITHM="RS256", JWT_PRIVATE_KEY=PRIVATE, JWT_PUBLIC_KEY=PUBLIC)
    fje.JWTManager(app)

    @app.get("/open")
    def _open() -> str:
        return "ok"

    @app.get("/closed")
    @fje.jwt_required()
    def _closed() -> str:
        return "ok"

    @app.post("/refresh")
    @fje.jwt_required(refresh=True)
    def _refresh() -> Any:
        who = fje.get_jwt_identity()
        return {"access": fje.create_access_token(who), "refresh": fje.create_refresh_token(who)}

    with app.app_context():
        access, refresh = fje.create_access_token("u"), fje.create_refresh_token("u")

    def ask(method: str, path: str, token: str) -> None:
        environ = {
            "REQUEST_METHOD": method,
            "PATH_INFO": path,
            "HTTP_AUTHORIZATION": f"Bearer {token}",
            "SERVER_NAME": "localhost",
            "SERVER_PORT": "80",
            "wsgi.url_scheme": "http",
            "wsgi.input": io.BytesIO(),
        }
        statuses: list[str] = []
        b"".join(app(environ, lambda status, *_: statuses.append(status)))
        assert statuses == ["200 OK"], statuses  # noqa: S101

    opened, closed, renewed, checked, signed = least(
        lambda: ask("GET", "/open", access),
        lambda: ask("GET", "/closed", access),
        lambda: ask("POST", "/refresh", refresh),
        check,
        sign,
    )
    return {"verify": [closed - opened, checked], "refresh": [renewed - opened, signed]}


class User:
    """A user in memory."""

    id: uuid.UUID = uuid.uuid4()
    email = "ann@example.com"
    hashed_password = ""
    is_active = is_verified = True
    is_superuser = False


class Users(BaseUserDatabase[Any, uuid.UUID]):
    """One user in memory."""

    async def get(self, id: uuid.UUID) -> Any:  # noqa: A002, ARG002 - their name
        """Return the user."""
        return USER

    async def get_by_email(self, email: str) -> Any:  # noqa: ARG002
        """Return the user."""
        return USER


class Manager(UUIDIDMixin, BaseUserManager[Any, uuid.UUID]):
    """What FastAPI-Users needs."""


USER = User()


def _application(backend: Any, manager: Manager) -> Any:
    users: Any = FastAPIUsers(lambda: manager, [backend])
    app = fastapi.FastAPI()
    app.include_router(users.get_auth_router(backend))
    caller = Annotated[Any, fastapi.Depends(users.current_user(active=True))]

    @app.get("/open")
    async def _open() -> str:
        return "ok"

    async def _closed(user: Any) -> str:  # noqa: ARG001 - that there is one is what is measured
        return "ok"

    _closed.__annotations__["user"] = caller
    app.get("/closed")(_closed)
    return app


def _asker(app: Any, token: str, loop: asyncio.AbstractEventLoop) -> Callable[..., None]:
    """Return what sends a request to an ASGI application."""

    def ask(method: str, path: str, body: bytes = b"") -> None:
        form = (b"content-type", b"application/x-www-form-urlencoded")
        scope = {
            "type": "http",
            "method": method,
            "path": path,
            "raw_path": path.encode(),
            "query_string": b"",
            "headers": [form] if body else [(b"authorization", f"Bearer {token}".encode())],
            "http_version": "1.1",
            "scheme": "http",
            "server": ("localhost", 80),
            "client": ("127.0.0.1", 1),
            "root_path": "",
        }
        statuses: list[int] = []

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": body, "more_body": False}

        async def send(message: dict[str, Any]) -> None:
            statuses.extend([message["status"]] if "status" in message else [])

        loop.run_until_complete(app(scope, receive, send))
        assert statuses == [200], (path, statuses)  # noqa: S101

    return ask


def fastapi_users() -> dict[str, list[float]]:
    """Return the figures of FastAPI-Users: it has no refresh tokens."""
    manager = Manager(Users())
    helper = manager.password_helper
    USER.hashed_password = helper.hash("admin123")
    backend: Any = AuthenticationBackend(
        "jwt", BearerTransport("login"), lambda: JWTStrategy(PRIVATE, 900, algorithm="RS256", public_key=PUBLIC)
    )
    loop = asyncio.new_event_loop()
    token = loop.run_until_complete(backend.get_strategy().write_token(USER))
    ask = _asker(_application(backend, manager), token, loop)
    form = b"username=ann%40example.com&password=admin123"
    opened, closed, checked = least(lambda: ask("GET", "/open"), lambda: ask("GET", "/closed"), check)
    signed_in, hashed = least(
        lambda: ask("POST", "/login", form), lambda: helper.verify_and_update("admin123", USER.hashed_password)
    )
    return {"verify": [closed - opened, checked], "sign-in": [signed_in, hashed]}


print(json.dumps({"Flask-JWT-Extended": flask_jwt_extended(), "FastAPI-Users": fastapi_users()}))
