"""Whole functions over AWS services whose answers are lost: an operation is tried with each of its requests failing.

An operation is an event for a function, in a stack that was prepared for it. Time and chance are fixed, so that two
runs from one state do the same: what differs is then what a fault did.
"""

from __future__ import annotations

import importlib
import json
import logging
import random
import re
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import pytest
from moto.core.botocore_stubber import BotocoreStubber
from moto.core.models import botocore_stubber

from doorward.aws.dynamodb.items import Item
from doorward.aws.mail import SesMails
from doorward.aws.retries import Retries
from doorward.aws.socket_gateway import ApiGatewaySockets
from doorward.errors import Unavailable
from doorward.tokens import ids
from tests.support import faults
from tests.support.aws import Snapshot
from tests.support.deployment import Deployment, Stack, deployed
from tests.support.tables import on_moto
from tests.support.tally import count
from tools.tables.check import check
from tools.tables.expiring import lives
from tools.tables.found import Found
from tools.tables.kinds import TABLES

_FOREVER = 1000
TIMES = (1, 3, _FOREVER)
"""How often a request fails in a row: once, as often as a lost one is sent, and as long as anybody tries."""

_SEED = 2
"""Another chance than that of who prepared the stack at the same moment: ids would be the same."""

Tables = dict[str, list[Item]]
_JWT = re.compile(r"eyJ[\w-]+\.[\w-]+\.[\w-]+")
_UNCOUNTED = "LoginAttemptsTable"
"""Counters of attempts: a try that ends in an error may stay counted. That makes the limit stricter, for minutes."""


@dataclass(frozen=True, slots=True)
class Sent:
    """What an operation sends: the event of a function."""

    function: str
    event: dict[str, Any]


class Scene(Deployment):
    """A deployment in which time stands still and chance repeats itself."""

    def __init__(self, found: Deployment, now_ms: int) -> None:
        super().__init__(found.requests, found.secret_reads)
        self.now_ms = now_ms
        self.line = faults.Line()
        self.mails: list[Any] = []
        self.closed: list[str] = []
        self.chance = random.Random(0)  # noqa: S311 - no secret

    def later(self, seconds: int) -> None:
        """Let time pass."""
        self.now_ms += seconds * 1000

    def begin(self, seed: int = 1) -> None:
        """Let chance begin anew, and functions start cold."""
        self.chance.seed(seed)
        ids._LAST[0] = 0
        self.mails.clear()
        self.closed.clear()
        for module in self._modules.values():
            for held in vars(module).values():
                clear = getattr(held, "cache_clear", None)
                if clear is not None:
                    clear()

    def run(self, sent: Sent) -> Outcome:
        """Send an event, and return what came of it."""
        try:
            answer = self.raw(sent.function, json.loads(json.dumps(sent.event)))
        except Exception as error:  # noqa: BLE001 - what is not ours is judged too
            return Outcome(None, error)
        return Outcome(answer, None)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a function answered, or raised."""

    answer: Any
    error: Exception | None

    @property
    def told(self) -> str:
        """What the answer says, without what the signature's chance decides."""
        return _JWT.sub("JWT", f"{type(self.error).__name__} {json.dumps(self.answer, sort_keys=True)}")

    @property
    def kind(self) -> str:
        """What kind of answer it is: the status and the code, or the error."""
        if self.error is not None:
            return type(self.error).__name__
        if not isinstance(self.answer, dict) or "statusCode" not in self.answer:
            return json.dumps(sorted(self.answer)) if isinstance(self.answer, dict) else str(self.answer)
        code = re.search(r'"code": ?"(\w+)"', self.answer.get("body") or "")
        return f"{self.answer['statusCode']} {code[1] if code else ''}".strip()

    @property
    def refuses(self) -> bool:
        """Whether it says that the same may pass in a moment: 503 with a time, or what makes AWS send it again."""
        if self.error is not None:
            return isinstance(self.error, Unavailable)
        if not isinstance(self.answer, dict):
            return False
        if self.answer.get("batchItemFailures"):
            return True
        headers = {**self.answer.get("headers", {}), **self.answer.get("multiValueHeaders", {})}
        return self.answer.get("statusCode") == 503 and ("Retry-After" in headers)


@dataclass(frozen=True)
class Fault:
    """What becomes of which requests of an operation."""

    at: int
    operation: str
    fault: str
    times: int

    def __str__(self) -> str:
        often = "until nobody tries any more" if self.times == _FOREVER else f"{self.times} times"
        return f"request {self.at}, {self.operation}, {self.fault}, {often}"


