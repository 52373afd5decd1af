"""What the authorizer needs: no SDK, no private key, nothing but reads."""

from __future__ import annotations

import os

from doorward.authorization import Authorize
from doorward.bootstrap.clock import clock
from doorward.bootstrap.keys import verifying_keys
from doorward.dynamodb.items import Tables
from doorward.dynamodb.revocations import DynamoRevocationReader
from doorward.dynamodb.sessions import DynamoSessionReader
from doorward.dynamodb.wire import Endpoint, WireReads
from doorward.settings import Settings


def wire(settings: Settings) -> Authorize:
    """Return the decision."""
    gateway = WireReads(Endpoint.from_environment(os.environ))
    revocations_table = settings.require("revocations_table")
    return Authorize(
        keyring=verifying_keys(settings, gateway),
        revocations=DynamoRevocationReader(gateway, revocations_table),
        sessions=DynamoSessionReader(
            gateway, Tables(settings.users_table, settings.refresh_tokens_table, revocations_table)
        ),
        audience=settings.audience,
        allowed_origin=settings.allowed_origin,
        clock=clock,
    )
