"""Measure how long a token is accepted after a logout, for each way of verifying, on a running local cloud.

Start `make run` in one shell, and `make bench-reach` in another. Each way is tried several times. The longest time is
the one that counts.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from typing import Any

import requests
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from doorward.errors import InvalidToken
from doorward.verifier import Verifier

TRIES = 8
INTERVAL_SECONDS = 2.0


class Cloud:
    def __init__(self, url: str) -> None:
        self.url = url

    def call(self, method: str, path: str, token: str | None = None, **rest: Any) -> requests.Response:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        return requests.request(method, self.url + path, headers=headers, timeout=30, **rest)

    def log_in(self) -> dict[str, Any]:
        body = {"username": "acme-admin", "password": "admin123"}
        found: dict[str, Any] = self.call("POST", "/auth/login", json=body).json()
        return found

    def log_out(self, session: dict[str, Any]) -> float:
        """Sign out, and return the time of the answer."""
        answer = self.call("POST", "/auth/logout", session["access_token"])
        answer.raise_for_status()
        return time.monotonic()


def authorizer(cloud: Cloud) -> float:
    session = cloud.log_in()
    cloud.call("GET", "/users/me", session["access_token"])
    done = cloud.log_out(session)
    while cloud.call("GET", "/users/me", session["access_token"]).status_code == requests.codes.ok:
        if time.monotonic() - done > 10:  # noqa: PLR2004 - long enough to be a failure
            break
    else:
        return 0.0
    return time.monotonic() - done


def feed(cloud: Cloud) -> float:
    verifier = Verifier(cloud.url, interval_seconds=INTERVAL_SECONDS)
    session = cloud.log_in()
    verifier.verify(session["access_token"])
    done = cloud.log_out(session)
    while True:
        try:
            verifier.verify(session["access_token"])
        except InvalidToken:
            return time.monotonic() - done
        time.sleep(0.01)


def socket(cloud: Cloud) -> float:
    session = cloud.log_in()
    ticket = cloud.call("POST", "/auth/socket-ticket", session["access_token"]).json()
    with connect(f"{ticket['url']}?ticket={ticket['ticket']}") as opened:
        done = cloud.log_out(session)
        try:
            while True:
                opened.recv(timeout=30)
        except ConnectionClosed:
            return time.monotonic() - done


def offline(cloud: Cloud) -> float:
    verifier = Verifier(cloud.url, interval_seconds=None)
    session = cloud.log_in()
    cloud.log_out(session)
    verifier.verify(session["access_token"])
    return float(session["expires_in"])


WAYS: dict[str, tuple[Callable[[Cloud], float], int, str]] = {
    "authorizer": (authorizer, TRIES, "the next request"),
    "feed": (feed, TRIES, f"the interval, here {INTERVAL_SECONDS:g} s, and three seconds"),
    "socket": (socket, TRIES, "seconds"),
    "offline": (offline, 1, "the token's life"),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--url", default="http://localhost:8080")
    cloud = Cloud(parser.parse_args().url)
    for name, (measure, tries, bound) in WAYS.items():
        seconds = [measure(cloud) for _ in range(tries)]
        middle, worst = statistics.median(seconds), max(seconds)
        print(f"{name:<11} median {middle:7.2f} s  worst {worst:7.2f} s  bound: {bound}", flush=True)


if __name__ == "__main__":
    main()
