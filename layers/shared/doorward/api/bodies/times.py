"""Times in bodies and queries."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from doorward.rules.times import iso_time

__all__ = ["iso_time", "time_of_text"]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_TIME = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d{1,9})?([Zz]|[+-]\d\d:\d\d)", re.ASCII)


def time_of_text(text: str) -> int:
    """Return the time that a text says, in milliseconds; 0 for all times before 1970.

    Raises:
        ValueError: the text is no time of RFC 3339, which has an offset from UTC.
    """
    if not _TIME.fullmatch(text):
        raise ValueError("not a time")
    return max(0, (datetime.fromisoformat(text.upper()) - _EPOCH) // timedelta(milliseconds=1))
