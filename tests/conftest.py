"""Fixtures that several kinds of tests share."""

from __future__ import annotations

import pytest

from tests.world import House


@pytest.fixture
def house() -> House:
    """A Doorward in memory."""
    return House()
