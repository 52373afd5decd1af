"""A local cloud for the black-box tests."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator

import pytest

from tests.support.cloud import EMULATOR_PORT, PORT, ROOT, Cloud


@pytest.fixture(scope="session")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    """The local cloud, started once for all tests of this process."""
    state = tmp_path_factory.mktemp("cloud")
    found = Cloud(f"http://localhost:{PORT}", f"http://127.0.0.1:{EMULATOR_PORT}", state)
    with (ROOT / ".local" / "starting").open("w") as one:
        fcntl.flock(one, fcntl.LOCK_EX)  # the first start installs what all clouds of this folder use
        seconds = found.start()
    print(f"\nlocal cloud: first start {seconds:.1f} s")
    yield found
    found.stop()
