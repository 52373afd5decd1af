"""The functions on moto."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.callers import Crowd, gathered
from tests.support.deployment import Deployment, Stack, deployed, initialised_stack
from tests.support.full import fill
from tests.support.fuzzing import Lines, listening
from tests.support.leaks import secrets_of
from tests.support.tables import report_of_moto


@pytest.fixture(scope="session")
def stack() -> Stack:
    """A stack that nobody has used yet: made once, put back for every test."""
    return initialised_stack()


@pytest.fixture
def deployment(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> Iterator[Deployment]:
    """A deployment with the users admin, acme-admin and globex-admin."""
    with deployed(stack, monkeypatch) as found:
        yield found


@pytest.fixture
def room(deployment: Deployment, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    """How much room users have for more revocations: see `tests.support.full`."""
    if request.param == "none":
        fill(monkeypatch)


@pytest.fixture(autouse=True)
def whole_tables(request: pytest.FixtureRequest) -> Iterator[None]:
    """Whatever a test does through the functions, nothing in the tables contradicts anything else afterwards."""
    if "deployment" not in request.fixturenames:
        yield
        return
    request.getfixturevalue("deployment")
    yield
    report = report_of_moto()
    assert not report.broken, "\n".join(report.broken)


@pytest.fixture(scope="module")
def crowd(stack: Stack) -> Iterator[Crowd]:
    """A deployment for all tests of a file, with a caller of each kind."""
    yield from gathered(stack)


@pytest.fixture(scope="module")
def secrets(crowd: Crowd) -> tuple[str, ...]:
    """What this deployment must keep to itself."""
    return secrets_of(crowd)


@pytest.fixture
def lines(secrets: tuple[str, ...]) -> Iterator[Lines]:
    """Hear what the functions log."""
    yield from listening(secrets)
