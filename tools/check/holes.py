"""Known vulnerabilities of what is shipped, by pip-audit, where its data can be reached."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

SOURCES = ("pypi", "osv")
"""What pip-audit can ask; the second where the first knows nothing, as with a mirror of packages alone."""
_LONGEST_SECONDS = 120
Ask = Callable[[str, Sequence[Path]], str]


def known(files: Sequence[Path], ask: Ask | None = None) -> tuple[list[str], list[str]]:
    """Look for known vulnerabilities of all packages of requirements files.

    Args:
        files: the requirements files, each with hashes.
        ask: what asks a source and returns its answer, as pip-audit's JSON; nothing if no answer came.

    Returns:
        One line for each vulnerability; and what is not known: each package that no source knew, or one line for all.
    """
    unknown = [f"{len(files)} requirements files, no source of pip-audit answered"]
    for source in SOURCES:
        answer = _read((ask or pip_audit)(source, files))
        if not answer:
            continue
        findings = sorted({line for one in answer for line in _vulnerabilities(one)})
        left_out = sorted({one["name"] for one in answer if "skip_reason" in one})
        if findings or not left_out:
            return findings, left_out
        known_of = {one["name"] for one in answer} - set(left_out)
        unknown = left_out if known_of else [f"{len(left_out)} packages, no source of pip-audit knows them"]
    return [], unknown


def pip_audit(source: str, files: Sequence[Path]) -> str:
    """Run pip-audit on requirements files as they are: no package is resolved or installed."""
    command = [
        sys.executable,
        "-m",
        "pip_audit",
        "--vulnerability-service",
        source,
        "--disable-pip",
        "--require-hashes",
    ]
    command += ["--progress-spinner", "off", "--format", "json"]
    command += [word for file in files for word in ("--requirement", str(file))]
    try:
        # It fails when it finds something, too: what it printed tells.
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=_LONGEST_SECONDS)
    except subprocess.TimeoutExpired:
        return ""
    return done.stdout


def _read(text: str) -> list[dict[str, Any]]:
    try:
        dependencies: list[dict[str, Any]] = json.loads(text)["dependencies"]
    except (ValueError, KeyError, TypeError):
        return []
    return dependencies


def _vulnerabilities(package: dict[str, Any]) -> list[str]:
    what = f"{package['name']} {package.get('version')}"
    return [
        f"{what}: {one['id']}, mended in {', '.join(one['fix_versions']) or 'no version yet'}"
        for one in package.get("vulns", ())
    ]
