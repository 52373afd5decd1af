"""What each operation of the audit trail takes and answers."""

from __future__ import annotations

from doorward import errors
from doorward.api.bodies import audit as answers
from tools.openapi.operation import AUDIT, CALLER, LIST, LISTED, Errors, Operation

_QUERY = ("actor", "target", "event", "outcome", "since", "until", *LISTED)
_IN_TENANT: Errors = (*CALLER, errors.InsufficientScope, errors.NotFound)
_PLATFORM: Errors = (*CALLER, errors.InsufficientScope)
_ADMINISTRATORS = "the tenant's administrators, and platform administrators"

AUDITED: dict[tuple[str, str], Operation] = {
    ("GET", "/api/{tenantId}/audit"): Operation(
        AUDIT, _ADMINISTRATORS, response=answers.AuditListResponse, problems=(*_IN_TENANT, *LIST), query=_QUERY
    ),
    ("GET", "/api/{tenantId}/audit/checkpoint"): Operation(
        AUDIT, _ADMINISTRATORS, response=answers.AuditCheckpointResponse, problems=_IN_TENANT
    ),
    ("GET", "/audit"): Operation(
        AUDIT,
        "platform administrators",
        response=answers.AuditListResponse,
        problems=(*_PLATFORM, *LIST),
        query=_QUERY,
    ),
    ("GET", "/audit/checkpoint"): Operation(
        AUDIT, "platform administrators", response=answers.AuditCheckpointResponse, problems=_PLATFORM
    ),
}
