"""The checker of all tables names what is broken, and nothing else."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from copy import deepcopy
from types import SimpleNamespace
from typing import Any

import pytest

from doorward.aws.dynamodb.client import connect
from scripts import check_tables
from tests.support.deployment import Stack, deployed, initialised_stack
from tests.support.tables import on_moto
from tests.support.template import resources
from tools.tables.check import check, check_twice
from tools.tables.kinds import TABLES

Tables = dict[str, list[dict[str, Any]]]
NOW_MS = time.time_ns() // 1_000_000


@pytest.fixture(scope="module")
def stack() -> Stack:
    return initialised_stack()


@pytest.fixture(scope="module")
def _whole(stack: Stack) -> Tables:
    """The tables of a stack in which acme's administrator signed in, invited somebody and saw the demo."""
    with pytest.MonkeyPatch.context() as patch, deployed(stack, patch) as deployment:
        admin = deployment.context("acme-admin")
        body = {"email": "ann@people.example"}
        assert deployment.call("invitations", "POST", "/api/acme/invitations", body, context=admin)["statusCode"] == 201
        assert deployment.call("demo", "POST", "/api/acme/demo/seed", context=admin)["statusCode"] == 200
        sent = {"name": "robot"}
        path = "/api/acme/auth/service-tokens"
        assert deployment.call("service_tokens", "POST", path, sent, context=admin)["statusCode"] == 201
        return on_moto()


@pytest.fixture
def tables(_whole: Tables) -> Tables:
    return deepcopy(_whole)


def _one(tables: Tables, table: str, sk: str, **values: Any) -> dict[str, Any]:
    """Return the first item whose second key begins so, and that has these values."""
    return next(
        item
        for item in tables[table]
        if str(item.get("sk", item["pk"])).startswith(sk)
        and all(item.get(name) == value for name, value in values.items())
    )


def _without(tables: Tables, table: str, sk: str, **values: Any) -> None:
    tables[table].remove(_one(tables, table, sk, **values))


def _with(tables: Tables, table: str, sk: str, /, **changes: Any) -> None:
    _one(tables, table, sk).update(changes)


def _admin_less(tables: Tables) -> None:
    _one(tables, "UsersTable", "tenant", tenant_id="acme")["administrators"] = 7


def _foreign_session(tables: Tables) -> None:
    _one(tables, "RefreshTokensTable", "session#").update(pk="tenant#globex#user#x", tenant_id="globex")


def _wide_family(tables: Tables) -> None:
    session = _one(tables, "RefreshTokensTable", "session#")
    tables["RefreshTokensTable"].append(
        {**session, "pk": session["pk"].replace("acme", "globex"), "tenant_id": "globex"}
    )


BROKEN: dict[str, tuple[Callable[[Tables], object], str]] = {
    "a user without the claim of the name": (
        lambda t: _without(t, "UsersTable", "username"),
        "does not own its user name",
    ),
    "a name without a user": (lambda t: _without(t, "UsersTable", "user", username="acme-admin"), "there is no user"),
    "a user without a membership": (
        lambda t: _without(t, "UsersTable", "user#", tenant_id="acme"),
        "has no membership",
    ),
    "an address of nobody": (lambda t: _with(t, "UsersTable", "email#", user_id="x"), "there is no user x"),
    "an address that nobody claims": (lambda t: _without(t, "UsersTable", "email#"), "does not own its address"),
    "a wrong count of administrators": (_admin_less, "counts 7 administrators, but has 1"),
    "a session of nobody": (_foreign_session, "names another session"),
    "a family that counts no switch": (_wide_family, "counts 0 switches, but has 2 sessions"),
    "a switch that leads nowhere": (
        lambda t: _with(t, "RefreshTokensTable", "session#", switched_to="globex", links=1),
        "was switched to globex, where the family has no session",
    ),
    "a copy that differs": (
        lambda t: _with(t, "RevocationsTable", "tenant#acme#07", status="disabled"),
        "differs from the first copy",
    ),
    "a copy that is missing": (lambda t: _without(t, "RevocationsTable", "deployment#07"), "has no copies [7]"),
    "a policy that the marker does not say": (
        lambda t: t["UsersTable"].append({"pk": "tenant#acme", "sk": "policy", "version": 1, "sign_in": "{}"}),
        "something else than the tenant's marker",
    ),
    "factors of nobody": (
        lambda t: t["UsersTable"].append({"pk": "factors#x", "sk": "factors", "version": 1}),
        "there is no user x",
    ),
    "a password of nobody": (
        lambda t: t["UsersTable"].append({"pk": "credential#x", "sk": "credential"}),
        "there is no user x",
    ),
    "a service token of no tenant": (
        lambda t: _with(t, "RefreshTokensTable", "token#", pk="tenant#x#services", tenant_id="x"),
        "there is no tenant x",
    ),
    "an invitation without a proof": (
        lambda t: _without(t, "ProofsTable", "proof#", kind="invitation"),
        "its proof is gone",
    ),
    "an invitation that is not the last": (
        lambda t: _with(t, "RefreshTokensTable", "address#", invitation_id="x"),
        "is not the last one of its address",
    ),
    "a notification of nobody": (
        lambda t: t["NotificationsTable"].append({"pk": "tenant#acme#user#x", "sk": "notification#1"}),
        "there is no user x",
    ),
    "a socket that nothing points to": (
        lambda t: t["SocketsTable"].append({"pk": "tenant#acme", "sk": "user#x#connection#c"}),
        "nothing points to it",
    ),
    "a proof that lives too long": (
        lambda t: _with(t, "ProofsTable", "proof#", expires_at_ms=NOW_MS * 2),
        "lives longer than a proof",
    ),
    "an entry of nobody": (
        lambda t: t["UsersTable"].append({"pk": "tenant#acme#role#admin", "sk": "user#x"}),
        "there is no user x",
    ),
    "an act that nobody appends": (
        lambda t: _with(t, "AuditTable", "act", at_ms=NOW_MS - 2 * 3_600_000),
        "waits for more than an hour",
    ),
    "a record beyond its chain": (
        lambda t: t["AuditTable"].extend(
            [
                {"pk": "tenant#acme#2026-11", "sk": "record#1", "chain_number": 2},
                {"pk": "chain#acme", "sk": "head", "chain_number": 1, "chain_hash": "x", "checkpoint": "x"},
            ]
        ),
        "is further than the head",
    ),
    "an anchor without a chain": (
        lambda t: t["AuditTable"].append({"pk": "chain#acme", "sk": "anchor#0", "chain_number": 0}),
        "without a head",
    ),
    "a head that says nothing": (
        lambda t: t["AuditTable"].append(
            {"pk": "chain#acme", "sk": "head", "chain_number": 0, "chain_hash": "", "checkpoint": ""}
        ),
        "says nothing",
    ),
    "a webhook of no tenant": (
        lambda t: t["WebhooksTable"].append({"pk": "tenant#x", "sk": "webhook#1"}),
        "there is no tenant x",
    ),
    "a wrong count of webhooks": (
        lambda t: t["WebhooksTable"].append({"pk": "tenant#acme", "sk": "count", "webhooks": 1}),
        "counts 1 webhooks where there are 0",
    ),
    "an item of an unknown kind": (
        lambda t: t["UsersTable"].append({"pk": "new#1", "sk": "new"}),
        "is of no kind that has a rule",
    ),
    "an unknown table": (lambda t: t.update(NewTable=[]), "NewTable: no rules for this table"),
    "a table that is missing": (lambda t: t.pop("ProofsTable"), "ProofsTable: this table is missing"),
}


