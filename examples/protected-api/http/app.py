"""Orders, each the business of one tenant."""

from __future__ import annotations

import json
from typing import Any


def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Answer who is calling and what for; the route's authorizer let nobody else through."""
    authorizer = event["requestContext"]["authorizer"]
    caller = _verified_offline(authorizer["jwt"]["claims"]) if "jwt" in authorizer else authorizer["lambda"]
    # Decide by these two. An empty tenant_id is a platform administrator outside any tenant: it never means "any".
    user_id, tenant_id = caller["user_id"], caller["tenant_id"]
    told = {
        "route": event["routeKey"],
        "user_id": user_id,
        "tenant_id": tenant_id,
        "roles": caller["roles"].split(),
    }
    return {"statusCode": 200, "headers": {"Content-Type": "application/json"}, "body": json.dumps(told)}


def _verified_offline(claims: dict[str, str]) -> dict[str, str]:
    # API Gateway's own authorizer hands on the token's claims as text, a list in brackets: "[admin auditor]".
    return {**claims, "tenant_id": claims.get("tenant_id", ""), "roles": claims["roles"].strip("[]")}
