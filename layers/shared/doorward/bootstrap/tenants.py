"""What the tenants function needs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from doorward.bootstrap.clock import clock
from doorward.bootstrap.parts import Parts
from doorward.dynamodb.tenants import DynamoTenants
from doorward.settings import Settings
from doorward.tenants import ManageTenants


@dataclass(frozen=True, slots=True)
class Services:
    """The use cases of tenants; `cursor_key` authenticates list cursors."""

    tenants: ManageTenants
    cursor_key: Callable[[], bytes]


def wire(settings: Settings) -> Services:
    """Return the use cases of tenants."""
    parts = Parts(settings)
    store = DynamoTenants(parts.gateway, settings.require("users_table"), parts.revocation_writer)
    return Services(ManageTenants(store, clock), parts.cursor_key)
