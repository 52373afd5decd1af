"""The Lambda authorizer of this API, and of any other that wants its protection."""

from __future__ import annotations

from typing import Any

from doorward.authorizer_events import decide
from doorward.bootstrap import authorizer, once

authorize = once(authorizer.wire)


def handler(event: dict[str, Any], _context: Any) -> dict[str, Any]:  # noqa: ANN401 - Lambda's own object
    """Return the policy for one request."""
    return decide(authorize(), event)
