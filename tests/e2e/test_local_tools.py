"""What `make run`, `make deploy-local`, `make logs` and `make complete` say and do beside the usual."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from tests.support.cloud import EMULATOR_PORT, PORT, ROOT, Cloud
from tests.support.sites import ALLOWED_ORIGINS
from tests.support.template import resources

NOT_UP = "doorward: no local cloud of this folder is up; start it with make run\n"
LOG_LINE = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z) (\S+) .*")


def _run(module: str, state: Path, *arguments: str, root: Path = ROOT) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "DOORWARD_STATE": str(state)}
    command = [sys.executable, "-m", module, *arguments]
    return subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True, check=False)


def test_a_second_start_on_the_same_state_is_refused_in_one_line(cloud: Cloud) -> None:
    done = _run("local.run", cloud.state, "--port", "18081", "--emulator-port", "14567")
    assert (done.returncode, done.stderr) == (1, "doorward: another make run of this folder is up; stop it first\n")


def test_a_taken_port_is_named_in_one_line(cloud: Cloud, tmp_path: Path) -> None:
    for ports, setting in (((PORT, 14_567), "PORT"), ((18_081, EMULATOR_PORT), "EMULATOR_PORT")):
        done = _run("local.run", tmp_path, "--port", str(ports[0]), "--emulator-port", str(ports[1]))
        assert done.returncode == 1
        (line,) = done.stderr.splitlines()
        assert line.endswith(f"is taken; end what uses it, or choose another: make run {setting}=NUMBER")


@pytest.mark.parametrize("command", [("local.deploy",), ("local.logs",), ("local.complete", "orders-rest")])
def test_another_folders_cloud_is_left_alone(cloud: Cloud, tmp_path: Path, command: tuple[str, ...]) -> None:
    done = _run(command[0], tmp_path, *command[1:])
    assert (done.returncode, done.stderr) == (1, NOT_UP)
    # Not even if it is told that cloud's ports.
    shutil.copy(cloud.state / "place.json", tmp_path)
    assert _run(command[0], tmp_path, *command[1:]).stderr == NOT_UP


def test_scripts_of_another_folder_are_refused_in_one_line(cloud: Cloud) -> None:
    environment = {**cloud.variables(), "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
    for script in ("initialize_security.py", "rotate_keys.py"):
        command = [sys.executable, str(ROOT / "scripts" / script)]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        (line,) = (done.stdout + done.stderr).splitlines()
        assert (done.returncode, line.partition(":")[0]) == (1, "not done")


def test_a_deploy_of_nothing_new_is_no_failure(cloud: Cloud) -> None:
    assert "nothing changed" in _run("local.deploy", cloud.state).stdout
    (cloud.state / "deployed").write_text("another state of the sources")
    done = _run("local.deploy", cloud.state)
    assert done.returncode == 0, done.stderr
    assert cloud.sign_in("acme-admin")


def test_a_shell_that_reads_the_variables_can_use_aws_and_the_scripts(cloud: Cloud) -> None:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    script = f'. "{cloud.state}/aws.env" && "{sys.executable}" scripts/rotate_keys.py'
    done = subprocess.run(["sh", "-c", script], cwd=ROOT, env=kept, capture_output=True, text=True, check=False)
    assert "signing key RS256" in done.stdout, done.stdout + done.stderr


def test_the_logs_show_when_and_why_and_never_what_was_sent(cloud: Cloud) -> None:
    secret = "a-password-nobody-has"
    cloud.call("POST", "/auth/login", json={"username": "acme-admin", "password": secret})
    cloud.call("GET", "/users/me", "a-token-nobody-has")
    logs = _run("local.logs", cloud.state).stdout
    assert '"reason": "wrong_password"' in logs
    assert "request_denied" in logs
    assert secret not in logs
    assert "a-token-nobody-has" not in logs
    times = [match[1] for match in map(LOG_LINE.fullmatch, logs.splitlines()) if match]
    assert len(times) >= 2
    assert times == sorted(times)


def test_the_logs_can_be_followed(cloud: Cloud) -> None:
    environment = {**os.environ, "DOORWARD_STATE": str(cloud.state)}
    command = [sys.executable, "-m", "local.logs", "--follow"]
    with subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True) as following:
        try:
            assert following.stdout is not None
            name = f"follow-{time.monotonic_ns()}"
            answer = cloud.call("POST", "/auth/login", json={"username": name, "password": "x"})
            request_id = answer.json()["request_id"]
            assert any(request_id in line for line in following.stdout)
        finally:
            following.terminate()


def test_unpacked_functions_do_not_pile_up(cloud: Cloud) -> None:
    """A layer is there once, however many functions were started."""
    for path in ("/users/me", "/tenants", "/.well-known/jwks.json", "/users", "/users/me/factors"):
        cloud.call("GET", path, cloud.sign_in("admin")["access_token"])
    folder = cloud.state / "tmp"
    workers = list(folder.glob("ministack-lambda-*"))
    assert len(workers) >= 4
    layers = list((folder / "layers").iterdir())
    made = len(resources("AWS::Serverless::LayerVersion"))
    assert made <= len(layers) <= 2 * made
    megabytes = int(subprocess.run(["du", "-sm", folder], capture_output=True, text=True, check=True).stdout.split()[0])
    print(f"\n.local/tmp: {megabytes} MB for {len(workers)} workers")
    assert megabytes < 40 * len(layers) + len(workers)


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of what is deployed, to be changed."""
    copy = tmp_path_factory.mktemp("checkout")
    for name in ("functions", "layers", "local", "scripts", "requirements", "template.yaml", "samconfig.toml"):
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, copy)
    (copy / ".local").mkdir()
    for name in ("uv", "sam", "local"):
        (copy / ".local" / name).symlink_to(ROOT / ".local" / name)
    return copy


