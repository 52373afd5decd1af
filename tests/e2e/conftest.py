"""A local cloud for the black-box tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.cloud import EMULATOR_PORT, PORT, Cloud


@pytest.fixture(scope="session")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    """The local cloud, started once for all tests."""
    state = tmp_path_factory.mktemp("cloud")
    found = Cloud(f"http://localhost:{PORT}", f"http://127.0.0.1:{EMULATOR_PORT}", state)
    seconds = found.start()
    print(f"\nlocal cloud: first start {seconds:.1f} s")
    yield found
    found.stop()
