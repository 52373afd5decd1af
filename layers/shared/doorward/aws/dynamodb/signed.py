"""DynamoDB without an SDK, for the functions that people wait for.

Most of a cold start would be the import of boto3 and the making of a client, and most of a warm request boto3's work
(docs/decisions/0004 and 0019).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from doorward.aws.answers import NoAnswer
from doorward.aws.dynamodb.operations import Operations
from doorward.aws.dynamodb.refusals import judge
from doorward.aws.retries import LOST, Passing, Retries
from doorward.aws.services import Refused, SignedService


class SignedDatabase(Operations):
    """Sends the stores' requests with the standard library."""

    def __init__(self, service: SignedService, retries: Retries | None = None) -> None:
        """Take the service, and the rules of sending again."""
        super().__init__(self._send_once, retries or Retries("dynamodb"))
        self._service = service

    def _send_once(self, operation: str, request: Mapping[str, Any]) -> Mapping[str, Any]:
        try:
            return self._service.call(operation, request)
        except Refused as refused:
            meaning = judge(refused.status, refused.code, refused.answer)
            if meaning is None:
                raise
            raise meaning from refused
        except NoAnswer as error:
            raise Passing(LOST, error.reason) from error
