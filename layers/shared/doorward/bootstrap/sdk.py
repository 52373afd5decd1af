"""The parts of the functions whose time to answer does not matter: with boto3."""

from __future__ import annotations

from functools import cached_property

from doorward.aws.dynamodb.client import BotoDatabase, connect
from doorward.aws.dynamodb.database import Database
from doorward.aws.secrets import SecretsManager
from doorward.bootstrap.parts import Parts
from doorward.keys.stores import SecretStore


class SdkParts(Parts):
    """Parts that reach AWS with boto3."""

    @cached_property
    def plain_database(self) -> Database:
        """DynamoDB."""
        return BotoDatabase(connect())

    @cached_property
    def secrets(self) -> SecretStore:
        """Secrets Manager, to read and change secrets."""
        return SecretsManager()
