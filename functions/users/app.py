"""/users and /users/{id}."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from aws_lambda_powertools.event_handler import Response

from doorward.accounts.access import VisibleUser
from doorward.api.answers import answer
from doorward.api.cursors import mint_cursor, read_cursor
from doorward.api.requests import page_limit, query, read_json, read_principal, source_address
from doorward.api.resolver import Resolver
from doorward.bootstrap import once, users
from doorward.names import check_tenant_id
from doorward.schemas.answers import UserListResponse, UserResponse
from doorward.schemas.requests import AssignTenantRequest, ChangeUserRequest, CreateUserRequest

app = Resolver()
services = once(users.wire)


@app.post("/users")
def create_user() -> Response[str]:
    """Create a user."""
    principal = read_principal(app)
    created = services().create(principal, read_json(app, CreateUserRequest).wanted())
    return answer(_body(created), HTTPStatus.CREATED, {"Location": f"/users/{created.user.id}"})


@app.get("/users")
def list_users() -> Response[str]:
    """List the users of a tenant, or of the deployment."""
    principal, tenant = read_principal(app), query(app, "tenant_id")
    listed = services().look_up.listed_tenant(principal, check_tenant_id(tenant) if tenant else None)
    key = services().cursor_key()
    page = services().look_up.many(principal, listed, page_limit(app), read_cursor(key, listed, query(app, "cursor")))
    return answer(
        UserListResponse(items=[_body(user) for user in page.users], next_cursor=mint_cursor(key, listed, page.after))
    )


@app.get("/users/<user_id>")
def get_user(user_id: str) -> Response[str]:
    """Return one user; `me` is the caller."""
    return answer(_body(services().look_up.one(read_principal(app), user_id)))


@app.patch("/users/<user_id>")
def change_user(user_id: str) -> Response[str]:
    """Change a user; `me` is the caller."""
    principal = read_principal(app, changing_password=True)
    changes = read_json(app, ChangeUserRequest).changes()
    return answer(_body(services().change(principal, user_id, changes, source_address(app))))


@app.delete("/users/<user_id>")
def delete_user(user_id: str) -> Response[str]:
    """Delete a user."""
    services().delete(read_principal(app), user_id)
    return answer(None, HTTPStatus.NO_CONTENT)


@app.put("/users/<user_id>/tenants/<tenant_id>")
def assign_tenant(user_id: str, tenant_id: str) -> Response[str]:
    """Assign a user to a tenant with roles."""
    principal, roles = read_principal(app), tuple(read_json(app, AssignTenantRequest).roles)
    return answer(_body(services().assign.put(principal, user_id, check_tenant_id(tenant_id), roles)))


@app.delete("/users/<user_id>/tenants/<tenant_id>")
def remove_tenant(user_id: str, tenant_id: str) -> Response[str]:
    """Remove a user from a tenant."""
    services().assign.remove(read_principal(app), user_id, check_tenant_id(tenant_id))
    return answer(None, HTTPStatus.NO_CONTENT)


def _body(visible: VisibleUser) -> UserResponse:
    return UserResponse.of(visible.user, visible.memberships, owned=visible.owned)


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:  # noqa: ANN401 - Lambda's own object
    """Answer API Gateway."""
    return app.resolve(event, context)
