"""The deployment's own function, asked over Lambda's API without an SDK."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

from doorward.aws.answers import Answer, NoAnswer
from doorward.aws.connections import Connections
from doorward.aws.endpoints import Credentials, Endpoint
from doorward.aws.signature import Signer
from doorward.sessions.hook import HookFailed

_CLOSED = frozenset({"closed", "ConnectionResetError", "BrokenPipeError"})
"""The other side closed a connection that had been idle, before it read the question."""


class LambdaTokenHook:
    """Asks a function, once: a sign-in waits for the answer, so nothing is tried again that took time."""

    def __init__(
        self,
        arn: str,
        endpoint: Endpoint,
        credentials: Callable[[], Credentials],
        *,
        timeout_seconds: float,
        now: Callable[[], float] = time.time,
    ) -> None:
        """Take the function, where Lambda answers, what to sign with, and how long to wait for an answer."""
        # Source: AWS Lambda API reference, Invoke.
        self._path = f"/2015-03-31/functions/{quote(arn, safe='')}/invocations"
        self._connections = Connections(endpoint, read_seconds=timeout_seconds)
        self._signer = Signer(endpoint, credentials, now)

    @classmethod
    def from_environment(cls, arn: str, timeout_seconds: float) -> LambdaTokenHook:
        """Return the function with this ARN, in this function's own region.

        Raises:
            Misconfigured: the environment lacks something that Lambda sets.
        """
        endpoint = Endpoint.from_environment("lambda", os.environ)
        return cls(arn, endpoint, lambda: Credentials.from_environment(os.environ), timeout_seconds=timeout_seconds)

    def ask(self, question: Mapping[str, Any]) -> bytes:
        """Return what the function answers.

        Raises:
            HookFailed: it answers nothing, too late, or that it failed.
        """
        body = json.dumps(question).encode("ascii")
        try:
            answer = self._post(body)
        except NoAnswer as error:
            raise HookFailed(error.reason) from error
        if answer.status != HTTPStatus.OK:
            raise HookFailed(str(answer.status))
        if b"x-amz-function-error" in answer.headers:
            raise HookFailed("function_error")
        return answer.content

    def _post(self, body: bytes) -> Answer:
        for _ in range(2):
            try:
                headers = self._signer.sign(None, "application/json", body, self._path)
                return self._connections.post(headers, body, self._path)
            except NoAnswer as error:
                if error.reason not in _CLOSED:
                    raise
        raise NoAnswer("closed")

    def close(self) -> None:
        """Close the connections."""
        self._connections.close()
