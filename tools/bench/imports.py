"""Measure what the import of each function costs: processor milliseconds more than a bare interpreter, as a median.

Run: make bench, or make bench RUNS=3
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = """
import resource, sys
if sys.argv[1]:
    __import__(sys.argv[1])
used = resource.getrusage(resource.RUSAGE_SELF)
print((used.ru_utime + used.ru_stime) * 1000, len(sys.modules))
"""


def measure(module: str, runs: int) -> tuple[float, int]:
    """Return the median of processor milliseconds, and the number of modules loaded."""
    environment = {"PYTHONPATH": f"{ROOT}:{ROOT / 'layers' / 'shared'}:{ROOT / 'layers' / 'mail'}"}
    costs, modules = [], 0
    for _ in range(runs + 1):
        done = subprocess.run(
            [sys.executable, "-c", PROGRAM, module], env=environment, capture_output=True, text=True, check=True
        )
        cost, count = done.stdout.split()
        costs.append(float(cost))
        modules = int(count)
    return statistics.median(costs[1:]), modules  # the first run also compiles


def main() -> None:
    """Print a line for each function."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=7, help="of which the median is taken (%(default)s)")
    runs = parser.parse_args().runs
    bare, _ = measure("", runs)
    print(f"bare interpreter {bare:.0f} ms")
    for folder in sorted((ROOT / "functions").iterdir()):
        if (folder / "app.py").exists():
            cost, modules = measure(f"functions.{folder.name}.app", runs)
            print(f"{folder.name:<12} {cost - bare:5.0f} ms {modules:5} modules")


if __name__ == "__main__":
    main()
