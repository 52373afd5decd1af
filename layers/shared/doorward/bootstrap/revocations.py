"""What the revocations function needs."""

from __future__ import annotations

from doorward.bootstrap.clock import clock
from doorward.bootstrap.parts import Parts
from doorward.dynamodb.feed import DynamoRevocationFeed
from doorward.feed import PublishRevocations
from doorward.settings import Settings


def wire(settings: Settings) -> PublishRevocations:
    """Return the use case of publishing revocations."""
    parts = Parts(settings)
    feed = DynamoRevocationFeed(parts.gateway, settings.require("revocations_table"))
    return PublishRevocations(feed, parts.signer, clock)
