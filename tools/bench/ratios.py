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
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
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
FRESH = 250
"""How many tokens are verified for the first time."""

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
fresh = 9.0
for event in work["fresh"]:
    Recording.given = iter(answers)
    fresh = least(lambda: handler(event, None), fresh)
print(json.dumps([each * 1000 for each in (sent, without, raw, fresh)]))
"""


def measure(
    environment: dict[str, str], function: str, floor: str, count: int, events: list[Any], *, fresh: Sequence[Any] = ()
) -> list[float]:
    """Return the least milliseconds of a request with its sockets, of one without them, of the floor, and of new ones.

    Args:
        environment: of the function.
        function: its name.
        floor: `check`, `signature` or `hash`.
        count: how often the last event is asked again.
        events: the first one warms the function up; each of the others is asked once.
        fresh: events that are asked once each without the store, to the same answers as the last one.
    """
    work = json.dumps({"function": function, "floor": floor, "count": count, "events": events, "fresh": list(fresh)})
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
    checked = [_checked(cloud.token("acme-admin")) for _ in range(FRESH)]
    refreshes = [request("POST", "/auth/refresh", {"refresh_token": pair["refresh_token"]}) for pair in pairs[1:]]
    sent, without, raw, _ = measure(environment, "login", "hash", 20, login)
    rows = [Row("sign-in, with its requests", sent, raw), Row("sign-in, without the store", without, raw)]
    _, again, raw, fresh = measure(environment, "authorizer", "check", count, checked[:1] * 3, fresh=checked[1:])
    rows.append(Row("verify, by the authorizer, a new token", fresh, raw))
    rows.append(Row("verify, by the authorizer, a token again", again, raw))
    _, without, raw, _ = measure(environment, "refresh", "signature", count, refreshes)
    rows.append(Row("refresh, without the store", without, raw))
    logouts = _logouts(cloud)  # with a new token each, as people sign out
    _, _, raw, fresh = measure(environment, "logout", "check", count, logouts[:3], fresh=logouts[3:])
    return [*rows, Row("sign-out, without the store", fresh, raw)]


def _checked(token: str) -> Any:
    sent = event("authorizer_missing")
    sent.update(headers=bearer(token), multiValueHeaders={})
    return sent


def _logouts(cloud: Deployment) -> list[Any]:
    return [
        request("POST", "/auth/logout", None, bearer(cloud.sign_in("globex-admin")["json"]["access_token"]))
        for _ in range(FRESH)
    ]


def library(cloud: Deployment, count: int) -> list[Row]:
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
    tokens = [cloud.token("acme-admin") for _ in range(FRESH)]
    open_ms, new_ms, again_ms, raw_ms = asyncio.run(_library(protected, tokens, count))
    name = "verify, by the library over an open route"
    return [Row(f"{name}, a new token", new_ms - open_ms, raw_ms), Row(f"{name}, again", again_ms - open_ms, raw_ms)]


async def _library(app: Protect, tokens: Sequence[str], count: int) -> Sequence[float]:
    statuses = set()

    async def send(message: Any) -> None:
        statuses.add(message.get("status", 200))

    async def receive() -> Any:
        return {"type": "http.request"}

    async def ask(path: str, token: str) -> None:
        headers = [(b"authorization", f"Bearer {token}".encode())]
        await app({"type": "http", "method": "GET", "path": path, "headers": headers}, receive, send)

    async def check() -> None:
        public.verify(signature, b"x" * 400, padding.PKCS1v15(), hashes.SHA256())

    key = rsa.generate_private_key(65537, 2048)
    public, signature = key.public_key(), key.sign(b"x" * 400, padding.PKCS1v15(), hashes.SHA256())
    first, *others = tokens
    await ask("/closed", first)
    fresh = min([await _seconds(partial(ask, "/closed", token)) for token in others])
    found = [9.0, 9.0, 9.0]
    acts: tuple[Callable[[], Awaitable[None]], ...] = (
        partial(ask, "/open", first),
        partial(ask, "/closed", first),
        check,
    )
    for _ in range(count):
        for at, act in enumerate(acts):
            found[at] = min(found[at], await _seconds(act))
    if statuses != {200}:
        raise SystemExit(f"the library answered {statuses}")
    opened, again, raw = found
    return [each * 1000 for each in (opened, fresh, again, raw)]


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
        rows = [*functions(cloud, environment, count), *library(cloud, count)]
    rows = [Row(row.name, round(row.value, 3), round(row.floor or 0, 3)) for row in rows]
    print(f"Python {sys.version.split()[0]}, RS256, least milliseconds of processor time, and those of the floor")
    for row in rows:
        print(f"{row.name:<55} {row.value:7.3f} {row.floor:7.3f}  {row.value / (row.floor or 1):5.2f}")
    floor = "raw Argon2id for a sign-in, a raw RS256 signature for a refresh, a raw RS256 check for the others"
    write("ratios", "Warm requests: processor time", "ms", rows, floor=floor)


if __name__ == "__main__":
    main()
