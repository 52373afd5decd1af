"""The least privilege, measured: what the measure sees, and that it can fail."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from local.measured import Measured, hold_to_leading_keys
from local.touches import Touch, shape, touches
from tests.support import rights, rights_report
from tests.support.rights import Grant, Recorder, Use
from tests.support.rights_kept import KEPT

USER = {"pk": {"S": "user#7"}, "sk": {"S": "user"}}
HASH = {"pk": {"S": "credential#7"}, "sk": {"S": "credential"}}


@pytest.mark.parametrize(
    ("operation", "request_", "expected"),
    [
        ("GetItem", {"TableName": "U", "Key": USER}, [Touch("GetItem", "U", ("user#7",))]),
        ("PutItem", {"TableName": "U", "Item": HASH}, [Touch("PutItem", "U", ("credential#7",))]),
        ("Scan", {"TableName": "U"}, [Touch("Scan", "U", ())]),
        (
            "Query",
            {
                "TableName": "U",
                "IndexName": "listing",
                "KeyConditionExpression": "#l = :l AND begins_with(pk, :p)",
                "ExpressionAttributeNames": {"#l": "listing"},
                "ExpressionAttributeValues": {":l": {"S": "users#acme"}, ":p": {"S": "user#"}},
            },
            [Touch("Query", "U/index/listing", ("users#acme",))],
        ),
        (
            "BatchGetItem",
            {"RequestItems": {"U": {"Keys": [USER, HASH]}, "R": {"Keys": [{"pk": {"S": "deployment#00"}}]}}},
            [Touch("BatchGetItem", "U", ("user#7", "credential#7")), Touch("BatchGetItem", "R", ("deployment#00",))],
        ),
        (
            "TransactWriteItems",
            {
                "TransactItems": [
                    {"Update": {"TableName": "U", "Key": USER}},
                    {"Delete": {"TableName": "U", "Key": HASH}},
                    {"ConditionCheck": {"TableName": "R", "Key": {"pk": {"S": "deployment#00"}}}},
                ]
            },
            [
                Touch("UpdateItem", "U", ("user#7",)),
                Touch("DeleteItem", "U", ("credential#7",)),
                Touch("ConditionCheckItem", "R", ("deployment#00",)),
            ],
        ),
    ],
)
def test_a_request_touches_what_iam_judges(operation: str, request_: dict[str, Any], expected: list[Touch]) -> None:
    assert list(touches(operation, request_)) == expected


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        ("user#7", "user#*"),
        ("tenant#acme", "tenant#*"),
        ("tenant#acme#user#7", "tenant#*#user#*"),
        ("tenant#acme#services", "tenant#*#services"),
        ("tenant#acme#07", "tenant#*#*"),
        ("username#a#b", "username#*"),
        ("key_set", "key_set"),
    ],
)
def test_the_shape_of_a_key_tells_no_value(key: str, expected: str) -> None:
    assert shape(key) == expected


def _run(function: str, operation: str, request: dict[str, Any]) -> Recorder:
    recorder = Recorder()
    with recorder.running(function):
        recorder.sent("dynamodb", operation, request)
    return recorder


def test_a_function_that_does_what_its_role_does_not_allow_fails_its_test_by_name() -> None:
    allowed = {"TransactItems": [{"Update": {"TableName": "UsersTable", "Key": HASH}}]}
    assert _run("LoginFunction", "TransactWriteItems", allowed).used == {
        Use("LoginFunction", "dynamodb:UpdateItem", "UsersTable", "credential#*")
    }
    with pytest.raises(AssertionError, match=r"LoginFunction does not allow: dynamodb:PutItem UsersTable credential#7"):
        _run("LoginFunction", "PutItem", {"TableName": "UsersTable", "Item": HASH})


def test_a_leading_key_outside_of_the_condition_fails_and_one_statement_must_allow_all_keys() -> None:
    with pytest.raises(AssertionError, match="UpdateItem UsersTable user#7"):
        _run("LoginFunction", "UpdateItem", {"TableName": "UsersTable", "Key": USER})
    with pytest.raises(AssertionError, match="BatchGetItem UsersTable user#7 credential#7"):
        _run("RefreshFunction", "BatchGetItem", {"RequestItems": {"UsersTable": {"Keys": [USER, HASH]}}})


def test_what_is_sent_while_no_function_runs_is_nobodys() -> None:
    recorder = Recorder()
    recorder.sent("dynamodb", "DeleteItem", {"TableName": "UsersTable", "Key": USER})
    assert not recorder.used


def _uses_of_all() -> set[Use]:
    return {
        Use(grant.function, grant.action, grant.resource.replace("*", "x"), pattern.replace("*", "x"))
        for grant in rights.grants()
        for pattern in grant.patterns or ("",)
    }


def test_a_right_that_no_test_uses_is_named_and_so_is_a_pattern_of_keys() -> None:
    used = _uses_of_all()
    assert rights.unneeded(used) == []
    less = {use for use in used if use != Use("LogoutFunction", "dynamodb:UpdateItem", "RefreshTokensTable")}
    assert rights.unneeded(less) == ["LogoutFunction dynamodb:UpdateItem RefreshTokensTable"]
    less = {use for use in used if not (use.function == "AuthorizerFunction" and use.key == "tenant#x")}
    assert rights.unneeded(less) == ["AuthorizerFunction dynamodb:BatchGetItem UsersTable tenant#*"]


def test_an_action_more_in_the_template_is_found_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    used, more = _uses_of_all(), Grant("LogoutFunction", "dynamodb:DeleteItem", "UsersTable")
    found = (*rights.grants(), more)
    monkeypatch.setattr(rights, "grants", lambda: found)
    expected = "no test needs what the template allows: LogoutFunction dynamodb:DeleteItem UsersTable"
    assert expected in rights_report.problems(used)


def test_what_is_kept_although_tests_use_it_is_told_too() -> None:
    told = rights_report.problems(_uses_of_all())
    assert len(told) == len(KEPT)
    assert all(line.startswith("tests need all of it") for line in told)


def test_the_emulator_learns_leading_keys_and_notes_what_roles_used_without_values(tmp_path: Path) -> None:
    seen: list[dict[str, Any]] = []

    def enforce(_: str, action: str, **named: Any) -> str | None:
        seen.append({"action": action, **named["service_context"]})
        return "denied" if "credential#7" in named["service_context"].get("dynamodb:LeadingKeys", ()) else None

    actions = SimpleNamespace(dynamodb_service_context=lambda _: {"dynamodb:Select": "ALL_ATTRIBUTES"})
    evaluator, sessions = SimpleNamespace(enforce=enforce), {"ASIA": {"Arn": "arn:aws:sts::0:assumed-role/Login/x"}}
    hold_to_leading_keys(actions, evaluator, Measured(lambda: sessions, tmp_path / "used.jsonl"))
    table = "arn:aws:dynamodb:us-east-1:000000000000:table/U"
    for key, expected in ((USER, None), (HASH, "denied"), (USER, None)):
        context = actions.dynamodb_service_context(json.dumps({"TableName": "U", "Key": key}).encode())
        for who in ("ASIA", "root"):
            named = {"resource_arn": table, "service_context": context}
            assert evaluator.enforce(who, "dynamodb:GetItem", **named) == expected
    lines = [json.loads(line) for line in (tmp_path / "used.jsonl").read_text().splitlines()]
    assert lines == [["Login", "dynamodb:GetItem", table, "user#*"]]
    assert seen[0]["dynamodb:LeadingKeys"] == ["user#7"]
    assert "doorward:request" not in seen[0]
