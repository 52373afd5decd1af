"""AWS's services that speak JSON, without an SDK."""

from __future__ import annotations

import json
import os
import time
import zlib
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any

from doorward.aws.answers import Answer, NoAnswer
from doorward.aws.connections import Connections
from doorward.aws.endpoints import Credentials, Endpoint
from doorward.aws.signature import Signer

_TARGETS = {
    "dynamodb": ("DynamoDB_20120810", "application/x-amz-json-1.0"),
    "secretsmanager": ("secretsmanager", "application/x-amz-json-1.1"),
    "events": ("AWSEvents", "application/x-amz-json-1.1"),
    "sqs": ("AmazonSQS", "application/x-amz-json-1.0"),
}


class Refused(Exception):
    """A service refused a request.

    Args:
        status: the status code of the answer.
        code: the service's own name of the reason.
        answer: what the service said, which may hold what is stored.
    """

    def __init__(self, status: int, code: str, answer: Mapping[str, Any]) -> None:
        super().__init__(f"{status} {code}")
        self.status = status
        self.code = code
        self.answer = answer


class SignedService:
    """Sends signed requests to one service."""

    def __init__(
        self,
        endpoint: Endpoint,
        credentials: Callable[[], Credentials],
        *,
        connections: Connections | None = None,
        now: Callable[[], float] = time.time,
    ) -> None:
        """Take where the service is, the credentials, the connections, and the clock, in seconds, of the signatures."""
        self._prefix, self._media_type = _TARGETS[endpoint.service]
        self._connections = connections or Connections(endpoint)
        self._signer = Signer(endpoint, credentials, now)

    @classmethod
    def from_environment(cls, service: str) -> SignedService:
        """Return a service in the function's region, with the function's credentials.

        Args:
            service: `dynamodb`, `secretsmanager`, `events` or `sqs`.

        Raises:
            Misconfigured: the environment lacks something that Lambda sets.
        """
        return cls(Endpoint.from_environment(service, os.environ), lambda: Credentials.from_environment(os.environ))

    def call(self, operation: str, request: Mapping[str, Any]) -> dict[str, Any]:
        """Send one request, and return the answer.

        Raises:
            Refused: the service refused the request.
            NoAnswer: nothing came that can be read. The request may have been carried out.
        """
        body = json.dumps(request).encode("ascii")
        answer = self._connections.post(self._signer.sign(f"{self._prefix}.{operation}", self._media_type, body), body)
        content = _read(answer)
        if answer.status == HTTPStatus.OK:
            return content
        raise Refused(answer.status, _code(answer.status, content), content)


def _read(answer: Answer) -> dict[str, Any]:
    """Return the content of an answer; of a refusal that does not come from the service itself, none.

    Raises:
        NoAnswer: it was changed on its way, or a success is no JSON object.
    """
    checksum = answer.headers.get(b"x-amz-crc32")
    if checksum is not None and checksum != b"%d" % zlib.crc32(answer.content):
        raise NoAnswer("wrong checksum")
    try:
        content = json.loads(answer.content)
    except ValueError:
        content = None
    if isinstance(content, dict):
        return content
    if answer.status == HTTPStatus.OK:
        raise NoAnswer("no JSON object")
    return {}


def _code(status: int, content: Mapping[str, Any]) -> str:
    """Return the name of a refusal, such as `ThrottlingException`; the status if it has no name.

    Source: Smithy, "AWS JSON 1.0 protocol", section "Operation error serialization".
    """
    name = content.get("__type")
    return name.partition(":")[0].rpartition("#")[2] if isinstance(name, str) else str(status)
