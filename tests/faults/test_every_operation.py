"""Every request of every operation fails in every way: the answer is right or 503, and nothing is half done.

What holds for each operation and each fault:

- The answer is that of the undisturbed run, and then the tables are too; or it is 503 with a time, or what makes AWS
  send an event again. It is never 500, never another refusal.
- No item of any table contradicts another (`tools/tables`), whatever was answered.
- After a 503 the same call says the truth: either nothing had happened, and it does everything now, or all had
  happened, and it says what a second call says. So no mail and no notice is lost, and none is doubled.

`make test` lets each request of each operation fail once, and of a third of them one for good. `make faults` tries
everything.
"""

from __future__ import annotations

import os
import zlib
from collections.abc import Iterator

import pytest

from tests.faults.operations import (
    LATER_SECONDS,
    MAY_DIFFER,
    MAY_LACK,
    MAY_SAY,
    REFUSED,
    operations,
    routes_without_row,
)
from tests.faults.town import ORIGIN, RP_ID, Town
from tests.support import faults
from tests.support.broken import TIMES, Fault, Operation, broken
from tests.support.deployment import initialised_stack
from tests.support.tally import count
from tests.support.template import folder_of, resources

EVERY = int(os.environ.get("DOORWARD_FAULTS", "0"))
"""Which part of all faults is tried: 1 for all, 10 for each tenth; 0 for the sample of `make test`."""

OPERATIONS = operations()


@pytest.fixture(scope="module")
def town() -> Iterator[Town]:
    stack = initialised_stack()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PASSKEY_RP_ID", RP_ID)
        patch.setenv("PASSKEY_ORIGINS", ORIGIN)
        with broken(stack, patch) as scene:
            yield Town(scene)


def _operation(town: Town, name: str) -> Operation:
    town.go_back()
    sent = OPERATIONS[name](town)
    found = Operation(
        town.scene,
        sent,
        differs=name.startswith(("rotate_keys", "chain_audit")),  # keys and signatures of ES256 come from OpenSSL
        later_seconds=LATER_SECONDS.get(name, 0),
        may_lack=MAY_LACK.get(name, ()),
        may_say=MAY_SAY.get(name, ()),
        may_differ=MAY_DIFFER.get(name, ()),
    )
    assert found.once.kind[0] in ("4" if name in REFUSED else "23["), found.once
    return found


def _sample(name: str, found: Operation) -> list[str | None]:
    """Return what goes wrong if each request fails once, and if one fails for good."""
    number = zlib.crc32(name.encode())

    def choose(operation: str) -> str:
        nonlocal number
        number += 1
        ways = [fault for fault in faults.faults_of(operation) if fault != "done slowly"]
        return ways[number % len(ways)]

    tried = [found.try_each_once(choose)]
    # A failure for good costs four runs. What is only read is read again, so of the others each third one is tried.
    writes = [at for at, operation in enumerate(found.requests) if len(faults.faults_of(operation)) > 3]
    if writes and number % 3 == 0:
        at = writes[number % len(writes)]
        ways = faults.faults_of(found.requests[at])
        tried.append(found.try_with(Fault(at, found.requests[at], ways[number % len(ways)], TIMES[-1])))
    return tried


@pytest.mark.parametrize("name", OPERATIONS)
def test_a_fault_is_never_seen_or_is_said_to_pass(town: Town, name: str) -> None:
    found = _operation(town, name)
    count("operations under faults")
    if not found.requests:
        return
    if EVERY:
        chosen = list(found.faults())[zlib.crc32(name.encode()) % EVERY :: EVERY]
        tried = [found.try_with(fault) for fault in chosen]
    else:
        tried = _sample(name, found)
    wrong = [one for one in tried if one]
    assert not wrong, "\n".join(wrong)


def test_every_route_is_an_operation_here() -> None:
    assert routes_without_row() == set()


def test_every_function_has_an_operation_here() -> None:
    apis = {"Api"}
    others = {
        folder_of(name)
        for name, item in resources("AWS::Serverless::Function").items()
        if {one["Type"] for one in item["Properties"].get("Events", {}).values()} - apis
        or "Events" not in item["Properties"]
    }
    assert others <= {name.partition(":")[0] for name in OPERATIONS}
