"""Counts of what tests tried, for docs/assurance.md (`make assurance`)."""

from __future__ import annotations

import os
from pathlib import Path


def count(name: str, number: int = 1) -> None:
    """Add to a figure of the assurance report; where nobody asks for one, nothing happens.

    Args:
        name: what is counted, such as `faults injected`.
        number: how many.
    """
    file = os.environ.get("DOORWARD_TALLY")
    if file:
        # One short line in append mode, so that several test processes can write into one file.
        with Path(file).open("a", encoding="utf-8") as lines:
            lines.write(f"{name}\t{number}\n")
