"""The examples that use the library outside AWS: a Socket.IO server, and an API behind the ASGI middleware."""

from __future__ import annotations

import http.client
import json
import os
import shutil
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Self

import pytest
import requests

from doorward.errors import InvalidToken
from local.tools import environment, run
from tests.support.cloud import PATIENCE_SECONDS, ROOT, Cloud
from tests.support.npm import node_with

EXAMPLE = ROOT / "examples" / "socketio"
ORIGIN = "http://localhost:3000"
INTERVAL_SECONDS = 1
LIFE_SECONDS = 12
"""How long a token lives with which a client, whose interpreter starts first, is to be let in."""
PROMPT_SECONDS = 30
"""How long a logout may take to be known on a busy machine, where the feed's function may first have to start.

Without the feed a session would go on until its token expires, which takes minutes.
"""


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Return the Python that has the example's requirements, and Doorward as its users install it."""
    programs = environment("socketio", requirements=EXAMPLE / "requirements.txt")
    # From a copy: setuptools leaves folders behind, and packs whatever it finds in them the next time.
    source = tmp_path_factory.mktemp("source")
    for name in ("pyproject.toml", "README.md"):
        shutil.copy(ROOT / name, source)
    ignored = shutil.ignore_patterns("__pycache__", "*.egg-info")
    shutil.copytree(ROOT / "layers" / "shared", source / "layers" / "shared", ignore=ignored)
    found = str(programs / "python")
    uv = [str(environment("uv") / "uv"), "pip", "install", "--quiet", "--python", found]
    run([*uv, "--no-deps", "--reinstall-package", "doorward", str(source)], "doorward could not be installed")
    return found


@pytest.fixture(scope="module")
def node() -> str:
    """Return Node.js, with Socket.IO's client installed once."""
    return node_with(EXAMPLE)


@contextmanager
def _serving(python: str, script: str, cloud: Cloud, log: Path) -> Iterator[str]:
    """Run a server, and end it by its pid."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    settings = {
        "DOORWARD_ISSUER": cloud.url,
        "DOORWARD_AUDIENCE": "doorward",
        "DOORWARD_INTERVAL_SECONDS": str(INTERVAL_SECONDS),
        "SOCKET_IO_CORS_ORIGIN": ORIGIN,
        "PORT": str(port),
    }
    cloud.call("GET", "/.well-known/revocations")  # a verifier waits five seconds, not for a busy machine's cold start
    with log.open("w") as output:
        # -I and another folder: the installed package counts, not the one in the repository.
        command = [python, "-I", str(EXAMPLE / script)]
        process = subprocess.Popen(
            command, cwd=log.parent, env={**os.environ, **settings}, stdout=output, stderr=subprocess.STDOUT
        )
    try:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not _listens(port):
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.1)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(20)
        finally:
            process.kill()
    text = log.read_text()
    told = [line for line in text.splitlines() if "is not an accepted origin" not in line]
    assert told == [], text  # no traceback, no token, no URL


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@pytest.fixture(scope="module")
def server(cloud: Cloud, python: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Return the URL of the Socket.IO server."""
    with _serving(python, "server.py", cloud, tmp_path_factory.mktemp("socketio") / "log") as url:
        yield url


