"""An archive of breached passwords in an S3 bucket of the deployment."""

from __future__ import annotations

import logging
from functools import cached_property
from typing import Any, NamedTuple

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from doorward.breaches.records import HEAD_BYTES, MalformedArchive, archive_has, check_head, span

KEY = "passwords"

_LOGGER = logging.getLogger("doorward.breaches")
_REPLACED = "PreconditionFailed"


class _Index(NamedTuple):
    head: bytes
    version: str


class BreachBucket:
    """Looks passwords up by two reads of parts of one object: its index, which is kept, and some records.

    Source: Amazon S3 API Reference, GetObject, parameters Range and If-Match.
    """

    def __init__(self, bucket: str, client: Any = None) -> None:  # noqa: ANN401 - boto3
        """Take the bucket's name, and a client. Without one, the first look-up makes a client with short time-outs."""
        self._bucket = bucket
        self._given = client
        self._index: _Index | None = None

    def count(self, sha1: bytes) -> int | None:
        """Return 1 if the archive has a password of this SHA-1, else 0; None if it cannot be read."""
        try:
            return int(self._has(sha1))
        except (ClientError, BotoCoreError, MalformedArchive) as error:
            code = error.response["Error"]["Code"] if isinstance(error, ClientError) else type(error).__name__
            _LOGGER.warning("the archive of breached passwords could not be read: s3:%s", code)
            return None

    def _has(self, sha1: bytes) -> bool:
        if self._index is not None:
            try:
                return self._look_up(self._index, sha1)
            except ClientError as error:
                if error.response["Error"]["Code"] != _REPLACED:
                    raise
        # The object was never read, or another took its place since.
        self._index = self._read_index()
        return self._look_up(self._index, sha1)

    def _read_index(self) -> _Index:
        found = self._get(range(HEAD_BYTES))
        head = found["Body"].read()
        whole = str(found["ContentRange"]).rpartition("/")[2]
        check_head(head, int(whole) if whole.isdigit() else 0)
        return _Index(head, found["ETag"])

    def _look_up(self, index: _Index, sha1: bytes) -> bool:
        wanted = span(index.head, sha1)
        if not wanted:
            return False
        records = self._get(wanted, IfMatch=index.version)["Body"].read()
        if len(records) != len(wanted):
            raise MalformedArchive("other bytes than asked for")
        return archive_has(records, sha1)

    def _get(self, wanted: range, **condition: str) -> dict[str, Any]:
        asked = f"bytes={wanted.start}-{wanted.stop - 1}"
        found: dict[str, Any] = self._client.get_object(Bucket=self._bucket, Key=KEY, Range=asked, **condition)
        return found

    @cached_property
    def _client(self) -> Any:  # noqa: ANN401 - boto3
        config = Config(connect_timeout=1, read_timeout=1, retries={"mode": "standard", "total_max_attempts": 2})
        return self._given or boto3.client("s3", config=config)
