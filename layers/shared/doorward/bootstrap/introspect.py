"""What the introspect function needs."""

from __future__ import annotations

from doorward.bootstrap.clock import clock
from doorward.bootstrap.parts import Parts
from doorward.dynamodb.revocations import DynamoRevocationReader
from doorward.sessions.introspect import Introspect
from doorward.settings import Settings


def wire(settings: Settings) -> Introspect:
    """Return the use case of introspection."""
    parts = Parts(settings)
    revocations = DynamoRevocationReader(parts.gateway, settings.require("revocations_table"))
    return Introspect(parts.sessions, revocations, parts.keyring, parts.mac_keyring, settings.audience, clock)
