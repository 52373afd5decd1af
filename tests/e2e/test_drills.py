"""Drills of operators on the running local cloud; `make drill-theft` and `make drill-upgrade` are too long for here."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from tests.support.cloud import ROOT, Cloud
from tests.support.tally import count


def drill(cloud: Cloud, name: str, *options: str) -> subprocess.CompletedProcess[str]:
    """Run a drill on this cloud; its report goes where the state of the cloud is."""
    command = [sys.executable, "-m", "local.drills", name, "--output", str(cloud.state / "drills.json"), *options]
    path = os.pathsep.join(("layers/shared", "layers/mail"))
    environment = {**cloud.variables(), "PYTHONPATH": path}
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("name", ["rotation", "restore", "end"])
def test_a_drill_passes(cloud: Cloud, name: str) -> None:
    done = drill(cloud, name)
    print(f"\n{done.stdout.strip()}")
    assert done.returncode == 0, done.stdout + done.stderr
    report = json.loads((cloud.state / "drills.json").read_text())[name]
    count("requests during drills", report["requests"])
    count("refused during drills", report["refused"])


def test_a_restore_without_ending_everything_afterwards_is_an_accident_that_the_drill_sees(cloud: Cloud) -> None:
    done = drill(cloud, "restore", "--sabotage")
    assert done.returncode == 1, done.stdout + done.stderr
    assert "FAILED: no refresh token from before the restore works" in done.stdout
    assert drill(cloud, "restore").returncode == 0  # and everything is ended
