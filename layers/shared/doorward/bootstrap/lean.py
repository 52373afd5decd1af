"""The parts of the functions that people wait for: without an SDK."""

from __future__ import annotations

from functools import cached_property

from doorward.aws.dynamodb.database import Database
from doorward.aws.dynamodb.signed import SignedDatabase
from doorward.aws.services import SignedService
from doorward.aws.signed_secrets import SignedSecrets
from doorward.bootstrap.parts import Parts
from doorward.keys.stores import SecretReader


class LeanParts(Parts):
    """Parts that reach AWS with the standard library (docs/decisions/0019)."""

    @cached_property
    def plain_database(self) -> Database:
        """DynamoDB."""
        return SignedDatabase(SignedService.from_environment("dynamodb"))

    @cached_property
    def secrets(self) -> SecretReader:
        """Secrets Manager, to read secrets."""
        return SignedSecrets(SignedService.from_environment("secretsmanager"))
