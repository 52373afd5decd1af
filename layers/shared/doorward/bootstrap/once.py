"""Wire a function from its environment variables, once in each execution environment."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import cache
from typing import TypeVar

from doorward.bootstrap.logs import set_up_logging
from doorward.settings import Settings

T = TypeVar("T")


def once(wire: Callable[[Settings], T]) -> Callable[[], T]:
    """Return a function that makes the services at its first call and returns the same services at later calls.

    Args:
        wire: makes a function's services from its settings.
    """

    def wired() -> T:
        set_up_logging()
        return wire(Settings.from_environment(os.environ))

    return cache(wired)
