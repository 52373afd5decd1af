"""What every audit event tells of the request that it belongs to."""

from __future__ import annotations

import ast
import logging
import re
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest

from doorward import audit
from doorward.audit.kinds import KINDS
from doorward.authorizer.decide import decide
from doorward.errors import InvalidToken
from doorward.sockets.events import answer_event
from tests.support.fronts import EVENTS, Question
from tests.support.world import House

IDENTITY = {"sourceIp": "192.0.2.10", "userAgent": "curl/8"}
SEEN = {"source": "192.0.2.10", "user_agent": "curl/8", "request_id": "r1"}


def events(caplog: pytest.LogCaptureFixture) -> list[dict[str, Any]]:
    """Return the audit events that were logged."""
    return [vars(line)["audit"] for line in caplog.records if hasattr(line, "audit")]


def _proxy(**more: Any) -> dict[str, Any]:
    return {"requestContext": {"requestId": "r1", "identity": IDENTITY}, **more}


@pytest.fixture(autouse=True)
def _level(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)


def test_an_event_says_from_where_by_what_and_in_which_request(caplog: pytest.LogCaptureFixture) -> None:
    with audit.of_request(_proxy()):
        audit.record("signed_in", user_id="u1")
    assert events(caplog) == [{"event": "signed_in", **SEEN, "user_id": "u1"}]


def test_an_event_of_an_http_api_says_the_same(caplog: pytest.LogCaptureFixture) -> None:
    with audit.of_request({"requestContext": {"requestId": "r1", "http": {"method": "GET", **IDENTITY}}}):
        audit.record("signed_in")
    assert events(caplog) == [{"event": "signed_in", **SEEN}]


def test_outside_a_request_nothing_is_made_up(caplog: pytest.LogCaptureFixture) -> None:
    with audit.of_request(_proxy()):
        pass
    audit.record("key_changed")
    assert events(caplog) == [{"event": "key_changed"}]


def test_one_request_does_not_pass_for_another_when_it_fails(caplog: pytest.LogCaptureFixture) -> None:
    with pytest.raises(LookupError), audit.of_request(_proxy()):
        raise LookupError
    audit.record("key_changed")
    assert events(caplog) == [{"event": "key_changed"}]


def test_the_tenant_is_the_events_own_else_the_paths_else_the_callers(caplog: pytest.LogCaptureFixture) -> None:
    caller = {**_proxy()["requestContext"], "authorizer": {"tenant_id": "acme"}}
    with audit.of_request({"requestContext": caller, "pathParameters": {"tenantId": "globex"}}):
        audit.record("a", tenant_id="third")
        audit.record("b")
    with audit.of_request({"requestContext": caller, "pathParameters": None}):
        audit.record("c")
    assert [found["tenant_id"] for found in events(caplog)] == ["third", "globex", "acme"]


@pytest.mark.parametrize(
    "sent", ["x" * 5000, 'evil\r\n{"audit": {"event": "signed_in"}}', "\x1b[2J\u202eevil\u2028\x00"]
)
def test_a_user_agent_is_bounded_and_has_no_control_character(sent: str, caplog: pytest.LogCaptureFixture) -> None:
    context = {"requestId": "r1", "identity": {"sourceIp": "192.0.2.10", "userAgent": sent}}
    with audit.of_request({"requestContext": context}):
        audit.record("signed_in")
    (found,) = events(caplog)
    assert 0 < len(found["user_agent"]) <= 256
    assert found["user_agent"].isprintable()


@pytest.mark.parametrize("event", [{}, {"requestContext": None}, {"requestContext": {"identity": "x", "http": []}}])
def test_an_event_that_tells_nothing_is_no_error(event: dict[str, Any], caplog: pytest.LogCaptureFixture) -> None:
    with audit.of_request(event):
        audit.record("signed_in")
    assert events(caplog) == [{"event": "signed_in"}]


@pytest.mark.parametrize("front", [name for name in EVENTS if name not in {"REST TOKEN", "AppSync"}])
def test_a_denial_by_the_authorizer_says_from_where(house: House, front: str, caplog: pytest.LogCaptureFixture) -> None:
    event = EVENTS[front](Question({"Authorization": "Bearer x"}))
    place = event["requestContext"].get("http", event["requestContext"].setdefault("identity", {}))
    place.update(IDENTITY)
    with pytest.raises(Exception, match="Unauthorized") if "HTTP" not in front else nullcontext():
        decide(house.authorize, event)
    (found,) = [found for found in events(caplog) if found["event"] == "request_denied"]
    assert {name: found[name] for name in SEEN} == SEEN


def test_a_refused_socket_says_from_where(caplog: pytest.LogCaptureFixture) -> None:
    def connect(*_: Any) -> None:
        raise InvalidToken

    context = {**_proxy()["requestContext"], "connectionId": "c1", "routeKey": "$connect"}
    answer = answer_event(connect, print, {"requestContext": context})  # type: ignore[arg-type]
    assert answer == {"statusCode": 403}
    (found,) = events(caplog)
    assert {name: found[name] for name in SEEN} == SEEN


def _told(*names: str) -> set[str]:
    """Return the names of events that the sources give to functions of these names."""
    root = Path(__file__).resolve().parents[2]
    return {
        str(node.args[0].value)
        for file in (root / "layers" / "shared" / "doorward").rglob("*.py")
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.Call)
        and ast.unparse(node.func).rpartition(".")[2] in names
        and node.args
        and isinstance(node.args[0], ast.Constant)
    }


def test_the_operators_page_lists_every_event_that_is_logged_and_no_other() -> None:
    page = (Path(__file__).resolve().parents[2] / "docs" / "operations.md").read_text()
    listed = page.partition("holds this list against the code:")[2].partition("No token, password")[0]
    assert set(re.findall(r"`(\w+)`", listed)) == _told("record", "act", "add", "_told")


def test_the_catalogue_has_every_event_that_the_trail_keeps_and_no_other() -> None:
    assert set(KINDS) == _told("act", "add", "_told")


def test_no_kind_of_event_is_also_a_mere_line_of_the_log() -> None:
    assert not set(KINDS) & _told("record")


def test_what_fails_leaves_no_event(caplog: pytest.LogCaptureFixture) -> None:
    with pytest.raises(LookupError), audit.act("signed_in"):
        raise LookupError
    assert events(caplog) == []
    assert audit.pending() == ()


def test_what_did_not_happen_after_all_leaves_no_event(caplog: pytest.LogCaptureFixture) -> None:
    with audit.act("signed_in") as begun:
        begun.withdraw()
    assert events(caplog) == []


def test_what_no_database_was_at_work_for_is_in_the_log_alone(caplog: pytest.LogCaptureFixture) -> None:
    with audit.of_request(_proxy()):
        audit.add("signed_in", user_id="u1")
    assert events(caplog) == [{"event": "signed_in", **SEEN, "user_id": "u1"}]


def test_a_name_that_nobody_can_look_up_is_not_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    with audit.act("user_deleted", target_name="kim@example.com", user_id="u1"):
        pass
    assert "kim" not in str(events(caplog))


def test_the_page_of_the_trail_lists_every_kind_and_no_other() -> None:
    page = (Path(__file__).resolve().parents[2] / "docs" / "audit.md").read_text()
    table = page.partition("<!-- kinds -->")[2].partition("<!-- /kinds -->")[0]
    rows = [f"| `{name}` | {kind.outcome} | {kind.says} |" for name, kind in sorted(KINDS.items())]
    assert table.strip().splitlines()[2:] == rows
