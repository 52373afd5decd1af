"""Measure what requests cost a function: processor milliseconds of the first one and of later ones, without the store.

Each function runs in an interpreter of its own and speaks to a simulated AWS (moto) in this process, whose time is not
counted. `cold` is everything from the interpreter's start to the first answer, without what a bare interpreter
costs; `import` is the part of it before the first request. Of the cold
times the least one is shown.

Run: make bench-requests
"""

from __future__ import annotations

import argparse
import json
import logging
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from tests.support.deployment import Deployment, event
from tests.support.people import bearer
from tools.bench.simulated import request, simulated

PROGRAM = """
import time
bare = time.process_time()
import importlib, json, sys
work = json.load(sys.stdin)
ready = time.process_time()
handler = importlib.import_module(f"functions.{work['function']}.app").handler
imported = time.process_time()
times = []
for event in work["events"]:
    if event.get("body") == "next":
        token = json.loads(answer["body"])["refresh_token"]
        event["body"] = json.dumps({"refresh_token": token})
    before = time.process_time()
    answer = handler(event, None)
    times.append(time.process_time() - before)
    assert answer.get("statusCode", 200) < 300, answer
print(json.dumps({"import": imported - ready, "first": times[0], "later": times[20:]}))
"""


def works(cloud: Deployment, runs: int, count: int) -> Iterator[tuple[str, list[list[dict[str, Any]]]]]:
    """Yield each measured function, and the events that each of its interpreters is given; the last one gets many."""
    body = {"username": "acme-admin", "password": "admin123"}
    asked = event("authorizer_missing")
    asked.update(headers=bearer(cloud.token("acme-admin")), multiValueHeaders={})
    yield "authorizer", [[asked]] * runs + [[asked] * count]
    yield "login", [[request("POST", "/auth/login", body)]] * (runs + 1)
    signed_in = [request("POST", "/auth/logout", None, bearer(token)) for token in _tokens(cloud, runs + count)]
    yield "logout", [*([each] for each in signed_in[:runs]), signed_in[runs:]]
    first = [[request("POST", "/auth/refresh", {"refresh_token": _refresh_token(cloud)})] for _ in range(runs + 1)]
    first[-1] += [request("POST", "/auth/refresh", "next") for _ in range(count)]
    yield "refresh", first
    keys = request("GET", "/.well-known/jwks.json", None)
    yield "well_known", [[keys]] * runs + [[keys] * count]


def _refresh_token(cloud: Deployment) -> str:
    return str(cloud.sign_in("acme-admin")["json"]["refresh_token"])


def _tokens(cloud: Deployment, count: int) -> list[str]:
    """Return access tokens of sessions of several users: the more sessions a user ended, the longer another takes."""
    context = cloud.context("acme-admin")
    names = [f"person{number}@acme" for number in range(count // 5 + 1)]
    for name in names:
        body = {"username": name, "password": f"quite-a-long-one-{name}", "email": f"{name}.example"}
        cloud.call("users", "POST", "/users", body, context=context)
    return [cloud.token(name, f"quite-a-long-one-{name}") for _ in range(5) for name in names][:count]


def measure(function: str, events: list[dict[str, Any]], environment: dict[str, str]) -> dict[str, Any]:
    """Return the processor seconds of one interpreter that answers some requests."""
    work = json.dumps({"function": function, "events": events})
    command = [sys.executable, "-c", PROGRAM]
    done = subprocess.run(command, input=work, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(done.stderr)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def _signature() -> float:
    """Return the least processor milliseconds of one signature: what a refresh cannot do without on this machine."""
    key, times = rsa.generate_private_key(65537, 2048), []
    for _ in range(100):
        before = time.process_time()
        key.sign(b"x" * 400, padding.PKCS1v15(), hashes.SHA256())
        times.append(time.process_time() - before)
    return min(times) * 1000


def main() -> None:
    """Print a line for each function."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--algorithm", default="RS256")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--requests", type=int, default=200)
    options = parser.parse_args()
    logging.disable(logging.INFO)
    print(f"Python {sys.version.split()[0]}, {options.algorithm}, milliseconds of processor time")
    print(f"a bare RS256 signature {_signature():.2f}")
    with simulated(options.algorithm) as (cloud, environment):
        for function, events in works(cloud, options.runs + 1, options.requests):
            runs = [measure(function, each, environment) for each in events]
            cold = min(run["import"] + run["first"] for run in runs[1:]) * 1000  # the first run compiles
            imported = min(run["import"] for run in runs[1:]) * 1000
            later = runs[-1]["later"]
            warm = f"{statistics.median(later) * 1000:5.2f}, least {min(later) * 1000:5.2f}" if later else "-"
            print(f"{function:<12} cold {cold:5.0f}  import {imported:5.0f}  warm {warm}", flush=True)


if __name__ == "__main__":
    main()