@pytest.fixture(scope="module")
def api(cloud: Cloud, python: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Return the URL of the API behind the middleware."""
    with _serving(python, "api.py", cloud, tmp_path_factory.mktemp("api") / "log") as url:
        yield url


@pytest.fixture(scope="module", params=["client.py", "client.mjs"])
def client(request: pytest.FixtureRequest) -> list[str]:
    """Return the command of each client."""
    program = request.getfixturevalue("python" if request.param == "client.py" else "node")
    return [program, str(EXAMPLE / request.param)]


class Running:
    """A client that runs."""

    def __init__(self, command: list[str], url: str, token: str | None, tenant: str = "acme") -> None:
        given = {"SOCKET_IO_URL": url, "DOORWARD_TENANT": tenant} | ({} if token is None else {"DOORWARD_TOKEN": token})
        self.process = subprocess.Popen(command, env={**os.environ, **given}, stdout=subprocess.PIPE, text=True)
        self.guard = threading.Timer(
            2 * PATIENCE_SECONDS, self.process.kill
        )  # a line that never comes shall not hold up the tests
        self.guard.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.guard.cancel()
        self.process.kill()
        self.process.communicate()

    def line(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline().rstrip("\n")

    def rest(self) -> str:
        text = self.process.communicate(timeout=PATIENCE_SECONDS)[0]
        self.guard.cancel()
        return text


def test_a_verified_socket_knows_its_caller(cloud: Cloud, server: str, client: list[str]) -> None:
    with Running(client, server, cloud.token("acme-admin")) as running:
        name, _, text = running.line().partition(": ")
        assert name == "connected"
        assert json.loads(text) == {"user": "acme-admin", "tenant": "acme", "roles": ["admin"]}


@pytest.mark.parametrize(
    ("tenant", "code"), [("acme", "missing_credentials"), ("acme", "invalid_token"), ("globex", "insufficient_scope")]
)
def test_a_refused_client_sees_the_code(cloud: Cloud, server: str, client: list[str], tenant: str, code: str) -> None:
    tokens = {"invalid_token": "garbage", "insufficient_scope": cloud.token("acme-admin")}
    with Running(client, server, tokens.get(code), tenant) as running:
        assert running.rest() == f"refused: {code}\n"


def test_every_other_handshake_is_refused(cloud: Cloud, server: str) -> None:
    forger, ended = cloud.forger(), cloud.sign_in("acme-admin")
    assert cloud.call("POST", "/auth/logout", ended["access_token"]).ok
    _wait_for(lambda: _connect(server, {"token": ended["access_token"], "tenant_id": "acme"}).startswith("44"))
    good = forger.good
    foreign, platform = (cloud.token(name) for name in ("globex-admin", "admin"))
    handshakes: dict[str, tuple[object, str]] = {
        "nothing": (None, "missing_credentials"),
        "a text": (good, "missing_credentials"),
        "no token": ({"tenant_id": "acme"}, "missing_credentials"),
        "garbage": ({"token": "garbage", "tenant_id": "acme"}, "invalid_token"),
        "expired": ({"token": forger.saying(exp=int(time.time()) - 1), "tenant_id": "acme"}, "invalid_token"),
        "signed out": ({"token": ended["access_token"], "tenant_id": "acme"}, "invalid_token"),
        "a refresh token": ({"token": forger.refresh_token, "tenant_id": "acme"}, "invalid_token"),
        "another tenant's": ({"token": foreign, "tenant_id": "acme"}, "insufficient_scope"),
        "for another tenant": ({"token": good, "tenant_id": "globex"}, "insufficient_scope"),
        "no tenant": ({"token": good}, "insufficient_scope"),
        "the tenant null": ({"token": good, "tenant_id": None}, "insufficient_scope"),
        "several tenants": ({"token": good, "tenant_id": ["acme"]}, "insufficient_scope"),
        "the platform's administrator": ({"token": platform, "tenant_id": "acme"}, "insufficient_scope"),
    }
    answers = {name: _connect(server, auth) for name, (auth, _) in handshakes.items()}
    assert answers == {name: f'44{{"message":"{code}"}}' for name, (_, code) in handshakes.items()}
    assert _connect(server, {"token": good, "tenant_id": "acme"}).startswith('40{"sid":')


def _wait_for(known: Callable[[], bool]) -> None:
    """Wait until a server knows of a logout: it asks for the feed each second, and the feed follows the table."""
    deadline = time.monotonic() + PROMPT_SECONDS
    while not known():
        assert time.monotonic() < deadline
        time.sleep(0.2)


def _connect(server: str, auth: object, *more: str) -> str:
    """Return the packets that answer a handshake and what is sent with it, by Socket.IO's own protocol over polling."""
    url = f"{server}/socket.io/?EIO=4&transport=polling"
    url += f"&sid={json.loads(requests.get(url, timeout=PATIENCE_SECONDS).text[1:])['sid']}"
    connect = "40" if auth is None else f"40{json.dumps(auth)}"
    assert requests.post(url, data="\x1e".join([connect, *more]), timeout=PATIENCE_SECONDS).ok
    return requests.get(url, timeout=PATIENCE_SECONDS).text


def test_a_socket_ends_with_its_session(cloud: Cloud, server: str, client: list[str]) -> None:
    mine, other = cloud.token("acme-admin"), cloud.token("acme-admin")
    with Running(client, server, other) as staying:
        assert staying.line().startswith("connected: ")
        with Running(client, server, mine) as ending:
            assert ending.line().startswith("connected: ")
            assert cloud.call("POST", "/auth/logout", mine).ok
            started = time.monotonic()
            line = ending.line()
            seconds = time.monotonic() - started
            print(f"\nsocketio: a socket ended {seconds:.2f} s after its session")
            assert line == "session over: invalid_token"
            assert seconds < PROMPT_SECONDS
            assert ending.rest() == "disconnected\n"
            assert staying.process.poll() is None


def test_a_socket_ends_with_its_token(cloud: Cloud, server: str, python: str) -> None:
    forger, expires = cloud.forger(), int(time.time()) + LIFE_SECONDS
    with Running([python, str(EXAMPLE / "client.py")], server, forger.saying(exp=expires)) as running:
        assert running.line().startswith("connected: ")
        assert running.rest() == "session over: token_expired\ndisconnected\n"
        assert expires <= time.time() < expires + PROMPT_SECONDS


def test_a_tenants_room_is_its_own(cloud: Cloud, server: str, python: str) -> None:
    command = [python, str(EXAMPLE / "client.py")]
    acme, globex = (cloud.token(f"{tenant}-admin") for tenant in ("acme", "globex"))
    with Running(command, server, acme) as first:
        assert first.line().startswith("connected")
        with Running(command, server, globex, "globex") as second:
            assert second.line().startswith("connected")
        with Running(command, server, acme) as third:
            assert third.line().startswith("connected")
            assert first.line() == "joined: acme-admin"


def test_events_wait_for_the_handshake(server: str) -> None:
    """A client that sends an event before it was let in gets no answer to it."""
    refused = _connect(server, {"token": "garbage", "tenant_id": "acme"}, '420["whoami"]')
    assert refused == '44{"message":"invalid_token"}'


def test_one_other_origin_may_connect(server: str) -> None:
    url = f"{server}/socket.io/?EIO=4&transport=polling"
    allowed = requests.get(url, headers={"Origin": ORIGIN}, timeout=PATIENCE_SECONDS)
    assert allowed.status_code == 200
    assert allowed.headers["Access-Control-Allow-Origin"] == ORIGIN
    assert allowed.headers["Access-Control-Allow-Credentials"] == "true"
    for origin in ("https://evil.example", f"{ORIGIN}.evil.example", "null"):
        refused = requests.get(url, headers={"Origin": origin}, timeout=PATIENCE_SECONDS)
        assert refused.status_code == 400
        assert "Access-Control-Allow-Origin" not in refused.headers


def test_an_api_behind_the_middleware(cloud: Cloud, api: str) -> None:
    def get(path: str, token: str | None = None) -> requests.Response:
        return requests.get(
            api + path, headers={"Authorization": f"Bearer {token}"} if token else {}, timeout=PATIENCE_SECONDS
        )

    session = cloud.sign_in("acme-admin")
    token = session["access_token"]
    assert get("/health").json() == {"status": "ok"}
    assert get("/acme/orders", token).json() == {"tenant": "acme", "user": "acme-admin", "orders": []}
    assert get("/globex/orders", token).status_code == 404
    bad = f'Bearer error="invalid_token", error_description="{InvalidToken.default_detail}"'
    for wrong, code, challenge in (
        (None, "missing_credentials", "Bearer"),
        ("garbage", "invalid_token", bad),
        (session["refresh_token"], "invalid_token", bad),
    ):
        answer = get("/acme/orders", wrong)
        assert (answer.status_code, answer.json()["code"]) == (401, code)
        assert answer.headers["WWW-Authenticate"] == challenge
    assert _websocket_status(api, None) == 403
    assert _websocket_status(api, token) == 101

    assert cloud.call("POST", "/auth/logout", token).ok
    _wait_for(lambda: get("/acme/orders", token).status_code == 401)


def _websocket_status(api: str, token: str | None) -> int:
    connection = http.client.HTTPConnection(api.removeprefix("http://"), timeout=PATIENCE_SECONDS)
    headers = {
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": "c2l4dGVlbiBieXRlcyEhIQ==",
    }
    connection.request("GET", "/live", headers=headers | ({"Authorization": f"Bearer {token}"} if token else {}))
    status = connection.getresponse().status
    connection.close()
    return status
