"""Deliveries that are due, on Amazon SQS."""

from __future__ import annotations

import json
from dataclasses import asdict

from doorward.aws.answers import NoAnswer
from doorward.aws.services import Refused, SignedService
from doorward.errors import InvalidRequest, Unavailable
from doorward.model import TenantId
from doorward.model.webhooks import DeliveryId, DeliveryRef, WebhookId


class SqsDeliveries:
    """One queue, whose messages say which delivery is due.

    Source: Amazon SQS API reference, "SendMessage".
    """

    def __init__(self, url: str, service: SignedService | None = None) -> None:
        """Take the queue's URL, and the service, or reach it with the function's credentials."""
        self._url = url
        self._service = service or SignedService.from_environment("sqs")

    def put(self, ref: DeliveryRef) -> None:
        """Tell that a delivery is due, at least once.

        Raises:
            Unavailable: nobody knows whether it was told.
        """
        try:
            self._service.call("SendMessage", {"QueueUrl": self._url, "MessageBody": json.dumps(asdict(ref))})
        except Refused as error:
            raise Unavailable(reason=f"sqs:{error.code}") from error
        except NoAnswer as error:
            raise Unavailable(reason="sqs:no_answer") from error


def read_message(body: str) -> DeliveryRef:
    """Return which delivery a message says to be due.

    Raises:
        InvalidRequest: the message is none that this deployment sent.
    """
    try:
        said = json.loads(body)
        names = (str(said["tenant_id"]), str(said["webhook_id"]), str(said["id"]))
        version = int(said["version"])
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise InvalidRequest(reason="unreadable_message") from error
    return DeliveryRef(TenantId(names[0]), WebhookId(names[1]), DeliveryId(names[2]), version)
