"""AWS in memory (moto): state that is made once and put back for every test that asks for it."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from typing import Any

import boto3
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.compat import HTTPHeaders
from botocore.exceptions import ReadTimeoutError
from moto import mock_aws
from moto.backends import get_backend
from moto.core.models import DEFAULT_ACCOUNT_ID, botocore_stubber

from doorward.aws.answers import Answer, NoAnswer
from doorward.aws.dynamodb.signed import SignedDatabase
from doorward.aws.endpoints import Credentials, Endpoint
from doorward.aws.services import SignedService
from doorward.aws.signed_feed import SignedFeed
from tests.support import quick_moto
from tests.support.rights import USED
from tests.support.template import table_definitions

REGION = "us-east-1"
quick_moto.install()


@contextmanager
def mocked_aws() -> Iterator[None]:
    """An empty AWS."""
    with mock_aws():
        # A session reads the descriptions of AWS's services from disk, which takes longer than most tests: keep it.
        boto3.DEFAULT_SESSION = _session()
        yield


@cache
def _session() -> boto3.Session:
    session = boto3.Session("x", "x", region_name=REGION)
    session.events.register("before-parameter-build.*.*", _note)
    return session


@cache
def preparing(service: str) -> Any:
    """Return a client for what tests prepare in a service: to make one takes longer than what it is asked."""
    session: Any = _session()
    return session.client(service)


def _note(params: dict[str, Any], model: Any, **_: Any) -> None:
    """Let the request of a function be judged by its role."""
    USED.sent(model.service_model.service_name, model.name, params)


class MotoConnections:
    """Connections of the functions' own client that end in moto, which sees nothing but boto3.

    Args:
        endpoint: where the requests would go.
        carry: answers a request as botocore sends it; moto, if nobody else does.
        sent: is told the target of each request.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        carry: Callable[[AWSPreparedRequest], AWSResponse] | None = None,
        sent: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._endpoint = endpoint
        self._carry = carry or ask_moto
        self._sent = sent

    def post(self, headers: Mapping[str, str], body: bytes) -> Answer:
        self._sent(headers["x-amz-target"])
        USED.sent(self._endpoint.service, headers["x-amz-target"].partition(".")[2], json.loads(body))
        return self._ask("POST", headers, "/", body)

    def get(self, headers: Mapping[str, str], path: str) -> Answer:
        bucket = self._endpoint.url.partition("//")[2].partition(".")[0]
        USED.sent("s3", "GetObject", {"Bucket": bucket, "Key": path.removeprefix("/")})
        return self._ask("GET", headers, path, b"")

    def _ask(self, method: str, headers: Mapping[str, str], path: str, body: bytes) -> Answer:
        named: Any = HTTPHeaders()
        for name, value in headers.items():
            named[name] = value.encode()
        try:
            response = self._carry(AWSPreparedRequest(method, f"{self._endpoint.url}{path}", named, body, False))
        except ReadTimeoutError as error:
            raise NoAnswer("TimeoutError") from error
        received = {name.lower().encode(): str(value).encode() for name, value in response.headers.items()}
        return Answer(response.status_code, received, response.content, stays_open=True)


def ask_moto(request: AWSPreparedRequest) -> AWSResponse:
    """Return moto's answer to a request."""
    answer = botocore_stubber("before-send", request)
    assert answer is not None
    return answer


def signed_service(service: str, connections: Any = None, url: str = "") -> SignedService:
    """Return a service for the functions' own client; on moto, if no connections are given."""
    endpoint = Endpoint(service, REGION, url or f"https://{service}.{REGION}.amazonaws.com")
    return SignedService(endpoint, lambda: Credentials("test", "test"), connections=connections)


def signed_on_moto() -> SignedDatabase:
    """Return the functions' own client of DynamoDB on moto."""
    endpoint = Endpoint("dynamodb", REGION, f"https://dynamodb.{REGION}.amazonaws.com")
    return SignedDatabase(signed_service("dynamodb", MotoConnections(endpoint)))


def signed_feed_on_moto(bucket: str) -> SignedFeed:
    """Return the functions' own reader of the feed on moto."""
    endpoint = Endpoint.of_bucket(bucket, {"AWS_REGION": REGION})
    connections: Any = MotoConnections(endpoint)
    return SignedFeed(endpoint, lambda: Credentials("test", "test"), connections=connections)


class Snapshot:
    """What DynamoDB and Secrets Manager hold at this moment."""

    def __init__(self) -> None:
        self._kept = copy.deepcopy(_held())

    @quick_moto.untraced
    def restore(self) -> None:
        """Put it back."""
        for held, kept in zip(_held(), copy.deepcopy(self._kept), strict=True):
            held.clear()
            held.update(kept)


def _held() -> tuple[dict[str, Any], dict[str, Any]]:
    tables: dict[str, Any] = get_backend("dynamodb")[DEFAULT_ACCOUNT_ID][REGION].tables
    secrets: dict[str, Any] = get_backend("secretsmanager")[DEFAULT_ACCOUNT_ID][REGION].secrets
    return tables, secrets


def make_tables(client: Any, prefix: str = "") -> dict[str, str]:
    """Make the template's tables; return their names by logical id."""
    names = {}
    for name, definition in table_definitions().items():
        names[name] = f"{prefix}{name}"
        client.create_table(TableName=names[name], **definition)
    return names


def empty_tables(client: Any, names: Mapping[str, str]) -> None:
    """Remove all items of the template's tables, which have these names by logical id."""
    for name, definition in table_definitions().items():
        keys = {f"#{number}": key["AttributeName"] for number, key in enumerate(definition["KeySchema"])}
        projection = {"ProjectionExpression": ",".join(keys), "ExpressionAttributeNames": keys}
        pages = client.get_paginator("scan").paginate(TableName=names[name], ConsistentRead=True, **projection)
        for page in pages:
            for start in range(0, len(page["Items"]), 25):
                wanted = [{"DeleteRequest": {"Key": item}} for item in page["Items"][start : start + 25]]
                left = client.batch_write_item(RequestItems={names[name]: wanted})["UnprocessedItems"]
                assert not left, left
