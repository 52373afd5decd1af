"""Publish the feed of revocations: what the table's stream tells, and every minute what is due."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from doorward.aws.dynamodb.feed import DynamoRevocationSource, changes
from doorward.aws.feed_bucket import FeedBucket
from doorward.bootstrap.clock import clock
from doorward.bootstrap.once import once
from doorward.bootstrap.sdk import SdkParts
from doorward.feed.publish import PublishFeed
from doorward.model import Lives
from doorward.settings import Settings


@dataclass(frozen=True, slots=True)
class Services:
    """The use case that publishes the feed."""

    publish: PublishFeed


def wire(settings: Settings) -> Services:
    """Return the use case of publishing the feed."""
    parts = SdkParts(settings)
    source = DynamoRevocationSource(parts.database, settings.require("revocations_table"))
    lives = Lives(settings.access_ttl_seconds, settings.service_token_max_ttl_seconds)
    return Services(PublishFeed(FeedBucket(settings.require("feed_bucket")), source, parts.signer, clock, lives))


services = once(wire)


def handler(event: dict[str, Any], _context: Any) -> dict[str, int]:  # noqa: ANN401 - Lambda's own object
    """Publish what the stream's records tell, or with `{"rebuild": true}` everything, or else what is due.

    Return how many changes were published.
    """
    publish = services().publish
    found = changes(event.get("Records", []))
    if found:
        publish.add(found)
    elif event.get("rebuild"):
        publish.rebuild()
    elif "Records" not in event:
        publish.keep()
    return {"changes": len(found)}
