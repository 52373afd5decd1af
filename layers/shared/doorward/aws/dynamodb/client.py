"""DynamoDB through boto3, for the functions whose time to answer does not matter."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import boto3
from botocore import xform_name
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from doorward.aws.dynamodb.operations import Operations
from doorward.aws.dynamodb.refusals import judge
from doorward.aws.retries import LOST, Passing, Retries

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


def connect() -> DynamoDBClient:
    """Return a boto3 client with short time-outs, which sends each request once: `Retries` sends it again.

    The endpoint and the region come from the environment.
    """
    config = Config(
        connect_timeout=1,
        read_timeout=2,
        retries={"mode": "standard", "total_max_attempts": 1},
        max_pool_connections=50,
    )
    client: DynamoDBClient = boto3.client("dynamodb", config=config)
    return client


class BotoDatabase(Operations):
    """Sends the stores' requests with boto3."""

    def __init__(self, client: DynamoDBClient, retries: Retries | None = None) -> None:
        """Take the client, and the rules of sending again."""
        super().__init__(self._send_once, retries or Retries("dynamodb"))
        self._client = client

    def _send_once(self, operation: str, request: Mapping[str, Any]) -> Mapping[str, Any]:
        try:
            answer: Mapping[str, Any] = getattr(self._client, xform_name(operation))(**request)
        except ClientError as error:
            response: Any = error.response
            meaning = judge(response["ResponseMetadata"]["HTTPStatusCode"], response["Error"]["Code"], response)
            if meaning is None:
                raise
            raise meaning from error
        except BotoCoreError as error:
            raise Passing(LOST, type(error).__name__) from error
        return answer
