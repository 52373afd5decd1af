"""$connect, $disconnect and $default of the WebSocket API."""

from __future__ import annotations

from typing import Any

from doorward.bootstrap import once, sockets
from doorward.socket_events import answer

services = once(sockets.wire_sockets)


def handler(event: dict[str, Any], _context: Any) -> dict[str, Any]:  # noqa: ANN401 - Lambda's own object
    """Answer the WebSocket API."""
    return answer(services().connect, services().store.remove, event)
