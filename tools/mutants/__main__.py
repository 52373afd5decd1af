"""Break each defence in a copy of the sources, and see that its tests fail: `make mutants`.

A mutant that its tests do not notice survives. Then the command fails, and names the promise that nothing holds.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.support.tally import count
from tools.mutants.defences import MUTANTS, Mutant

ROOT = Path(__file__).resolve().parents[2]
_COPIED = ("layers", "functions", "tests", "tools", "scripts", "local", "events", "docs", "examples")
_FILES = ("pyproject.toml", "template.yaml", "samconfig.toml", "README.md", "CHANGELOG.md", "Makefile")
_FAILED = 1  # pytest: tests were collected and run, and some failed


def main() -> int:
    """Try the mutants whose names the arguments are part of, or all; return how many survive."""
    wanted = [mutant for mutant in MUTANTS if not sys.argv[1:] or any(name in mutant.name for name in sys.argv[1:])]
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder)
        _copy(copy)
        tests = " ".join(sorted({name for mutant in wanted for name in mutant.tests.split()}))
        if _run(tests, copy) != 0:
            print(f"the tests fail without any mutant: {tests}")  # noqa: T201 - a command
            return 1
        survivors = [mutant for mutant in wanted if not _is_caught(mutant, copy)]
    count("defences broken", len(wanted))
    print(f"{len(wanted)} mutants, {len(survivors)} survived")  # noqa: T201 - a command
    return len(survivors)


def _copy(folder: Path) -> None:
    skipped = shutil.ignore_patterns("__pycache__", "node_modules", ".*cache", "dist")
    for name in _COPIED:
        shutil.copytree(ROOT / name, folder / name, ignore=skipped)
    for name in _FILES:
        shutil.copy(ROOT / name, folder / name)


def _is_caught(mutant: Mutant, folder: Path) -> bool:
    file = folder / mutant.file
    whole = file.read_text()
    file.write_text(whole.replace(mutant.before, mutant.after))
    try:
        code = _run(mutant.tests, folder)
    finally:
        file.write_text(whole)
    print(f"{'caught' if code == _FAILED else 'SURVIVED'}  {mutant.name}  ({mutant.tests})", flush=True)  # noqa: T201
    return code == _FAILED


def _run(tests: str, folder: Path) -> int:
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", "-W", "ignore", *tests.split()]
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1", "PYTHONPATH": str(folder)}
    done = subprocess.run(  # noqa: S603 - the list is ours
        command, cwd=folder, env=environment, capture_output=True, check=False
    )
    return done.returncode


if __name__ == "__main__":
    sys.exit(main())
