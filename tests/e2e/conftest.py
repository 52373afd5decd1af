"""A local cloud for the black-box tests, and a browser."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page

from tests.support.chromium import Tabs, chromium, find_chromium
from tests.support.cloud import EMULATOR_PORT, PORT, Cloud
from tests.support.rights import is_granted, uses_of_cloud
from tests.support.sites import Site, serving
from tests.support.tables import report_of_cloud
from tests.support.tally import count

_RUNNING: list[Cloud] = []
_LONGEST = ("containers", "local_tools", "drills", "protected_api", "readme", "layers", "spa", "socketio")
"""The files that take longest. They begin first, so that no worker still has one when the other has nothing left."""
_SAMPLE_USER = "01M81HV2TRPXK019YWDYF7T8BY"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the longest files, and leave out what needs a browser where there is none; the summary tells so."""
    ranks = {f"test_{name}.py": rank for rank, name in enumerate(_LONGEST)}
    items.sort(key=lambda item: ranks.get(item.path.name, len(ranks)))
    if find_chromium() is None:
        for item in items:
            if "browser" in getattr(item, "fixturenames", ()):
                item.add_marker(pytest.mark.skip("needs chromium"))


@pytest.fixture(scope="session")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    """The local cloud, started once for all tests of this process."""
    state = tmp_path_factory.mktemp("cloud")
    found = Cloud(f"http://localhost:{PORT}", f"http://127.0.0.1:{EMULATOR_PORT}", state)
    seconds = found.start()
    print(f"\nlocal cloud: first start {seconds:.1f} s")
    _RUNNING.append(found)
    yield found
    _RUNNING.remove(found)
    found.stop()
    # The emulator denies what a role does not allow; here the template itself is asked, by another way.
    used = uses_of_cloud(state / "used.jsonl")
    count("rights used on the local cloud", len(used))
    assert not [use for use in used if not is_granted(use)]


@pytest.fixture(scope="module", autouse=True)
def whole_tables(request: pytest.FixtureRequest) -> Iterator[None]:
    """Whatever a file of tests did to the cloud, nothing in its tables contradicts anything else afterwards."""
    yield
    uses = any("cloud" in item.fixturenames for item in request.session.items if _module_of(item) is request.node)  # type: ignore[attr-defined]
    for found in _RUNNING if uses else ():
        report = report_of_cloud(found)
        print(f"\n{request.node.name}: {report}")
        # The samples in events/ are of a user who is not there, and test_containers.py has functions act on them.
        broken = [line for line in report.broken if _SAMPLE_USER not in line]
        assert not broken, "\n".join(broken)


def _module_of(item: pytest.Item) -> pytest.Module | None:
    return item.getparent(pytest.Module)


@pytest.fixture(scope="session")
def site() -> Iterator[Site]:
    """The server of pages that are not Doorward's, one of which the deployment allows."""
    with serving() as found:
        yield found


@pytest.fixture(scope="session")
def browser(site: Site) -> Iterator[Browser]:
    """Chromium, started once for all tests of this process."""
    with chromium(site.port) as found:
        yield found


@pytest.fixture
def tabs(browser: Browser) -> Iterator[Tabs]:
    """What opens pages; the test fails if anything goes wrong in them that it did not expect."""
    found = Tabs(browser)
    yield found
    found.close()
    assert not found.troubles


@pytest.fixture(params=["scripts", "no scripts"])
def page(request: pytest.FixtureRequest, tabs: Tabs) -> Page:
    """A light page with scripts, and a dark one without: pages are the same in both, so each check is made twice."""
    scripts = request.param == "scripts"
    return tabs.open(scripts=scripts, dark=not scripts)
