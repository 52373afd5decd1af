"""Append what happened, as the audit table's stream tells it, to the chains of tenants."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from doorward.aws.dynamodb.acts import act_ids
from doorward.aws.dynamodb.audit_trail import DynamoAudit
from doorward.bootstrap.clock import clock
from doorward.bootstrap.once import once
from doorward.bootstrap.sdk import SdkParts
from doorward.settings import Settings
from doorward.trail.append import AppendActs


@dataclass(frozen=True, slots=True)
class Services:
    """The use case that appends acts."""

    append: AppendActs


def wire(settings: Settings) -> Services:
    """Return the use case of appending acts."""
    parts = SdkParts(settings)
    # Past the database that keeps acts: what is moved here is kept already.
    store = DynamoAudit(parts.plain_database, settings.require("audit_table"), settings.require("users_table"))
    return Services(AppendActs(store, parts.policies, parts.signer, clock, settings.audit_retention_days))


services = once(wire)


def handler(event: dict[str, Any], _context: Any) -> dict[str, int]:  # noqa: ANN401 - Lambda's own object
    """Append the acts that an event tells of, and return how many this call appended."""
    return {"appended": len(services().append(act_ids(event.get("Records", []))))}
