"""Wire a function from its environment, once an execution environment."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import cache
from typing import TypeVar

from doorward.bootstrap.logs import set_up_logging
from doorward.settings import Settings

T = TypeVar("T")


def once(wire: Callable[[Settings], T]) -> Callable[[], T]:
    """Return a function that wires at its first call and answers the same ever after.

    Args:
        wire: makes a function's services from its settings.
    """

    def wired() -> T:
        set_up_logging()
        return wire(Settings.from_environment(os.environ))

    return cache(wired)
