"""/api/{tenantId}/audit, and /audit for what belongs to no tenant."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import doorward.bootstrap.late  # noqa: F401 - before anything imports PyJWT
from doorward.api.answers import answer_json
from doorward.api.bodies.audit import AuditCheckpointResponse, AuditListResponse, AuditRecordResponse
from doorward.api.bodies.times import time_of_text
from doorward.api.cursors import mint_cursor, read_cursor, trail_name
from doorward.api.requests import page_limit, query, read_principal, takes
from doorward.api.resolver import Resolver
from doorward.api.routing import Response
from doorward.aws.dynamodb.audit_trail import DynamoAudit
from doorward.bootstrap.clock import clock
from doorward.bootstrap.lean import LeanParts
from doorward.bootstrap.once import once
from doorward.errors import InvalidRequest
from doorward.model import PLATFORM, TenantId
from doorward.rules.audit import AuditSearch
from doorward.rules.names import check_tenant_id
from doorward.settings import Settings
from doorward.trail.read import ReadTrail

_TAKES = ("actor", "target", "event", "outcome", "since", "until", "limit", "cursor")


@dataclass(frozen=True, slots=True)
class Services:
    """The use case of reading trails, and the key that authenticates list cursors."""

    trail: ReadTrail
    cursor_key: Callable[[], bytes]


def wire(settings: Settings) -> Services:
    """Return the use case of reading trails."""
    parts = LeanParts(settings)
    # Past the database that keeps acts: nothing is written here.
    store = DynamoAudit(parts.plain_database, settings.require("audit_table"))
    return Services(ReadTrail(store, clock), parts.cursor_key)


app = Resolver()
services = once(wire)


@app.get("/api/<tenant_id>/audit")
@takes(*_TAKES)
def list_records(tenant_id: str) -> Response:
    """List what happened in the tenant, the newest first."""
    return _records(check_tenant_id(tenant_id))


@app.get("/api/<tenant_id>/audit/checkpoint")
def show_checkpoint(tenant_id: str) -> Response:
    """Return how far the tenant's chain of records goes, signed."""
    return _checkpoint(check_tenant_id(tenant_id))


@app.get("/audit")
@takes(*_TAKES)
def list_records_of_no_tenant() -> Response:
    """List what happened and belongs to no tenant, the newest first."""
    return _records(PLATFORM)


@app.get("/audit/checkpoint")
def show_checkpoint_of_no_tenant() -> Response:
    """Return how far the chain of what belongs to no tenant goes, signed."""
    return _checkpoint(PLATFORM)


def _records(tenant_id: TenantId) -> Response:
    principal, key, search = read_principal(app), services().cursor_key(), _search()
    listed = trail_name(tenant_id, search)
    after = read_cursor(key, listed, query(app, "cursor"))
    found = services().trail.many(principal, tenant_id, search, page_limit(app), after)
    items = [AuditRecordResponse.of(link) for link in found.links]
    return answer_json(AuditListResponse(items=items, next_cursor=mint_cursor(key, listed, found.after)))


def _checkpoint(tenant_id: TenantId) -> Response:
    head = services().trail.head(read_principal(app), tenant_id)
    return answer_json(AuditCheckpointResponse.of(tenant_id, head))


def _search() -> AuditSearch:
    return AuditSearch(
        actor_id=query(app, "actor"),
        target_id=query(app, "target"),
        event=query(app, "event"),
        outcome=query(app, "outcome"),
        since_ms=_time("since"),
        until_ms=_time("until"),
    )


def _time(name: str) -> int | None:
    text = query(app, name)
    if text is None:
        return None
    try:
        return time_of_text(text)
    except ValueError as error:
        raise InvalidRequest(f"{name} is a time such as 2026-11-26T09:00:00Z (RFC 3339).") from error


handler = app.resolve
