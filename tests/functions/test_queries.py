"""A query parameter that a route does not know is refused: a filter that is mistyped must not be no filter."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.deployment import Deployment
from tools.openapi.document import routed
from tools.openapi.operations import OPERATIONS

EXAMPLES = {"<tenant_id>": "acme", "<user_id>": "me", "<notification_id>": "n-1", "<session_id>": "s-1"}


def _taking() -> Iterator[tuple[str, str, tuple[str, ...]]]:
    for (method, path), operation in OPERATIONS.items():
        if operation.query:
            yield method, path, operation.query


def test_each_route_takes_the_parameters_that_its_description_names() -> None:
    taken = {key: handler.__dict__.get("query", ()) for key, handler in routed().items()}
    assert taken == {key: operation.query for key, operation in OPERATIONS.items()}
    assert {path for _, path, _ in _taking()} >= {"/users", "/tenants", "/auth/logout"}


@pytest.mark.parametrize("query", [{"e-mail": "mia@acme.example"}, {"tenant": "acme"}, {"limit": "5", "Cursor": ""}])
def test_a_mistyped_filter_is_no_full_list(deployment: Deployment, query: dict[str, str]) -> None:
    answer = deployment.call("users", "GET", "/users", context=deployment.context(), query=query)
    assert (answer["statusCode"], answer["json"]["code"]) == (400, "invalid_request")
    assert (
        answer["json"]["detail"]
        == "Unknown query parameter; this takes tenant_id, email, name, role, status, limit and cursor."
    )


def test_known_ones_are_taken(deployment: Deployment) -> None:
    context = deployment.context()
    page = deployment.call("users", "GET", "/users", context=context, query={"limit": "1", "tenant_id": "acme"})
    assert page["statusCode"] == 200
    assert len(page["json"]["items"]) == 1
    assert deployment.call("tenants", "GET", "/tenants", context=context, query={"limit": "1"})["statusCode"] == 200


def test_a_route_without_parameters_does_nothing_if_one_is_sent(deployment: Deployment) -> None:
    body = {"username": "zoe", "password": "correct horse battery"}
    context = deployment.context("acme-admin")
    made = deployment.call("users", "POST", "/users", body, context=context, query={"dry_run": "true"})
    assert (made["statusCode"], made["json"]["code"]) == (400, "invalid_request")
    assert made["json"]["detail"] == "Unknown query parameter; this takes none."
    assert deployment.sign_in("zoe", "correct horse battery")["statusCode"] == 401
    out = deployment.call("logout", "POST", "/auth/logout", query={"everywere": "true"})
    assert (out["statusCode"], out["json"]["code"]) == (400, "invalid_request")


@pytest.mark.parametrize("name", ["status", "email", "limit", "cursor", "tenant_id"])
def test_an_empty_parameter_is_no_absent_one(deployment: Deployment, name: str) -> None:
    answer = deployment.call("users", "GET", "/users", context=deployment.context(), query={name: ""})
    assert (answer["statusCode"], answer["json"]["code"]) == (400, "invalid_request")
    assert answer["json"]["detail"] == "A query parameter is empty; leave it out."
