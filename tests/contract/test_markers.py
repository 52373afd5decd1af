"""Markers: many equal copies, of which each request reads one."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import boto3
import pytest

from doorward.aws.dynamodb.client import BotoDatabase
from doorward.aws.dynamodb.items import Tables
from doorward.aws.dynamodb.markers import MarkerWriter, of_deployment, of_tenant
from doorward.aws.dynamodb.readers import DynamoRevocationReader
from doorward.errors import Conflict, NotInitialised
from doorward.model import UserId
from doorward.rules.revocation import MAX_ENTRIES
from doorward.rules.shards import LIST_SHARDS, MARKER_SHARDS, shard_of
from doorward.settings import Settings
from tests.contract.conftest import on_dynamodb
from tests.support.aws import Snapshot, make_tables, mocked_aws
from tests.support.makers import ACME, GLOBEX, NOW, claims, record, session, tenant, user

PEOPLE = [user().id for _ in range(64)]


@pytest.fixture
def names(tables_on_moto: tuple[dict[str, str], Snapshot]) -> Iterator[dict[str, str]]:
    with mocked_aws():
        found, empty = tables_on_moto
        empty.restore()
        yield found


def _reader(client: Any, names: dict[str, str], shards: int) -> DynamoRevocationReader:
    tables = Tables(revocations=names["RevocationsTable"], marker_shards=shards)
    return DynamoRevocationReader(BotoDatabase(client), tables)


def _writer(client: Any, names: dict[str, str]) -> MarkerWriter:
    return MarkerWriter(BotoDatabase(client), names["RevocationsTable"])


def test_names_are_spread_evenly_over_shards() -> None:
    counts = [0] * 32
    for number in range(32_000):
        counts[shard_of(f"01M8B6EH32YTVF81CJT4{number:06d}", 32)] += 1
    assert 800 < min(counts) <= max(counts) < 1200


def test_functions_and_scripts_begin_with_the_same_number() -> None:
    assert Settings().marker_shards == Tables().marker_shards == MARKER_SHARDS


def test_whichever_copy_a_request_reads_says_the_same(names: dict[str, str]) -> None:
    client = boto3.client("dynamodb")
    stores, reader = on_dynamodb(BotoDatabase(client), names), _reader(client, names, 4)
    stores.tenants.add(tenant())
    found = stores.tenants.get(ACME)
    assert found
    stores.tenants.change(found, replace(found, status="disabled", version=2), NOW)
    stores.key_revocations.revoke_key("bad", NOW)
    stores.key_revocations.cut_off_deployment(NOW)
    told = {reader.get(ACME, user_id) for user_id in PEOPLE}
    assert {shard_of(user_id, 4) for user_id in PEOPLE} == {0, 1, 2, 3}
    assert [(one.tenant_status, one.tenant_min_epoch, one.deployment_min_epoch) for one in told] == [
        ("disabled", NOW, NOW)
    ]
    assert {one.revoked_kids for one in told} == {frozenset({"bad"})}


def test_a_copy_that_is_not_there_lets_nobody_in(names: dict[str, str]) -> None:
    client = boto3.client("dynamodb")
    stores, reader = on_dynamodb(BotoDatabase(client), names), _reader(client, names, 8)
    stores.tenants.add(tenant())
    for user_id in PEOPLE:
        if shard_of(user_id, 8) >= 4:
            with pytest.raises(NotInitialised):
                reader.get(ACME, user_id)


def test_more_copies_say_what_the_first_ones_say_and_hear_what_comes_after(names: dict[str, str]) -> None:
    client = boto3.client("dynamodb")
    stores, reader, writer = on_dynamodb(BotoDatabase(client), names), _reader(client, names, 8), _writer(client, names)
    stores.tenants.add(tenant())
    stores.key_revocations.revoke_key("before", NOW)
    for key_of in (of_deployment, of_tenant(ACME)):
        assert writer.spread(key_of, 8)
        assert not writer.spread(key_of, 8)
    stores.key_revocations.revoke_key("after", NOW)
    found = stores.tenants.get(ACME)
    assert found
    stores.tenants.change(found, replace(found, status="disabled", version=2), NOW)
    for old in (4, 8):
        told = {_reader(client, names, old).get(ACME, user_id) for user_id in PEOPLE}
        assert {(one.revoked_kids, one.tenant_status) for one in told} == {(frozenset({"before", "after"}), "disabled")}
    stores.tenants.add(tenant(GLOBEX))
    assert {reader.get(GLOBEX, user_id).tenant_status for user_id in PEOPLE} == {"active"}


def test_a_deployment_without_a_marker_makes_no_tenant_and_revokes_nothing_silently(names: dict[str, str]) -> None:
    client = boto3.client("dynamodb")
    stores = on_dynamodb(BotoDatabase(client), names)
    for shard in range(4):
        client.delete_item(TableName=names["RevocationsTable"], Key={"pk": {"S": f"deployment#{shard:02d}"}})
    for call in (
        lambda: stores.tenants.add(tenant()),
        lambda: stores.key_revocations.revoke_key("bad", NOW),
        lambda: _writer(client, names).spread(of_deployment, 8),
        lambda: stores.directory.get_admission(ACME, PEOPLE[0]),
    ):
        with pytest.raises(NotInitialised):
            call()


def test_a_users_own_item_stays_small_whatever_the_user_signed_out_of(names: dict[str, str]) -> None:
    client = boto3.client("dynamodb")
    stores = on_dynamodb(BotoDatabase(client), names)
    stores.tenants.add(tenant())
    owner = user()
    stores.writer.add(record(owner), None)
    key = {"pk": {"S": f"tenant#{ACME}#user#{owner.id}"}}
    sizes = []
    for number in range(2 * MAX_ENTRIES + 5):
        held = session(owner)
        stores.sessions.add(held)
        stores.sessions.end_family(held.ref, NOW + number)
        item = client.get_item(TableName=names["RevocationsTable"], Key=key)["Item"]
        sizes.append(sum(len(name) + len(str(next(iter(value.values())))) for name, value in item.items()))
    # A transaction writes the session, this item and an act, each of one unit: six, as each counts twice.
    assert max(sizes) <= 1024


def test_lists_of_everybody_are_in_several_partitions(names: dict[str, str]) -> None:
    client = boto3.client("dynamodb")
    stores = on_dynamodb(BotoDatabase(client), names)
    for _ in range(64):
        stores.writer.add(record(user(())), None)
    items = client.scan(TableName=names["UsersTable"])["Items"]
    assert len({item["listing"]["S"] for item in items if "listing" in item}) > LIST_SHARDS // 2


def test_revocations_while_copies_are_added_reach_all_copies(dynamodb_client: Any) -> None:
    names = make_tables(dynamodb_client, f"m{UserId(str(PEOPLE[0]))[-8:].lower()}-")
    stores, writer = on_dynamodb(BotoDatabase(dynamodb_client), names), _writer(dynamodb_client, names)
    stores.tenants.add(tenant())
    kids = [f"kid{number}" for number in range(6)]

    def revoke(kid: str) -> None:
        while True:
            try:
                return stores.key_revocations.revoke_key(kid, NOW)
            except Conflict:
                continue

    with ThreadPoolExecutor(8) as pool:
        done = [pool.submit(revoke, kid) for kid in kids]
        spread = [pool.submit(writer.spread, key_of, 16) for key_of in (of_deployment, of_tenant(ACME))]
        assert [each.exception() for each in done] == [None] * len(kids)
        assert all(each.result() for each in spread)
    reader = _reader(dynamodb_client, names, 16)
    assert {reader.get(ACME, user_id).revoked_kids for user_id in PEOPLE} == {frozenset(kids)}


def test_the_token_of_a_user_is_refused_by_every_number_of_copies(names: dict[str, str]) -> None:
    client = boto3.client("dynamodb")
    stores = on_dynamodb(BotoDatabase(client), names)
    stores.tenants.add(tenant())
    owner = user()
    stores.revocations.revoke_token(claims(owner, "one"), NOW)
    for shards in (1, 2, 3, 4):
        assert _reader(client, names, shards).get(ACME, owner.id).user.tokens == {"one"}
