"""Measure what warm requests cost over what nobody can do without: raw Argon2id, or a raw RS256 signature or check.

Each function runs in a process of its own, and its floor runs there too, in turn with it. The store's answers to one
request are recorded, and given again to the same request, so that neither sockets nor the store count; signing in is
also measured with its requests. The library is measured in an ASGI application, over a route that is open. Of each the
least processor time of many runs is shown.

Run: make bench-ratios
"""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from doorward.verifier import Verifier
from doorward.verifier.asgi import Protect
from tests.support.deployment import ISSUER, Deployment, event
from tests.support.people import bearer
from tools.bench.figures import Row, write
from tools.bench.simulated import request, simulated

ARGON2 = {"ARGON2_MEMORY_KIB": "19456", "ARGON2_TIME_COST": "2"}  # the template's own
PROGRAM = """
import importlib, json, sys, time
import argon2
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from doorward.aws import services
work = json.load(sys.stdin)

class Recording(services.Connections):
    kept, given = [], None
    def post(self, headers, body):
        if Recording.given is not None:
            return next(Recording.given)
        Recording.kept.append(super().post(headers, body))
        return Recording.kept[-1]

services.Connections = Recording
handler = importlib.import_module(f"functions.{work['function']}.app").handler
key, form = rsa.generate_private_key(65537, 2048), (padding.PKCS1v15(), hashes.SHA256())
signature, public = key.sign(b"x" * 400, *form), key.public_key()
hasher = argon2.PasswordHasher(2, 19456, 1)
encoded = hasher.hash("p")
floor = {
    "check": lambda: public.verify(signature, b"x" * 400, *form),
    "signature": lambda: key.sign(b"x" * 400, *form),
    "hash": lambda: hasher.verify(encoded, "p"),
}[work["floor"]]

def least(act, best):
    before = time.process_time()
    answer = act()
    used = time.process_time() - before
    assert answer is None or not isinstance(answer, dict) or answer.get("statusCode", 200) < 300, answer
    return min(used, best)

first, *others = work["events"]
handler(first, None)
sent, without, raw = 9.0, 9.0, 9.0
for event in others:
    Recording.kept.clear()
    sent = least(lambda: handler(event, None), sent)
answers = tuple(Recording.kept)
for _ in range(work["count"]):
    Recording.given = iter(answers)
    without = least(lambda: handler(others[-1], None), without)
    raw = least(floor, raw)
print(json.dumps([each * 1000 for each in (sent, without, raw)]))
"""


def measure(environment: dict[str, str], function: str, floor: str, count: int, events: list[Any]) -> list[float]:
    """Return the least milliseconds of a request with its sockets, of one without them, and of the floor.

    Args:
        environment: of the function.
        function: its name.
        floor: `check`, `signature` or `hash`.
        count: how often the last event is asked again.
        events: the first one warms the function up; each of the others is asked once.
    """
    work = json.dumps({"function": function, "floor": floor, "count": count, "events": events})
    command = [sys.executable, "-c", PROGRAM]
    done = subprocess.run(command, input=work, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(done.stderr)
    found: list[float] = json.loads(done.stdout)
    return found


def functions(cloud: Deployment, environment: dict[str, str], count: int) -> list[Row]:
    """Return the figures of the functions."""
    login = [request("POST", "/auth/login", {"username": "acme-admin", "password": "admin123"})] * 20
    pairs = [cloud.sign_in("acme-admin")["json"] for _ in range(6)]
    checked = event("authorizer_missing")
    checked.update(headers=bearer(pairs[0]["access_token"]), multiValueHeaders={})
    refreshes = [request("POST", "/auth/refresh", {"refresh_token": pair["refresh_token"]}) for pair in pairs[1:]]
    sent, without, raw = measure(environment, "login", "hash", 20, login)
    rows = [Row("sign-in, with its requests", sent, raw), Row("sign-in, without the store", without, raw)]
    for name, function, floor, events in (
        ("verify, by the authorizer", "authorizer", "check", [checked] * 3),
        ("refresh", "refresh", "signature", refreshes),
        ("sign-out", "logout", "check", _logouts(cloud)),
    ):
        _, without, raw = measure(environment, function, floor, count, events)
        rows.append(Row(f"{name}, without the store", without, raw))
    return rows


def _logouts(cloud: Deployment) -> list[Any]:
    return [
        request("POST", "/auth/logout", None, bearer(cloud.sign_in("globex-admin")["json"]["access_token"]))
        for _ in range(3)
    ]


def library(cloud: Deployment, count: int) -> Row:
    """Return what the library adds to an open route of an ASGI application."""

    def fetch(url: str, etag: str | None) -> tuple[str | None, str | None]:
        path = url.removeprefix(ISSUER)
        name = "revocations" if "revocations" in path else "well_known"
        answer = cloud.raw(name, request("GET", path, None, {"If-None-Match": etag} if etag else {}))
        text = answer["body"] if answer["statusCode"] == 200 else None  # noqa: PLR2004 - HTTP
        return text, answer["multiValueHeaders"].get("ETag", [None])[0]

    async def app(_scope: Any, _receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    protected = Protect(app, Verifier(ISSUER, interval_seconds=3600, fetch=fetch), public={"/open"})
    token = cloud.token("acme-admin")
    headers = [(b"authorization", f"Bearer {token}".encode())]
    open_ms, closed_ms, raw_ms = asyncio.run(_library(protected, headers, count))
    return Row("verify, by the library over an open route", closed_ms - open_ms, raw_ms)


async def _library(app: Protect, headers: list[tuple[bytes, bytes]], count: int) -> tuple[float, float, float]:
    statuses = set()

    async def send(message: Any) -> None:
        statuses.add(message.get("status", 200))

    async def receive() -> Any:
        return {"type": "http.request"}

    async def ask(path: str) -> None:
        await app({"type": "http", "method": "GET", "path": path, "headers": headers}, receive, send)

    async def check() -> None:
        public.verify(signature, b"x" * 400, padding.PKCS1v15(), hashes.SHA256())

    key = rsa.generate_private_key(65537, 2048)
    public, signature = key.public_key(), key.sign(b"x" * 400, padding.PKCS1v15(), hashes.SHA256())
    await ask("/closed")
    found = [9.0, 9.0, 9.0]
    for _ in range(count):
        for at, act in enumerate((lambda: ask("/open"), lambda: ask("/closed"), check)):
            found[at] = min(found[at], await _seconds(act))
    if statuses != {200}:
        raise SystemExit(f"the library answered {statuses}")
    return found[0] * 1000, found[1] * 1000, found[2] * 1000


async def _seconds(act: Callable[[], Awaitable[None]]) -> float:
    before = time.process_time()
    await act()
    return time.process_time() - before


def main() -> None:
    """Print a line for each figure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--requests", type=int, default=300)
    count = parser.parse_args().requests
    logging.disable(logging.CRITICAL)
    with simulated("RS256", **ARGON2) as (cloud, environment):
        rows = [*functions(cloud, environment, count), library(cloud, count)]
    rows = [Row(row.name, round(row.value, 3), round(row.floor or 0, 3)) for row in rows]
    print(f"Python {sys.version.split()[0]}, RS256, least milliseconds of processor time, and those of the floor")
    for row in rows:
        print(f"{row.name:<45} {row.value:7.3f} {row.floor:7.3f}  {row.value / (row.floor or 1):5.2f}")
    floor = "raw Argon2id for a sign-in, a raw RS256 signature for a refresh, a raw RS256 check for the others"
    write("ratios", "Warm requests: processor time", "ms", rows, floor=floor)


if __name__ == "__main__":
    main()
