"""Measure cold starts: processor milliseconds from a process's start to its first answer, by Lambda's own runtime.

Each function starts in a process of its own, with the layers that the template gives it, built and compiled as for AWS,
and speaks to a simulated AWS (moto) in this process, whose time is not counted. Floors start in the same way, in turn
with the functions: a handler that does nothing, and handlers that do nothing but the raw cryptography of a function.
Of each the least time of some runs is shown. The tests' cheap Argon2id is used, because a start is to be measured.

A time drifts with the machine. `--instructions` counts instructions in place of it, which drift by nothing (valgrind).

Run: make bench-cold
"""

from __future__ import annotations

import argparse
import logging
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from tests.support.template import folder_of, layers_of, resources
from tools.bench.events import FLOORS, events, raw_event
from tools.bench.figures import Row, write
from tools.bench.runtime import Start
from tools.bench.simulated import ROOT, simulated

FUNCTIONS = {folder_of(name): name for name in sorted(resources("AWS::Serverless::Function"))}


def interpreter() -> str:
    """Return a Python of the runtime's version, or this one if there is none."""
    found = [shutil.which("python3.13"), *map(str, sorted(Path.home().glob(".pyenv/versions/3.13.*/bin/python3.13")))]
    for candidate in filter(None, found):
        if subprocess.run([candidate, "-c", ""], capture_output=True, check=False).returncode == 0:
            return candidate
    return sys._base_executable  # type: ignore[attr-defined,no-any-return] # noqa: SLF001


def build(python: str, home: Path) -> dict[str, Path]:
    """Build all layers for an interpreter, as SAM does, and install awslambdaric; return the folders of packages."""
    version = _ask(python, "import sys; print('%d.%d' % sys.version_info[:2])")
    tools = {**os.environ, "PATH": os.pathsep.join([str(ROOT / ".local" / "uv" / "bin"), os.environ["PATH"]])}
    found = {}
    for name, layer in resources("AWS::Serverless::LayerVersion").items():
        source = ROOT / layer["Properties"]["ContentUri"]
        chosen = {"ARTIFACTS_DIR": str(home / name), "ARCHITECTURE": "local", "COMPILE_WITH": python}
        command = ["make", "--silent", f"build-{name}", f"PYTHON_VERSION={version}"]
        subprocess.run(command, cwd=source, env={**tools, **chosen}, check=True)
        found[name] = home / name / "python"
    runtime = found["runtime"] = home / "runtime"
    requirements = ["--require-hashes", "-r", str(ROOT / "requirements" / "lambda.txt")]
    install = ["uv", "pip", "install", "--quiet", "--python", python, "--target", str(runtime), *requirements]
    subprocess.run(install, env=tools, check=True)
    subprocess.run([python, "-m", "compileall", "-q", "-j", "0", str(runtime)], check=True)
    return found


def _ask(python: str, code: str) -> str:
    return subprocess.run([python, "-c", code], capture_output=True, text=True, check=True).stdout.strip()


def _task(home: Path, name: str, code: str) -> Path:
    """Return the folder of a function, with the one file that SAM builds."""
    folder = home / "tasks" / name
    folder.mkdir(parents=True)
    (folder / "app.py").write_text(code)
    return folder


def measure(start: Start, home: Path, layers: dict[str, Path], asked: dict[str, Any], runs: int) -> dict[str, float]:
    """Return the least cost of each function and of each floor, by name."""
    raw = raw_event()
    works = [
        (_task(home, name, floor.code), [layers[each] for each in floor.layers], raw) for name, floor in FLOORS.items()
    ]
    for name, event in asked.items():
        own = [layers[each] for each in layers_of(FUNCTIONS[name])]
        works.append((_task(home, name, (ROOT / "functions" / name / "app.py").read_text()), own, event))
    found: dict[str, list[float]] = {task.name: [] for task, _, _ in works}
    for _ in range(runs):
        for task, own, event in works:
            chosen = event() if callable(event) else event
            cost, answer = start.cost(task, own, chosen)
            if answer.get("statusCode", 200) >= 400:  # noqa: PLR2004 - HTTP
                raise SystemExit(f"{task.name}: {answer}")
            found[task.name].append(cost)
    return {name: min(times) for name, times in found.items()}


def main() -> None:
    """Print a line for each function."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--algorithm", default="RS256")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--only", default="", help="an expression that the names of functions match")
    parser.add_argument("--instructions", action="store_true", help="count instructions: one run, by valgrind")
    parser.add_argument("--python", default=interpreter())
    options = parser.parse_args()
    logging.disable(logging.CRITICAL)
    with tempfile.TemporaryDirectory() as folder, simulated(options.algorithm) as (cloud, environment):
        home = Path(folder)
        layers = build(options.python, home)
        asked = {name: event for name, event in events(cloud).items() if re.search(options.only, name)}
        environment |= {"PYTHONHASHSEED": "0"}
        start = Start(options.python, layers["runtime"], environment, counts=options.instructions)
        found = measure(start, home, layers, asked, 1 if options.instructions else options.runs)
    version = _ask(options.python, "import platform; print(platform.python_version())")
    unit = "millions of instructions" if options.instructions else "milliseconds of processor time"
    print(f"Python {version}, {options.algorithm}, {unit} until the first answer")
    rows = []
    for name, floor in FLOORS.items():
        print(f"{name:<16} {found[name]:5.0f}  ({floor.what})")
    for name in sorted(asked):
        floor_name = next(floor for floor, raw in FLOORS.items() if name in raw.of or floor == "bare")
        rows.append(Row(name, round(found[name], 1), round(found[floor_name], 1)))
        print(f"{name:<16} {found[name]:5.0f}  {found[name] / found[floor_name]:5.2f} x {floor_name}")
    if not options.only and not options.instructions:
        what = "awslambdaric with a handler that does only the function's raw cryptography"
        title = "Cold start: processor time until the first answer"
        write("cold", title, "ms", rows, floor=what, python=version)


if __name__ == "__main__":
    main()
