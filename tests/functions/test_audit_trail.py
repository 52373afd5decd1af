"""The audit trail, as administrators read it."""

from __future__ import annotations

import base64
import hashlib
import json
import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest

from doorward.aws.dynamodb.acts import act_key, record_attributes
from doorward.bootstrap.lean import LeanParts
from doorward.model import PLATFORM, TenantId
from doorward.model.audit import AuditRecord
from doorward.settings import Settings
from doorward.tokens.checkpoints import verify_checkpoint
from doorward.tokens.ids import random_ulid
from tests.functions.test_matrix import Stage
from tests.support.deployment import Answer, Deployment
from tests.support.people import PASSWORD, bearer

NOON = datetime(2026, 11, 26, 12, tzinfo=UTC)


@pytest.fixture
def stage(deployment: Deployment) -> Stage:
    return Stage(deployment)


@pytest.fixture
def admin(deployment: Deployment) -> dict[str, str]:
    """What the authorizer says of the administrator of acme."""
    return deployment.context("acme-admin")


@pytest.fixture
def at(deployment: Deployment, monkeypatch: pytest.MonkeyPatch) -> Callable[[datetime], None]:
    """Sets the clock of what appends records and of what reads them."""

    def set_to(time: datetime) -> None:
        for name in ("audit", "chain_audit"):
            module = deployment.module(name)
            monkeypatch.setattr(module, "clock", lambda: ms(time))
            module.services.cache_clear()

    return set_to


def ms(time: datetime) -> int:
    return int(time.timestamp()) * 1000


def happened(time: datetime, event: str = "signed_in", tenant_id: str = "acme", **more: Any) -> AuditRecord:
    """Return something that happened at a time, and lies where it waits for its chain."""
    record = AuditRecord(id=random_ulid(ms(time)), at_ms=ms(time), tenant_id=TenantId(tenant_id), event=event, **more)
    item = {name: value for name, value in record_attributes(record).items() if value is not None}
    boto3.resource("dynamodb").Table(os.environ["AUDIT_TABLE"]).put_item(Item={**act_key(record.id), **item})
    return record


def forget(deployment: Deployment) -> None:
    """Take away what happened before: signing in to test is an act too."""
    table = boto3.resource("dynamodb").Table(os.environ["AUDIT_TABLE"])
    for item in table.scan()["Items"]:
        table.delete_item(Key={"pk": item["pk"], "sk": item["sk"]})


def read(deployment: Deployment, context: dict[str, str], path: str = "/api/acme/audit", **query: str) -> Answer:
    return deployment.call("audit", "GET", path, context=context, query=query or None)


def items(answer: Answer) -> list[dict[str, Any]]:
    assert answer["statusCode"] == 200, answer["body"]
    found: list[dict[str, Any]] = answer["json"]["items"]
    return found


def pages(deployment: Deployment, context: dict[str, str], **query: str) -> list[list[str]]:
    """Return the ids of the records of all pages."""
    found: list[list[str]] = []
    more: dict[str, str] = {}
    while True:
        answer = read(deployment, context, **query, **more)
        found.append([item["id"] for item in items(answer)])
        if "next_cursor" not in answer["json"]:
            return found
        more = {"cursor": answer["json"]["next_cursor"]}
        assert len(found) < 100, "the pages have no end"


def test_a_tenants_administrator_reads_what_happened_there_and_nothing_else(stage: Stage) -> None:
    deployment = stage.deployment
    kim, _ = stage.make_user("acme", "kim"), stage.make_user("globex", "max")
    admin, other = deployment.context("acme-admin"), deployment.context("globex-admin")
    deployment.sign_in("kim", "wrong")
    deployment.chain()
    mine, theirs = items(read(deployment, admin)), items(read(deployment, other, "/api/globex/audit"))
    assert {item["tenant_id"] for item in mine} == {"acme"}
    assert {item["tenant_id"] for item in theirs} == {"globex"}
    assert [item["event"] for item in mine] == ["sign_in_failed", "signed_in", "user_created"]
    failed, signed_in, created = mine
    assert created["target"] == {"id": kim, "name": "kim"}
    assert created["actor"] == {"id": stage.platform["user_id"], "name": "admin"}
    assert signed_in["actor"] == signed_in["target"] == {"id": admin["user_id"], "name": "acme-admin"}
    assert (failed["outcome"], failed["details"]["reason"]) == ("failure", "wrong_password")
    assert "actor" not in failed
    assert failed["source"]
    assert failed["request_id"]


