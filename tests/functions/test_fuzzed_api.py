"""What the API's description says holds for data that nobody chose, for every operation and every kind of caller.

Schemathesis makes the data: such as the description allows, and such as it forbids. `tests.support.gateway` brings it
to the functions as API Gateway does.
"""

from __future__ import annotations

import json
from functools import cache
from typing import Any

import pytest
import schemathesis
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core import NotSet
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    status_code_conformance,
)

from tests.support.callers import Caller, Crowd
from tests.support.deployment import accepted, conforms, openapi
from tests.support.fuzzing import Lines, fuzz, share_of, tell
from tests.support.gateway import Gateway
from tests.support.people import PASSWORD, bearer
from tests.support.template import routes

pytestmark = pytest.mark.fuzz

EXAMPLES = 1
# Schemas and codes of answers are held by `conforms`, as in all other tests.
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    negative_data_rejection,
]
OPERATIONS = tuple(
    (method.upper(), path) for path, item in openapi()["paths"].items() for method in item if method != "parameters"
)
RECOGNISED_BY_FUNCTIONS = {path for _, path, _, public in routes() if public} - {
    path for _, path, _, public in routes() if not public
}
"""The paths before which API Gateway asks no authorizer."""
_PLACES = {
    "id": ("me", "01M81HV2TRPXK019YWDYF7T8BY"),
    "tenantId": ("acme", "globex", "nowhere"),
    "factorId": ("totp",),
}


@cache
def _described() -> Any:
    return schemathesis.openapi.from_dict(openapi())


def _modes(method: str, path: str) -> list[GenerationMode]:
    """Return the kinds of data that an operation can be sent: some take nothing that could be wrong."""
    found = openapi()["paths"][path][method.lower()]
    takes = "requestBody" in found or any(one["in"] == "query" for one in found.get("parameters", ()))
    return [GenerationMode.POSITIVE, GenerationMode.NEGATIVE] if takes else [GenerationMode.POSITIVE]


def _known(caller: Caller) -> dict[str, str]:
    """Return what bodies may say that means something here."""
    return {
        "username": "mia",
        "email": "mia@people.example",
        "password": PASSWORD,
        "current_password": PASSWORD,
        "tenant_id": "acme",
        "token": caller.token or "x",
        "refresh_token": caller.refresh_token or "x",
    }


@st.composite
def _asked(draw: st.DrawFn, operation: Any, mode: GenerationMode, callers: tuple[Caller, ...]) -> tuple[Any, Caller]:
    """Return a request and who sends it; half of them name what is there."""
    case, caller = draw(operation.as_strategy(generation_mode=mode)), draw(st.sampled_from(callers))
    if draw(st.booleans()) and mode is GenerationMode.POSITIVE:
        for name in case.path_parameters or {}:
            case.path_parameters[name] = draw(st.sampled_from(_PLACES.get(name, ("x",))))
        if isinstance(case.body, dict):
            known = {name: value for name, value in _known(caller).items() if case.body.get(name) is not None}
            case.body = {**case.body, **known}
    return case, caller


@pytest.mark.parametrize(("method", "path"), OPERATIONS, ids=[" ".join(one) for one in OPERATIONS])
def test_an_operation_answers_as_described_whatever_it_is_sent(
    crowd: Crowd,
    lines: Lines,
    request: pytest.FixtureRequest,
    method: str,
    path: str,
) -> None:
    deployment, callers = crowd.deployment, crowd.callers
    gateway, schema = Gateway(deployment), _described()
    schema.app = gateway
    protected = bool(openapi()["paths"][path][method.lower()]["security"])

    def check(drawn: tuple[Any, Caller]) -> None:
        case, caller = drawn
        crowd.begin_anew()
        lines.text = ""
        sent = bearer(caller.token) if caller.token else {"Authorization": ""}
        response = case.call(headers=sent)
        tell(gateway.function, gateway.last)
        case.validate_response(response, checks=CHECKS)
        answer = {
            "statusCode": response.status_code,
            "body": response.text,
            "headers": {"Content-Type": response.headers.get("content-type", ("",))[0]},
        }
        answer["json"] = json.loads(answer["body"]) if answer["body"].startswith(("{", "[")) else answer["body"]
        conforms(method, case.formatted_path, answer)
        lines.require_no_secret(answer["body"] if response.status_code >= 400 else "")
        if response.status_code < 400 and not isinstance(case.body, NotSet) and gateway.last["body"]:
            accepted(method, case.formatted_path, gateway.last["body"], gateway.last["headers"]["Content-Type"])
        if protected and caller.kind == "nobody":
            # Signing out with a cookie that is nobody's makes the browser forget it, and does nothing else.
            forgotten = path == "/auth/logout" and response.status_code == 204
            assert response.status_code >= 400 or forgotten
            assert response.status_code == 401 or path in RECOGNISED_BY_FUNCTIONS

    for mode in _modes(method, path):
        strategy = _asked(schema[path][method], mode, callers)
        fuzz(check, strategy, EXAMPLES, share_of(request) / 2, "fuzzed requests")
