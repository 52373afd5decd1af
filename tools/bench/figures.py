"""The figures of a measurement, as a file that the plots are made from."""

from __future__ import annotations

import datetime as dt
import json
import platform
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

FOLDER = Path(__file__).resolve().parents[2] / "docs" / "performance"


@dataclass(frozen=True)
class Row:
    """One figure.

    Args:
        name: what was measured.
        value: what came out.
        floor: what nobody can do without, measured in the same run; None if there is no such figure.
    """

    name: str
    value: float
    floor: float | None = None


def write(name: str, title: str, unit: str, rows: Sequence[Row], *, floor: str = "", python: str = "") -> None:
    """Write the figures of one measurement.

    Args:
        name: the file's name, without its ending.
        title: what the figures tell.
        unit: of all figures.
        rows: the figures, in the order in which they are shown.
        floor: what the floors are.
        python: the version that ran what was measured; this one unless given.
    """
    content = {
        "title": title,
        "unit": unit,
        "floor": floor,
        "measured": dt.datetime.now(dt.UTC).date().isoformat(),
        "machine": f"Python {python or platform.python_version()}, {platform.machine()}",
        "rows": [asdict(row) for row in rows],
    }
    FOLDER.mkdir(exist_ok=True)
    (FOLDER / f"{name}.json").write_text(json.dumps(content, indent=2) + "\n", "utf-8")
