"""/users and /users/{id}."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus

from doorward.accounts.change import ChangeUser
from doorward.accounts.create import CreateUser
from doorward.accounts.delete import DeleteUser, RemoveUser
from doorward.accounts.export import ExportUser
from doorward.accounts.look_up import LookUpUsers
from doorward.accounts.membership import AssignTenants
from doorward.accounts.prove import ProvePassword
from doorward.api.answers import answer_json
from doorward.api.bodies.export import ExportResponse
from doorward.api.bodies.requests import AssignTenantRequest, ChangeUserRequest, CreateUserRequest, LeaveRequest
from doorward.api.bodies.responses import UserListResponse, UserResponse
from doorward.api.cursors import list_name, mint_cursor, read_cursor
from doorward.api.requests import has_body, page_limit, query, read_json, read_principal, takes
from doorward.api.resolver import Resolver
from doorward.api.routing import Response
from doorward.aws.dynamodb.attempts import DynamoAttempts
from doorward.aws.dynamodb.leaving import DynamoBelongings
from doorward.aws.dynamodb.user_writer import DynamoUserWriter
from doorward.aws.dynamodb.users import DynamoUserReader
from doorward.bootstrap.clock import clock
from doorward.bootstrap.new_passwords import judge_new_password
from doorward.bootstrap.once import once
from doorward.bootstrap.passwords import password_hasher
from doorward.bootstrap.sdk import SdkParts
from doorward.rules.finding import Search
from doorward.rules.names import check_tenant_id
from doorward.settings import Settings


@dataclass(frozen=True, slots=True)
class Services:
    """The use cases of users, and the key that authenticates list cursors."""

    look_up: LookUpUsers
    create: CreateUser
    change: ChangeUser
    delete: DeleteUser
    export: ExportUser
    assign: AssignTenants
    cursor_key: Callable[[], bytes]


def wire(settings: Settings) -> Services:
    """Return the use cases of users."""
    parts = SdkParts(settings)
    reader = DynamoUserReader(parts.database, parts.tables)
    writer = DynamoUserWriter(parts.database, parts.tables, parts.revocation_writer, parts.former_names)
    hasher, judge = password_hasher(settings), judge_new_password(settings)
    attempts = DynamoAttempts(parts.database, settings.require("login_attempts_table"))
    prove = ProvePassword(reader, attempts, parts.throttles, hasher, clock)
    belongings = DynamoBelongings(parts.database, parts.tables, settings.require("notifications_table"))
    remove = RemoveUser(writer, parts.revocations, belongings, parts.notices, clock)
    change_user = ChangeUser(
        reader=reader,
        writer=writer,
        revocations=parts.revocations,
        attempts=attempts,
        prove=prove,
        hasher=hasher,
        judge=judge,
        policies=parts.policies,
        notices=parts.notices,
        clock=clock,
    )
    return Services(
        look_up=LookUpUsers(reader),
        create=CreateUser(writer, hasher, judge, parts.policies, clock),
        change=change_user,
        delete=DeleteUser(reader, remove, prove),
        export=ExportUser(reader, belongings),
        assign=AssignTenants(reader, writer, parts.revocations, clock),
        cursor_key=parts.cursor_key,
    )


app = Resolver()
services = once(wire)


@app.post("/users")
def create_user() -> Response:
    """Create a user."""
    principal = read_principal(app)
    created = services().create(principal, read_json(app, CreateUserRequest).new_user())
    return answer_json(UserResponse.of(created), HTTPStatus.CREATED, {"Location": f"/users/{created.user.id}"})


@app.get("/users")
@takes("tenant_id", "email", "name", "role", "status", "limit", "cursor")
def list_users() -> Response:
    """List the users of a tenant, or of the deployment, and find some of a tenant."""
    principal, tenant = read_principal(app), query(app, "tenant_id")
    search = Search.of_texts(*(query(app, name) for name in ("email", "name", "role", "status")))
    listed = services().look_up.tenant_of_list(principal, check_tenant_id(tenant) if tenant else None)
    key, place = services().cursor_key(), list_name(listed, search)
    after = read_cursor(key, place, query(app, "cursor"))
    page = services().look_up.many(principal, listed, page_limit(app), after, search)
    items = [UserResponse.of(user) for user in page.users]
    return answer_json(UserListResponse(items=items, next_cursor=mint_cursor(key, place, page.after)))


@app.get("/users/<user_id>")
def get_user(user_id: str) -> Response:
    """Return one user. The id `me` stands for the caller."""
    return answer_json(UserResponse.of(services().look_up.one(read_principal(app), user_id)))


@app.patch("/users/<user_id>")
def change_user(user_id: str) -> Response:
    """Change a user. The id `me` stands for the caller."""
    principal = read_principal(app, changing_password=True)
    changes = read_json(app, ChangeUserRequest).changes()
    return answer_json(UserResponse.of(services().change(principal, user_id, changes)))


@app.delete("/users/<user_id>")
def delete_user(user_id: str) -> Response:
    """Delete a user. The id `me` stands for the caller, who proves the password."""
    principal = read_principal(app)
    password = read_json(app, LeaveRequest).current_password if has_body(app) else None
    services().delete(principal, user_id, password)
    return answer_json(None, HTTPStatus.NO_CONTENT)


@app.get("/users/<user_id>/export")
def export_user(user_id: str) -> Response:
    """Return all that is held about a user, as far as the caller may see it."""
    return answer_json(ExportResponse.of(services().export(read_principal(app), user_id)))


@app.put("/users/<user_id>/tenants/<tenant_id>")
def assign_tenant(user_id: str, tenant_id: str) -> Response:
    """Assign a user to a tenant with roles."""
    principal, roles = read_principal(app), tuple(read_json(app, AssignTenantRequest).roles)
    return answer_json(UserResponse.of(services().assign.put(principal, user_id, check_tenant_id(tenant_id), roles)))


@app.delete("/users/<user_id>/tenants/<tenant_id>")
def remove_tenant(user_id: str, tenant_id: str) -> Response:
    """Remove a user from a tenant."""
    services().assign.remove(read_principal(app), user_id, check_tenant_id(tenant_id))
    return answer_json(None, HTTPStatus.NO_CONTENT)


handler = app.resolve
