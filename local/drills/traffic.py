"""Rotate keys on the local cloud while callers use it.

No token may be refused. Callers verify their access tokens through the authorizer, and offline with a cached key set.
The callers also refresh their tokens. At the same time the keys rotate three times.
"""

from __future__ import annotations

import http.client
import json
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import jwt

from local.tools import Failure

ROTATIONS = 3
MIN_VERIFICATIONS, MIN_REFRESHES = 2000, 500
CALLERS = 4
_LOOPBACK = frozenset({"127.0.0.1", "localhost"})
_PATIENCE_SECONDS = 240
_JWKS_CACHE_SECONDS = 5  # the local cloud's Cache-Control allows this long


@dataclass
class Tally:
    """What the callers did, and what was refused."""

    counts: Counter[str] = field(default_factory=Counter)
    kids: set[str] = field(default_factory=set)
    refused: list[str] = field(default_factory=list)
    rotations: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def was_enough(self) -> bool:
        """Return whether there were enough rotations, verifications and refreshes."""
        verified = self.counts["authorizer"] + self.counts["offline"]
        return self.rotations >= ROTATIONS and verified >= MIN_VERIFICATIONS and self.counts["refresh"] >= MIN_REFRESHES

    def add(self, what: str, problem: str | None = None) -> None:
        """Count one request, and keep its problem if it was refused."""
        with self.lock:
            self.counts[what] += 1
            if problem is not None:
                self.refused.append(f"{what}: {problem}")


class Caller(threading.Thread):
    """A caller who stays signed in."""

    def __init__(self, url: str, keys: jwt.PyJWKClient, tally: Tally, done: threading.Event) -> None:
        """Take the URL, the keys to verify with offline, the tally to count in, and the event that ends the thread."""
        super().__init__(daemon=True)
        self._url = url
        self._keys = keys
        self._tally = tally
        self._done = done

    def run(self) -> None:
        """Refresh tokens, and verify them online and offline, until `done` is set."""
        credentials = {"username": "acme-admin", "password": "admin123"}
        status, tokens = _call(self._url, "POST", "/auth/login", credentials)
        if status != http.client.OK:
            self._tally.add("login", f"{status} {tokens}")
            return
        while not self._done.is_set():
            for _ in range(2):
                self._verify(tokens["access_token"])
            status, answer = _call(self._url, "POST", "/auth/refresh", {"refresh_token": tokens["refresh_token"]})
            self._tally.add("refresh", None if status == http.client.OK else f"{status} {answer}")
            if status == http.client.OK:
                tokens = answer

    def _verify(self, token: str) -> None:
        status, answer = _call(self._url, "GET", "/users/me", token=token)
        self._tally.add("authorizer", None if status == http.client.OK else f"{status} {answer}")
        with self._tally.lock:
            self._tally.kids.add(jwt.get_unverified_header(token)["kid"])
        try:
            key = self._keys.get_signing_key_from_jwt(token)
            jwt.decode(token, key, algorithms=[key.algorithm_name], audience="doorward", issuer=self._url)
        except jwt.PyJWTError as error:
            self._tally.add("offline", str(error))
        else:
            self._tally.add("offline")


def drill(rotate: Callable[[str], Mapping[str, Any]], url: str) -> Tally:
    """Rotate the keys three times while callers use them, and return what the callers did.

    Args:
        rotate: gives a command to the key rotation of the local cloud, and returns its answer.
        url: the URL of the local cloud.

    Raises:
        Failure: the URL is not on this machine.
    """
    if urlsplit(url).hostname not in _LOOPBACK:
        raise Failure("the drill is for the local cloud alone")
    tally, done = Tally(), threading.Event()
    keys = jwt.PyJWKClient(f"{url}/.well-known/jwks.json", cache_keys=False, lifespan=_JWKS_CACHE_SECONDS)
    callers = [Caller(url, keys, tally, done) for _ in range(CALLERS)]
    for caller in callers:
        caller.start()
    started = time.monotonic()
    while time.monotonic() - started < _PATIENCE_SECONDS and not _is_over(tally):
        before, after = rotate("advance"), rotate("rotate")
        tally.rotations += before["signing"][0]["kid"] != after["signing"][0]["kid"]
        time.sleep(1)
    done.set()
    for caller in callers:
        caller.join(30)
    return tally


def _is_over(tally: Tally) -> bool:
    with tally.lock:
        return bool(tally.counts["login"]) or tally.was_enough  # only failed sign-ins are counted


def _call(
    url: str, method: str, path: str, body: Mapping[str, str] | None = None, token: str | None = None
) -> tuple[int, Any]:
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=30)
    headers = {"Content-Type": "application/json"} if body else {}
    if token is not None:
        headers["Authorization"] = f"Bearer {token}"
    try:
        connection.request(method, path, json.dumps(body) if body else None, headers)
        answer = connection.getresponse()
        content = answer.read()
    finally:
        connection.close()
    return answer.status, json.loads(content) if content else None
