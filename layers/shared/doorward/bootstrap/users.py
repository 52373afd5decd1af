"""What the users function needs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from doorward.accounts.change import ChangeUser
from doorward.accounts.create import CreateUser
from doorward.accounts.delete import DeleteUser
from doorward.accounts.look_up import LookUpUsers
from doorward.accounts.membership import AssignTenants
from doorward.bootstrap.clock import clock
from doorward.bootstrap.parts import Parts
from doorward.dynamodb.attempts import DynamoAttempts
from doorward.dynamodb.user_writer import DynamoUserWriter
from doorward.dynamodb.users import DynamoUserReader
from doorward.settings import Settings


@dataclass(frozen=True, slots=True)
class Services:
    """The use cases of users; `cursor_key` authenticates list cursors."""

    look_up: LookUpUsers
    create: CreateUser
    change: ChangeUser
    delete: DeleteUser
    assign: AssignTenants
    cursor_key: Callable[[], bytes]


def wire(settings: Settings) -> Services:
    """Return the use cases of users."""
    parts = Parts(settings)
    reader = DynamoUserReader(parts.gateway, parts.tables)
    writer = DynamoUserWriter(parts.gateway, parts.tables, parts.revocation_writer)
    attempts = DynamoAttempts(parts.gateway, settings.require("login_attempts_table"))
    return Services(
        look_up=LookUpUsers(reader),
        create=CreateUser(writer, parts.hasher, clock),
        change=ChangeUser(reader, writer, parts.revocations, attempts, parts.throttles, parts.hasher, clock),
        delete=DeleteUser(reader, writer, parts.revocations, clock),
        assign=AssignTenants(reader, writer, parts.revocations, clock),
        cursor_key=parts.cursor_key,
    )
