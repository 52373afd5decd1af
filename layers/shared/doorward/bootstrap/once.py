"""Wire a function from its environment, once an execution environment."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import cache
from typing import TypeVar

from doorward import audit
from doorward.settings import Settings

T = TypeVar("T")


def once(wire: Callable[[Settings], T]) -> Callable[[], T]:
    """Return a function that wires at its first call and answers the same ever after.

    Args:
        wire: makes a function's services from its settings.
    """

    def wired() -> T:
        audit.log_to_stderr()
        return wire(Settings.from_environment(os.environ))

    return cache(wired)
