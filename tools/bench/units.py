"""Count what operations ask of DynamoDB, what that costs, and what of it a whole deployment or tenant shares.

Each operation runs for several users of one tenant on a simulated AWS (moto). Every request is counted as DynamoDB
bills it, by the size of the items that are there afterwards. What all users asked for is shared. It bounds how many of
these operations a deployment can do in a second.

Run: make bench-units
"""

from __future__ import annotations

import logging
import math
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import boto3
import pytest

from doorward.aws.dynamodb.operations import Operations, Send
from doorward.aws.retries import Retries
from doorward.rules.shards import MARKER_SHARDS
from tests.support.deployment import Deployment, deployed, initialised_stack
from tests.support.people import PASSWORD, bearer
from tools.bench.figures import Row, write

PRICED = "November 2026, us-east-1"
READ_DOLLARS, WRITE_DOLLARS = 0.125e-6, 0.625e-6
GATEWAY_DOLLARS, INVOCATION_DOLLARS, GIBIBYTE_SECOND_DOLLARS = 3.5e-6, 0.2e-6, 13.3334e-6
READS_A_SECOND, WRITES_A_SECOND = 3000, 1000
"""What DynamoDB gives one item: units of 4 KB read consistently, and units of 1 KB written."""

MONTH = {"sign-in, known device": 8, "refresh": 200, "verify": 2000, "sign-out": 4, "an event's way into its trail": 12}
"""What one user does in a month: on a device that is known, as clients keep what proves it. Each sign-in and each
sign-out is an event of the audit trail, which is put into the tenant's chain afterwards."""

_ASKED_BY_USERS = {"sign-in, known device", "refresh", "sign-out"}
"""What a request at the API asks for; verifying happens at the APIs that are protected."""

Key = tuple[str, str]


@dataclass
class Cost:
    """What one operation asked of DynamoDB."""

    requests: int = 0
    reads: float = 0
    writes: float = 0
    read_keys: dict[Key, float] = field(default_factory=dict)
    written_keys: dict[Key, float] = field(default_factory=dict)

    @property
    def dollars(self) -> float:
        return self.reads * READ_DOLLARS + self.writes * WRITE_DOLLARS


class Meter:
    """Counts the requests of both clients."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self._sent: list[tuple[str, Mapping[str, Any]]] = []
        original = Operations.__init__

        def metered(operations: Operations, send: Send, retries: Retries) -> None:
            def noted(operation: str, request: Mapping[str, Any]) -> Mapping[str, Any]:
                self._sent.append((operation, request))
                return send(operation, request)

            original(operations, noted, retries)

        patch.setattr(Operations, "__init__", metered)

    def cost(self, act: Callable[[], object]) -> Cost:
        """Return what an act asks of DynamoDB."""
        self._sent.clear()
        act()
        found, client = Cost(requests=len(self._sent)), boto3.client("dynamodb")
        for operation, request in list(self._sent):
            for table, key, written, times in _touched(operation, request):
                item = client.get_item(TableName=table, Key=key).get("Item") or {}
                size, name = _size(item), (table, _shown(key))
                units = times * max(1, math.ceil(size / (1024 if written else 4096)))
                keys = found.written_keys if written else found.read_keys
                keys[name] = keys.get(name, 0) + units
        found.reads, found.writes = sum(found.read_keys.values()), sum(found.written_keys.values())
        return found


def _touched(operation: str, request: Mapping[str, Any]) -> Iterator[tuple[str, Any, bool, float]]:
    """Yield table, key, whether it is written, and how often its units count: a read that may be late counts half."""
    if operation == "BatchGetItem":
        for table, wanted in request["RequestItems"].items():
            yield from ((table, key, False, 1 if wanted["ConsistentRead"] else 0.5) for key in wanted["Keys"])
    elif operation == "TransactWriteItems":
        for action in request["TransactItems"]:
            ((_, inner),) = action.items()
            yield inner["TableName"], _key(inner), True, 2
    elif operation in {"GetItem", "PutItem", "UpdateItem", "DeleteItem"}:
        yield request["TableName"], _key(request), operation != "GetItem", 1
    else:
        raise SystemExit(f"nobody says what {operation} costs")


def _key(request: Mapping[str, Any]) -> Any:
    found = request.get("Key") or request["Item"]
    return {name: found[name] for name in ("pk", "sk") if name in found}


def _size(item: Mapping[str, Any]) -> int:
    return sum(len(name.encode()) + len(str(next(iter(value.values()))).encode()) for name, value in item.items())


def _shown(key: Mapping[str, Any]) -> str:
    """Return a key as text; of a marker's copy, the marker."""
    return re.sub(r"#\d\d$", "#*", " ".join(value["S"] for value in key.values()))


def _ceiling(costs: list[Cost]) -> tuple[str, float]:
    """Return what all users share and is used hardest, and how many operations a second it allows."""
    hardest = ("nothing", math.inf)
    for kind, most in (("read_keys", READS_A_SECOND), ("written_keys", WRITES_A_SECOND)):
        for name in set.intersection(*(set(getattr(cost, kind)) for cost in costs)):
            copies = MARKER_SHARDS if name[1].endswith("#*") else 1
            allowed = most * copies / max(getattr(cost, kind)[name] for cost in costs)
            hardest = min(hardest, (name[1], allowed), key=lambda found: found[1])
    return hardest


