"""Events: what others are told of a record of the audit trail, and the schemas of that."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from doorward.audit.kinds import KINDS
from doorward.model import TenantId
from doorward.model.audit import AuditRecord
from doorward.rules.times import iso_time

VERSION = 1
"""Rises when a member changes its meaning or goes away. A new member, or a new kind of event, is no new version."""

TEST = "webhook_test"
"""The one event that no audit trail has: an administrator asks for it to try a webhook."""

_TEXT = {"type": "string"}
_MAYBE = {"type": ["string", "null"]}


def event_of(record: AuditRecord) -> dict[str, Any]:
    """Return what the bus carries of a record."""
    return {
        "version": VERSION,
        "id": record.id,
        "at": iso_time(record.at_ms),
        "tenant_id": record.tenant_id,
        "event": record.event,
        "outcome": record.outcome,
        "actor": {"id": record.actor_id, "name": record.actor_name},
        "target": {"id": record.target_id, "name": record.target_name},
        "source": record.source,
        "user_agent": record.user_agent,
        "client_id": record.client_id,
        "request_id": record.request_id,
        "details": dict(record.details),
    }


def payload_of(event: Mapping[str, Any]) -> str:
    """Return what a webhook is sent of an event: ids, and nothing that names a person or says where they are.

    Whoever may know more asks the API for it.

    Source: Standard Webhooks 1.0, "Payload structure" and "Thin payloads".
    """
    data = {
        "version": event["version"],
        "id": event["id"],
        "tenant_id": event["tenant_id"],
        "outcome": event["outcome"],
        "actor_id": event["actor"]["id"],
        "target_id": event["target"]["id"],
        "details": event["details"],
    }
    return json.dumps({"type": event["event"], "timestamp": event["at"], "data": data})


def trial_event(tenant_id: TenantId, event_id: str, now_ms: int) -> dict[str, Any]:
    """Return an event that says nothing, to try a webhook with."""
    record = AuditRecord(id=event_id, at_ms=now_ms, tenant_id=tenant_id, event=TEST)
    return event_of(record)


def schemas() -> dict[str, dict[str, Any]]:
    """Return the JSON Schema of each kind of event, by its name (JSON Schema 2020-12)."""
    return {name: _schema(name) for name in KINDS}


def _schema(name: str) -> dict[str, Any]:
    person = {
        "type": "object",
        "properties": {"id": _MAYBE, "name": _MAYBE},
        "required": ["id", "name"],
    }
    members: dict[str, Any] = {
        "version": {"const": VERSION},
        "id": {**_TEXT, "description": "the same at every repetition"},
        "at": {**_TEXT, "format": "date-time"},
        "tenant_id": {**_TEXT, "description": "- for what belongs to no tenant"},
        "event": {"const": name},
        "outcome": {"const": KINDS[name].outcome},
        "actor": {**person, "description": "who did it"},
        "target": {**person, "description": "to which user it happened"},
        "source": {**_MAYBE, "description": "the source address"},
        "user_agent": _MAYBE,
        "client_id": _MAYBE,
        "request_id": _MAYBE,
        "details": {"type": "object", "additionalProperties": {"type": ["string", "integer", "boolean"]}},
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"urn:doorward:event:{name}:{VERSION}",
        "title": name,
        "description": KINDS[name].says,
        "type": "object",
        "properties": members,
        "required": list(members),
    }
