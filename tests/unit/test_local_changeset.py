"""A change set that sam gave up on a busy machine is executed all the same."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from local import changeset, cloud
from local.here import Place
from local.tools import Failure


class CloudFormation:
    """A service that is slow: each answer is the next of a list, and the last one stays."""

    def __init__(self, sets: list[str], stacks: list[str]) -> None:
        self.sets, self.stacks = sets, stacks
        self.executed: list[str] = []

    def describe_change_set(self, **_: str) -> dict[str, str]:
        return {"Status": self.sets.pop(0) if len(self.sets) > 1 else self.sets[0]}

    def execute_change_set(self, **named: str) -> None:
        self.executed.append(named["ChangeSetName"])

    def describe_stacks(self, **_: str) -> dict[str, Any]:
        return {"Stacks": [{"StackStatus": self.stacks.pop(0) if len(self.stacks) > 1 else self.stacks[0]}]}


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    passed = iter(range(0, 100_000, 60))
    monkeypatch.setattr(changeset, "time", SimpleNamespace(monotonic=lambda: next(passed), sleep=lambda _: None))


def _executed(monkeypatch: pytest.MonkeyPatch, service: CloudFormation) -> str:
    monkeypatch.setattr(changeset, "boto3", SimpleNamespace(client=lambda _: service))
    return changeset.execute("doorward", "sam-1")


def test_it_is_executed_once_it_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    service = CloudFormation(["CREATE_IN_PROGRESS", "CREATE_COMPLETE"], ["UPDATE_IN_PROGRESS", "UPDATE_COMPLETE"])
    assert _executed(monkeypatch, service) == "UPDATE_COMPLETE"
    assert service.executed == ["sam-1"]


def test_one_that_never_comes_is_given_up_and_not_executed(monkeypatch: pytest.MonkeyPatch) -> None:
    service = CloudFormation(["CREATE_IN_PROGRESS"], [])
    assert _executed(monkeypatch, service) == "the change set is not complete"
    assert service.executed == []


@pytest.mark.parametrize(
    ("told", "goes_on"),
    [
        ("ChangeSet [samcli-deploy1] already exists", True),
        ("No changes to deploy. Stack doorward is up to date", False),
    ],
)
def test_what_sam_says_decides(monkeypatch: pytest.MonkeyPatch, told: str, goes_on: bool) -> None:
    called: list[tuple[str, ...]] = []

    def run(*_: object) -> str:
        raise Failure(told)

    monkeypatch.setattr(cloud, "run", run)
    monkeypatch.setattr(cloud, "in_emulators_python", lambda _, *words: called.append(words))
    cloud.sam_deploy(Place(8080, 4566), ["sam", "deploy"])
    assert called == ([("-m", "local.changeset", "doorward", "samcli-deploy1")] if goes_on else [])


def test_any_other_failure_stays_one(monkeypatch: pytest.MonkeyPatch) -> None:
    def run(*_: object) -> str:
        raise Failure("no such bucket")

    monkeypatch.setattr(cloud, "run", run)
    with pytest.raises(Failure, match="no such bucket"):
        cloud.sam_deploy(Place(8080, 4566), ["sam", "deploy"])
