"""Packages of npm, as a lock file pins them."""

from __future__ import annotations

import fcntl
import hashlib
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.support.cloud import ROOT


def node_with(folder: Path) -> str:
    """Return Node.js, once the packages of a folder's lock file are there; skip the test where there is no npm."""
    program, npm = shutil.which("node"), shutil.which("npm")
    if program is None or npm is None:
        pytest.skip("needs node and npm")
    stamp = folder / "node_modules" / ".installed"
    wanted = hashlib.sha256((folder / "package-lock.json").read_bytes()).hexdigest()
    (ROOT / ".local").mkdir(exist_ok=True)
    with (ROOT / ".local" / "npm").open("w") as one:
        fcntl.flock(one, fcntl.LOCK_EX)  # pytest's processes may want the same folder
        if not stamp.exists() or stamp.read_text() != wanted:
            command = [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
            done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
            assert done.returncode == 0, done.stdout + done.stderr
            stamp.write_text(wanted)
    return program
