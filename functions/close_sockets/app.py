"""Close sockets: after each change of revocations, and every minute the sockets whose session ends."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from typing import Any

from aws_lambda_powertools.utilities.data_classes import DynamoDBStreamEvent
from aws_lambda_powertools.utilities.data_classes.dynamo_db_stream_event import DynamoDBRecordEventName

from doorward.aws.dynamodb.readers import DynamoRevocationReader
from doorward.aws.dynamodb.sockets import DynamoSockets
from doorward.aws.socket_gateway import ApiGatewaySockets
from doorward.bootstrap.clock import clock
from doorward.bootstrap.once import once
from doorward.bootstrap.sdk import SdkParts
from doorward.settings import Settings
from doorward.sockets.close import CloseSockets
from doorward.sockets.events import close_changed


@dataclass(frozen=True, slots=True)
class Services:
    """The use case that closes sockets."""

    close_sockets: CloseSockets


def wire(settings: Settings) -> Services:
    """Return the use case of closing sockets."""
    parts = SdkParts(settings)
    close_sockets = CloseSockets(
        DynamoSockets(parts.database, settings.require("sockets_table")),
        ApiGatewaySockets(_endpoint(settings)),
        DynamoRevocationReader(parts.database, parts.tables),
        clock,
        time.sleep,
    )
    return Services(close_sockets)


def _endpoint(settings: Settings) -> str:
    api, emulator = settings.require("socket_api_id"), os.environ.get("AWS_ENDPOINT_URL")
    if emulator:
        return f"{emulator}/_aws/execute-api/{api}/v1"
    return f"https://{api}.execute-api.{os.environ['AWS_REGION']}.{settings.url_suffix}/v1"


services = once(wire)


def handler(event: dict[str, Any], _context: Any) -> dict[str, int]:  # noqa: ANN401 - Lambda's own object
    """Close the sockets that an event concerns, and return how many were closed."""
    return {"closed": close_changed(services().close_sockets, _changed(event))}


def _changed(event: dict[str, Any]) -> list[str] | None:
    """Return the partition keys of the items that changed; None for an event of the schedule."""
    if "Records" not in event:
        return None
    return [
        record.dynamodb.keys["pk"]
        for record in DynamoDBStreamEvent(event).records
        if record.dynamodb and record.event_name is not DynamoDBRecordEventName.REMOVE
    ]
