"""Hear which mails came back or were called unwanted, and mark the addresses of their users."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from doorward.aws.dynamodb.revocations import RevocationWriter
from doorward.aws.dynamodb.user_writer import DynamoUserWriter
from doorward.aws.dynamodb.users import DynamoUserReader
from doorward.aws.mail_events import feedback_of
from doorward.bootstrap.clock import clock
from doorward.bootstrap.once import once
from doorward.bootstrap.sdk import SdkParts
from doorward.mail.feedback import MarkAddress
from doorward.settings import Settings


@dataclass(frozen=True, slots=True)
class Services:
    """The use case that marks addresses."""

    mark: MarkAddress


def wire(settings: Settings) -> Services:
    """Return the use case of marking addresses."""
    parts = SdkParts(settings)
    revocations = RevocationWriter(parts.database, parts.tables)  # a marked address revokes nothing
    writer = DynamoUserWriter(parts.database, parts.tables, revocations, parts.former_names)
    return Services(MarkAddress(DynamoUserReader(parts.database, parts.tables), writer, clock))


services = once(wire)


def handler(event: dict[str, Any], _context: Any) -> dict[str, bool]:  # noqa: ANN401 - Lambda's own object
    """Mark the address that an event is about, and return whether it was marked."""
    feedback = feedback_of(event)
    return {"marked": feedback is not None and services().mark(feedback)}
