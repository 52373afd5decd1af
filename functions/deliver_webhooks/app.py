"""Send events to the receivers of webhooks: each message is one attempt; every minute, find what is due."""

from __future__ import annotations

import logging
import os
import random
from dataclasses import dataclass
from typing import Any

from doorward.aws.delivery_queue import SqsDeliveries, read_message
from doorward.aws.dynamodb.webhooks import DynamoDeliveries, DynamoWebhooks
from doorward.aws.endpoints import is_local_cloud
from doorward.bootstrap.clock import clock
from doorward.bootstrap.lean import LeanParts
from doorward.bootstrap.once import once
from doorward.errors import DoorwardError
from doorward.outbound.client import Outbound
from doorward.outbound.local import LocalOutbound
from doorward.settings import Settings
from doorward.webhooks.deliver import DeliverEvent
from doorward.webhooks.secrets import WebhookSecrets
from doorward.webhooks.sweep import SweepDue

_LOGGER = logging.getLogger("doorward.webhooks")


@dataclass(frozen=True, slots=True)
class Services:
    """The use cases of deliveries."""

    deliver: DeliverEvent
    sweep: SweepDue


def wire(settings: Settings) -> Services:
    """Return the use cases of deliveries."""
    parts = LeanParts(settings)
    deliveries = DynamoDeliveries(parts.database, settings.require("webhooks_table"))
    outbound = LocalOutbound(Outbound()) if is_local_cloud(os.environ) else Outbound()
    secrets = WebhookSecrets(lambda: parts.former_names.root)
    webhooks = DynamoWebhooks(parts.database, parts.tables)
    return Services(
        DeliverEvent(webhooks, deliveries, secrets, outbound, clock, random.random),
        SweepDue(deliveries, SqsDeliveries(settings.require("deliveries_queue_url")), clock),
    )


services = once(wire)


def handler(event: dict[str, Any], _context: Any) -> dict[str, list[dict[str, str]]]:  # noqa: ANN401 - Lambda's own object
    """Try what messages tell of, or find what is due; return which messages are to be told again."""
    if "Records" not in event:
        services().sweep()
        return {"batchItemFailures": []}
    failed = []
    for record in event["Records"]:
        try:
            services().deliver(read_message(record["body"]))
        except DoorwardError as error:
            _LOGGER.warning("delivery not tried: %s", error.reason)
            failed.append({"itemIdentifier": record["messageId"]})
    return {"batchItemFailures": failed}
