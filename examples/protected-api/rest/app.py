"""Orders, each the business of one tenant."""

from __future__ import annotations

import json
from typing import Any


def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Answer who is calling and what for; the authorizer let nobody else through."""
    caller = event["requestContext"]["authorizer"]
    # Decide by these two. An empty tenant_id is a platform administrator outside any tenant: it never means "any".
    user_id, tenant_id = caller["user_id"], caller["tenant_id"]
    told = {
        "route": f"{event['httpMethod']} {event['resource']}",
        "user_id": user_id,
        "tenant_id": tenant_id,
        "roles": caller["roles"].split(),
    }
    return {"statusCode": 200, "headers": {"Content-Type": "application/json"}, "body": json.dumps(told)}
