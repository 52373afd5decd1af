"""Times in bodies."""

from __future__ import annotations

from doorward.rules.times import iso_time

__all__ = ["iso_time"]
