"""Two thousand users, listed without a scan: every request counted."""

from __future__ import annotations

import uuid
from collections import Counter
from typing import Any

import pytest
from ulid import ULID

from doorward.aws.dynamodb.client import BotoDatabase
from doorward.aws.dynamodb.items import encode, membership_key, user_key
from doorward.aws.dynamodb.shapes import membership_attributes, user_attributes
from doorward.model import UserId
from doorward.rules.shards import LIST_SHARDS
from tests.contract.conftest import on_dynamodb
from tests.support.aws import make_tables
from tests.support.makers import ACME, membership, user

pytestmark = pytest.mark.race
USERS = 2_000  # more in each partition of a list than a page holds


def test_two_thousand_users_are_paged_by_queries_alone(dynamodb_client: Any) -> None:
    names = make_tables(dynamodb_client, f"s{uuid.uuid4().hex[:8]}-")
    ids = [UserId(str(ULID())) for _ in range(USERS)]
    _write(dynamodb_client, names["UsersTable"], ids)
    requests: list[str] = []
    dynamodb_client.meta.events.register(
        "before-call.dynamodb", lambda model, **_: requests.append(model.name), unique_id="scale"
    )
    try:
        reader = on_dynamodb(BotoDatabase(dynamodb_client), names).reader
        requests.clear()
        for by_tenant in (True, False):
            found: list[str] = []
            after = None
            while True:
                page = reader.list_by_tenant(ACME, 100, after) if by_tenant else reader.list_all(100, after)
                found += [shown.user.id for shown in page.records]
                after = page.after
                if after is None:
                    break
            assert found == sorted(ids)
    finally:
        dynamodb_client.meta.events.unregister("before-call.dynamodb", unique_id="scale")
    counted = Counter(requests)
    assert set(counted) == {"Query", "BatchGetItem"}
    # A page of 100 is one query of each partition and one batch of memberships; by tenant, one batch of users more.
    assert counted["Query"] <= (1 + LIST_SHARDS) * (USERS // 100 + 1)
    assert counted["BatchGetItem"] <= 3 * USERS // 100


def _write(client: Any, table: str, ids: list[UserId]) -> None:
    requests = []
    for user_id in ids:
        member = user(id=user_id, username=user_id)
        for key, attributes in (
            (user_key(user_id), user_attributes(member)),
            (membership_key(ACME, user_id), membership_attributes(membership(member))),
        ):
            requests.append({"PutRequest": {"Item": encode({**key, **attributes})}})
    for first in range(0, len(requests), 25):
        client.batch_write_item(RequestItems={table: requests[first : first + 25]})
