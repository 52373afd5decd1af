"""What stands before the emulator: the front on the port of the API, and the guard on that of AWS."""

from __future__ import annotations

import asyncio
import os
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from local import guard
from local.front import Front
from local.guard import Guard, Scope

SECRET = "of-this-state"
FOREIGN = ["evil.example", "evil.example:8080", "localhost.evil.example", "127.0.0.1.evil.example", "[::1]:8080", ""]


def _front(*, api: str = "a", sockets: str = "s") -> Front:
    return Front(4566, SECRET, lambda: (api, sockets))


def _head(target: str, *headers: str, host: str = "localhost:8080") -> bytes:
    return "\r\n".join([f"GET {target} HTTP/1.1", f"Host: {host}", *headers, "", ""]).encode()


def test_the_front_prefixes_the_path_and_asks_for_one_answer() -> None:
    assert _front().rewrite(_head("/users?x=1", "Connection: keep-alive")) == (
        b"GET /_aws/execute-api/a/v1/users?x=1 HTTP/1.1\r\nHost: localhost:8080\r\n"
        b"x-doorward-front: of-this-state\r\nConnection: close\r\n\r\n"
    )


def test_the_front_follows_a_deploy_that_changes_the_id() -> None:
    deployed = ["old", "new"]
    front = Front(4566, SECRET, lambda: (deployed.pop(0), ""))
    assert [front.rewrite(_head("/x")).split(b"/")[3] for _ in range(2)] == [b"old", b"new"]


@pytest.mark.parametrize(
    ("target", "place"),
    [
        ("/sockets?ticket=1", "/_aws/execute-api/s/v1?ticket=1"),
        ("/_aws/execute-api/b7/dev/orders", "/_aws/execute-api/b7/dev/orders"),
        ("/_aws/execute-api/b7/", "/_aws/execute-api/b7/"),
        ("/_aws/execute-api/b7", "/_aws/execute-api/a/v1/_aws/execute-api/b7"),
        ("/_aws/execute-api/", "/_aws/execute-api/a/v1/_aws/execute-api/"),
        ("/_ministack/reset", "/_aws/execute-api/a/v1/_ministack/reset"),
        ("http://localhost/_ministack/reset", "/_aws/execute-api/a/v1http://localhost/_ministack/reset"),
    ],
)
def test_behind_the_front_are_apis_alone(target: str, place: str) -> None:
    assert _front().rewrite(_head(target)).split(b" ")[1] == place.encode()


def test_a_pass_that_a_client_sends_is_not_forwarded() -> None:
    assert _front().rewrite(_head("/", "X-Doorward-Front : forged", "Upgrade: websocket")).count(b"forged") == 0
    assert _front().rewrite(_head("/sockets", "X-Doorward-Front: forged")).count(b"forged") == 0


@pytest.mark.parametrize("line", ["", "GET", "GET /", "GET / x HTTP/1.1"])
def test_the_front_wants_a_request(line: str) -> None:
    with pytest.raises(ValueError, match="no HTTP request"):
        _front().rewrite(f"{line}\r\nHost: localhost\r\n\r\n".encode())


@pytest.mark.parametrize("host", FOREIGN)
def test_the_front_refuses_a_foreign_host(host: str) -> None:
    with pytest.raises(ValueError, match="localhost"):
        _front().rewrite(_head("/", host=host))


@pytest.mark.parametrize("headers", [[], ["Host: localhost", "Host: evil.example"], ["Host: evil.example"] * 2])
def test_the_front_wants_one_host(headers: list[str]) -> None:
    with pytest.raises(ValueError, match="localhost"):
        _front().rewrite("\r\n".join(["GET / HTTP/1.1", *headers, "", ""]).encode())


def test_the_front_answers_a_foreign_host_with_a_line(unused_port: int) -> None:
    async def ask() -> bytes:
        async with await _front().serve(unused_port):
            reader, writer = await asyncio.open_connection("127.0.0.1", unused_port)
            writer.write(_head("/", host="evil.example"))
            answer = await reader.read()
            writer.close()
            return answer

    answer = asyncio.run(ask())
    assert answer.startswith(b"HTTP/1.1 403 ")
    assert answer.endswith(b"doorward: this answers to localhost and 127.0.0.1 alone\n")


@pytest.fixture
def unused_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _ask(kind: str = "http", **headers: str) -> tuple[list[Scope], list[Scope]]:
    """Return what reached the emulator, and what was answered."""
    seen: list[Scope] = []
    sent: list[Scope] = []

    async def emulator(scope: Scope, receive: Any, send: Any) -> None:
        seen.append(scope)

    async def send(message: Scope) -> None:
        sent.append(message)

    async def receive() -> Scope:
        return {"type": "http.request"}

    named = {"host": "127.0.0.1:4566", **{name.replace("_", "-"): value for name, value in headers.items()}}
    raw = [(name.encode(), value.encode()) for name, value in named.items()]
    asyncio.run(Guard(emulator, SECRET.encode())({"type": kind, "headers": raw}, receive, send))
    return seen, sent


def test_the_guard_lets_programs_through() -> None:
    for headers in ({}, {"host": "localhost:4566"}, {"sec_fetch_site": "none"}):
        seen, sent = _ask(**headers)
        assert len(seen) == 1
        assert not sent
    assert len(_ask("lifespan")[0]) == 1


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"origin": "http://localhost:8080"},
        {"sec_fetch_site": "cross-site"},
        {"sec_fetch_site": "same-origin"},
        {"origin": "https://evil.example", "x_doorward_front": "guessed"},
        *({"host": host} for host in FOREIGN),
        {"host": "evil.example", "x_doorward_front": SECRET},
    ],
)
def test_the_guard_stops_pages_and_foreign_names(headers: dict[str, str]) -> None:
    seen, sent = _ask(**headers)
    assert not seen
    assert sent[0]["status"] == 403
    assert b"access-control-allow-origin" not in dict(sent[0]["headers"])
    seen, sent = _ask("websocket", **headers)
    assert not seen
    assert sent == [{"type": "websocket.close", "code": 1008}]