def test_a_trail_is_for_administrators_of_its_tenant(stage: Stage) -> None:
    deployment = stage.deployment
    stage.make_user("acme", "kim")
    service = deployment.authorize(bearer(stage.mint("acme", "robot")["access_token"])).context
    callers = {
        "member": (deployment.context("kim", PASSWORD), 403),
        "service": (service, 403),
        "neighbour": (deployment.context("globex-admin"), 404),
        "administrator": (deployment.context("acme-admin"), 200),
        "platform": (stage.platform, 200),
    }
    for caller, (context, status) in callers.items():
        for path in ("/api/acme/audit", "/api/acme/audit/checkpoint"):
            assert read(deployment, context, path)["statusCode"] == status, caller


def test_what_belongs_to_no_tenant_is_for_administrators_of_the_platform(stage: Stage, admin: dict[str, str]) -> None:
    deployment = stage.deployment
    happened(NOON, "key_changed", PLATFORM, details={"kid": "k"})
    deployment.chain()
    found = items(read(deployment, stage.platform, "/audit", event="key_changed"))
    assert [(item["event"], item["tenant_id"]) for item in found] == [("key_changed", "-")]
    for path in ("/audit", "/audit/checkpoint"):
        assert read(deployment, admin, path)["statusCode"] == 403
    assert read(deployment, stage.platform, "/api/-/audit")["statusCode"] == 400


def own_hash(item: dict[str, Any]) -> str:
    """Return the hash of a record as the API's description says."""
    members = {name: value for name, value in item.items() if name not in {"hash", "at", "expires_at"}}
    for name in ("actor", "target"):
        members |= {f"{name}_{part}": value for part, value in members.pop(name, {}).items()}
    times = {
        name: datetime.fromisoformat(item[name]) - datetime(1970, 1, 1, tzinfo=UTC) for name in ("at", "expires_at")
    }
    members |= {
        "at_ms": times["at"] // timedelta(milliseconds=1),
        "expires_at": times["expires_at"] // timedelta(seconds=1),
    }
    text = json.dumps(members, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).decode().rstrip("=")


def test_each_record_has_all_that_its_hash_is_made_of(stage: Stage, admin: dict[str, str]) -> None:
    deployment = stage.deployment
    happened(NOON, details={"é\u2028": 'ü"\\', "left": 3, "mailed": True}, user_agent="Ω/1", client_id="web")
    happened(NOON, "user_deleted", actor_id="a", target_id="b", target_name="kim")
    stage.make_user("acme", "kim")
    deployment.chain()
    found = items(read(deployment, admin))
    assert [own_hash(item) for item in found] == [item["hash"] for item in found]
    by_number = {item["number"]: item for item in found}
    assert sorted(by_number) == list(range(1, len(found) + 1))
    assert by_number[1]["previous"] == ""
    for number in range(2, len(found) + 1):
        assert by_number[number]["previous"] == by_number[number - 1]["hash"]


def test_a_checkpoint_says_and_signs_how_far_the_chain_goes(deployment: Deployment, admin: dict[str, str]) -> None:
    forget(deployment)
    empty = read(deployment, admin, "/api/acme/audit/checkpoint")
    assert empty["json"] == {"tenant_id": "acme", "number": 0, "hash": ""}
    happened(NOON)
    happened(NOON + timedelta(seconds=1))
    deployment.chain()
    found = read(deployment, admin, "/api/acme/audit/checkpoint")["json"]
    newest = items(read(deployment, admin))[0]
    assert (found["number"], found["hash"]) == (2, newest["hash"])
    settings = Settings.from_environment(os.environ)
    signed = verify_checkpoint(found["checkpoint"], LeanParts(settings).keyring.verification_key)
    assert (signed.tenant_id, signed.number, signed.hash) == ("acme", 2, newest["hash"])


FILTERS: dict[str, tuple[dict[str, str], str]] = {
    "nothing": ({}, "dcba"),
    "actor": ({"actor": "kim"}, "ca"),
    "target": ({"target": "kim"}, "ba"),
    "event": ({"event": "signed_in"}, "a"),
    "outcome": ({"outcome": "failure"}, "d"),
    "since": ({"since": "2026-11-26T12:00:02Z"}, "dc"),
    "until": ({"until": "2026-11-26T13:00:02+01:00"}, "ba"),
    "both": ({"since": "2026-11-26t12:00:01.000z", "until": "2026-11-26T12:00:03Z"}, "cb"),
    "who and when": ({"actor": "kim", "until": "2026-11-26T12:00:02Z"}, "a"),
    "nobody": ({"actor": "ki"}, ""),
    "before all": ({"until": "1969-12-31T00:00:00Z"}, ""),
    "since ever": ({"since": "0001-01-01T00:00:00Z"}, "dcba"),
    "after all": ({"since": "9999-12-31T23:59:59Z"}, ""),
    "until ever": ({"until": "9999-12-31T23:59:59Z"}, "dcba"),
}


