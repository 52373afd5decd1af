"""Send mails: each new item of the table of proofs is one, which the table's stream tells."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from aws_lambda_powertools.utilities.data_classes import DynamoDBStreamEvent

from doorward.aws.dynamodb.directory import DynamoDirectory
from doorward.aws.dynamodb.policies import DynamoPolicies
from doorward.aws.dynamodb.revocations import RevocationWriter
from doorward.aws.dynamodb.tenants import DynamoTenants
from doorward.aws.dynamodb.users import DynamoUserReader
from doorward.aws.mail import SesMails
from doorward.bootstrap.clock import clock
from doorward.bootstrap.once import once
from doorward.bootstrap.sdk import SdkParts
from doorward.errors import DoorwardError
from doorward.mail.choose import ChooseLetter
from doorward.mail.send import Office, SendMail
from doorward.model.proofs import ProofId
from doorward.proofs.subjects import FindSubject
from doorward.settings import Settings

_LOGGER = logging.getLogger("doorward.mail")
_PREFIX = "proof#"


@dataclass(frozen=True, slots=True)
class Services:
    """The use case that sends mails."""

    send: SendMail


def wire(settings: Settings) -> Services:
    """Return the use case of sending mails."""
    parts = SdkParts(settings)
    users, link_url = DynamoUserReader(parts.database, parts.tables), settings.require("link_url")
    writer = RevocationWriter(parts.database, parts.tables)  # which stores that can also write ask for
    choose = ChooseLetter(
        FindSubject(DynamoDirectory(parts.database, parts.tables), users),
        users,
        DynamoTenants(parts.database, parts.tables.users, writer),
        DynamoPolicies(parts.database, parts.tables.users, writer.markers),
        urlsplit(link_url).hostname or link_url,
    )
    office = Office(settings.require("mail_from"), settings.mail_reply_to, link_url)
    sender = SesMails(settings.require("mail_configuration_set"))
    return Services(SendMail(parts.proofs, choose, parts.proof_texts, sender, office, clock))


services = once(wire)


def handler(event: dict[str, Any], _context: Any) -> dict[str, list[dict[str, str]]]:  # noqa: ANN401 - Lambda's own object
    """Send the mails of new proofs, and return which ones are to be tried again."""
    failed = []
    for record in DynamoDBStreamEvent(event).records:
        change = record.dynamodb
        if change is None or record.raw_event["eventName"] != "INSERT":
            continue
        try:
            services().send(ProofId(change.keys["pk"].removeprefix(_PREFIX)))
        except DoorwardError as error:
            _LOGGER.warning("mail not sent: %s", error.reason)
            failed.append({"itemIdentifier": change.sequence_number or ""})
    return {"batchItemFailures": failed}
