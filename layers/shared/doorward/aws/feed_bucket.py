"""The feed in an S3 bucket, read and written with boto3."""

from __future__ import annotations

from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from doorward.aws.stored_feed import ABSENT, HEAD, PARTS, StoredFeed
from doorward.errors import Unavailable
from doorward.stores import StoredHead

_LOST = frozenset({"PreconditionFailed", "ConditionalRequestConflict", "NoSuchKey"})


class FeedBucket(StoredFeed):
    """Reads and writes the feed. A role says who may do which.

    Source: Amazon S3 User Guide, "How to prevent object overwrites with conditional writes".
    """

    def __init__(self, bucket: str, client: Any = None) -> None:  # noqa: ANN401 - boto3
        """Take the bucket's name, and a client, or make a client with short time-outs."""
        config = Config(connect_timeout=1, read_timeout=5, retries={"mode": "standard", "total_max_attempts": 3})
        self._bucket = bucket
        self._client: Any = client or boto3.client("s3", config=config)

    def put_head(self, text: str, version: str | None) -> bool:
        """Store a head, if the stored one has this version still; None if there must be none.

        Raises:
            Unavailable: S3 does not answer.
        """
        condition = {"IfNoneMatch": "*"} if version is None else {"IfMatch": version}
        try:
            self._client.put_object(
                Bucket=self._bucket, Key=HEAD, Body=text.encode(), ContentType="application/jwt", **condition
            )
        except ClientError as error:
            if error.response["Error"]["Code"] in _LOST:
                return False
            raise _unavailable(error) from error
        except BotoCoreError as error:
            raise _unavailable(error) from error
        return True

    def put_part(self, name: str, text: str) -> None:
        """Store a part. Repeating this changes nothing: the name is the hash of the text.

        Raises:
            Unavailable: S3 does not answer.
        """
        try:
            self._client.put_object(
                Bucket=self._bucket, Key=f"{PARTS}{name}", Body=text.encode(), ContentType="application/json"
            )
        except (ClientError, BotoCoreError) as error:
            raise _unavailable(error) from error

    def _get(self, key: str) -> StoredHead | None:
        try:
            found = self._client.get_object(Bucket=self._bucket, Key=key)
            return StoredHead(found["Body"].read().decode(), found["ETag"])
        except ClientError as error:
            if error.response["Error"]["Code"] in ABSENT:
                return None
            raise _unavailable(error) from error
        except BotoCoreError as error:
            raise _unavailable(error) from error


def _unavailable(error: ClientError | BotoCoreError) -> Unavailable:
    code = error.response["Error"]["Code"] if isinstance(error, ClientError) else type(error).__name__
    return Unavailable(reason=f"s3:{code}")
