"""What happens is stored with what changes: both or neither."""

from __future__ import annotations

from typing import Any

import boto3
import pytest

from doorward import audit
from doorward.aws.dynamodb import actions
from doorward.aws.dynamodb.acts import KeepingDatabase, to_record
from doorward.aws.dynamodb.client import BotoDatabase, connect
from doorward.aws.dynamodb.database import ConditionFailed
from doorward.aws.dynamodb.items import Item, decode
from doorward.model import PLATFORM
from doorward.model.audit import AuditRecord
from tests.support.aws import make_tables, mocked_aws
from tests.support.fakes import FakeClock

KEY = {"pk": "user#u1", "sk": "user"}


@pytest.fixture
def names() -> Any:
    with mocked_aws():
        yield make_tables(boto3.client("dynamodb"))


@pytest.fixture
def database(names: dict[str, str]) -> KeepingDatabase:
    return KeepingDatabase(BotoDatabase(connect()), names["AuditTable"], FakeClock())


def kept(database: KeepingDatabase) -> list[AuditRecord]:
    """Return the acts that are stored, in the order of time."""
    items: list[Item] = [item for page in database.scan(database.table) for item in page]
    return sorted(map(to_record, items), key=lambda record: record.id)


def _put(names: dict[str, str], **condition: Any) -> Any:
    return actions.put(names["UsersTable"], KEY, {"username": "kim"}, **condition)


def test_a_transaction_carries_what_happens(database: KeepingDatabase, names: dict[str, str]) -> None:
    with audit.act("user_created", tenant_id="acme", user_id="u1", by="u2", reason="asked"):
        database.transact([_put(names)])
        assert [record.event for record in kept(database)] == ["user_created"]
    (record,) = kept(database)
    assert (record.tenant_id, record.actor_id, record.target_id) == ("acme", "u2", "u1")
    assert (record.outcome, dict(record.details)) == ("success", {"reason": "asked"})


def test_a_transaction_that_is_cancelled_keeps_nothing(database: KeepingDatabase, names: dict[str, str]) -> None:
    with pytest.raises(ConditionFailed), audit.act("user_created"):
        database.transact([_put(names, when=actions.PRESENT)])
    assert kept(database) == []


def test_the_try_that_succeeds_keeps_it_once(database: KeepingDatabase, names: dict[str, str]) -> None:
    with audit.act("user_created"):
        for condition in (actions.PRESENT, actions.ABSENT):
            try:
                database.transact([_put(names, when=condition)])
            except ConditionFailed:
                continue
        database.transact([_put(names)])
    assert len(kept(database)) == 1


def test_a_single_write_becomes_a_transaction(database: KeepingDatabase, names: dict[str, str]) -> None:
    with pytest.raises(ConditionFailed), audit.act("user_created"):
        database.write(_put(names, when=actions.PRESENT))
    assert kept(database) == []
    with audit.act("user_created"):
        database.write(_put(names))
        assert len(kept(database)) == 1


def test_an_update_answers_as_ever_and_is_kept_afterwards(database: KeepingDatabase, names: dict[str, str]) -> None:
    with audit.act("sign_in_failed", by=None):
        item = database.write(actions.update(names["UsersTable"], KEY, add={"failures": 1}))
        assert (item["failures"], kept(database)) == (1, [])
    (record,) = kept(database)
    assert (record.outcome, record.actor_id) == ("failure", None)


def test_what_is_only_read_is_kept_afterwards(database: KeepingDatabase, names: dict[str, str]) -> None:
    with audit.act("user_exported", user_id="u1"):
        database.get((names["UsersTable"], KEY))
    (record,) = kept(database)
    assert (record.actor_id, record.target_id, record.tenant_id) == ("u1", "u1", PLATFORM)


def test_an_event_beside_all_writes_is_kept_by_the_requests_database(
    database: KeepingDatabase, names: dict[str, str]
) -> None:
    with audit.of_request({"requestContext": {"requestId": "r1", "authorizer": {"client_id": "app"}}}):
        database.get((names["UsersTable"], KEY))
        audit.add("second_factor_refused", user_id="u1", by=None)
    (record,) = kept(database)
    assert (record.request_id, record.client_id) == ("r1", "app")


def test_a_path_that_names_a_tenant_gives_it_no_record(database: KeepingDatabase, names: dict[str, str]) -> None:
    with audit.of_request({"requestContext": {"requestId": "r1"}, "pathParameters": {"tenantId": "made-up"}}):
        database.get((names["UsersTable"], KEY))
        audit.add("second_factor_refused", user_id="u1", by=None)
    acting = {"authorizer": {"tenant_id": "acme"}}
    with audit.of_request({"requestContext": acting, "pathParameters": {"tenantId": "made-up"}}):
        database.get((names["UsersTable"], KEY))
        audit.add("second_factor_refused", user_id="u1", by=None)
    assert {record.tenant_id for record in kept(database)} == {PLATFORM, "acme"}


def test_two_acts_of_one_transaction_are_both_kept(database: KeepingDatabase, names: dict[str, str]) -> None:
    with audit.act("signed_out", user_id="u1"), audit.act("family_ended", user_id="u1"):
        database.transact([_put(names)])
    assert {record.event for record in kept(database)} == {"signed_out", "family_ended"}


def test_what_was_withdrawn_is_not_kept(database: KeepingDatabase, names: dict[str, str]) -> None:
    with audit.act("family_ended") as begun:
        database.get((names["UsersTable"], KEY))
        begun.withdraw()
    assert kept(database) == []


def test_a_full_transaction_goes_through_and_its_act_is_kept_afterwards(
    database: KeepingDatabase, names: dict[str, str]
) -> None:
    many = [actions.put(names["UsersTable"], {"pk": f"user#{n}", "sk": "user"}, {}) for n in range(100)]
    with audit.act("user_deleted"):
        database.transact(many)
        assert kept(database) == []
    assert len(kept(database)) == 1


def test_outside_of_acts_nothing_is_kept(database: KeepingDatabase, names: dict[str, str]) -> None:
    database.transact([_put(names)])
    assert kept(database) == []


def test_an_act_holds_no_name_but_that_of_who_is_gone(database: KeepingDatabase, names: dict[str, str]) -> None:
    with audit.act("user_deleted", target_name="kim", user_id="u1"):
        database.transact([_put(names)])
    (item,) = (decode(item) for item in boto3.client("dynamodb").scan(TableName=names["AuditTable"])["Items"])
    assert item is not None
    assert item["target_name"] == "kim"
    assert "actor_name" not in item