@dataclass
class Operation:
    """An operation in a prepared stack, and what it does undisturbed.

    Args:
        scene: the deployment.
        sent: what is sent; the stack is prepared for it.
        differs: whether its answer has keys that chance makes outside of this process's control.
        later_seconds: how long whoever repeats it waits.
        may_lack: how the names of kinds of items begin that a repetition need not make good.
        may_say: what else a repetition may answer when all is done.
        may_differ: attributes that may be another, although all is done, if a change of an item was what failed.
    """

    scene: Scene
    sent: Sent
    differs: bool = False
    later_seconds: int = 0
    may_lack: tuple[str, ...] = ()
    may_say: tuple[str, ...] = ()
    may_differ: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        scene = self.scene
        self.now_ms, self.state = scene.now_ms, Snapshot()
        scene.begin(_SEED)
        scene.line.mend()
        self.once = scene.run(self.sent)
        assert self.once.error is None, self.once
        self.requests = scene.line.sent[:]
        self.after, self.mails = on_moto(), len(scene.mails)

    @cached_property
    def twice(self) -> tuple[str, Counter[str]]:
        """What a second call answers, and what there is then."""
        scene = self._begin()
        scene.run(self.sent)
        return self._again()

    def faults(self) -> Iterator[Fault]:
        """Return everything that can become of each request."""
        for at, operation in enumerate(self.requests):
            for fault in faults.faults_of(operation):
                for times in TIMES:
                    yield Fault(at, operation, fault, times)

    def try_each_once(self, choose: Callable[[str], str]) -> str | None:
        """Run the operation while each request fails once, and passes when it is repeated; return what was wrong."""
        scene = self._begin()
        scene.line.each = choose
        outcome = scene.run(self.sent)
        count("faults injected", len(scene.line.sent) // 2)
        scene.line.mend()
        wrong = self._judge(outcome) or self._whole()
        return f"each request once: {wrong}" if wrong else None

    def try_with(self, fault: Fault) -> str | None:
        """Run the operation with a fault, and after a refusal once more without; return what was wrong."""
        scene = self._begin()
        scene.line.mend(fault.fault, fault.at, fault.times)
        outcome = scene.run(self.sent)
        scene.line.mend()
        count("faults injected")
        wrong = self._judge(outcome, self.may_differ if fault.operation == "UpdateItem" else ()) or self._whole()
        return f"{fault}: {wrong}" if wrong else None

    def _begin(self) -> Scene:
        self.state.restore()
        self.scene.now_ms = self.now_ms
        self.scene.begin(_SEED)
        self.scene.line.mend()
        return self.scene

    def _judge(self, outcome: Outcome, may_differ: tuple[str, ...] = ()) -> str | None:
        if outcome.told == self.once.told or (self.differs and outcome.kind == self.once.kind):
            return self._missing_effect(may_differ)
        if not outcome.refuses:
            return f"{outcome.kind}, in place of {self.once.kind}: {outcome.told[:300]} {outcome.error!r}"
        wrong = self._whole()
        if wrong is not None:
            return wrong
        kind, there = self._again()
        # Nothing had happened, or all had.
        right = [(said, self._kinds(self.after)) for said in (self.once.kind, *self.may_say)] + [self.twice]
        if any(kind == expected and not _unlike(kinds, there) for expected, kinds in right):
            return None
        told = "; or ".join(f"{expected} ({_unlike(kinds, there)})" for expected, kinds in right)
        return f"503, and then {kind}, in place of {told}"

    def _missing_effect(self, may_differ: tuple[str, ...]) -> str | None:
        if len(self.scene.mails) != self.mails:
            return f"{len(self.scene.mails)} mails in place of {self.mails}"
        there = on_moto()
        if self.differs:
            unlike = _unlike(self._kinds(self.after), self._kinds(there))
        else:
            unlike = _difference(*(_without(tables, may_differ) for tables in (self.after, there))) or ""
        return f"success, but {unlike}" if unlike else None

    def _again(self) -> tuple[str, Counter[str]]:
        self.scene.later(self.later_seconds)
        return self.scene.run(self.sent).kind, self._kinds(on_moto())

    def _whole(self) -> str | None:
        count("tables checked")
        report = check(on_moto(), self.scene.now_ms)
        # moto calls no function for the records of a stream, so acts wait for as long as the story takes.
        return "; ".join(line for line in report.broken if "waits for more than an hour" not in line) or None

    def _kinds(self, tables: Tables) -> Counter[str]:
        found = kinds_of(tables, self.scene.now_ms).items()
        return Counter({kind: number for kind, number in found if not kind.startswith(self.may_lack or ("-",))})


def kinds_of(tables: Tables, now_ms: int) -> Counter[str]:
    """Return how many items of each kind there are: a used proof is another kind than a new one, and so on."""
    found: Counter[str] = Counter()
    everything = Found.of_items(tables, now_ms)
    for table, items in tables.items():
        for item in items if table != _UNCOUNTED else ():
            number = next((at for at, kind in enumerate(TABLES[table]) if kind.parts(item) is not None), -1)
            said = [str(item[name]) for name in ("kind", "invitation_status", "event") if name in item]
            said += [name for name in ("used_at_ms", "mailed_at_ms") if name in item]
            if "session_id" in item:
                said.append("alive" if lives(everything, item) else "over")
            found[" ".join([table, TABLES[table][number].name, *said])] += 1
    return found


def _unlike(expected: Counter[str], there: Counter[str]) -> str:
    """Return how what is there differs from what is expected; nothing if it does not."""
    missing, added = dict(expected - there), dict(there - expected)
    return ", ".join([f"{what} {items}" for what, items in (("missing", missing), ("too much", added)) if items])


def _without(tables: Tables, names: tuple[str, ...]) -> Tables:
    return {
        table: [{name: value for name, value in item.items() if name not in names} for item in items]
        for table, items in tables.items()
    }


def _difference(expected: Tables, there: Tables) -> str | None:
    for table in expected.keys() - {_UNCOUNTED}:
        left, right = ({(item["pk"], item.get("sk")): item for item in tables[table]} for tables in (expected, there))
        for place in sorted(left.keys() | right.keys(), key=str):
            if left.get(place) != right.get(place):
                return f"{table} {place} is {right.get(place)} in place of {left.get(place)}"
    return None


@contextmanager
def broken(stack: Stack, patch: pytest.MonkeyPatch) -> Iterator[Scene]:
    """A deployment of a stack, whose requests a line carries."""
    with deployed(stack, patch) as found:
        scene = Scene(found, time.time_ns() // 1_000_000)
        plain = BotocoreStubber.__call__
        stubber = botocore_stubber
        scene.line.ask = lambda request: plain(stubber, "before-send", request)  # type: ignore[return-value, assignment]

        def carry(_: BotocoreStubber, event_name: str, request: Any, **__: Any) -> Any:
            del event_name
            return scene.line.carry(request)

        patch.setattr(BotocoreStubber, "__call__", carry)
        _fix_time(scene, patch)
        _fix_chance(scene, patch)
        _be_patient(patch)
        patch.setattr(SesMails, "send", lambda _, mail: scene.mails.append(mail))
        patch.setattr(ApiGatewaySockets, "close", lambda _, connection_id, __: scene.closed.append(connection_id))
        logging.getLogger("doorward").setLevel(logging.CRITICAL)
        patch.setattr("doorward.bootstrap.once.set_up_logging", lambda: None)
        yield scene


def _fix_time(scene: Scene, patch: pytest.MonkeyPatch) -> None:
    fixed = SimpleNamespace(time_ns=lambda: scene.now_ms * 1_000_000)
    patch.setattr(importlib.import_module("doorward.bootstrap.clock"), "time", fixed)
    patch.setattr(ids, "time", fixed)


def _fix_chance(scene: Scene, patch: pytest.MonkeyPatch) -> None:
    patch.setattr("os.urandom", scene.chance.randbytes)
    patch.setattr(random, "_urandom", scene.chance.randbytes)
    # boto3 gives each request an id, and each repetition another one.
    patch.setattr("uuid.uuid4", lambda: UUID(int=random.getrandbits(128)))


def _be_patient(patch: pytest.MonkeyPatch) -> None:
    """Let nobody wait before a request is sent again, and let the reserve last for all the failures of the tests."""
    begin = Retries.__init__

    def patient(self: Retries, service: str, *_: Any, **__: Any) -> None:
        begin(self, service, lambda _: None, clock=lambda: 0, reserve=1_000_000)

    patch.setattr(Retries, "__init__", patient)
    patch.setattr("botocore.endpoint.time.sleep", lambda _: None)