def test_records_are_found_by_who_what_how_and_when(deployment: Deployment, admin: dict[str, str]) -> None:
    forget(deployment)
    acts: list[tuple[str, dict[str, Any]]] = [
        ("signed_in", {"actor_id": "kim", "target_id": "kim"}),
        ("user_changed", {"actor_id": "ada", "target_id": "kim"}),
        ("invitation_made", {"actor_id": "kim"}),
        ("sign_in_failed", {"outcome": "failure", "target_id": "ada"}),
    ]
    letters = {
        happened(NOON + timedelta(seconds=second), event, **more).id: "abcd"[second]
        for second, (event, more) in enumerate(acts)
    }
    deployment.chain()
    found = {
        name: "".join(letters[item["id"]] for item in items(read(deployment, admin, **query)))
        for name, (query, _) in FILTERS.items()
    }
    assert found == {name: expected for name, (_, expected) in FILTERS.items()}


SENSELESS: tuple[dict[str, str], ...] = (
    {"since": "2026-11-26"},
    {"since": "2026-11-26T12:00:00"},
    {"until": "2026-11-26T25:00:00Z"},
    {"until": "2026-02-30T12:00:00Z"},
    {"since": "20261126T120000Z"},
    {"since": "2026-11-26T12:00:00+99:00"},
    {"since": "1795694400"},
    {"until": "٢026-11-26T12:00:00Z"},
    {"since": "2026-11-26T12:00:00Z", "until": "2026-11-26T12:00:00Z"},
    {"event": "sign_in"},
    {"event": "mail_sent"},
    {"outcome": "refused"},
    {"limit": "0"},
    {"limit": "101"},
    {"person": "kim"},
    {"cursor": "x"},
)


def test_a_question_that_makes_no_sense_is_refused(deployment: Deployment, admin: dict[str, str]) -> None:
    for query in SENSELESS:
        answer = read(deployment, admin, **query)
        code = "invalid_cursor" if "cursor" in query else "invalid_request"
        assert (answer["statusCode"], answer["json"]["code"]) == (400, code), query


