"""Draw the figures in docs/performance as bars, one SVG for each file.

Run: make bench-plots
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from html import escape
from pathlib import Path
from typing import Any

from tools.bench.figures import FOLDER

_WIDTH, _NAMES, _BARS, _ROW, _TOP = 760, 300, 340, 26, 62
_VALUE, _FLOOR = "#1f6f8b", "#b9c7cd"


def draw(figures: Mapping[str, Any]) -> str:
    """Return the plot of some figures: a bar for each, with the bar of its floor below, if it has one."""
    rows, height = figures["rows"], _TOP + _ROW * len(figures["rows"]) + 10
    longest = max(max(row["value"], row["floor"] or 0) for row in rows) or 1
    under = f"{figures['unit']}; {figures['machine']}; {figures['measured']}"
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" width="{_WIDTH}" height="{height}">',
        f'<rect width="{_WIDTH}" height="{height}" fill="#ffffff"/>',
        _text(10, 20, figures["title"], size=15),
        _text(10, 37, under),
    ]
    if figures["floor"]:
        lines += [_bar(10, 46, 12, 6, _FLOOR), _text(28, 53, f"floor: {figures['floor']}")]
    for number, row in enumerate(rows):
        lines += _drawn(row, _TOP + _ROW * number, _BARS / longest)
    return "\n".join([*lines, "</svg>", ""])


def _drawn(row: Mapping[str, Any], top: int, scale: float) -> Iterator[str]:
    value, floor = row["value"], row["floor"]
    yield _text(_NAMES - 8, top + 15, row["name"], anchor="end")
    yield _bar(_NAMES, top + 4, value * scale, 10 if floor is not None else 16, _VALUE)
    told = _number(value)
    if floor is not None:
        yield _bar(_NAMES, top + 15, floor * scale, 6, _FLOOR)
        told += f" ({value / floor:.2f} x)" if floor else ""
    yield _text(_NAMES + max(value, floor or 0) * scale + 6, top + 15, told)


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"  # noqa: PLR2004 - three figures


def _bar(left: float, top: float, width: float, height: float, colour: str) -> str:
    return f'<rect x="{left:.1f}" y="{top:.1f}" width="{width:.1f}" height="{height}" fill="{colour}"/>'


def _text(left: float, base: float, text: str, *, anchor: str = "start", size: int = 12) -> str:
    place = (
        f'x="{left:.1f}" y="{base}" text-anchor="{anchor}" font-family="sans-serif" font-size="{size}" fill="#1b1b1b"'
    )
    return f"<text {place}>{escape(text)}</text>"


def plots(folder: Path = FOLDER) -> dict[Path, str]:
    """Return the plot of each file of figures, by its own file."""
    files = sorted(folder.glob("*.json"))
    return {file.with_suffix(".svg"): draw(json.loads(file.read_text("utf-8"))) for file in files}


def main() -> None:
    """Write the plots."""
    for file, drawn in plots().items():
        file.write_text(drawn, "utf-8")
        print(file.name)


if __name__ == "__main__":
    main()
