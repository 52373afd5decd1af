"""No event makes a function fail: requests get an answer of the right form, garbage a 4xx, and nobody is let in.

The functions are those of template.yaml, with what calls them. A new one is tried too, or fails with a line that says
what is missing.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from doorward.authorizer.answers import Unauthorized
from doorward.errors import DoorwardError
from tests.support.callers import Crowd
from tests.support.deployment import Deployment
from tests.support.fuzzing import Lines, found_events, fuzz, share_of, tell
from tests.support.invokers import invoked_by
from tests.support.odd import CANARY
from tests.support.odd_events import anything, authorizer_events, requests, socket_events, telling_requests

pytestmark = pytest.mark.fuzz

EXAMPLES = 20
_REQUESTS = sorted(name for name, kinds in invoked_by().items() if "requests" in kinds)


def test_what_calls_each_function_is_known_here() -> None:
    known = {"requests", "authorizer", "sockets", "DynamoDB", "Schedule", "EventBridgeRule", "SQS"}
    for name, kinds in invoked_by().items():
        assert kinds, f"{name}: nothing in template.yaml calls it; say in tests/support/invokers.py what does"
        assert kinds <= known, f"{name}: write events of {sorted(kinds - known)} to fuzz it with"


@pytest.mark.parametrize("function", _REQUESTS)
def test_every_request_has_an_answer_of_the_right_form(
    crowd: Crowd,
    lines: Lines,
    request: pytest.FixtureRequest,
    function: str,
) -> None:
    deployment, callers = crowd.deployment, crowd.callers

    def check(event: Any) -> None:
        tell(function, event)
        lines.text = ""
        crowd.begin_anew()
        is_answer(deployment.raw(function, event), event)
        assert CANARY not in lines.text, "a secret that was sent is in the log"
        lines.require_no_secret()

    for event in telling_requests(function):
        check(event)
    fuzz(check, requests(function, callers), EXAMPLES, share_of(request), "fuzzed events")


def is_answer(answer: Any, event: Any) -> None:
    """Hold an answer to what API Gateway takes from a function (Lambda proxy integration), and to a 4xx for garbage."""
    json.dumps(answer, ensure_ascii=False).encode("utf-8")  # as Lambda's runtime writes it
    assert set(answer) == {"statusCode", "body", "isBase64Encoded", "multiValueHeaders"}
    assert type(answer["statusCode"]) is int
    assert 200 <= answer["statusCode"] < 500, answer
    assert isinstance(answer["body"], str)
    for name, several in answer["multiValueHeaders"].items():
        assert isinstance(several, list)
        assert all(isinstance(value, str) and value.isprintable() and value.isascii() for value in several), (
            name,
            several,
        )
    page = answer["multiValueHeaders"]["Content-Type"][0].startswith("text/html")
    if answer["statusCode"] >= 400 and not page:  # a form that is shown again has its own challenge in it
        assert CANARY not in answer["body"] + str(answer["multiValueHeaders"]), (
            "a refusal quotes a secret that was sent"
        )


def test_an_authorizer_denies_every_kind_of_garbage(crowd: Crowd, lines: Lines, request: pytest.FixtureRequest) -> None:
    def check(event: Any) -> None:
        tell("authorizer", event)
        lines.text = ""
        assert not lets_in(crowd.deployment, event)
        assert CANARY not in lines.text

    fuzz(check, authorizer_events() | anything, EXAMPLES * 10, share_of(request), "fuzzed events")


def lets_in(deployment: Deployment, event: Any) -> bool:
    """Return whether an authorizer's answer, in the form of any gateway, lets somebody in."""
    try:
        answer = deployment.raw("authorizer", event)
    except (Unauthorized, DoorwardError):
        return False
    json.dumps(answer, ensure_ascii=False).encode("utf-8")
    if "isAuthorized" in answer:
        return answer["isAuthorized"] is not False
    statements = answer["policyDocument"]["Statement"]
    return any(one["Effect"] != "Deny" for one in statements) or not statements


def test_a_socket_that_is_asked_for_by_garbage_does_not_open(
    crowd: Crowd, lines: Lines, request: pytest.FixtureRequest
) -> None:
    def check(event: Any) -> None:
        tell("sockets", event)
        lines.text = ""
        answer = crowd.deployment.raw("sockets", event)
        route = (
            (event.get("requestContext") or {}).get("routeKey")
            if isinstance(event.get("requestContext"), dict)
            else None
        )
        assert answer["statusCode"] in ({400, 401, 403} if route == "$connect" else {200, 400}), answer
        assert CANARY not in lines.text

    fuzz(check, socket_events() | anything, EXAMPLES * 5, share_of(request), "fuzzed events")


@pytest.mark.parametrize(
    ("function", "event"), [one[1:] for one in found_events()], ids=[one[0] for one in found_events()]
)
def test_what_was_found_once_does_not_come_back(deployment: Deployment, function: str, event: Any) -> None:
    if function == "authorizer":
        assert not lets_in(deployment, event)
    elif function in _REQUESTS:
        is_answer(deployment.raw(function, event), event)
    else:
        deployment.raw(function, event)
