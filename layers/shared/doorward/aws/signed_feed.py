"""The feed in an S3 bucket, read without an SDK (docs/decisions/0019)."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable
from http import HTTPStatus
from urllib.parse import quote

from doorward.aws.answers import Answer, NoAnswer
from doorward.aws.connections import Connections
from doorward.aws.endpoints import Credentials, Endpoint
from doorward.aws.retries import BUSY, LOST, Passing, Retries
from doorward.aws.signature import Signer
from doorward.aws.stored_feed import ABSENT, StoredFeed
from doorward.errors import Unavailable
from doorward.stores import StoredHead

_CODE = re.compile(rb"<Code>(\w{1,80})</Code>")


class SignedFeed(StoredFeed):
    """Reads the feed with signed requests of the standard library's."""

    def __init__(
        self,
        bucket: Endpoint,
        credentials: Callable[[], Credentials],
        *,
        connections: Connections | None = None,
        retries: Retries | None = None,
        now: Callable[[], float] = time.time,
    ) -> None:
        """Take where the bucket is, what a service takes (see `SignedService`), and the rules of sending again."""
        self._path = bucket.path
        self._signer = Signer(bucket, credentials, now)
        self._connections = connections or Connections(bucket)
        self._retries = retries or Retries("s3")

    @classmethod
    def from_environment(cls, bucket: str) -> SignedFeed:
        """Return the feed in a bucket in the function's region, read with the function's credentials.

        Raises:
            Misconfigured: the environment lacks something that Lambda sets.
        """
        return cls(Endpoint.of_bucket(bucket, os.environ), lambda: Credentials.from_environment(os.environ))

    def _get(self, key: str) -> StoredHead | None:
        return self._retries.carry_out(lambda: self._send_once(self._path + quote(key)))

    def _send_once(self, path: str) -> StoredHead | None:
        try:
            answer = self._connections.get(self._signer.sign_get(path), path)
        except NoAnswer as error:
            raise Passing(LOST, error.reason) from error
        if answer.status == HTTPStatus.OK:
            return _read(answer)
        code = _code(answer)
        if code in ABSENT:
            return None
        if code == "SlowDown":
            raise Passing(BUSY, code)
        if answer.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            raise Passing(LOST, code)
        raise Unavailable(reason=f"s3:{code}")


def _read(answer: Answer) -> StoredHead:
    tag = answer.headers.get(b"etag")
    if tag is None:
        raise Passing(LOST, "no tag")
    return StoredHead(answer.content.decode(), tag.decode("ascii"))


def _code(answer: Answer) -> str:
    """Return the name of a refusal, such as `NoSuchKey`; the status if it has no name.

    Source: Amazon S3 API Reference, "Error responses".
    """
    found = _CODE.search(answer.content)
    return found[1].decode() if found else str(answer.status)
