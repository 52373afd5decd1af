"""What the local cloud keeps in its folder, and what its commands make of it."""

from __future__ import annotations

import hashlib
import subprocess
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from local import cloud, deploy, emulator, here, layers, logs, reader, sources
from local.here import Place
from local.sources import Deployed
from local.tools import Failure

PLACE = Place(8080, 4566)


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A state folder of its own."""
    for module in (here, emulator):
        monkeypatch.setattr(module, "STATE", tmp_path)
    monkeypatch.setattr(sources, "_STAMP", tmp_path / "deployed")
    monkeypatch.setattr(here, "environment", lambda name: Path("/programs") / name)
    return tmp_path


def test_credentials_are_random_for_each_folder_and_stay(state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first, front = here.credentials(), here.front_secret()
    assert (here.credentials(), here.front_secret()) == (first, front)
    assert "test" not in first.values()
    assert (state / "secrets.json").stat().st_mode & 0o077 == 0
    monkeypatch.setattr(here, "STATE", state / "other")
    assert here.credentials()["AWS_ACCESS_KEY_ID"] != first["AWS_ACCESS_KEY_ID"]
    assert here.credentials()["AWS_SECRET_ACCESS_KEY"] != first["AWS_SECRET_ACCESS_KEY"]
    assert here.front_secret() != front


def test_a_shell_can_read_them(state: Path) -> None:
    file = Place(8080, 4566).write_variables()
    assert file.stat().st_mode & 0o077 == 0
    script = f'. "{file}"; echo "$AWS_ACCESS_KEY_ID $AWS_ENDPOINT_URL $ARCHITECTURE"; echo "$PATH"'
    done = subprocess.run(["sh", "-c", script], capture_output=True, text=True, check=True)
    first, path = done.stdout.splitlines()
    assert first == f"{here.credentials()['AWS_ACCESS_KEY_ID']} http://127.0.0.1:4566 local"
    assert path.startswith("/programs/uv:/programs/sam:/")


def test_the_cloud_of_this_folder_is_up_only_while_it_is(state: Path) -> None:
    def refusal() -> str:
        with pytest.raises(Failure) as refused:
            here.running()
        return str(refused.value)

    missing = "no local cloud of this folder is up; start it with make run"
    assert refusal() == missing
    held = here.lock()
    assert refusal() == missing  # it starts
    PLACE.publish()
    assert here.running() == PLACE
    with pytest.raises(Failure, match="another make run of this folder is up"):
        here.lock()
    held.close()
    assert refusal() == missing  # it was killed, and left its place behind
    here.forget()
    assert {file.name for file in state.iterdir()} == {"lock"}


@pytest.mark.parametrize("command", [deploy, logs])
def test_a_command_refuses_in_one_line(
    command: Any, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.argv", ["command"])
    try:
        status = command.main()
    except SystemExit as end:
        status = end.code
    line = "doorward: no local cloud of this folder is up; start it with make run"
    assert line in {status, capsys.readouterr().err.strip()}
    assert status


def test_what_a_killed_cloud_left_of_functions_is_removed(state: Path) -> None:
    left = state / "tmp" / "ministack-lambda-login-x" / "code"
    left.mkdir(parents=True)
    emulator.Emulator(Path("/programs"), 1)._clear()
    assert not (state / "tmp").exists()


class Deploys:
    """A deploy whose steps are noted, not taken."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.steps: list[str] = []
        self.now = Deployed("common", {"login": "1", "users": "1"})
        monkeypatch.setattr(cloud, "sam", lambda: ["sam"])
        monkeypatch.setattr(cloud, "_answers", lambda *_: True)
        monkeypatch.setattr(sources, "now", lambda _: self.now)
        monkeypatch.setattr(cloud, "run", lambda command, *_: self.steps.append(command[1]))
        monkeypatch.setattr(cloud, "in_emulators_python", self._python)

    def _python(self, _: Place, *arguments: str) -> str:
        self.steps.append(" ".join(arguments[1:2] + arguments[3:]).removeprefix("local."))
        return "api sockets"

    def __call__(self, **changed: Any) -> tuple[bool, list[str]]:
        self.now, self.steps = replace(self.now, **changed), []
        return cloud.deploy(PLACE), self.steps


@pytest.fixture
def deploys(monkeypatch: pytest.MonkeyPatch) -> Deploys:
    return Deploys(monkeypatch)


ALL = ["build", "deploy", "fixups"]


