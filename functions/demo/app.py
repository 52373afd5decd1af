"""/api/{tenantId}/demo/seed, where the deployment has DemoEnabled."""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus

from doorward.accounts.create import CreateUser
from doorward.accounts.delete import RemoveUser
from doorward.api.answers import answer_json
from doorward.api.bodies.requests import SeedRequest
from doorward.api.bodies.responses import SeededUserResponse, SeedResponse
from doorward.api.requests import has_body, read_json, read_principal
from doorward.api.resolver import Resolver
from doorward.api.routing import Response
from doorward.aws.dynamodb.leaving import DynamoBelongings
from doorward.aws.dynamodb.notifications import DynamoNotifications
from doorward.aws.dynamodb.tenants import DynamoTenants
from doorward.aws.dynamodb.user_writer import DynamoUserWriter
from doorward.aws.dynamodb.users import DynamoUserReader
from doorward.bootstrap.clock import clock
from doorward.bootstrap.new_passwords import judge_new_password
from doorward.bootstrap.once import once
from doorward.bootstrap.passwords import password_hasher
from doorward.bootstrap.sdk import SdkParts
from doorward.demo.seed import Demo
from doorward.rules.names import check_tenant_id
from doorward.settings import Settings
from doorward.tokens.proofs import Notices


@dataclass(frozen=True, slots=True)
class Services:
    """The demo."""

    demo: Demo


def wire(settings: Settings) -> Services:
    """Return the use case of the demo.

    Raises:
        NotFound: the deployment has no demo.
    """
    settings.require_demo()
    parts = SdkParts(settings)
    reader = DynamoUserReader(parts.database, parts.tables)
    writer = DynamoUserWriter(parts.database, parts.tables, parts.revocation_writer, parts.former_names)
    belongings = DynamoBelongings(parts.database, parts.tables, settings.require("notifications_table"))
    no_mail = Notices(clock, mail_is_on=False)  # the demo's addresses are nobody's
    demo = Demo(
        create=CreateUser(writer, password_hasher(settings), judge_new_password(settings), parts.policies, clock),
        remove=RemoveUser(writer, parts.revocations, belongings, no_mail, clock),
        users=reader,
        notifications=DynamoNotifications(parts.database, settings.require("notifications_table")),
        tenants=DynamoTenants(parts.database, settings.require("users_table"), parts.revocation_writer),
        clock=clock,
    )
    return Services(demo)


app = Resolver()
services = once(wire)


@app.post("/api/<tenant_id>/demo/seed")
def seed(tenant_id: str) -> Response:
    """Make the demo's users and notifications, unless they exist."""
    principal = read_principal(app)
    body = read_json(app, SeedRequest) if has_body(app) else SeedRequest()
    seeded = services().demo.seed(principal, check_tenant_id(tenant_id), with_passwords=body.passwords)
    users = [
        SeededUserResponse(id=user_id, email=email, password=seeded.passwords[user_id])
        for user_id, email in seeded.emails.items()
    ]
    return answer_json(SeedResponse(users=users, notifications=seeded.notifications))


@app.delete("/api/<tenant_id>/demo/seed")
def unseed(tenant_id: str) -> Response:
    """Remove everything that the demo made."""
    services().demo.unseed(read_principal(app), check_tenant_id(tenant_id))
    return answer_json(None, HTTPStatus.NO_CONTENT)


handler = app.resolve
