"""What `local.quick_sam` puts in the place of sam's own does the same."""

from __future__ import annotations

import os
import subprocess

from local.tools import environment
from tests.support.cloud import ROOT


def _printed(*arguments: str) -> str:
    command = [str(environment("local") / "python"), str(ROOT / "tests" / "support" / "sam_template.py"), *arguments]
    known = {**os.environ, "PYTHONPATH": str(ROOT), "AWS_DEFAULT_REGION": "us-east-1", "PYTHONHASHSEED": "0"}
    done = subprocess.run(command, cwd=ROOT, env=known, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_templates_are_the_same_to_the_byte() -> None:
    plain = _printed()
    assert len(plain) > 2_000
    assert _printed("quick") == plain


def test_sam_is_sam() -> None:
    sam = environment("sam")
    plain = subprocess.run([str(sam / "sam"), "--version"], capture_output=True, text=True, check=True)
    quick = [str(sam / "python"), "-m", "local.quick_sam", "--version"]
    assert subprocess.run(quick, cwd=ROOT, capture_output=True, text=True, check=True).stdout == plain.stdout
