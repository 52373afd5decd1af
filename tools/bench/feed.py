"""Simulate the feed under load, in memory: a thousand sign-outs a second, a million entries, verifiers that poll.

`make bench-feed`. The publishers, the parts, the signatures and the verifiers are the real ones, and the clock is
simulated. The store counts requests and adds no time: S3 answers in tens of milliseconds.
"""

from __future__ import annotations

import argparse
import itertools
import resource
import time
from collections.abc import Iterator, Sequence

from cryptography.hazmat.primitives.asymmetric import rsa

from doorward.feed.publish import PublishFeed
from doorward.keys.signing import KeySet, SigningKey, VerificationKey
from doorward.model import Lives, Revoked, TenantId, UserId
from doorward.rules.lifetimes import session_entry_end
from doorward.stores import StoredHead
from doorward.tokens.feed import read_head
from doorward.verifier.feed import ReadFeed

URL = "https://id.example"
SHARDS, POLL_SECONDS = 4, 30


class Keys:
    """Signs and verifies with one RSA key, as a deployment does by default."""

    issuer = URL

    def __init__(self) -> None:
        self._private = rsa.generate_private_key(65_537, 2048)

    def current(self, _: object = ()) -> SigningKey:
        return SigningKey("k", "RS256", self._private)

    def key_set(self) -> KeySet:
        return KeySet(URL, "", ())

    def verification_key(self, kid: str) -> VerificationKey:
        return VerificationKey(kid, "RS256", self._private.public_key())


class Store:
    """The feed in memory; counts what is asked of it."""

    def __init__(self) -> None:
        self.head: StoredHead | None = None
        self.parts: dict[str, str] = {}
        self.gets = self.puts = self.largest = 0

    def get_head(self) -> StoredHead | None:
        self.gets += 1
        return self.head

    def text(self) -> str:
        return self.head.text if self.head else ""

    def put_head(self, text: str, version: str | None) -> bool:
        self.puts += 1
        if (self.head.version if self.head else None) != version:
            return False
        self.largest = max(self.largest, len(text))
        self.head = StoredHead(text, str(self.puts))
        return True

    def get_part(self, name: str) -> str | None:
        self.gets += 1
        return self.parts.get(name)

    def put_part(self, name: str, text: str) -> None:
        self.puts += 1
        self.largest = max(self.largest, len(text))
        self.parts[name] = text


class Poller:
    """A verifier that polls; counts what it reads."""

    def __init__(self, store: Store, keys: Keys) -> None:
        self.store = store
        self.requests = self.bytes = 0
        self.read = ReadFeed(URL, keys, self.fetch)

    def fetch(self, url: str, _: str | None) -> tuple[str | None, str | None]:
        text = self.store.parts[url.rpartition("/")[2]] if "/parts/" in url else self.store.text()
        self.requests += 1
        self.bytes += len(text)
        return text, None

    def poll(self, now: int) -> tuple[int, int, float]:
        """Return requests, bytes and CPU seconds of a poll."""
        before = self.requests, self.bytes, time.process_time()
        self.read(now)
        return self.requests - before[0], self.bytes - before[1], time.process_time() - before[2]


class Nothing:
    def list_all(self) -> Iterator[Sequence[Revoked]]:
        yield []


class Simulation:
    """Sign-outs of many users in many tenants, published by the shards of a stream once a second each."""

    def __init__(self, rate: int, tenants: int, access_seconds: int) -> None:
        self.rate, self.tenants = rate, tenants
        self.now = 1_800_000_000
        self.keys, self.store = Keys(), Store()
        lives = Lives(access_seconds, 2_592_000)
        self.publish = PublishFeed(self.store, Nothing(), self.keys, lambda: self.now * 1000, lives)
        self.publish.keep()
        self.poller = Poller(self.store, self.keys)
        self.users = itertools.count()
        self.polls: list[tuple[int, int, float]] = []
        self.batch_seconds: list[float] = []

    def second(self) -> None:
        end = session_entry_end(UserId("u"), self.now * 1000)
        for _ in range(SHARDS):
            batch = [self._signed_out(next(self.users), end) for _ in range(self.rate // SHARDS)]
            began = time.process_time()
            self.publish.add(batch)
            self.batch_seconds.append(time.process_time() - began)
        self.now += 1
        if self.now % 60 == 0:
            self.publish.keep()
        if self.now % POLL_SECONDS == 0:
            self.polls.append(self.poller.poll(self.now))

    def _signed_out(self, number: int, end: int) -> Revoked:
        tenant = TenantId(f"tenant-{number % self.tenants}")
        return Revoked(tenant, UserId(f"01M81HV2TRPXK0{number:012}"), sessions={f"01M81HV2TRPXK1{number:012}": end})

    def entries(self) -> int:
        head = read_head(self.store.text())
        return sum(part.entries for part in head.parts if part.end > self.now) + len(head.tail)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rate", type=int, default=1000, help="sign-outs a second")
    parser.add_argument("--seconds", type=int, default=1200)
    parser.add_argument("--tenants", type=int, default=1000)
    parser.add_argument("--access-seconds", type=int, default=900)
    options = parser.parse_args()
    run = Simulation(options.rate, options.tenants, options.access_seconds)
    most = 0
    for second in range(options.seconds):
        run.second()
        if second % 60 == 0:
            most = max(most, run.entries())
    _tell(run, max(most, run.entries()), options.seconds)


def _tell(run: Simulation, most: int, seconds: int) -> None:
    text, polls = run.store.text(), run.polls[len(run.polls) // 2 :]
    batches = sorted(run.batch_seconds)
    _line("live entries at most", most)
    _line("head", len(text), f"bytes, {len(read_head(text).parts)} parts")
    _line("largest object", run.store.largest, "bytes")
    _line(
        f"a batch of {run.rate // SHARDS}",
        batches[len(batches) // 2] * 1000,
        f"ms CPU; {batches[-1] * 1000:.0f} at most",
    )
    _line("S3 requests a second", run.store.gets / seconds, f"GET, {run.store.puts / seconds:.1f} PUT")
    for index, unit in enumerate(("requests", "bytes", "s CPU")):
        values = [poll[index] for poll in polls]
        _line(f"a poll each {POLL_SECONDS} s", sum(values) / len(values), f"{unit}; {max(values):,.3g} at most")
    _line("for each new entry", sum(poll[1] for poll in polls) / len(polls) / run.rate / POLL_SECONDS, "bytes")
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    fresh = Poller(run.store, run.keys)
    requests, size, cpu = fresh.poll(run.now)
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    _line("a fresh verifier", requests, f"requests, {size:,} bytes, {cpu:.1f} s CPU, {grown:.0f} MiB of memory")
    _line("it knows", len(fresh.read.known), f"entries, {size / max(len(fresh.read.known), 1):.1f} bytes each")


def _line(what: str, number: float, more: str = "") -> None:
    print(f"{what:<24} {number:>14,.{0 if number == int(number) else 2}f} {more}")


if __name__ == "__main__":
    main()
