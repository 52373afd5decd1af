"""Measure sign-in, refresh, sign-out and verification of Doorward and of others, each over its own raw cryptography.

The others run in processes of their own, with stores in memory. The answers of Doorward's store are recorded, as in
`tools.bench.ratios`. What each does for its time is not the same: docs/performance.md says how they differ.

Run: make bench-peers
"""

from __future__ import annotations

import argparse
import json
import logging
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from tools.bench.figures import Row, write
from tools.bench.ratios import ARGON2, functions, library
from tools.bench.simulated import simulated

HERE = Path(__file__).resolve().parent
OPERATIONS = ("sign-in", "refresh", "sign-out", "verify")
_OWN = {
    "sign-in, without the store": "sign-in: Doorward",
    "refresh, without the store": "refresh: Doorward",
    "sign-out, without the store": "sign-out: Doorward",
    "verify, by the authorizer, a new token": "verify: Doorward, the authorizer, a new token",
    "verify, by the authorizer, a token again": "verify: Doorward, the authorizer, again",
    "verify, by the library over an open route, a new token": "verify: Doorward, the library, a new token",
    "verify, by the library over an open route, again": "verify: Doorward, the library, again",
}


def own(count: int) -> Iterator[Row]:
    """Return Doorward's figures."""
    with simulated("RS256", **ARGON2) as (cloud, environment):
        for row in (*functions(cloud, environment, count), *library(cloud, count)):
            if row.name in _OWN:
                yield Row(_OWN[row.name], row.value, row.floor)
    with simulated("ES256", **ARGON2) as (cloud, environment):
        # OpenAuth signs so. The floors are of RS256, and so no floors of these.
        for row in functions(cloud, environment, count):
            if row.name.startswith(("refresh", "verify, by the authorizer, a new")):
                yield Row(f"{_OWN[row.name]}, ES256", row.value)


def others(command: list[str]) -> Iterator[Row]:
    """Return the figures that a program of peers prints as its last line."""
    done = subprocess.run(command, cwd=HERE, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(done.stderr)
    for peer, figures in json.loads(done.stdout.splitlines()[-1]).items():
        for operation, (value, floor) in figures.items():
            yield Row(f"{operation}: {peer}", value, floor)


def main() -> None:
    """Print a line for each figure, and keep them all."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--python", required=True, help="of the environment of requirements/peers.txt")
    parser.add_argument("--requests", type=int, default=200)
    options = parser.parse_args()
    count = options.requests
    logging.disable(logging.CRITICAL)
    found = [*own(count)]
    found += others([options.python, "peers.py", str(max(10, count // 5))])
    found += others(["node", "peers.mjs", str(count)])
    found.sort(key=lambda row: (OPERATIONS.index(row.name.partition(":")[0]), row.value))
    rows = [Row(row.name, round(row.value, 3), round(row.floor, 3) if row.floor else None) for row in found]
    print(f"Python {sys.version.split()[0]}, milliseconds of processor time, and those of the raw cryptography in them")
    for row in rows:
        over = f"{row.floor:8.3f}  {row.value / row.floor:6.2f}" if row.floor else ""
        print(f"{row.name:<40} {row.value:8.3f} {over}")
    write("peers", "Warm requests of Doorward and others", "ms", rows, floor="the raw cryptography of each")


if __name__ == "__main__":
    main()
