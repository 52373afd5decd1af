"""Mails through Amazon SES, with its API of version 2."""

from __future__ import annotations

from typing import TYPE_CHECKING

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from doorward.errors import Unavailable
from doorward.mail.sender import Mail, MailRefused

if TYPE_CHECKING:
    from mypy_boto3_sesv2 import SESV2Client
    from mypy_boto3_sesv2.type_defs import BodyTypeDef, ContentTypeDef, MessageHeaderTypeDef, SendEmailRequestTypeDef

_FOR_GOOD = frozenset({"MessageRejected", "BadRequestException"})
"""What SES says of a mail that it will never take: its content or an address. All else may pass, or be repaired."""

_AUTOMATIC: MessageHeaderTypeDef = {"Name": "Auto-Submitted", "Value": "auto-generated"}
"""So that no vacation message comes back (RFC 3834 section 5)."""


class SesMails:
    """Hands mails to SES.

    Each mail is sent once: SES knows no token by which it would recognise a repeated request. Whoever asked for the
    mail to be sent decides about another try.

    Source: Amazon SES API v2 reference, "SendEmail".
    """

    def __init__(self, configuration_set: str, client: SESV2Client | None = None) -> None:
        """Take the configuration set's name, and a client, or make a client that sends each request once."""
        config = Config(connect_timeout=2, read_timeout=10, retries={"mode": "standard", "total_max_attempts": 1})
        self._configuration_set = configuration_set
        self._client: SESV2Client = client or boto3.client("sesv2", config=config)

    def send(self, mail: Mail) -> None:
        """Hand one mail over. It may have been handed over although this failed.

        Raises:
            MailRefused: SES will never take it.
            Unavailable: SES did not take it this time, or nobody knows.
        """
        try:
            self._client.send_email(**self._request(mail))
        except ClientError as error:
            code = error.response["Error"]["Code"]
            if code in _FOR_GOOD:
                raise MailRefused(f"ses:{code}") from error
            raise Unavailable(reason=f"ses:{code}") from error
        except BotoCoreError as error:
            raise Unavailable(reason=f"ses:{type(error).__name__}") from error

    def _request(self, mail: Mail) -> SendEmailRequestTypeDef:
        body: BodyTypeDef = {"Text": _utf8(mail.text), "Html": _utf8(mail.html)}
        return {
            "FromEmailAddress": mail.sender,
            "Destination": {"ToAddresses": [mail.to]},
            "ReplyToAddresses": [mail.reply_to] if mail.reply_to else [],
            "Content": {"Simple": {"Subject": _utf8(mail.subject), "Body": body, "Headers": [_AUTOMATIC]}},
            "ConfigurationSetName": self._configuration_set,
            "EmailTags": [{"Name": name, "Value": value} for name, value in mail.tags.items()],
        }


def _utf8(text: str) -> ContentTypeDef:
    return {"Data": text, "Charset": "UTF-8"}
