"""What the service_tokens function needs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from doorward.bootstrap.clock import clock
from doorward.bootstrap.parts import Parts
from doorward.dynamodb.service_tokens import DynamoServiceTokens
from doorward.service_tokens import ManageServiceTokens
from doorward.settings import Settings


@dataclass(frozen=True, slots=True)
class Services:
    """The use cases of service tokens; `cursor_key` authenticates list cursors."""

    tokens: ManageServiceTokens
    cursor_key: Callable[[], bytes]


def wire(settings: Settings) -> Services:
    """Return the use cases of service tokens."""
    parts = Parts(settings)
    tokens = ManageServiceTokens(
        tokens=DynamoServiceTokens(parts.gateway, parts.tables, parts.revocation_writer),
        signer=parts.signer,
        clock=clock,
        audience=settings.audience,
        default_ttl_seconds=settings.service_token_ttl_seconds,
        max_ttl_seconds=settings.service_token_max_ttl_seconds,
    )
    return Services(tokens, parts.cursor_key)
