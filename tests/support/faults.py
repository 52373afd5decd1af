"""A DynamoDB whose answers are lost: moto behind a line that breaks at one request, and then mends."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from botocore.awsrequest import AWSResponse
from botocore.exceptions import ReadTimeoutError
from moto.core.botocore_stubber import MockRawResponse
from moto.core.models import DEFAULT_ACCOUNT_ID, botocore_stubber
from moto.dynamodb.models import dynamodb_backends

from doorward.aws.answers import Answer, NoAnswer
from doorward.aws.dynamodb.client import BotoDatabase, connect
from doorward.aws.dynamodb.signed import SignedDatabase
from doorward.aws.endpoints import Endpoint
from doorward.aws.retries import Retries
from tests.support.aws import REGION, MotoConnections, ask_moto, signed_service

_TYPE = "com.amazonaws.dynamodb.v20120810#"
_TRANSACTION = "TransactWriteItems"

_READS = ("lost before it was done", "failed before it was done", "throttled")
_WRITES = (*_READS, "lost after it was done", "failed after it was done")


def faults_of(operation: str) -> tuple[str, ...]:
    """Return what can become of a request of this operation.

    `done slowly` means that it is lost, and that for a while it is said to be in progress.
    """
    if operation == _TRANSACTION:
        return (*_WRITES, "in the way of another", "done slowly")
    return _WRITES if operation in {"PutItem", "UpdateItem", "DeleteItem"} else _READS


@dataclass
class Line:
    """Carries requests to moto, some of them badly; and knows transactions by their tokens.

    Args:
        fault: what becomes of the requests from number `at` on, `times` of them.
        sent: the operations that were sent, in order.
    """

    fault: str | None = None
    at: int = 0
    times: int = 0
    sent: list[str] = field(default_factory=list)
    done: dict[str, tuple[bytes, bytes]] = field(default_factory=dict)

    def boto(self) -> BotoDatabase:
        """Return a database of boto3's whose requests it carries."""
        client: Any = connect()
        client.meta.events.unregister("before-send", botocore_stubber)
        client.meta.events.register("before-send.dynamodb", self._carry)
        return BotoDatabase(client, _patient())

    def signed(self) -> SignedDatabase:
        """Return a database of the functions' own client whose requests it carries."""
        return SignedDatabase(signed_service("dynamodb", self), _patient())

    def post(self, headers: Mapping[str, str], body: bytes) -> Answer:
        """Carry a request of the functions' own client."""
        endpoint = Endpoint("dynamodb", REGION, f"https://dynamodb.{REGION}.amazonaws.com")
        try:
            return MotoConnections(endpoint, self._carry).post(headers, body)
        except ReadTimeoutError as error:
            raise NoAnswer("TimeoutError") from error

    def mend(self, fault: str | None = None, at: int = 0, times: int = 0) -> None:
        """Forget what was sent, and break at other requests, or at none."""
        self.fault, self.at, self.times = fault, at, times
        self.sent.clear()
        self.done.clear()

    def _carry(self, request: Any, **_: Any) -> AWSResponse:
        operation = request.headers["X-Amz-Target"].decode().partition(".")[2]
        number = len(self.sent)
        self.sent.append(operation)
        if not self.at <= number < self.at + self.times:
            return self._do(operation, request)
        fault = self.fault or ""
        if fault.endswith("after it was done"):
            self._do(operation, request)
        return self._break(fault.partition(" ")[0], operation, request, number)

    def _break(self, fault: str, operation: str, request: Any, number: int) -> AWSResponse:
        match fault:
            case "lost":
                raise ReadTimeoutError(endpoint_url=request.url)
            case "failed":
                return _refusal(request, 500, "InternalServerError")
            case "throttled":
                return _refusal(request, 400, "ThrottlingException")
            case "in":  # the way of another
                reasons = [{"Code": "TransactionConflict"} for _ in json.loads(request.body)["TransactItems"]]
                return _refusal(request, 400, "TransactionCanceledException", CancellationReasons=reasons)
            case "done":  # slowly
                return self._do_slowly(operation, request, number)
        raise AssertionError(fault)

    def _do_slowly(self, operation: str, request: Any, number: int) -> AWSResponse:
        if operation == _TRANSACTION and json.loads(request.body)["ClientRequestToken"] in self.done:
            return _refusal(request, 400, "TransactionInProgressException")
        answer = self._do(operation, request)
        if number > self.at:
            return answer
        raise ReadTimeoutError(endpoint_url=request.url)

    def _do(self, operation: str, request: Any) -> AWSResponse:
        if operation != _TRANSACTION:
            return ask_moto(request)
        token = json.loads(request.body)["ClientRequestToken"]
        if token not in self.done:
            answer = ask_moto(request)
            if answer.status_code == 200:
                self.done[token] = (bytes(request.body), answer.content)
            return answer
        body, content = self.done[token]
        if body != bytes(request.body):
            return _refusal(request, 400, "IdempotentParameterMismatchException")
        return AWSResponse(request.url, 200, {}, MockRawResponse(content))  # type: ignore[arg-type]


def _patient() -> Retries:
    """Return rules that wait for nothing, and have a reserve for all the failures of the tests."""
    return Retries("dynamodb", lambda _: None, clock=lambda: 0, reserve=1_000_000)


def _refusal(request: Any, status: int, code: str, **more: Any) -> AWSResponse:
    body = json.dumps({"__type": f"{_TYPE}{code}", "message": code, **more})
    return AWSResponse(request.url, status, {}, MockRawResponse(body))  # type: ignore[arg-type]


def _tables() -> Iterator[tuple[str, Any]]:
    yield from dynamodb_backends[DEFAULT_ACCOUNT_ID]["us-east-1"].tables.items()


def kept() -> dict[str, Any]:
    """Return what lies in moto's tables, to be compared."""
    return {
        name: sorted(json.dumps(item.to_json(), sort_keys=True) for item in table.all_items())
        for name, table in _tables()
    }


def save() -> dict[str, Any]:
    """Return a copy of what lies in moto's tables, to be put back."""
    return {name: copy.deepcopy(table.items) for name, table in _tables()}


def restore(saved: dict[str, Any]) -> None:
    """Put back what lay in moto's tables."""
    for name, table in _tables():
        table.items = copy.deepcopy(saved[name])
