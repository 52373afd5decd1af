"""What is revoked now, from the index of the Revocations table."""

from __future__ import annotations

import re
from dataclasses import dataclass

from doorward.aws.dynamodb.database import Database
from doorward.aws.dynamodb.items import Item
from doorward.aws.dynamodb.markers import of_deployment
from doorward.aws.dynamodb.revocations import LASTING, RECENT
from doorward.aws.dynamodb.shapes import KID_PREFIX, suffixes, to_revocation_state
from doorward.model import LiveRevocations, TenantId, UserId
from doorward.rules.lifetimes import recent_since_ms

_INDEX = "feed"
_USER = re.compile(r"tenant#([^#]*)#user#(.*)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class DynamoRevocationFeed:
    """Revocations by the time of their last change.

    The index may be a moment behind the table.
    """

    database: Database
    table: str

    def list_live(self, now_ms: int) -> LiveRevocations:
        """Return all revocations that can concern a live token."""
        since_ms = recent_since_ms(now_ms)
        items = [
            *self.database.changed_since(self.table, _INDEX, RECENT, since_ms),
            *self.database.changed_since(self.table, _INDEX, LASTING, 0),
        ]
        users, tenants, kids, ended = [], [], frozenset[str](), 0
        for item in items:
            if item.get("expires_at", now_ms) * 1000 <= now_ms:
                continue  # DynamoDB deletes expired items late
            match = _USER.fullmatch(item["pk"])
            if match:
                users.append((TenantId(match[1]), UserId(match[2]), to_revocation_state(item)))
            elif item["pk"] == of_deployment(0)["pk"]:
                kids, ended = suffixes(item, KID_PREFIX), item.get("min_epoch", 0)
            else:
                tenants.append(_tenant(item))
        return LiveRevocations(tuple(users), tuple(tenants), kids, ended)


def _tenant(item: Item) -> tuple[TenantId, int]:
    return TenantId(item["pk"].split("#")[1]), item.get("min_epoch", 0)
