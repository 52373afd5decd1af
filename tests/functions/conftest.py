"""The functions on moto."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.deployment import Deployment, Stack, deployed, initialised_stack


@pytest.fixture(scope="session")
def stack() -> Stack:
    """A stack that nobody has used yet: made once, put back for every test."""
    return initialised_stack()


@pytest.fixture
def deployment(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> Iterator[Deployment]:
    """A deployment with the users admin, acme-admin and globex-admin."""
    with deployed(stack, monkeypatch) as found:
        yield found
