"""The rules of audit trails, webhooks and deliveries. Whether a chain is whole, scripts/audit.py verifies."""

from __future__ import annotations

from collections.abc import Iterator

from doorward.aws.dynamodb.audit_trail import head_key
from doorward.model import TenantId
from tools.tables.found import Seen

_LATE_MS = 3_600_000


def act(seen: Seen) -> Iterator[str]:
    """Say what is wrong with something that waits to be appended to a chain."""
    if seen.found.now_ms - seen.item["at_ms"] > _LATE_MS:
        yield "waits for more than an hour: scripts/audit.py chain appends it"


def in_chain(seen: Seen) -> Iterator[str]:
    """Say what is wrong with a record or an anchor."""
    head = seen.found.get("AuditTable", head_key(TenantId(seen.parts["tenant_id"])))
    if head is None:
        yield "is of a chain without a head"
    elif seen.item["chain_number"] > head["chain_number"]:
        yield "is further than the head of its chain"


def head(seen: Seen) -> Iterator[str]:
    """Say what is wrong with the head of a chain."""
    if not (seen.item["chain_number"] and seen.item["chain_hash"] and seen.item["checkpoint"]):
        yield "says nothing"


def count_of_webhooks(seen: Seen) -> Iterator[str]:
    """Say what is wrong with the number of a tenant's webhooks."""
    there = sum(
        pk == seen.item["pk"] and sk.startswith("webhook#") for pk, sk in seen.found.tables.get("WebhooksTable", {})
    )
    if seen.item["webhooks"] != there:
        yield f"counts {seen.item['webhooks']} webhooks where there are {there}"


def webhook(seen: Seen) -> Iterator[str]:
    """Say what is wrong with a webhook."""
    if (wrong := seen.found.missing_tenant(seen.tenant_id)) is not None:
        yield wrong
