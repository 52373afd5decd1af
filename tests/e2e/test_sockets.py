"""Sockets over the wire: a real WebSocket, the table's stream, and the function that closes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
import uuid
from contextlib import AbstractContextManager
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from tests.support.cloud import PATIENCE_SECONDS, ROOT, Cloud
from tests.support.people import PASSWORD

ORIGIN = "http://localhost:3000"
LIMIT_SECONDS = 60
"""How long a close may take on a busy machine, where the function that closes may first have to start.

Nothing else would close the socket: its token lives for minutes.
"""


def _ticket(cloud: Cloud, token: str, origin: str | None = ORIGIN) -> dict[str, Any]:
    headers = {"Origin": origin} if origin else {}
    answer = cloud.call("POST", "/auth/socket-ticket", token, headers=headers)
    assert answer.status_code == 200, answer.text
    assert answer.headers["Cache-Control"] == "no-store"
    found: dict[str, Any] = answer.json()
    return found


def _open(url: str, ticket: str, origin: str | None = ORIGIN) -> AbstractContextManager[ClientConnection]:
    return connect(f"{url}?ticket={ticket}", origin=origin, open_timeout=PATIENCE_SECONDS)  # type: ignore[arg-type]


def _refused(url: str, ticket: str, origin: str | None = ORIGIN) -> bool:
    try:
        with _open(url, ticket, origin):
            return False
    except InvalidStatus as error:
        return 400 <= error.response.status_code < 500


def _user(cloud: Cloud) -> tuple[str, dict[str, Any]]:
    name = f"s{uuid.uuid4().hex[:10]}"
    admin = cloud.token("acme-admin")
    made = cloud.call("POST", "/users", admin, json={"username": name, "password": PASSWORD})
    assert made.status_code == 201, made.text
    return str(made.json()["id"]), cloud.sign_in(f"{name}@acme", PASSWORD)


def _closing(socket: ClientConnection) -> tuple[str, float]:
    """Wait until a socket is closed; return why, and after how many seconds."""
    started, reason = time.monotonic(), "nothing said"
    try:
        while True:
            reason = json.loads(socket.recv(timeout=LIMIT_SECONDS))["reason"]
    except ConnectionClosed:
        return reason, time.monotonic() - started


@pytest.mark.parametrize("what", ["logout", "revoke", "disable", "demote"])
def test_a_socket_is_closed_within_seconds_and_says_why(cloud: Cloud, what: str) -> None:
    admin = cloud.token("acme-admin")
    user_id, session = _user(cloud)
    ticket, other = _ticket(cloud, session["access_token"]), _ticket(cloud, admin)
    with _open(ticket["url"], ticket["ticket"]) as socket, _open(other["url"], other["ticket"]) as beside:
        if what == "logout":
            assert cloud.call("POST", "/auth/logout", session["access_token"]).status_code == 204
        elif what == "revoke":
            cloud.call("POST", "/auth/token/revoke", json={"token": session["refresh_token"]})
        else:
            body = {"status": "disabled"} if what == "disable" else {"roles": ["auditor"]}
            assert cloud.call("PATCH", f"/users/{user_id}", admin, json=body).status_code == 200
        reason, seconds = _closing(socket)
        print(f"\nsocket closed {seconds:.1f} s after {what}: {reason}")
        assert reason == ("signed_out" if what in {"logout", "revoke"} else "access_changed")
        assert seconds < LIMIT_SECONDS
        with pytest.raises(TimeoutError):
            beside.recv(timeout=0.5)


def test_a_ticket_is_good_once_from_its_own_page(cloud: Cloud) -> None:
    _, session = _user(cloud)
    url = _ticket(cloud, session["access_token"])["url"]
    used = _ticket(cloud, session["access_token"])["ticket"]
    with _open(url, used):
        assert _refused(url, used)
    assert _refused(url, used)
    for origin in ("https://evil.example", None):
        assert _refused(url, _ticket(cloud, session["access_token"])["ticket"], origin)
    for ticket in ("x", session["access_token"], session["refresh_token"]):
        assert _refused(url, ticket)
    assert cloud.call("POST", "/auth/socket-ticket").status_code == 401


def test_of_twenty_sockets_at_once_with_one_ticket_one_opens(cloud: Cloud) -> None:
    _, session = _user(cloud)
    found = _ticket(cloud, session["access_token"])
    barrier, results = threading.Barrier(20), []

    def run() -> None:
        barrier.wait()
        results.append(_refused(found["url"], found["ticket"]))

    threads = [threading.Thread(target=run) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(results) == [False] + [True] * 19


def test_a_token_in_a_header_or_subprotocol_opens_one_too(cloud: Cloud) -> None:
    _, session = _user(cloud)
    url, token = _ticket(cloud, session["access_token"])["url"], session["access_token"]
    headers = {"Authorization": f"Bearer {token}"}
    with connect(url, additional_headers=headers, open_timeout=PATIENCE_SECONDS):
        cloud.call("POST", "/auth/logout", token)
    with pytest.raises(InvalidStatus), connect(url, additional_headers=headers, open_timeout=PATIENCE_SECONDS):
        pass


@pytest.mark.standard("RFC 9700 4.9.3.a")
def test_no_token_is_in_any_log(cloud: Cloud) -> None:
    _, session = _user(cloud)
    found = _ticket(cloud, session["access_token"])
    with _open(found["url"], found["ticket"]):
        pass
    environment = {**os.environ, "DOORWARD_STATE": str(cloud.state)}
    command = [sys.executable, "-m", "local.logs"]
    logs = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=PATIENCE_SECONDS
    ).stdout
    assert "signed_in" in logs
    for secret in (found["ticket"], session["access_token"], session["refresh_token"], session["cookie"]):
        assert secret not in logs
