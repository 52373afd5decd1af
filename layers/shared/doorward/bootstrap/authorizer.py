"""What the authorizer needs: no SDK, no private key, nothing but reads."""

from __future__ import annotations

import os

from doorward.authorization import Authorize
from doorward.bootstrap.clock import clock
from doorward.dynamodb.items import Tables
from doorward.dynamodb.keys import load_key_set
from doorward.dynamodb.revocations import DynamoRevocationReader
from doorward.dynamodb.sessions import DynamoSessionReader
from doorward.dynamodb.wire import Endpoint, WireReads
from doorward.keyring import Keyring
from doorward.settings import Settings


def wire(settings: Settings) -> Authorize:
    """Return the decision."""
    gateway = WireReads(Endpoint.from_environment(os.environ))
    revocations_table, keys_table = settings.require("revocations_table"), settings.require("signing_keys_table")
    return Authorize(
        keyring=Keyring(lambda: load_key_set(gateway, keys_table), clock),
        revocations=DynamoRevocationReader(gateway, revocations_table),
        sessions=DynamoSessionReader(
            gateway, Tables(settings.users_table, settings.refresh_tokens_table, revocations_table)
        ),
        audience=settings.audience,
        allowed_origin=settings.allowed_origin,
        clock=clock,
    )
