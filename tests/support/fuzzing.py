"""Tries what nobody would send: always the same in `make test`, and something new for as long as `make fuzz` says.

What fails is printed as JSON. Put into tests/functions/found, it is tried first in every run from then on.
"""

from __future__ import annotations

import json
import logging
import os
import time
from collections.abc import Callable, Collection, Iterator
from pathlib import Path
from typing import Any, TypeVar

import pytest
from hypothesis import HealthCheck, Phase, currently_in_test_context, given, note, seed, settings
from hypothesis.strategies import SearchStrategy

from tests.support.tally import count

FOUND = Path(__file__).resolve().parents[1] / "functions" / "found"
SECONDS = float(os.environ.get("DOORWARD_FUZZ_SECONDS") or 0)
"""How long all fuzzing together goes on; 0 for one round, which is the same everywhere."""

SHRINK = not os.environ.get("DOORWARD_FUZZ_UNSHRUNK")

T = TypeVar("T")


def fuzz(check: Callable[[T], None], strategy: SearchStrategy[T], examples: int, share: float, counted: str) -> None:
    """Check what a strategy makes: some examples, and then others until the time is over.

    Args:
        check: fails for an example that shows a defect.
        strategy: makes the examples.
        examples: how many of them a round has.
        share: of all time that there is, the part that belongs to this call.
        counted: the figure of the assurance report that the examples add to.
    """
    until = time.monotonic() + SECONDS * share
    number = 0 if SECONDS == 0 else time.time_ns() % 1_000_000_007
    while True:
        _round(check, strategy, examples, number, counted)
        number += 1
        if time.monotonic() >= until:
            return


def _round(check: Callable[[T], None], strategy: SearchStrategy[T], examples: int, number: int, counted: str) -> None:
    tried = 0

    @seed(number)
    @settings(
        max_examples=examples,
        database=None,
        deadline=None,
        derandomize=False,
        phases=(Phase.generate, Phase.shrink) if SHRINK else (Phase.generate,),
        suppress_health_check=list(HealthCheck),
        report_multiple_bugs=False,
    )
    @given(strategy)
    def once(example: T) -> None:
        nonlocal tried
        tried += 1
        check(example)

    try:
        once()
    finally:
        count(counted, tried)


def tell(function: str, event: Any) -> None:
    """Print an event if it turns out to show a defect, in the form in which it is kept."""
    if not currently_in_test_context():
        return
    note(f"to try it again, keep it as {FOUND.name}/NAME.json: {json.dumps({'function': function, 'event': event})}")


def share_of(request: pytest.FixtureRequest) -> float:
    """Return the part of all time that belongs to one test of those that fuzz."""
    fuzzing = sum(item.get_closest_marker("fuzz") is not None for item in request.session.items)
    return int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1")) / max(fuzzing, 1)


def found_events() -> list[tuple[str, str, Any]]:
    """Return the events that once showed a defect: the name of the file, the function, and the event."""
    kept = [(file.stem, json.loads(file.read_text("utf-8"))) for file in sorted(FOUND.glob("*.json"))]
    return [(name, one["function"], one["event"]) for name, one in kept]


class Lines(logging.Handler):
    """Everything that is logged, as text.

    Args:
        secrets: what no line may have.
    """

    def __init__(self, secrets: Collection[str]) -> None:
        super().__init__(logging.DEBUG)
        self.secrets = secrets
        self.text = ""

    def emit(self, record: logging.LogRecord) -> None:
        told = {name: value for name, value in record.__dict__.items() if name in {"audit", "refusal", "trace"}}
        self.text += f"{record.getMessage()} {json.dumps(told)}\n"

    def require_no_secret(self, answer: str = "") -> None:
        """Fail if the log, or an answer, has a secret."""
        for secret in self.secrets:
            assert secret not in self.text, f"the log has a secret that begins with {secret[:12]}"
            assert secret not in answer, f"the answer has a secret that begins with {secret[:12]}"


def listening(secrets: Collection[str]) -> Iterator[Lines]:
    """Hear what the functions log, as the operator of a deployment would."""
    lines, logger = Lines(secrets), logging.getLogger()
    logger.addHandler(lines)
    try:
        yield lines
    finally:
        logger.removeHandler(lines)
