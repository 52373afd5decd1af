"""Holds what roles allow to what the function tests used, once all of them have run, in however many processes."""

from __future__ import annotations

import fnmatch
import json
import os
from pathlib import Path
from typing import Any

import pytest

from tests.support.rights import USED, Use, unneeded
from tests.support.rights_kept import KEPT
from tests.support.tally import count

_STALE = "tests need all of it"
_FOLDER = Path(__file__).resolve().parents[1] / "functions"


class RightsReport:
    """A plugin of pytest: fails the run if a role allows what no test of a whole run used.

    What was used is written into the file that `DOORWARD_RIGHTS` names, if it names one.
    """

    def __init__(self) -> None:
        self.used: set[Use] = set()
        self.files: set[str] = set()
        self.lines: list[str] = []

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self.files.add(Path(report.nodeid.partition("::")[0]).name)

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        """Take what a process of xdist found."""
        self.used.update(Use(*one) for one in getattr(node, "workeroutput", {}).get("rights", ()))

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        if (output := getattr(session.config, "workeroutput", None)) is not None:
            output["rights"] = [list(use) for use in USED.used]
            return
        self.used |= USED.used
        if file := os.environ.get("DOORWARD_RIGHTS"):
            Path(file).write_text(json.dumps(table(self.used), indent=1) + "\n", "utf-8")
        if session.testsfailed or not self._is_whole(session.config):
            return
        # Other tests use more than the function tests, by which what is kept is judged.
        alone = all(Path(name).name == _FOLDER.name for name in session.config.args)
        self.lines = [line for line in problems(self.used) if alone or not line.startswith(_STALE)]
        count("rights measured", len(self.used))
        if self.lines:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        for line in self.lines:
            terminalreporter.write_line(f"ERROR rights: {line}", red=True)

    def _is_whole(self, config: pytest.Config) -> bool:
        """Return whether all tests of the functions ran: of a part of them, nothing follows."""
        chosen = config.option.keyword or config.option.markexpr or any("::" in name for name in config.args)
        return not chosen and {file.name for file in _FOLDER.glob("test_*.py")} <= self.files


def table(used: set[Use]) -> dict[str, dict[str, dict[str, list[str]]]]:
    """Return what was used as function, resource, action, shapes of leading keys."""
    found: dict[str, dict[str, dict[str, list[str]]]] = {}
    for use in sorted(used):
        found.setdefault(use.function, {}).setdefault(use.resource, {}).setdefault(use.action, []).append(use.key)
    return found


def problems(used: set[Use]) -> list[str]:
    """Return what is wrong with the roles, by what was used; nothing if nothing is."""
    found = unneeded(used)
    return [
        *(f"no test needs what the template allows: {one}" for one in found if not _kept(one)),
        *(f"{_STALE}, so rights_kept.py need not keep it: {one}" for one in KEPT if not fnmatch.filter(found, one)),
    ]


def _kept(line: str) -> bool:
    return any(fnmatch.fnmatchcase(line, one) for one in KEPT)
