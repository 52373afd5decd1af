"""DynamoDB reads without an SDK, for the authorizer.

Every request waits for the authorizer, and so for the authorizer's cold start. Most of a cold start would be the import
of boto3 and the making of a client (docs/decisions/0004). This module signs with Signature Version 4, on the HMAC of
the standard library. A test compares its signatures with those of botocore.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import hmac
import http.client
import json
import ssl
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from doorward.aws.dynamodb.database import Place, read_batch
from doorward.aws.dynamodb.items import Item, decode, encode
from doorward.errors import Misconfigured, Unavailable

_TRIES = 4
_TIMEOUT_SECONDS = 2.0
_SIGNED_HEADERS = "content-type;host;x-amz-date;x-amz-security-token;x-amz-target"
_SERVER_ERRORS = 500


@dataclass(frozen=True, slots=True)
class Endpoint:
    """The address of DynamoDB, and the credentials to sign requests with."""

    url: str
    region: str
    access_key: str
    secret_key: str
    session_token: str

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Endpoint:
        """Read the region and the credentials that Lambda gives every function.

        Raises:
            Misconfigured: a variable that Lambda sets is absent.
        """
        try:
            region = environment["AWS_REGION"]
            access_key, secret_key = environment["AWS_ACCESS_KEY_ID"], environment["AWS_SECRET_ACCESS_KEY"]
        except KeyError as missing:
            raise Misconfigured(reason=f"the environment variable {missing} is not set") from missing
        url = environment.get("AWS_ENDPOINT_URL_DYNAMODB") or environment.get("AWS_ENDPOINT_URL")
        suffix = "amazonaws.com.cn" if region.startswith("cn-") else "amazonaws.com"
        default = f"https://dynamodb.{region}.{suffix}"
        return cls(url or default, region, access_key, secret_key, environment.get("AWS_SESSION_TOKEN", ""))


def sign(endpoint: Endpoint, target: str, body: bytes, now: dt.datetime) -> dict[str, str]:
    """Return the headers of a signed request to DynamoDB.

    Args:
        endpoint: the address and the credentials.
        target: the operation, such as `DynamoDB_20120810.BatchGetItem`.
        body: the JSON text of the request.
        now: the time, in UTC.

    Source: AWS Signature Version 4, "Create a signed AWS API request".
    """
    date = now.strftime("%Y%m%dT%H%M%SZ")
    headers = {
        "content-type": "application/x-amz-json-1.0",
        "host": urlsplit(endpoint.url).netloc,
        "x-amz-date": date,
        "x-amz-security-token": endpoint.session_token,
        "x-amz-target": target,
    }
    canonical_headers = "".join(f"{name}:{value}\n" for name, value in headers.items())
    canonical = f"POST\n/\n\n{canonical_headers}\n{_SIGNED_HEADERS}\n{hashlib.sha256(body).hexdigest()}"
    scope = f"{date[:8]}/{endpoint.region}/dynamodb/aws4_request"
    to_sign = f"AWS4-HMAC-SHA256\n{date}\n{scope}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
    key = f"AWS4{endpoint.secret_key}".encode()
    for part in scope.split("/"):
        key = hmac.digest(key, part.encode(), "sha256")
    signature = hmac.digest(key, to_sign.encode(), "sha256").hex()
    headers["authorization"] = (
        f"AWS4-HMAC-SHA256 Credential={endpoint.access_key}/{scope}, "
        f"SignedHeaders={_SIGNED_HEADERS}, Signature={signature}"
    )
    return headers


class SignedReader:
    """Strongly consistent reads over one connection that stays open.

    Only one thread may use an object: Lambda gives a function one request at a time.
    """

    def __init__(self, endpoint: Endpoint, now: Callable[[], dt.datetime] | None = None) -> None:
        """Take the endpoint.

        The first request opens the connection.
        """
        self._endpoint = endpoint
        self._now = now or (lambda: dt.datetime.now(dt.UTC))
        self._connection: http.client.HTTPConnection | None = None

    def get(self, place: Place) -> Item | None:
        """Return one item.

        Raises:
            Unavailable: DynamoDB does not answer.
        """
        table, key = place
        answer = self._call("GetItem", {"TableName": table, "Key": encode(key), "ConsistentRead": True})
        return decode(answer.get("Item"))

    def batch_get(self, places: Sequence[Place]) -> list[Item | None]:
        """Return several items, in the order of their places.

        Raises:
            Unavailable: DynamoDB does not answer, or leaves out an item in every try.
        """
        return read_batch(places, lambda wanted: self._call("BatchGetItem", {"RequestItems": wanted}), _TRIES)

    def _call(self, operation: str, request: Mapping[str, Any]) -> dict[str, Any]:
        body = json.dumps(request).encode()
        reason = "none"
        for _ in range(_TRIES):
            try:
                status, content = self._post(f"DynamoDB_20120810.{operation}", body)
            except (OSError, http.client.HTTPException) as error:
                # DynamoDB may have closed the connection while Lambda had stopped this environment.
                self._connection = None
                reason = type(error).__name__
                continue
            if status == http.client.OK:
                answer: dict[str, Any] = json.loads(content)
                return answer
            reason = str(status)
            if status < _SERVER_ERRORS and b"Throttl" not in content and b"ProvisionedThroughput" not in content:
                break
        raise Unavailable(reason=f"dynamodb:{reason}")

    def _post(self, target: str, body: bytes) -> tuple[int, bytes]:
        if self._connection is None:
            self._connection = self._connect()
        self._connection.request("POST", "/", body, sign(self._endpoint, target, body, self._now()))
        response = self._connection.getresponse()
        return response.status, response.read()

    def _connect(self) -> http.client.HTTPConnection:
        url = urlsplit(self._endpoint.url)
        if url.scheme == "https":
            context = ssl.create_default_context()
            return http.client.HTTPSConnection(url.netloc, timeout=_TIMEOUT_SECONDS, context=context)
        return http.client.HTTPConnection(url.netloc, timeout=_TIMEOUT_SECONDS)
