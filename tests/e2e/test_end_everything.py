"""The emergency end, from outside."""

from __future__ import annotations

import json
import subprocess
import sys
import time

from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Origin

from doorward.errors import NotAuthenticated
from doorward.verifier import Verifier
from tests.support.cloud import PATIENCE_SECONDS, ROOT, Cloud

ORIGIN = Origin("http://localhost:3000")


def test_one_command_ends_sessions_tokens_cookies_and_sockets_of_every_kind(cloud: Cloud) -> None:
    session = cloud.sign_in("acme-admin")
    path = "/api/acme/auth/service-tokens"
    service = cloud.call("POST", path, session["access_token"], json={"name": "ends"}).json()["access_token"]
    ticket = cloud.call("POST", "/auth/socket-ticket", session["access_token"], headers={"Origin": ORIGIN}).json()
    with connect(f"{ticket['url']}?ticket={ticket['ticket']}", origin=ORIGIN, open_timeout=PATIENCE_SECONDS) as socket:
        # A verifier waits a second, and no cold start.
        assert cloud.call("GET", "/.well-known/revocations").status_code == 200
        verifier = Verifier(cloud.url, interval_seconds=1)
        assert verifier.verify(service)
        _end_everything(cloud)
        for token in (session["access_token"], service):
            assert cloud.call("GET", "/users/me", token).status_code == 401
        assert cloud.call("GET", "/users/me", headers={"Cookie": session["cookie"]}).status_code == 401
        assert _refresh(cloud, session["refresh_token"]) == (400, "invalid_grant")
        assert _reason(socket) == "signed_out"
    assert _refused_by(verifier, service)
    time.sleep(1)  # access tokens know seconds: one of the second of the end is refused too
    assert cloud.call("GET", "/users/me", cloud.token("acme-admin")).status_code == 200


def _end_everything(cloud: Cloud) -> None:
    command = [sys.executable, str(ROOT / "scripts" / "rotate_keys.py"), "--end-everything"]
    done = subprocess.run(command, env=cloud.variables(), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def _refused_by(verifier: Verifier, token: str) -> bool:
    """Return whether an offline verifier hears of the end."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        try:
            verifier.verify(token)
        except NotAuthenticated:
            return True
        time.sleep(0.1)
    return False


def _refresh(cloud: Cloud, token: str) -> tuple[int, str]:
    """Return the status, and the next refresh token or the code of the refusal."""
    answer = cloud.call("POST", "/auth/refresh", json={"refresh_token": token})
    body = answer.json()
    return answer.status_code, str(body.get("refresh_token", body.get("code")))


def _reason(socket: ClientConnection) -> str:
    """Return the last reason that a socket told before it was closed."""
    reason = "nothing said"
    try:
        while True:
            reason = json.loads(socket.recv(timeout=PATIENCE_SECONDS))["reason"]
    except ConnectionClosed:
        return reason
