"""What Doorward asks before it mints an access token: a plan for each tenant, and nobody whose account is on hold."""

from __future__ import annotations

from typing import Any

PLANS: dict[str, dict[str, str | int | bool]] = {
    "acme": {"plan": "business", "seats": 50, "exports": True},
}
"""In place of your own table. Everybody who signs in waits for what you do here: read one item, and no more."""

BASIC: dict[str, str | int | bool] = {"plan": "basic", "seats": 5, "exports": False}


def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Answer with claims, which stand under `ext` in the token, or with a reason for the log why there is none."""
    if event["metadata"].get("account") == "on_hold":
        return {"deny": "account_on_hold"}
    if event["tenant_id"] is None:  # a platform administrator outside any tenant
        return {"claims": {}}
    return {"claims": PLANS.get(event["tenant_id"], BASIC)}