def test_what_a_stack_stores_is_whole(tables: Tables) -> None:
    report = check(tables, NOW_MS)
    assert (report.broken, report.leaving, report.ended) == ((), 0, 0)
    assert report.items == sum(map(len, tables.values()))


@pytest.mark.parametrize("name", BROKEN)
def test_what_is_broken_is_named(tables: Tables, name: str) -> None:
    break_it, said = BROKEN[name]
    break_it(tables)
    assert any(said in line for line in check(tables, NOW_MS).broken), check(tables, NOW_MS).broken


def test_who_is_leaving_is_not_broken(tables: Tables) -> None:
    tables["UsersTable"].append(
        {"pk": "user#x", "sk": "leaving", "home_tenant_id": "acme", "realms": [], "entries": []}
    )
    tables["NotificationsTable"].append({"pk": "tenant#acme#user#x", "sk": "notification#1"})
    report = check(tables, NOW_MS)
    assert (report.broken, report.leaving) == ((), 2)


def test_what_the_time_to_live_removes_is_not_looked_at(tables: Tables) -> None:
    tables["RefreshTokensTable"].append({"pk": "tenant#acme#user#x", "sk": "session#1", "expires_at": 1})
    report = check(tables, NOW_MS)
    assert (report.broken, report.ended) == ((), 1)


def test_what_was_seen_half_done_is_looked_at_again(tables: Tables) -> None:
    half = deepcopy(tables)
    _admin_less(half)
    seen: Iterator[Tables] = iter((half, tables))
    assert check_twice(lambda: next(seen), lambda: NOW_MS).broken == ()
    assert len(check_twice(lambda: half, lambda: NOW_MS).broken) == 1


def test_every_table_of_the_template_has_rules() -> None:
    assert set(TABLES) == set(resources("AWS::DynamoDB::Table"))


def test_the_script_says_how_many_items_it_checked_and_ends_with_1_if_one_is_broken(
    stack: Stack, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    outputs = [{"OutputKey": name, "OutputValue": value} for name, value in stack.outputs.items()]

    class CloudFormation:
        def describe_stacks(self, StackName: str) -> dict[str, Any]:  # noqa: N803 - boto3's own name
            return {"Stacks": [{"Outputs": outputs}]}

    with deployed(stack, monkeypatch):
        monkeypatch.setattr(check_tables, "boto3", SimpleNamespace(client=lambda _: CloudFormation()))
        assert check_tables.main([]) == 0
        assert "items checked: 0 broken" in capsys.readouterr().out
        client = connect()
        client.put_item(TableName="UsersTable", Item={"pk": {"S": "new#1"}, "sk": {"S": "new"}})
        assert check_tables.main([]) == 1
        assert "UsersTable new#1 new: is of no kind" in capsys.readouterr().out
