"""The Lambda authorizer of this API, and of any other, of whatever kind, that wants its protection."""

from __future__ import annotations

from typing import Any

from doorward.authorizer import decide
from doorward.bootstrap import authorizer, once

authorize = once(authorizer.wire)


def handler(event: dict[str, Any], _context: Any) -> dict[str, Any]:  # noqa: ANN401 - Lambda's own object
    """Return the decision about one request, as the gateway that asks understands it."""
    return decide(authorize(), event)
