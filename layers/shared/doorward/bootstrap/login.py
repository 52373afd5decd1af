"""What the login function needs."""

from __future__ import annotations

from doorward.bootstrap.clock import clock
from doorward.bootstrap.parts import Parts
from doorward.dynamodb.attempts import DynamoAttempts
from doorward.dynamodb.sessions import DynamoDirectory
from doorward.model import TenantId
from doorward.sessions.login import LogIn
from doorward.settings import Settings


def wire(settings: Settings) -> LogIn:
    """Return the use case of signing in."""
    parts = Parts(settings)
    return LogIn(
        directory=DynamoDirectory(parts.gateway, parts.tables),
        sessions=parts.sessions,
        attempts=DynamoAttempts(parts.gateway, settings.require("login_attempts_table")),
        throttles=parts.throttles,
        hasher=parts.hasher,
        minter=parts.minter,
        clock=clock,
        refresh_ttl_seconds=settings.refresh_ttl_seconds,
        default_tenant_id=TenantId(settings.default_tenant_id) if settings.default_tenant_id else None,
    )
