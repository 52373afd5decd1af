"""Secrets in AWS Secrets Manager."""

from __future__ import annotations

from typing import TYPE_CHECKING

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from doorward.errors import Unavailable

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient


class SecretsManager:
    """Reads and writes texts; each function's role allows it its own alone."""

    def __init__(self, client: SecretsManagerClient | None = None) -> None:
        """Take a client, or make one with short time-outs."""
        config = Config(connect_timeout=1, read_timeout=2, retries={"mode": "standard", "total_max_attempts": 3})
        self._client: SecretsManagerClient = client or boto3.client("secretsmanager", config=config)

    def read(self, secret_id: str) -> str | None:
        """Return the secret's text, or None if it has no value yet.

        Raises:
            Unavailable: Secrets Manager does not answer.
        """
        try:
            return self._client.get_secret_value(SecretId=secret_id)["SecretString"]
        except self._client.exceptions.ResourceNotFoundException:
            return None
        except ClientError as error:
            raise Unavailable(reason=f"secretsmanager:{error.response['Error']['Code']}") from error
        except BotoCoreError as error:
            raise Unavailable(reason=f"secretsmanager:{type(error).__name__}") from error

    def write(self, secret_id: str, text: str) -> None:
        """Replace the secret's text."""
        self._client.put_secret_value(SecretId=secret_id, SecretString=text)