def test_the_guard_lets_the_front_through_and_hides_its_pass() -> None:
    ((scope,), sent) = _ask(origin="https://app.example", x_doorward_front=SECRET)
    assert not sent
    assert [name for name, _ in scope["headers"]] == [b"host", b"origin"]


@contextmanager
def _modules(**modules: object) -> Iterator[None]:
    """Put modules in place of the emulator's, which tests do not have."""
    names = {f"ministack.{name.replace('__', '.')}": module for name, module in modules.items()}
    present = {name: sys.modules.get(name) for name in names}
    sys.modules.update(names)  # type: ignore[arg-type]
    try:
        yield
    finally:
        for name, module in present.items():
            if module is None:
                del sys.modules[name]
            else:
                sys.modules[name] = module


def test_the_guard_runs_the_emulator_that_it_has_changed(monkeypatch: pytest.MonkeyPatch) -> None:
    served: list[object] = []
    measured: list[str] = []
    evaluator, runtime, emulator, parent = (ModuleType(name) for name in ("evaluator", "runtime", "app", "ministack"))
    runtime.__dict__["execution_credentials"] = _plain
    evaluator.__dict__["enforce"] = lambda *asked, **named: "denied"
    emulator.__dict__.update(app="the emulator", main=lambda: served.append(vars(emulator)["app"]))
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAOURS")
    monkeypatch.setenv("DOORWARD_FRONT_SECRET", SECRET)
    monkeypatch.setenv("DOORWARD_EMULATOR_HOSTS", "host.containers.internal")
    monkeypatch.setattr(sys, "path", [str(Path.cwd()), *sys.path])
    monkeypatch.setenv("DOORWARD_USED", "nowhere")
    monkeypatch.setattr("local.measured.hold_to_leading_keys", lambda *_: measured.append("held"))
    for name in ("read_by_libyaml", "collect_garbage_rarely"):
        monkeypatch.setattr(f"local.quick_sam.{name}", partial(measured.append, name))
    monkeypatch.setitem(sys.modules, "ministack", parent)
    gateway = ModuleType("apigateway_v1")
    gateway.__dict__.update(_stringify_context=dict, _gateway_request_value=str, _gateway_error_response=_plain)
    modules = {"core__iam_evaluator": evaluator, "core__lambda_runtime": runtime, "services__apigateway_v1": gateway}
    modules["services__sts"] = sts = ModuleType("sts")
    sts.__dict__["_sessions"] = {}
    modules["core__iam_actions"] = actions = ModuleType("iam_actions")
    actions.__dict__["_ses_v2_resource_arn"] = lambda *_: "*"
    with _modules(app=emulator, **modules):
        guard.main()
    assert vars(gateway)["_gateway_error_response"] is not _plain
    assert served == [Guard("the emulator", SECRET.encode(), guard.HOSTS | {"host.containers.internal"})]  # type: ignore[arg-type]
    whose: Callable[..., str] = vars(actions)["_ses_v2_resource_arn"]
    mail = b'{"FromEmailAddress": "Acme <x@id.example>"}'
    assert whose("POST", "/v2/email/outbound-emails", mail, "r", "1") == "arn:aws:ses:r:1:identity/id.example"
    assert whose("GET", "/v2/email/templates", b"", "r", "1") == "*"
    is_root: Callable[[str], bool] = vars(evaluator)["is_root_access_key"]
    assert [is_root(key) for key in ("AKIAOURS", "test", "", "000000000000")] == [True, False, False, False]
    assert not vars(evaluator)["_is_root_key"]("AKIAOURS")
    asked = [("", "execute-api:Invoke"), ("x", "execute-api:Invoke"), ("", "s3:GetObject")]
    assert [vars(evaluator)["enforce"](*call, "s") for call in asked] == [None, "denied", "denied"]
    assert "DOORWARD_FRONT_SECRET" not in os.environ
    assert measured == ["read_by_libyaml", "held", "collect_garbage_rarely"]


def _plain(config: str) -> dict[str, str]:
    return {"AWS_ACCESS_KEY_ID": "ASIA1", "AWS_SECRET_ACCESS_KEY": config, "AWS_SESSION_TOKEN": config}


def test_credentials_of_functions_cannot_be_computed_from_names(monkeypatch: pytest.MonkeyPatch) -> None:
    sts, runtime, parent = ModuleType("sts"), ModuleType("runtime"), ModuleType("ministack")
    sessions: dict[str, dict[str, str]] = {}
    sts.__dict__.update(_sessions=sessions, register_session=sessions.__setitem__)
    monkeypatch.setitem(sys.modules, "ministack", parent)
    found = []
    for secret in (b"one", b"one", b"other"):
        runtime.__dict__["execution_credentials"] = _plain
        with _modules(core__lambda_runtime=runtime, services__sts=sts):
            sessions["ASIA1"] = {"Arn": "role"}
            guard._salt_function_credentials(secret)
            found.append(vars(runtime)["execution_credentials"]("arn"))
    assert found[0] == found[1]
    assert set(found[0].values()).isdisjoint({*found[2].values(), "arn", "ASIA1"})
    session = sessions[found[0]["AWS_ACCESS_KEY_ID"]]
    assert session["Arn"] == "role"
    assert session["SecretAccessKey"] == found[0]["AWS_SECRET_ACCESS_KEY"]
    assert "ASIA1" not in sessions
