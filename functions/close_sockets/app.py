"""Closes sockets: after each change of revocations, and every minute those whose session ends."""

from __future__ import annotations

from typing import Any

from doorward.bootstrap import once, sockets
from doorward.socket_events import close

use_case = once(sockets.wire_closing)


def handler(event: dict[str, Any], _context: Any) -> dict[str, int]:  # noqa: ANN401 - Lambda's own object
    """Return how many sockets were closed."""
    return {"closed": close(use_case(), event)}
