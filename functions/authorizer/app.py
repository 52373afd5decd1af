"""The Lambda authorizer of Doorward's own API, and of any other API that uses it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import doorward.bootstrap.late  # noqa: F401 - before anything imports PyJWT
from doorward.authorization import Authorize
from doorward.authorizer.decide import decide
from doorward.aws.dynamodb.items import Tables
from doorward.aws.dynamodb.kept_markers import KeptMarkers
from doorward.aws.dynamodb.readers import DynamoRevocationReader, DynamoSessionReader
from doorward.aws.dynamodb.signed import SignedDatabase
from doorward.aws.services import SignedService
from doorward.bootstrap.clock import clock
from doorward.bootstrap.keys import verifying_keys
from doorward.bootstrap.once import once
from doorward.rules.factors import FactorRule
from doorward.settings import Settings


@dataclass(frozen=True, slots=True)
class Services:
    """The use case that decides about a request."""

    authorize: Authorize


def wire(settings: Settings) -> Services:
    """Return the use case that decides about a request."""
    database = SignedDatabase(SignedService.from_environment("dynamodb"))
    revocations = settings.require("revocations_table")
    tables = Tables(
        settings.users_table, settings.refresh_tokens_table, revocations, marker_shards=settings.marker_shards
    )
    authorize = Authorize(
        keyring=verifying_keys(settings, database),
        revocations=DynamoRevocationReader(
            database, tables, KeptMarkers(database, settings.revocation_staleness_seconds, clock)
        ),
        sessions=DynamoSessionReader(database, tables),
        audience=settings.audience,
        allowed_origins=settings.allowed_origins,
        clock=clock,
        factors=FactorRule(settings.platform_second_factor),
    )
    return Services(authorize)


services = once(wire)


def handler(event: dict[str, Any], _context: Any) -> dict[str, Any]:  # noqa: ANN401 - Lambda's own object
    """Return the decision about one request, in the form of the gateway that asks."""
    return decide(services().authorize, event)
