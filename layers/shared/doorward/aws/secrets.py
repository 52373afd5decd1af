"""Secrets in AWS Secrets Manager."""

from __future__ import annotations

from typing import TYPE_CHECKING

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from doorward.errors import Conflict, Unavailable
from doorward.keys.stores import Secret

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient


_CURRENT, _CANDIDATE = "AWSCURRENT", "AWSPENDING"


class SecretsManager:
    """Reads and writes secret texts.

    A function's role allows access only to the function's own secrets.
    """

    def __init__(self, client: SecretsManagerClient | None = None) -> None:
        """Take a client, or make a client with short time-outs."""
        config = Config(connect_timeout=1, read_timeout=2, retries={"mode": "standard", "total_max_attempts": 3})
        self._client: SecretsManagerClient = client or boto3.client("secretsmanager", config=config)

    def get(self, secret_id: str) -> Secret:
        """Return the secret as it is now.

        Raises:
            Unavailable: Secrets Manager does not answer.
        """
        try:
            answer = self._client.get_secret_value(SecretId=secret_id, VersionStage=_CURRENT)
        except self._client.exceptions.ResourceNotFoundException:
            return Secret()
        except (ClientError, BotoCoreError) as error:
            raise _unavailable(error) from error
        return Secret(answer["SecretString"], answer["VersionId"])

    def change(self, secret_id: str, text: str, seen: Secret) -> None:
        """Give a secret a new text, unless it changed since it was read.

        This method moves the label AWSCURRENT from the version that was read to the new version. Secrets Manager
        refuses the move if the label is at another version (API reference, UpdateSecretVersionStage).

        Args:
            secret_id: the secret's id.
            text: the new text.
            seen: the secret as the caller read it.

        Raises:
            Conflict: somebody else changed the secret since then.
            Unavailable: Secrets Manager does not answer.
        """
        removed, version = {} if seen.version is None else {"RemoveFromVersionId": seen.version}, ""
        try:
            made = self._client.put_secret_value(SecretId=secret_id, SecretString=text, VersionStages=[_CANDIDATE])
            version = made["VersionId"]
            if _CURRENT not in made["VersionStages"]:  # the very first version gets the label at once
                self._client.update_secret_version_stage(
                    SecretId=secret_id, VersionStage=_CURRENT, MoveToVersionId=version, **removed
                )
        except self._client.exceptions.InvalidParameterException as error:
            # The answer to this very move may have been lost, and the move sent again.
            if self.get(secret_id).version != version:
                raise Conflict from error
        except (ClientError, BotoCoreError) as error:
            raise _unavailable(error) from error


def _unavailable(error: ClientError | BotoCoreError) -> Unavailable:
    code = error.response["Error"]["Code"] if isinstance(error, ClientError) else type(error).__name__
    return Unavailable(reason=f"secretsmanager:{code}")
