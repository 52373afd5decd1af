"""Run all proofs, or those that are named, and write the report: `make assurance`."""

from __future__ import annotations

import argparse
import json
import os
import shlex
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tools.assurance.pieces import PIECES, Piece
from tools.assurance.report import DRILLS, REPORT, RESULTS, render

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one proof.

    Args:
        name: of the piece.
        passed: whether it found nothing.
        seconds: how long it took.
        commit: what it was run on.
        day: when, in UTC.
        figures: what it counted.
    """

    name: str
    passed: bool
    seconds: int
    commit: str
    day: str
    figures: dict[str, int]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the proofs, write the report, and return how many found something."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("only", nargs="*", metavar="piece", help=", ".join(piece.name for piece in PIECES))
    parser.add_argument("--render", action="store_true", help="only write the report anew from the kept results")
    options = parser.parse_args(arguments)
    unknown = set(options.only) - {piece.name for piece in PIECES}
    if unknown:
        parser.error(f"no proof is called {', '.join(sorted(unknown))}")
    kept, drills = _read(ROOT / RESULTS), _read(ROOT / DRILLS)
    failed = 0
    if not options.render:
        for piece in PIECES:
            if not options.only or piece.name in options.only:
                result = run(piece)
                kept[piece.name] = asdict(result)
                failed += not result.passed
        (ROOT / RESULTS).write_text(json.dumps(kept, indent=2, sort_keys=True) + "\n")
    (ROOT / REPORT).write_text(render(kept, drills))
    print(f"{REPORT}: {failed} of the proofs found something")
    return failed


def _read(file: Path) -> dict[str, Any]:
    return dict(json.loads(file.read_text())) if file.exists() else {}


def run(piece: Piece) -> Result:
    """Run the command of a piece, and return what it counted."""
    print(f"== {piece.name}: {piece.command}", flush=True)
    begun = time.monotonic()
    with tempfile.NamedTemporaryFile("r") as tally:
        environment = {**os.environ, "DOORWARD_TALLY": tally.name}
        done = subprocess.run(shlex.split(piece.command), cwd=ROOT, env=environment, check=False)
        figures: Counter[str] = Counter()
        for line in tally:
            name, _, number = line.rstrip("\n").partition("\t")
            figures[name] += int(number)
    commit = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], cwd=ROOT, capture_output=True, text=True, check=False
    ).stdout.strip()
    day = datetime.now(UTC).date().isoformat()
    return Result(piece.name, done.returncode == 0, round(time.monotonic() - begun), commit, day, dict(figures))


if __name__ == "__main__":
    sys.exit(main())
