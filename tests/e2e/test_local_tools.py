"""What `make run`, `make deploy-local` and `make logs` say and do beside the usual."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.support.cloud import EMULATOR_PORT, PORT, ROOT, Cloud


def _run(module: str, state: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "DOORWARD_STATE": str(state)}
    command = [sys.executable, "-m", module, *arguments]
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)


def test_a_second_start_on_the_same_state_is_refused_in_one_line(cloud: Cloud) -> None:
    done = _run("local.run", cloud.state, "--port", "18081", "--emulator-port", "14567")
    assert (done.returncode, done.stderr) == (1, "doorward: another make run of this folder is up; stop it first\n")


def test_a_taken_port_is_named_in_one_line(cloud: Cloud, tmp_path: Path) -> None:
    for ports, setting in (((PORT, 14_567), "PORT"), ((18_081, EMULATOR_PORT), "EMULATOR_PORT")):
        done = _run("local.run", tmp_path, "--port", str(ports[0]), "--emulator-port", str(ports[1]))
        assert done.returncode == 1
        (line,) = done.stderr.splitlines()
        assert line.endswith(f"is taken; end what uses it, or choose another: make run {setting}=NUMBER")


def test_a_deploy_without_a_cloud_says_so(tmp_path: Path) -> None:
    done = _run("local.deploy", tmp_path, "--emulator-port", "14569")
    assert (done.returncode, done.stderr) == (1, "doorward: no local cloud on port 14569; start it with make run\n")


def test_a_deploy_of_nothing_new_is_no_failure(cloud: Cloud) -> None:
    ports = ("--port", str(PORT), "--emulator-port", str(EMULATOR_PORT))
    assert "nothing changed" in _run("local.deploy", cloud.state, *ports).stdout
    (cloud.state / "deployed").write_text("another state of the sources")
    done = _run("local.deploy", cloud.state, *ports)
    assert done.returncode == 0, done.stderr
    assert cloud.sign_in("acme-admin")


def test_the_logs_show_why_and_never_what_was_sent(cloud: Cloud) -> None:
    secret = "a-password-nobody-has"
    cloud.call("POST", "/auth/login", json={"username": "acme-admin", "password": secret})
    cloud.call("GET", "/users/me", "a-token-nobody-has")
    logs = _run("local.logs", cloud.state, "--emulator-port", str(EMULATOR_PORT)).stdout
    assert '"reason": "wrong_password"' in logs
    assert "request_denied" in logs
    assert secret not in logs
    assert "a-token-nobody-has" not in logs
