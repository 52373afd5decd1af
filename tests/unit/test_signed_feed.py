"""Both readers of the feed, side by side: what they ask S3 for, and what they make of the answers."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials as BotoCredentials
from hypothesis import given
from hypothesis import strategies as st

from doorward.aws.connections import Connections
from doorward.aws.endpoints import Credentials, Endpoint
from doorward.aws.feed_bucket import FeedBucket
from doorward.aws.retries import BUSY, LOST, Retries
from doorward.aws.signature import Signer
from doorward.aws.signed_feed import SignedFeed
from doorward.aws.stored_feed import StoredFeed
from doorward.errors import Unavailable
from tests.support.wire import CLOSE, HANG, Step, Wire, http, patience_seconds, wire

CREDENTIALS = Credentials("AKID", "secret", "token")
TAGGED = ('ETag: "tag"', "Content-Type: application/jwt")


def refusal(status: int, code: str) -> bytes:
    text = f'<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>{code}</Code><Key>parts/s-a</Key></Error>'
    return http(status, text.encode(), "Content-Type: application/xml")


@pytest.fixture
def server() -> Iterator[Wire]:
    with wire() as found:
        yield found


@pytest.fixture
def pauses() -> list[float]:
    return []


@pytest.fixture
def signed(request: pytest.FixtureRequest, server: Wire, pauses: list[float]) -> Iterator[SignedFeed]:
    endpoint = Endpoint.of_bucket("bucket", {"AWS_REGION": "r", "AWS_ENDPOINT_URL": server.url})
    connections = Connections(endpoint, read_seconds=patience_seconds(request))
    retries = Retries("s3", pauses.append)
    yield SignedFeed(endpoint, lambda: CREDENTIALS, connections=connections, retries=retries)
    connections.close()


@pytest.fixture
def boto(server: Wire) -> Iterator[FeedBucket]:
    config = Config(retries={"total_max_attempts": 1})
    keys = {"aws_access_key_id": "AKID", "aws_secret_access_key": "secret", "aws_session_token": "token"}
    client: Any = boto3.client("s3", "r", endpoint_url=server.url, config=config, **keys)  # type: ignore[call-overload]
    yield FeedBucket("bucket", client)
    client.close()


@pytest.fixture(params=["signed", "boto"])
def feed(request: pytest.FixtureRequest) -> StoredFeed:
    found: StoredFeed = request.getfixturevalue(request.param)
    return found


def test_head_and_parts_are_read_from_their_places(server: Wire, feed: StoredFeed) -> None:
    server.script = [http(200, b"text", *TAGGED), http(200, "ü".encode(), *TAGGED)]
    assert feed.read_head(None) == ("tag", "text")
    assert feed.get_part("s-a_-") == "ü"
    assert [asked.head for asked in server.asked] == [
        "GET /bucket/head HTTP/1.1",
        "GET /bucket/parts/s-a_- HTTP/1.1",
    ]


@pytest.mark.parametrize(
    "step",
    [refusal(404, "NoSuchKey"), refusal(403, "AccessDenied"), http(404, b"")],
    ids=["absent", "absent for whom may not list", "absent without words"],
)
def test_what_is_not_there_is_none(server: Wire, feed: StoredFeed, step: Step) -> None:
    server.script = [step, step]
    assert feed.get_part("s-a") is None
    assert feed.get_head() is None


@pytest.mark.parametrize(
    ("status", "code"), [(403, "SignatureDoesNotMatch"), (400, "ExpiredToken"), (404, "NoSuchBucket"), (403, "")]
)
def test_a_refusal_is_unavailable_and_not_sent_again(server: Wire, feed: StoredFeed, status: int, code: str) -> None:
    server.script = [refusal(status, code) if code else http(status, b"")]
    with pytest.raises(Unavailable) as caught:
        feed.get_part("s-a")
    assert caught.value.reason == f"s3:{code or status}"
    assert len(server.asked) == 1


PASSING: dict[str, tuple[Step, int, str]] = {
    "closed": (CLOSE, LOST.tries, "closed"),
    "silence": (HANG, LOST.tries, "TimeoutError"),
    "internal error": (refusal(500, "InternalError"), LOST.tries, "InternalError"),
    "a page of a proxy": (http(502, b"<html>"), LOST.tries, "502"),
    "half of an object": (b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nte", LOST.tries, ""),
    "an object without a tag": (http(200, b"text"), LOST.tries, "no tag"),
    "throttled": (refusal(503, "SlowDown"), BUSY.tries, "SlowDown"),
}


@pytest.mark.parametrize("failure", PASSING)
def test_a_passing_failure_is_tried_again_and_a_lasting_one_is_unavailable(
    server: Wire, signed: SignedFeed, pauses: list[float], failure: str
) -> None:
    step, tries, reason = PASSING[failure]
    server.closes = failure == "half of an object"
    server.script = [step, http(200, b"text", *TAGGED, "Connection: close"), *[step] * tries]
    assert signed.read_head(None) == ("tag", "text")
    assert len(pauses) == 1
    with pytest.raises(Unavailable) as caught:
        signed.read_head(None)
    assert len(server.asked) == 2 + tries
    assert caught.value.reason.startswith(f"s3:{reason}")


@given(
    st.sampled_from(["https://bucket.s3.r-1.amazonaws.com", "http://127.0.0.1:8000"]),
    st.sampled_from(["/head", "/parts/s-A_-9", "/bucket/parts/l-x", "/a%20b/~%C3%BC"]),
    st.datetimes(dt.datetime(2020, 1, 1), dt.datetime(2040, 1, 1)),  # noqa: DTZ001 - made one of UTC below
    st.text("abcXYZ019+/=", max_size=30),
)
def test_the_signature_is_botocores(url: str, path: str, now: dt.datetime, token: str) -> None:
    seconds = now.replace(tzinfo=dt.UTC).timestamp()
    ours = Signer(Endpoint("s3", "r-1", url), lambda: Credentials("AKID", "secret", token), lambda: seconds)
    request = AWSRequest("GET", url + path, headers={}, data=b"")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("botocore.auth.get_current_datetime", lambda *_: now)
        S3SigV4Auth(BotoCredentials("AKID", "secret", token or None), "s3", "r-1").add_auth(request)
    theirs = {name.lower(): value for name, value in request.headers.items()}
    assert {name: value for name, value in ours.sign_get(path).items() if name != "host"} == theirs


def test_no_error_and_no_path_shows_a_secret(server: Wire, signed: SignedFeed) -> None:
    server.script = [refusal(403, "SignatureDoesNotMatch")]
    with pytest.raises(Unavailable) as caught:
        signed.get_part("s-a")
    assert not any(word in f"{caught.value!r} {caught.value.reason}" for word in ("AKID", "secret", "token"))
    assert server.asked[0].headers["x-amz-security-token"] == "token"
    assert "secret" not in server.asked[0].head
