"""Fixtures that several kinds of tests share."""

from __future__ import annotations

import gc

import pytest
from hypothesis import HealthCheck, settings

from tests.support.fakes import World
from tests.support.rights_report import RightsReport
from tests.support.world import House

# A busy machine is slow, and that fails no test. The examples are the same in every run: what fails, fails again.
settings.register_profile("doorward", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("doorward")


def pytest_configure(config: pytest.Config) -> None:
    """Let a whole run of the function tests measure the functions' roles."""
    config.pluginmanager.register(RightsReport())


def pytest_collection_finish() -> None:
    """Let Python look for garbage rarely: what moto, botocore and ten thousand tests are made of is none."""
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)


@pytest.fixture(scope="session")
def initialised() -> World:
    """What an initialised Doorward stores: keys take the longest to make, so they are made once."""
    return House().world


@pytest.fixture
def house(initialised: World) -> House:
    """A Doorward in memory, initialised, with the tenants acme and globex."""
    return House(world=initialised.copy())