@pytest.fixture
def restored(cloud: Cloud) -> Iterator[None]:
    """Afterwards the cloud runs what this checkout says again."""
    yield
    done = _run("local.deploy", cloud.state)
    assert done.returncode == 0, done.stderr


@pytest.mark.usefixtures("restored")
def test_one_changed_line_of_a_function_is_there_quickly(cloud: Cloud, checkout: Path) -> None:
    file = checkout / "functions" / "login" / "app.py"
    file.write_text(file.read_text().replace('"""', '"""Changed. ', 1) + "\nprint('the new line')\n")
    started = time.monotonic()
    done = _run("local.deploy", cloud.state, root=checkout)
    seconds = time.monotonic() - started
    print(f"\ndeploy-local of one changed line: {seconds:.1f} s")
    assert done.returncode == 0, done.stderr
    # Quickly: by new code alone, for a deployment of the whole stack takes half a minute and more.
    assert "new code for login" in done.stdout
    assert "sam deploy" not in done.stdout
    assert cloud.sign_in("acme-admin")
    assert " the new line" in _run("local.logs", cloud.state).stdout


@pytest.mark.usefixtures("restored")
def test_a_changed_api_and_origin_answer_after_a_deploy(cloud: Cloud, checkout: Path) -> None:
    template = checkout / "template.yaml"
    text = template.read_text()
    assert "'max-age=63072000'" in text  # of the gateway's own answers
    template.write_text(text.replace("'max-age=63072000'", "'max-age=63072001'"))
    before = json.loads((cloud.state / "deployed").read_text())["api_id"]
    done = _run("local.deploy", cloud.state, "--origin", "http://localhost:5173", root=checkout)
    assert done.returncode == 0, done.stderr
    print(f"\nAPI {before} -> {json.loads((cloud.state / 'deployed').read_text())['api_id']}")
    asked = {"Origin": "http://localhost:5173", "Access-Control-Request-Method": "POST"}
    preflight = requests.options(f"{cloud.url}/users", headers=asked, timeout=30)
    assert preflight.headers["Access-Control-Allow-Origin"] == "http://localhost:5173"
    assert cloud.call("GET", "/users/me").headers["Strict-Transport-Security"] == "max-age=63072001"
    assert cloud.call("GET", "/.well-known/jwks.json").status_code == 200
    done = _run("local.deploy", cloud.state, "--origin", ",".join(ALLOWED_ORIGINS))
    assert done.returncode == 0, done.stderr
