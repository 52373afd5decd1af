"""The report of assurance, as a page."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Any

from tools.assurance.pieces import PIECES, Piece

REPORT = PurePosixPath("docs/assurance.md")
RESULTS = PurePosixPath("docs/assurance/results.json")
DRILLS = PurePosixPath("docs/assurance/drills.json")

_HEAD = """# Assurance

What Doorward promises, tried by commands that anybody can run. `make assurance` runs them all and writes this page;
`make assurance ONLY=faults` runs one. Nothing here is written by hand.

| what is tried to be broken | command | tried | found | when |
| --- | --- | --- | --- | --- |
"""


_DRILLS = """
## Drills

On the local cloud, each by its command, which writes `docs/assurance/drills.json`: `make drill`, `make drill-restore`,
`make drill-theft`, `make drill-end` on the running stack, and `make drill-upgrade` in a cloud of its own. The loss of a
region is on paper ([operations.md](operations.md)).

| drill | requests | refused | found | when |
| --- | --- | --- | --- | --- |
"""


def render(results: Mapping[str, Mapping[str, Any]], drills: Mapping[str, Mapping[str, Any]]) -> str:
    """Return the page.

    Args:
        results: name of a piece to what became of it (`Result`).
        drills: name of a drill to what became of it.
    """
    rows = "".join(_row(piece, results.get(piece.name)) for piece in PIECES)
    return f"{_HEAD}{rows}{_DRILLS}{''.join(_drill(name, drill) for name, drill in drills.items())}"


def _drill(name: str, drill: Mapping[str, Any]) -> str:
    failed = [text for text, holds in drill["checks"].items() if not holds]
    found = "nothing" if drill["passed"] else f"**failed**: {'; '.join(failed)}"
    base = f" from {drill['base']}" if drill.get("base") else ""
    when = f"{drill['at']}, {drill['commit']}"
    return f"| {name}{base} | {drill['requests']:,} | {drill['refused']} | {found} | {when} |\n"


def _row(piece: Piece, result: Mapping[str, Any] | None) -> str:
    if result is None:
        return f"| {piece.promise} | `{piece.command}` | | not run yet | |\n"
    counted = [f"{result['figures'][name]:,} {name}" for name in piece.figures if name in result["figures"]]
    found = "nothing" if result["passed"] else "**something**"
    when = f"{result['day']}, {result['commit']}, {result['seconds']} s"
    return f"| {piece.promise} | `{piece.command}` | {', '.join(counted)} | {found} | {when} |\n"
