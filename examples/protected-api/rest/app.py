"""Orders, each the business of one tenant."""

from __future__ import annotations

import json
import os
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
    # A REST API adds CORS headers to preflights and refusals alone: without these a page could not read this answer.
    headers = {
        "Content-Type": "application/json",
        "Access-Control-Allow-Origin": os.environ["ALLOWED_ORIGIN"],
        "Vary": "Origin",
        "Cache-Control": "no-store",
    }
    return {"statusCode": 200, "headers": headers, "body": json.dumps(told)}
