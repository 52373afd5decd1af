"""Tell others what happened, as the audit table's stream tells it: the bus of events, and tenants' webhooks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from doorward.aws.delivery_queue import SqsDeliveries
from doorward.aws.dynamodb.acts import linked_records
from doorward.aws.dynamodb.webhooks import DynamoDeliveries, DynamoWebhooks
from doorward.aws.event_bus import EventBridgeBus
from doorward.bootstrap.clock import clock
from doorward.bootstrap.lean import LeanParts
from doorward.bootstrap.once import once
from doorward.settings import Settings
from doorward.webhooks.publish import PublishEvents


@dataclass(frozen=True, slots=True)
class Services:
    """The use case that publishes records."""

    publish: PublishEvents


def wire(settings: Settings) -> Services:
    """Return the use case of publishing records."""
    database, table = LeanParts(settings).database, settings.require("webhooks_table")
    publish = PublishEvents(
        EventBridgeBus(settings.require("event_bus")),
        DynamoWebhooks(database, LeanParts(settings).tables),
        DynamoDeliveries(database, table),
        SqsDeliveries(settings.require("deliveries_queue_url")),
        clock,
    )
    return Services(publish)


services = once(wire)


def handler(event: dict[str, Any], _context: Any) -> dict[str, list[dict[str, str]]]:  # noqa: ANN401 - Lambda's own object
    """Publish the records that are new in chains, and return which ones are to be tried again."""
    told = linked_records(event.get("Records", []))
    failed = set(services().publish([record for _, record in told]))
    return {"batchItemFailures": [{"itemIdentifier": number} for number, record in told if record.id in failed]}