def months(first: str, count: int) -> list[datetime]:
    """Return the middle of some months in a row."""
    year, month = map(int, first.split("-"))
    return [datetime(year + (month - 1 + k) // 12, (month - 1 + k) % 12 + 1, 15, tzinfo=UTC) for k in range(count)]


def test_pages_go_through_all_months_the_newest_first(
    deployment: Deployment, admin: dict[str, str], at: Callable[[datetime], None]
) -> None:
    forget(deployment)
    made = []
    for number, time in enumerate(months("2026-10", 5)):
        at(time)
        made += [happened(time + timedelta(hours=hour)) for hour in range(number)]  # October 2026 has none
        deployment.chain()
    # The very edges of months, and records of one moment.
    edges = [datetime(2027, 1, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC) - timedelta(seconds=1)]
    made += [happened(edge) for edge in edges for _ in range(3)]
    deployment.chain()
    at(datetime(2027, 3, 1, tzinfo=UTC))
    expected = sorted((record.id for record in made), reverse=True)
    for limit in (1, 2, 3, 7, 16, 100):
        found = pages(deployment, admin, limit=str(limit))
        assert [each for page in found for each in page] == expected, limit
        assert all(len(page) == limit for page in found[:-1])
        assert found[-1]


def test_months_without_records_are_passed_over(
    deployment: Deployment, admin: dict[str, str], at: Callable[[datetime], None]
) -> None:
    forget(deployment)
    old = happened(datetime(2020, 1, 31, 23, 59, tzinfo=UTC))
    at(datetime(2020, 2, 1, tzinfo=UTC))  # appended in the next month
    deployment.chain()
    at(NOON)
    new = happened(NOON - timedelta(days=1))
    deployment.chain()
    assert [each for page in pages(deployment, admin) for each in page] == [new.id, old.id]
    found = pages(deployment, admin, until="2025-01-01T00:00:00Z")
    assert [each for page in found for each in page] == [old.id]
    assert len(found) <= 5
    assert pages(deployment, admin, since="2026-01-01T00:00:00Z") == [[new.id]]
    assert pages(deployment, admin, since="2020-02-01T00:00:00Z", until="2026-01-01T00:00:00Z")[-1] == []


def test_what_happened_before_the_first_record_and_is_appended_later_is_found(
    deployment: Deployment, admin: dict[str, str], at: Callable[[datetime], None]
) -> None:
    forget(deployment)
    at(NOON)
    new = happened(NOON)
    deployment.chain()
    late = happened(NOON - timedelta(days=40))
    deployment.chain()
    assert [each for page in pages(deployment, admin) for each in page] == [new.id, late.id]


def test_a_filter_that_finds_little_reads_a_bounded_part_of_the_trail_and_goes_on(
    deployment: Deployment, admin: dict[str, str], at: Callable[[datetime], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    forget(deployment)
    monkeypatch.setattr("doorward.trail.read._AT_ONCE", 5)
    monkeypatch.setattr("doorward.trail.read._READ_AT_MOST", 10)
    at(NOON)
    rare = happened(NOON - timedelta(days=1), "user_deleted")
    for second in range(29):
        happened(NOON - timedelta(seconds=second))
    deployment.chain()
    deployment.count()
    found = pages(deployment, admin, event="user_deleted", limit="1")
    assert found == [[], [], [rare.id]]
    assert deployment.count().count("Query") <= 7


def test_a_cursor_continues_its_own_list_alone(stage: Stage, admin: dict[str, str]) -> None:
    deployment = stage.deployment
    for tenant_id in ("acme", "globex"):
        for second in range(3):
            happened(NOON + timedelta(seconds=second), tenant_id=tenant_id, actor_id="kim")
    deployment.chain()
    cursor = read(deployment, admin, limit="1")["json"]["next_cursor"]
    assert read(deployment, admin, limit="2", cursor=cursor)["statusCode"] == 200
    others: list[tuple[str, dict[str, str]]] = [
        ("/api/acme/audit", {"actor": "kim"}),
        ("/api/acme/audit", {"target": "kim"}),
        ("/api/acme/audit", {"since": "2026-01-01T00:00:00Z"}),
        ("/api/globex/audit", {}),
        ("/audit", {}),
    ]
    for path, query in others:
        answer = read(deployment, stage.platform, path, cursor=cursor, **query)
        assert (answer["statusCode"], answer["json"]["code"]) == (400, "invalid_cursor"), path
    users = deployment.call("users", "GET", "/users", context=admin, query={"limit": "1"})["json"].get("next_cursor")
    tokens = deployment.call(
        "service_tokens", "GET", "/api/acme/auth/service-tokens", context=admin, query={"cursor": cursor}
    )
    assert tokens["json"]["code"] == "invalid_cursor"
    assert users is None or read(deployment, admin, cursor=users)["json"]["code"] == "invalid_cursor"


def test_a_record_expires_as_the_tenants_policy_said_when_it_was_appended(
    stage: Stage, admin: dict[str, str], at: Callable[[datetime], None]
) -> None:
    deployment = stage.deployment
    forget(deployment)
    at(NOON)
    happened(NOON - timedelta(hours=2))
    deployment.chain()
    stage.ask("tenants", "PATCH", "/api/acme/policy", stage.platform, {"audit_retention_days": 30})
    happened(NOON - timedelta(hours=1))
    deployment.chain()
    found = {item["number"]: item["expires_at"] for item in items(read(deployment, admin, event="signed_in"))}
    assert sorted(found.values()) == ["2026-12-26T12:00:00.000Z", "2027-11-26T12:00:00.000Z"]  # from then on


def test_reading_a_trail_is_one_head_and_one_page(deployment: Deployment, admin: dict[str, str]) -> None:
    deployment.chain()
    read(deployment, admin)
    deployment.count()
    read(deployment, admin)
    assert sorted(deployment.count()) == ["GetItem", "Query"]


@pytest.mark.parametrize("name", ["acme-admin", "admin", "nobody"])
def test_a_neighbours_trail_does_not_tell_whether_a_name_is_somebodys(
    deployment: Deployment, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setattr("doorward.sessions.login.MAX_FAILURES", 2)
    for password in ("wrong", "wrong", "admin123"):  # the last one is right for two of them
        body = {"username": name, "password": password}
        assert deployment.call("login", "POST", "/api/globex/auth/login", body)["statusCode"] == 401
    deployment.chain()
    found = items(read(deployment, deployment.context("globex-admin"), "/api/globex/audit", outcome="failure"))
    told = [(item["event"], item.get("target"), item["details"]) for item in found]
    assert told == 3 * [("sign_in_failed", None, {"reason": "unknown_user"})]


def test_an_account_that_strangers_restrict_is_told_in_the_trail_of_its_own_tenant(
    deployment: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("doorward.sessions.login.MAX_FAILURES", 1)
    admin = deployment.context("acme-admin")
    deployment.call("login", "POST", "/api/globex/auth/login", {"username": "acme-admin", "password": "wrong"})
    deployment.chain()
    (item,) = items(read(deployment, admin, event="account_restricted"))
    assert item["target"]["name"] == "acme-admin"
