"""A DynamoDB whose answers are lost: moto behind a line that breaks at one request, and then mends."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from botocore.awsrequest import AWSResponse
from botocore.exceptions import ReadTimeoutError
from moto.core.botocore_stubber import MockRawResponse
from moto.core.models import DEFAULT_ACCOUNT_ID, botocore_stubber
from moto.dynamodb.models import dynamodb_backends

from doorward.aws.answers import Answer
from doorward.aws.dynamodb.client import BotoDatabase, connect
from doorward.aws.dynamodb.signed import SignedDatabase
from doorward.aws.endpoints import Endpoint
from doorward.aws.retries import Retries
from tests.support.aws import REGION, MotoConnections, ask_moto, signed_service

_TYPE = "com.amazonaws.dynamodb.v20120810#"
_TRANSACTION = "TransactWriteItems"

_READS = ("lost before it was done", "failed before it was done", "throttled")
_WRITES = (*_READS, "lost after it was done", "failed after it was done")


_WRITING = {
    "PutItem",
    "UpdateItem",
    "DeleteItem",
    "PutSecretValue",
    "UpdateSecretVersionStage",
    "PUT",
    "POST",
    "DELETE",
}
"""Operations that change something: of DynamoDB and Secrets Manager, and the methods of services without operations."""


def faults_of(operation: str) -> tuple[str, ...]:
    """Return what can become of a request of this operation.

    `done slowly` means that it is lost, and that for a while it is said to be in progress.
    """
    if operation == _TRANSACTION:
        return (*_WRITES, "in the way of another", "done slowly")
    return _WRITES if operation in _WRITING else _READS


@dataclass
class Line:
    """Carries requests to moto, some of them badly; and knows transactions by their tokens.

    Args:
        fault: what becomes of the requests from number `at` on, `times` of them.
        sent: the operations that were sent, in order.
        ask: carries out a request.
        each: chooses what becomes of each request the first time that it is sent; None for no request.
    """

    fault: str | None = None
    at: int = 0
    times: int = 0
    sent: list[str] = field(default_factory=list)
    done: dict[str, tuple[bytes, bytes]] = field(default_factory=dict)
    ask: Callable[[Any], AWSResponse] = ask_moto
    each: Callable[[str], str] | None = None
    _is_repeated: bool = False

    def boto(self) -> BotoDatabase:
        """Return a database of boto3's whose requests it carries."""
        client: Any = connect()
        client.meta.events.unregister("before-send", botocore_stubber)
        client.meta.events.register("before-send.dynamodb", self.carry)
        return BotoDatabase(client, _patient())

    def signed(self) -> SignedDatabase:
        """Return a database of the functions' own client whose requests it carries."""
        return SignedDatabase(signed_service("dynamodb", self), _patient())

    def post(self, headers: Mapping[str, str], body: bytes) -> Answer:
        """Carry a request of the functions' own client."""
        endpoint = Endpoint("dynamodb", REGION, f"https://dynamodb.{REGION}.amazonaws.com")
        return MotoConnections(endpoint, self.carry).post(headers, body)

    def mend(self, fault: str | None = None, at: int = 0, times: int = 0) -> None:
        """Forget what was sent, and break at other requests, or at none."""
        self.fault, self.at, self.times = fault, at, times
        self.each, self._is_repeated = None, False
        self.sent.clear()
        self.done.clear()

    def carry(self, request: Any, **_: Any) -> AWSResponse:
        """Carry a request as botocore sends it."""
        operation = operation_of(request)
        number = len(self.sent)
        self.sent.append(operation)
        if self.each is not None:
            return self._fail_first(self.each, operation, request)
        if not self.at <= number < self.at + self.times:
            return self._do(operation, request)
        fault = self.fault or ""
        if fault.endswith("after it was done"):
            self._do(operation, request)
        return self._break(fault.partition(" ")[0], operation, request, number)

    def _fail_first(self, choose: Callable[[str], str], operation: str, request: Any) -> AWSResponse:
        if self._is_repeated:
            self._is_repeated = False
            return self._do(operation, request)
        self._is_repeated, fault = True, choose(operation)
        if fault.endswith("after it was done"):
            self._do(operation, request)
        return self._break(fault.partition(" ")[0], operation, request, 0)

    def _break(self, fault: str, operation: str, request: Any, number: int) -> AWSResponse:
        match fault:
            case "lost":
                raise ReadTimeoutError(endpoint_url=request.url)
            case "failed":
                return _refusal(request, 500, "InternalServerError")
            case "throttled":
                return _refusal(request, 400 if "X-Amz-Target" in request.headers else 503, "ThrottlingException")
            case "in" if operation != _TRANSACTION:  # nothing else is in the way of a read
                return self._do(operation, request)
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
            return self.ask(request)
        token = json.loads(request.body)["ClientRequestToken"]
        if token not in self.done:
            answer = self.ask(request)
            if answer.status_code == 200:
                self.done[token] = (bytes(request.body), answer.content)
            return answer
        body, content = self.done[token]
        if body != bytes(request.body):
            return _refusal(request, 400, "IdempotentParameterMismatchException")
        return AWSResponse(request.url, 200, {}, MockRawResponse(content))  # type: ignore[arg-type]


def operation_of(request: Any) -> str:
    """Return the operation that a request asks for; its method, if the service knows no operations."""
    target = request.headers.get("X-Amz-Target")
    if target is None:
        return str(request.method)
    return (target.decode() if isinstance(target, bytes) else str(target)).partition(".")[2]


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
