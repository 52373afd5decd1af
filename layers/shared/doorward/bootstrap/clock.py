"""The system's clock."""

from __future__ import annotations

import time


def clock() -> int:
    """Return the milliseconds since 1970-01-01 UTC."""
    return time.time_ns() // 1_000_000
