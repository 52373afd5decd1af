"""The feed's store in memory and in S3, and what the table says of revocations, from its stream and as a whole."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from doorward.aws.dynamodb.client import BotoDatabase
from doorward.aws.dynamodb.feed import changes
from doorward.aws.feed_bucket import FeedBucket
from doorward.errors import Unavailable
from doorward.model import Revoked, ServiceToken, TokenId, UserId, service_user_id
from doorward.rules.lifetimes import cutoff_end, session_entry_end
from doorward.stores import FeedReader, FeedStore
from tests.contract.conftest import Stores
from tests.support.aws import mocked_aws, signed_feed_on_moto
from tests.support.fakes import MemoryFeedStore
from tests.support.makers import ACME, NOW, claims, session, tenant, user


@dataclass
class Feed:
    """The feed as its writer sees it, and as its readers do."""

    store: FeedStore
    reader: FeedReader


@pytest.fixture(params=["memory", "moto", "moto, signed"])
def feed(request: pytest.FixtureRequest) -> Iterator[Feed]:
    if request.param == "memory":
        memory = MemoryFeedStore()
        yield Feed(memory, memory)
        return
    with mocked_aws():
        client = boto3.client("s3")
        client.create_bucket(Bucket="feed-bucket")
        bucket = FeedBucket("feed-bucket", client)
        yield Feed(bucket, bucket if request.param == "moto" else signed_feed_on_moto("feed-bucket"))


@pytest.fixture
def store(feed: Feed) -> FeedStore:
    return feed.store


def test_a_head_takes_the_place_of_the_very_head_that_was_read(store: FeedStore) -> None:
    assert store.get_head() is None
    assert not store.put_head("of nothing", '"x"')
    assert store.put_head("one", None)
    assert not store.put_head("other", None)
    first = store.get_head()
    assert first is not None
    assert first.text == "one"
    assert store.put_head("two", first.version)
    assert not store.put_head("three", first.version)
    second = store.get_head()
    assert second is not None
    assert second.text == "two"


def test_parts_are_kept_by_their_names(feed: Feed) -> None:
    assert feed.store.get_part("s-a") is feed.reader.get_part("s-a") is None
    for _ in range(2):
        feed.store.put_part("s-a", "text ü")
    assert feed.store.get_part("s-a") == feed.reader.get_part("s-a") == "text ü"


def test_a_reader_who_has_the_head_is_not_sent_it_again(feed: Feed) -> None:
    with pytest.raises(Unavailable) as caught:
        feed.reader.read_head(None)
    assert caught.value.reason == "feed:no_head"
    feed.store.put_head("one", None)
    tag, text = feed.reader.read_head(None)
    assert text == "one"
    for seen in (f'"{tag}"', f'W/"{tag}"', f'"x", "{tag}"'):
        assert feed.reader.read_head(seen) == (tag, None)
    assert feed.reader.read_head('"other"') == (tag, "one")
    stored = feed.store.get_head()
    assert stored is not None
    assert stored.version == f'"{tag}"'


@pytest.mark.parametrize("error", ["InternalError", "SlowDown"])
def test_a_bucket_that_does_not_answer_is_unavailable(error: str) -> None:
    class Down:
        def get_object(self, **_: Any) -> Any:
            raise ClientError({"Error": {"Code": error}}, "GetObject")

        put_object = get_object

    bucket = FeedBucket("feed-bucket", Down())
    for call in (
        bucket.get_head,
        lambda: bucket.get_part("s-a"),
        lambda: bucket.put_part("s-a", ""),
        lambda: bucket.put_head("", None),
    ):
        with pytest.raises(Unavailable) as caught:
            call()
        assert caught.value.reason == f"s3:{error}"


def _all(stores: Stores) -> list[Revoked]:
    found = [one for page in stores.source.list_all() for one in page]
    return [one for one in found if one not in (Revoked(), Revoked(one.tenant_id))]


def test_the_table_tells_of_every_kind_of_revocation(stores: Stores) -> None:
    assert _all(stores) == []
    member, end = user(), session_entry_end(UserId("u"), NOW)
    stored, token = session(member), claims(member)
    stores.sessions.add(stored)
    stores.sessions.revoke(stored.ref, NOW)
    (found,) = _all(stores)
    assert found == Revoked(stored.ref.tenant_id, member.id, sessions={stored.ref.session_id: end})
    stores.revocations.revoke_token(token, NOW)
    stores.key_revocations.revoke_key("k1", NOW)
    stores.key_revocations.cut_off_deployment(NOW)
    stores.tenants.add(tenant())
    stores.tenants.change(tenant(), replace(tenant(), status="disabled", version=2), NOW)
    service = ServiceToken(ACME, TokenId("0" * 26), "ci", UserId("u"), NOW, NOW // 1000 + 2_592_000)
    stores.service_tokens.add(service)
    assert stores.service_tokens.revoke(ACME, service.id, NOW)
    told = {(one.tenant_id, one.user_id): one for one in _all(stores)}
    assert told[None, None] == Revoked(min_epoch=NOW, kids={"k1": cutoff_end(NOW)})
    assert told[ACME, None].min_epoch >= NOW
    assert list(told[ACME, service_user_id("ci")].tokens) == [service.id]
    assert list(told[stored.ref.tenant_id, member.id].tokens) == [token.token_id]


def _image(**attributes: Any) -> dict[str, Any]:
    return {name: {"N": str(value)} if isinstance(value, int) else {"S": value} for name, value in attributes.items()}


def _record(new: dict[str, Any] | None, old: dict[str, Any] | None = None) -> dict[str, Any]:
    images = {"NewImage": new, "OldImage": old}
    return {"dynamodb": {name: image for name, image in images.items() if image is not None}}


def test_the_stream_tells_only_what_is_new() -> None:
    place = {"pk": "tenant#acme#user#u#1"}
    before = _image(**place, **{"sid:a": 10, "jti:t": 20, "min_epoch": 5, "spared_session_id": "x"})
    after = _image(**place, **{"sid:a": 10, "sid:b": 30, "jti:t": 20, "min_epoch": 5, "spared_session_id": "x"})
    (found,) = changes([_record(after, before)])
    assert (found.tenant_id, found.user_id, found.min_epoch) == ("acme", "u#1", 0)
    assert (found.sessions, found.tokens) == ({"b": 30}, {})
    assert changes([_record(before, before), _record(None, before)]) == []
    (epoch,) = changes([_record({**after, "min_epoch": {"N": "9"}}, after)])
    assert (epoch.min_epoch, epoch.spared_session_id, epoch.sessions) == (9, "x", {})


def test_the_stream_tells_of_tenants_keys_and_the_deployment_and_of_nothing_else() -> None:
    images = [
        _image(pk="tenant#acme#00", min_epoch=7),
        _image(pk="deployment#00", min_epoch=8, **{"kid:k": 9}),
        *(_image(pk=pk, min_epoch=7) for pk in ("tenant#acme#01", "deployment#31", "other", "tenant#acme", "keys")),
    ]
    tenants, keys = changes([_record(image) for image in images])
    assert (tenants.tenant_id, tenants.user_id, tenants.min_epoch) == ("acme", None, 7)
    assert (keys.tenant_id, keys.min_epoch, keys.kids) == (None, 8, {"k": 9})


def test_a_table_of_many_pages_is_read_whole() -> None:
    pages: list[dict[str, Any]] = [
        {"Items": [_image(pk="a")], "LastEvaluatedKey": {"pk": {"S": "a"}}},
        {"Items": [_image(pk="b")]},
    ]
    asked: list[Any] = []

    class Client:
        def scan(self, **request: Any) -> Any:
            asked.append(request)
            return pages[len(asked) - 1]

    found = list(BotoDatabase(Client()).scan("table"))  # type: ignore[arg-type]
    assert found == [[{"pk": "a"}], [{"pk": "b"}]]
    assert asked[1]["ExclusiveStartKey"] == {"pk": {"S": "a"}}
    assert all(request["ConsistentRead"] for request in asked)