def _users(cloud: Deployment, meter: Meter, names: list[str]) -> list[Cost]:
    admin = cloud.context("acme-admin")

    def make(name: str) -> None:
        body = {"username": name, "password": PASSWORD, "email": f"{name.replace('@', '.')}@acme.example"}
        cloud.call("users", "POST", "/users", body, context=admin)

    return [meter.cost(partial(make, name)) for name in names]


def measure(cloud: Deployment, meter: Meter) -> dict[str, list[Cost]]:
    """Return what each operation costs each of some users of one tenant."""
    names = [f"person{number}@acme" for number in range(6)]
    found, pairs = {"create a user": _users(cloud, meter, names)}, [dict[str, str]() for _ in names]

    def sign_in(at: int, password: str, *, device: bool = False) -> None:
        body = {"username": names[at], "password": password}
        if device:
            body["device_token"] = pairs[at]["device_token"]
        pairs[at] = cloud.call("login", "POST", "/auth/login", body)["json"]

    def refresh(at: int) -> None:
        body = {"refresh_token": pairs[at]["refresh_token"]}
        pairs[at] = cloud.call("refresh", "POST", "/auth/refresh", body)["json"]

    def sign_out(at: int) -> None:
        cloud.call("logout", "POST", "/auth/logout", headers=bearer(pairs[at]["access_token"]))

    acts: dict[str, Callable[[int], object]] = {
        "sign-in, wrong password": lambda at: sign_in(at, "x"),
        "sign-in, first": lambda at: sign_in(at, PASSWORD),
        "sign-in, known address": lambda at: sign_in(at, PASSWORD),
        "sign-in, known device": lambda at: sign_in(at, PASSWORD, device=True),
        "verify": lambda at: cloud.authorize(bearer(pairs[at]["access_token"])),
        "refresh": refresh,
        "sign-out": sign_out,
    }
    for what, act in acts.items():
        found[what] = [meter.cost(partial(act, at)) for at in range(len(names))]
    found["an event's way into its trail"] = [_trail(cloud, meter, name) for name in names]
    return found


def _trail(cloud: Deployment, meter: Meter, name: str) -> Cost:
    """Return what it costs to put one event alone into its chain; several that wait share the chain's head."""
    cloud.chain()
    cloud.sign_in(name, PASSWORD)
    return meter.cost(cloud.chain)


def report(found: Mapping[str, list[Cost]]) -> Iterator[str]:
    """Yield the lines of the report, as Markdown."""
    columns = ["operation", "requests", "read units", "write units", "$ a million", "shared by all", "at most a second"]
    yield f"| {' | '.join(columns)} |"
    yield f"|{' --- |' * len(columns)}"
    for name, costs in found.items():
        cost, (shared, ceiling) = costs[-1], _ceiling(costs)
        most = "no bound" if ceiling == math.inf else f"{ceiling:,.0f}"
        cells = [name, cost.requests, f"{cost.reads:g}", f"{cost.writes:g}", f"{cost.dollars * 1e6:.2f}", shared, most]
        yield f"| {' | '.join(map(str, cells))} |"
    yield ""
    yield _monthly({name: costs[-1] for name, costs in found.items()})


def _monthly(cost: Mapping[str, Cost]) -> str:
    """Return the line that says what a user costs a month."""
    database = sum(cost[name].dollars * times for name, times in MONTH.items())
    gateway = sum(MONTH[name] for name in _ASKED_BY_USERS) * GATEWAY_DOLLARS
    calls = sum(MONTH.values())
    short = sum(MONTH[name] for name in MONTH.keys() - {"sign-in, known device", "verify"})
    # A GiB each; a sign-in hashes for 50 ms, and everything waits some milliseconds for DynamoDB.
    functions = calls * INVOCATION_DOLLARS + GIBIBYTE_SECOND_DOLLARS * (
        MONTH["sign-in, known device"] * 0.08 + MONTH["verify"] * 0.006 * 0.5 + short * 0.015
    )
    deeds = ", ".join(f"{times} x {name}" for name, times in MONTH.items())
    parts = f"DynamoDB {database:.5f}, REST API {gateway:.5f}, Lambda, estimated, {functions:.5f}"
    return f"A monthly user ({deeds}): ${database + gateway + functions:.5f} ({parts}; prices of {PRICED})."


def main() -> None:
    """Print the report."""
    logging.disable(logging.CRITICAL)
    with pytest.MonkeyPatch.context() as patch:
        meter = Meter(patch)
        with deployed(initialised_stack(), patch) as cloud:
            found = measure(cloud, meter)
    print(*report(found), sep="\n")
    rows = [Row(name, round(costs[-1].dollars * 1e6, 3)) for name, costs in found.items()]
    write("dollars", "DynamoDB, for a million operations", f"$, prices of {PRICED}", rows)


if __name__ == "__main__":
    main()
