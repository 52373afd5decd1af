"""The drills' reports: what counts as passed, and what is written."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from local.drills.report import Report
from local.drills.upgrade import last_release
from local.tools import ROOT, Failure


def test_a_drill_passes_only_if_something_was_checked_and_held_and_nobody_was_refused() -> None:
    report = Report("restore")
    passed = [report.passed]
    report.check("nothing revives", True)
    passed.append(report.passed)
    report.refuse("refresh: 401")
    assert [*passed, report.passed] == [False, True, False]
    assert "FAILED" in report.show()


def test_what_failed_once_stays_failed() -> None:
    report = Report("theft")
    for held in (True, False, True):
        report.check("no forged token is taken", held)
    assert not report.passed
    assert "FAILED: no forged token is taken" in report.show()


def test_reports_lie_beside_each_other_in_one_file_and_the_newest_counts(tmp_path: Path) -> None:
    file = tmp_path / "assurance" / "drills.json"
    for name, requests in (("end", 3), ("theft", 5), ("end", 8)):
        report = Report(name, base="abc" if name == "theft" else "")
        report.count(requests)
        report.check("it holds", True)
        report.write(file, commit="v1")
    found = json.loads(file.read_text())
    assert {name: one["requests"] for name, one in found.items()} == {"end": 8, "theft": 5}
    assert found["theft"]["base"] == "abc"
    assert found["end"] == {
        "checks": {"it holds": True},
        "commit": "v1",
        "figures": {},
        "passed": True,
        "refused": 0,
        "requests": 8,
    }


def test_an_upgrade_comes_from_the_commit_that_gave_the_changelog_its_newest_version() -> None:
    try:
        commit = last_release()
    except Failure:
        pytest.skip("a clone without history")
    assert len(commit) == 12
    assert "\n## 0.1.0 - " in (ROOT / "CHANGELOG.md").read_text("utf-8")
