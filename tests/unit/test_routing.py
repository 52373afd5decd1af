"""Which function answers a request, and what becomes of one that none answers."""

from __future__ import annotations

import json
import logging
from http import HTTPStatus
from typing import Any

import pytest

from doorward.api.answers import respond
from doorward.api.resolver import Resolver
from doorward.api.routing import Response
from doorward.errors import Unavailable


def _app() -> Resolver:
    app = Resolver()

    def answer(**arguments: str) -> Response:
        return respond(
            HTTPStatus.OK, json.dumps(arguments), "application/json", {"Set-Cookie": ["a", "b"], "X-One": "c"}
        )

    @app.get("/broken")
    def broken() -> Response:
        raise ValueError(str(app.event["path"]))

    @app.get("/busy")
    def busy() -> Response:
        raise Unavailable(reason="dynamodb:ThrottlingException")

    app.get("/things/<thing_id>")(answer)
    app.delete("/things/<thing_id>")(answer)
    app.route("/.well-known/keys.json", ["GET", "HEAD"])(answer)
    app.put("/things/<thing_id>/parts/<part_id>")(answer)
    return app


def _ask(method: str, path: str, **more: Any) -> dict[str, Any]:
    return _app().resolve({"httpMethod": method, "path": path, **more}, None)


@pytest.mark.parametrize(
    ("method", "path", "arguments"),
    [
        ("GET", "/things/me", {"thing_id": "me"}),
        ("get", "/things/me/", {"thing_id": "me"}),
        ("GET", "/things/ü@x.y %2F", {"thing_id": "ü@x.y %2F"}),
        ("DELETE", "/things/1", {"thing_id": "1"}),
        ("PUT", "/things/1/parts/2", {"thing_id": "1", "part_id": "2"}),
        ("HEAD", "/.well-known/keys.json", {}),
    ],
)
def test_a_path_and_a_method_have_one_function(method: str, path: str, arguments: dict[str, str]) -> None:
    answer = _ask(method, path)
    assert answer["statusCode"] == 200
    assert json.loads(answer["body"]) == arguments


@pytest.mark.parametrize(
    "path", ["/", "/things", "/things/", "/things/a/b", "//things/a", "/.well-known/keysxjson", "/things/a\n"]
)
def test_a_path_that_is_no_route_is_not_found(path: str) -> None:
    assert _ask("GET", path)["statusCode"] == 404


def test_a_method_that_a_path_lacks_is_told_which_it_has() -> None:
    answer = _ask("POST", "/things/1")
    assert (answer["statusCode"], answer["multiValueHeaders"]["Allow"]) == (405, ["GET, DELETE"])
    assert _ask("OPTIONS", "/things/1")["statusCode"] == 204


def test_an_answer_has_the_form_that_the_gateway_takes() -> None:
    answer = _ask("GET", "/things/1")
    assert answer.keys() == {"statusCode", "body", "isBase64Encoded", "multiValueHeaders"}
    headers = answer["multiValueHeaders"]
    assert (headers["Set-Cookie"], headers["X-One"], headers["Content-Type"]) == (
        ["a", "b"],
        ["c"],
        ["application/json"],
    )


@pytest.mark.standard("RFC 7009 2.2.1.c")
def test_a_store_that_is_too_busy_is_503_with_the_time_to_wait() -> None:
    answer = _ask("GET", "/busy")
    assert answer["statusCode"] == 503
    assert int(answer["multiValueHeaders"]["Retry-After"][0]) > 0


@pytest.mark.parametrize(
    "member",
    [
        {"httpMethod": None},
        {"httpMethod": 7},
        {"path": None},
        {"path": ["/"]},
        {"headers": "Accept: */*"},
        {"headers": {"Accept": None}},
        {"queryStringParameters": {"limit": 7}},
        {"body": {"username": "admin"}},
        {"requestContext": []},
        {"requestContext": {"authorizer": "admin"}},
        {"requestContext": {"identity": "192.0.2.1"}},
    ],
)
def test_an_event_that_is_no_request_is_refused_before_anything_reads_it(member: dict[str, Any]) -> None:
    answer = _app().resolve({"httpMethod": "GET", "path": "/broken", **member}, None)
    assert (answer["statusCode"], json.loads(answer["body"])["code"]) == (400, "invalid_request")
    assert _app().resolve({}, None)["statusCode"] == 400


def test_whatever_fails_is_a_problem_and_the_log_shows_nothing_of_the_request(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with caplog.at_level(logging.INFO):
        answer = _ask("GET", "/broken", requestContext={"requestId": "r"})
    assert (answer["statusCode"], json.loads(answer["body"])["request_id"]) == (500, "r")
    assert "ValueError" in caplog.text
    assert not any("/broken" in f"{record.getMessage()}{vars(record)}" for record in caplog.records)
