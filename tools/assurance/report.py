"""The report of assurance, as a page."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Any

from tools.assurance.pieces import PIECES, Piece

REPORT = PurePosixPath("docs/assurance.md")
RESULTS = PurePosixPath("docs/assurance.json")

_HEAD = """# Assurance

What Doorward promises, tried by commands that anybody can run. `make assurance` runs them all and writes this page;
`make assurance ONLY=faults` runs one. Nothing here is written by hand.

| what is tried to be broken | command | tried | found | when |
| --- | --- | --- | --- | --- |
"""


def render(results: Mapping[str, Mapping[str, Any]]) -> str:
    """Return the page.

    Args:
        results: name of a piece to what became of it (`Result`).
    """
    rows = "".join(_row(piece, results.get(piece.name)) for piece in PIECES)
    return f"{_HEAD}{rows}"


def _row(piece: Piece, result: Mapping[str, Any] | None) -> str:
    if result is None:
        return f"| {piece.promise} | `{piece.command}` | | not run yet | |\n"
    counted = [f"{result['figures'][name]:,} {name}" for name in piece.figures if name in result["figures"]]
    found = "nothing" if result["passed"] else "**something**"
    when = f"{result['day']}, {result['commit']}, {result['seconds']} s"
    return f"| {piece.promise} | `{piece.command}` | {', '.join(counted)} | {found} | {when} |\n"
