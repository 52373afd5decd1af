"""What the demo function needs."""

from __future__ import annotations

from doorward.accounts.create import CreateUser
from doorward.accounts.delete import DeleteUser
from doorward.bootstrap.clock import clock
from doorward.bootstrap.parts import Parts
from doorward.demo import Demo
from doorward.dynamodb.notifications import DynamoNotifications
from doorward.dynamodb.tenants import DynamoTenants
from doorward.dynamodb.user_writer import DynamoUserWriter
from doorward.dynamodb.users import DynamoUserReader
from doorward.settings import Settings


def wire(settings: Settings) -> Demo:
    """Return the use case of the demo.

    Raises:
        NotFound: the deployment has no demo.
    """
    settings.require_demo()
    parts = Parts(settings)
    reader = DynamoUserReader(parts.gateway, parts.tables)
    writer = DynamoUserWriter(parts.gateway, parts.tables, parts.revocation_writer)
    return Demo(
        create=CreateUser(writer, parts.hasher, clock),
        remove=DeleteUser(reader, writer, parts.revocations, clock),
        notifications=DynamoNotifications(parts.gateway, settings.require("notifications_table")),
        tenants=DynamoTenants(parts.gateway, settings.require("users_table"), parts.revocation_writer),
        clock=clock,
    )
