"""Secrets in AWS Secrets Manager, read without an SDK, for the functions that people wait for."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from doorward.aws.answers import NoAnswer
from doorward.aws.retries import BUSY, LOST, Passing, Retries
from doorward.aws.services import Refused, SignedService
from doorward.errors import Unavailable
from doorward.keys.stores import Secret

_BUSY = frozenset({"ThrottlingException", "LimitExceededException", "RequestLimitExceeded"})


class SignedSecrets:
    """Reads secret texts.

    A function's role allows access only to the function's own secrets.
    """

    def __init__(self, service: SignedService, retries: Retries | None = None) -> None:
        """Take the service, and the rules of sending again."""
        self._service = service
        self._retries = retries or Retries("secretsmanager")

    def get(self, secret_id: str) -> Secret:
        """Return the secret as it is now.

        Raises:
            Unavailable: Secrets Manager does not answer, or refuses.
        """
        request = {"SecretId": secret_id, "VersionStage": "AWSCURRENT"}
        try:
            answer = self._retries.carry_out(lambda: self._send_once(request))
        except Refused as refused:
            if refused.code == "ResourceNotFoundException":
                return Secret()
            raise Unavailable(reason=f"secretsmanager:{refused.code}") from refused
        return Secret(answer["SecretString"], answer["VersionId"])

    def _send_once(self, request: dict[str, str]) -> dict[str, Any]:
        try:
            return self._service.call("GetSecretValue", request)
        except NoAnswer as error:
            raise Passing(LOST, error.reason) from error
        except Refused as refused:
            if refused.code in _BUSY:
                raise Passing(BUSY, refused.code) from refused
            if refused.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
                raise Passing(LOST, refused.code) from refused
            raise
