"""The pages in docs/standards, what is wrong with them, and a line for each standard."""

from __future__ import annotations

from pathlib import Path

from tools.standards.catalogue import read_catalogues
from tools.standards.judge import faults, shown_by
from tools.standards.marks import read_marks
from tools.standards.pages import pages, summary

ROOT = Path(__file__).resolve().parents[2]
PAGES = ROOT / "docs" / "standards"


def found_faults() -> list[str]:
    """Return what is wrong: claims that no test shows, marks of nothing, and pages that say something else."""
    standards, marks = read_catalogues(), read_marks(ROOT / "tests")
    made = pages(standards, shown_by(marks))
    stored = {file.name: file.read_text("utf-8") for file in PAGES.glob("*.md")}
    drifted = [name for name in sorted(made.keys() | stored.keys()) if made.get(name) != stored.get(name)]
    return [*faults(standards, marks), *(f"docs/standards/{name}: run make standards" for name in drifted)]


def summaries() -> list[str]:
    """Return a line for each standard: how many of its requirements are met, not applicable and not met."""
    return [f"{standard.title}: {summary(standard)}" for standard in read_catalogues()]


def write_pages() -> None:
    """Write docs/standards anew."""
    PAGES.mkdir(exist_ok=True)
    made = pages(read_catalogues(), shown_by(read_marks(ROOT / "tests")))
    for file in PAGES.glob("*.md"):
        if file.name not in made:
            file.unlink()
    for name, text in made.items():
        (PAGES / name).write_text(text, "utf-8")