def test_a_deploy_does_no_more_than_it_must(deploys: Deploys) -> None:
    assert deploys() == (True, ALL)
    assert sources.ids() == ("api", "sockets")
    assert deploys() == (False, [])
    assert deploys(functions={"login": "2", "users": "1"}) == (False, ["push login"])
    assert deploys(functions={"login": "2", "users": "2"}) == (False, ["push users"])
    assert deploys() == (False, [])


def test_what_was_pushed_is_pushed_again_after_cloudformation(deploys: Deploys) -> None:
    deploys()
    deploys(functions={"login": "2", "users": "1"})
    # Back to what CloudFormation knows: it would leave the pushed code there.
    done, steps = deploys(common="other", functions={"login": "1", "users": "1"})
    assert (done, steps) == (True, [*ALL, "push login"])
    assert deploys(common="third") == (True, ALL)


def test_a_new_function_or_a_lost_emulator_is_deployed_as_a_whole(
    deploys: Deploys, monkeypatch: pytest.MonkeyPatch
) -> None:
    deploys()
    assert deploys(functions={"login": "1", "users": "1", "new": "1"}) == (True, ALL)
    monkeypatch.setattr(cloud, "_answers", lambda *_: False)
    assert deploys() == (True, ALL)


def test_an_unknown_stamp_is_none(state: Path) -> None:
    for text in ("", "abc a b", "[]", '{"other": 1}'):
        (state / "deployed").write_text(text)
        assert sources.last() is None
        assert sources.ids() == ("none", "")


def test_the_origin_and_each_functions_code_are_seen() -> None:
    found = sources.now(PLACE)
    assert found.common != sources.now(replace(PLACE, origin="http://localhost:5173")).common
    assert found.functions.keys() >= {"login", "users"}
    assert found.functions["login"] != found.functions["users"]


def _start(folder: Path, content: str) -> Path:
    """Unpack a worker's code and layer as the emulator does at a cold start."""
    (folder / "layer_0").mkdir(parents=True)
    (folder / "code").mkdir()
    with zipfile.ZipFile(folder / "layer_0.zip", "w") as archive:
        archive.writestr(zipfile.ZipInfo("python/module.py"), content)
    for name in ("code", "layer_0"):
        with layers.SharedZip(folder / "layer_0.zip") as archive:
            archive.extractall(folder / name)
    return folder / "layer_0"


def test_a_layer_is_unpacked_once_and_removed_when_nobody_is_linked_to_it(
    state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(state))
    first, second = _start(state / "ministack-lambda-a", "one"), _start(state / "ministack-lambda-b", "one")
    assert first.resolve() == second.resolve()
    assert (first / "python" / "module.py").read_text() == "one"
    assert not (first.parent / "code").is_symlink()
    assert not first.with_suffix(".zip").exists()
    other = _start(state / "ministack-lambda-c", "two")
    assert len(list((state / "layers").iterdir())) == 2
    for link in (first, second):
        link.unlink()
    assert (_start(state / "ministack-lambda-d", "two") / "python" / "module.py").read_text() == "two"
    assert [path.name for path in (state / "layers").iterdir()] == [other.readlink().name]
    assert len(other.readlink().name) == hashlib.sha256().digest_size * 2


class Logs:
    """CloudWatch Logs with what was written to it."""

    def __init__(self) -> None:
        self.groups: dict[str, list[tuple[int, str]]] = {}

    def get_paginator(self, name: str) -> Logs:
        return self

    def paginate(self, **asked: str) -> Iterator[dict[str, Any]]:
        if not asked:
            yield {"logGroups": [{"logGroupName": name} for name in self.groups]}
            return
        yield {"events": [{"timestamp": at, "message": text} for at, text in self.groups[asked["logGroupName"]]]}


def test_logs_have_times_stay_in_order_and_go_on() -> None:
    found = Logs()
    traceback = [(1_700_000_000_001, line) for line in ("Traceback:", "  in b", "  in a", "Error: x\n")]
    found.groups = {"/aws/lambda/users": [*traceback], "/aws/lambda/login": [(1_700_000_000_000, "hello")]}
    source = reader.Reader(found)
    assert list(reader.lines(source.fresh())) == [
        "2023-11-14T22:13:20.000Z login hello",
        "2023-11-14T22:13:20.001Z users Traceback:",
        "2023-11-14T22:13:20.001Z users   in b",
        "2023-11-14T22:13:20.001Z users   in a",
        "2023-11-14T22:13:20.001Z users Error: x",
    ]
    found.groups["/aws/lambda/login"] += [(1_700_000_000_000, "START x"), (1_700_000_000_002, "again")]
    assert list(reader.lines(source.fresh())) == ["2023-11-14T22:13:20.002Z login again"]
    assert not list(reader.lines(source.fresh()))
