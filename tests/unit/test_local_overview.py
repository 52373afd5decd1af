"""The page of what the local cloud has."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from doorward.accounts.initialise import ADMIN_USERNAME, DEVELOPMENT_PASSWORD
from local import cloud, overview
from local.front import Front
from local.run import WELCOME

EVIL = "<script>alert(1)</script>"


def test_the_page_names_who_may_sign_in_as_initialisation_makes_them() -> None:
    assert [ADMIN_USERNAME, *(f"{tenant}-admin" for tenant in cloud.TENANTS)] == list(cloud.USERS)
    assert cloud.PASSWORD == DEVELOPMENT_PASSWORD
    page = overview.answer().decode()
    for name in (*cloud.USERS, cloud.PASSWORD):
        assert name in WELCOME
        assert f">{name}</t" in page


def test_the_page_lists_every_operation_and_who_may_call_it() -> None:
    description = json.loads(overview._OPENAPI.read_text("utf-8"))
    page = overview.page(description)
    for path, operations in description["paths"].items():
        for method in operations.keys() - {"parameters"}:
            assert f'<tr><th scope="row">{method.upper()}</th><td>{path}</td><td>' in page
    assert "<td></td>" not in page
    assert "<td>platform administrators.</td>" in page


def test_what_the_description_says_stays_text() -> None:
    operation = {"summary": EVIL, "description": f"More.\nWho: {EVIL}"}
    page = overview.page({"paths": {f"/{EVIL}": {"get": operation, "parameters": {}}}})
    assert EVIL not in page
    assert page.count("&lt;script&gt;") == 3


def test_the_page_has_a_strict_policy_and_nothing_of_its_own_to_run_or_to_look_like() -> None:
    head, _, body = overview.answer().decode().partition("\r\n\r\n")
    assert head.startswith("HTTP/1.1 200 OK\r\n")
    assert "default-src 'none'; style-src 'self';" in head
    assert f"Content-Length: {len(body.encode())}\r\n" in head
    assert "<script" not in body
    assert "style=" not in body


@pytest.mark.parametrize(
    ("request_line", "is_ours"),
    [
        ("GET /_local HTTP/1.1", True),
        ("GET /_local?x=1 HTTP/1.1", True),
        ("GET /_mail HTTP/1.1", True),
        ("POST /_local HTTP/1.1", False),
        ("GET /_locals HTTP/1.1", False),
        ("GET /users?x=/_local HTTP/1.1", False),
    ],
)
def test_the_front_answers_with_its_own_pages_alone(
    request_line: str, is_ours: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("local.mail.read", lambda _: [])

    async def open_nothing(*_: Any, **__: Any) -> None:
        raise ConnectionRefusedError

    async def ask() -> bytes:
        server = await Front(1, "s", lambda: ("a", "s")).serve(0)
        port = server.sockets[0].getsockname()[1]
        reader, writer = await connect("127.0.0.1", port)
        monkeypatch.setattr("asyncio.open_connection", open_nothing)
        writer.write(f"{request_line}\r\nHost: localhost\r\n\r\n".encode())
        answer = await reader.read()
        writer.close()
        server.close()
        return answer

    connect = asyncio.open_connection
    assert asyncio.run(ask()).startswith(b"HTTP/1.1 200 OK") == is_ours
