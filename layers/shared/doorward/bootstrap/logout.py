"""What the logout function needs."""

from __future__ import annotations

from dataclasses import dataclass

from doorward.authorization import Authorize
from doorward.bootstrap.clock import clock
from doorward.bootstrap.parts import Parts
from doorward.dynamodb.revocations import DynamoRevocationReader
from doorward.dynamodb.sessions import DynamoSessionReader
from doorward.dynamodb.users import DynamoUserReader
from doorward.sessions.logout import LogOut
from doorward.settings import Settings


@dataclass(frozen=True, slots=True)
class Services:
    """Signing out recognises the caller itself: a dead cookie shall still be cleared."""

    authorize: Authorize
    log_out: LogOut


def wire(settings: Settings) -> Services:
    """Return the use cases of signing out."""
    parts = Parts(settings)
    authorize = Authorize(
        keyring=parts.keyring,
        revocations=DynamoRevocationReader(parts.gateway, settings.require("revocations_table")),
        sessions=DynamoSessionReader(parts.gateway, parts.tables),
        audience=settings.audience,
        allowed_origin=settings.allowed_origin,
        clock=clock,
    )
    users = DynamoUserReader(parts.gateway, parts.tables)
    return Services(authorize, LogOut(parts.sessions, parts.revocations, users, clock))
