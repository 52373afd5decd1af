"""The plots in the documents show the figures beside them."""

from __future__ import annotations

import xml.etree.ElementTree as ET

import pytest

from tools.bench.figures import FOLDER
from tools.bench.plots import draw, plots

SVG = "{http://www.w3.org/2000/svg}"


def _figures(*rows: tuple[str, float, float | None]) -> dict[str, object]:
    shown = [{"name": name, "value": value, "floor": floor} for name, value, floor in rows]
    return {"title": "a < b", "unit": "ms", "floor": "raw", "measured": "2026-11-26", "machine": "x", "rows": shown}


def _read(drawn: str) -> ET.Element:
    return ET.fromstring(drawn)  # noqa: S314 - ours


def test_a_bar_is_as_long_as_its_figure() -> None:
    drawn = _read(draw(_figures(("one", 10.0, 2.5), ("two & three", 5.0, None))))
    widths = [float(bar.get("width", "0")) for bar in drawn.iter(f"{SVG}rect")][2:]  # the background, the legend
    assert widths[0] == 4 * widths[1] == 2 * widths[2] > 0
    texts = [text.text for text in drawn.iter(f"{SVG}text")]
    assert {"a < b", "one", "two & three", "10 (4.00 x)", "5"} <= set(texts)


def test_figures_of_nothing_are_drawn_too() -> None:
    _read(draw(_figures(("one", 0.0, 0.0), ("two", 0.0, None))))


@pytest.mark.parametrize(("file", "drawn"), plots().items(), ids=lambda value: getattr(value, "name", ""))
def test_each_plot_is_of_its_figures_and_is_shown(file: object, drawn: str) -> None:
    name = str(getattr(file, "name", ""))
    assert (FOLDER / name).read_text("utf-8") == drawn, "make bench-plots"
    assert f"(performance/{name})" in (FOLDER.parent / "performance.md").read_text("utf-8")
