"""The authorizer's own DynamoDB client, against a server that misbehaves; and that both clients read consistently."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import boto3
import pytest

from doorward.aws.dynamodb.client import BotoDatabase
from doorward.aws.dynamodb.signed import Endpoint, SignedReader
from doorward.errors import Unavailable

Script = list[tuple[int, Any]]


class Server(HTTPServer):
    """Answers what a script says, and remembers what it was asked."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.script: Script = []
        self.asked: list[tuple[str, Any]] = []


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        server = self.server
        assert isinstance(server, Server)
        body = self.rfile.read(int(self.headers["Content-Length"]))
        server.asked.append((self.headers["X-Amz-Target"], json.loads(body)))
        status, answer = server.script.pop(0)
        if status == 0:
            self.close_connection = True
            return
        content = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
        pass


@pytest.fixture
def server() -> Iterator[Server]:
    found = Server()
    thread = threading.Thread(target=found.serve_forever, args=(0.01,))
    thread.start()
    yield found
    found.shutdown()
    thread.join()
    found.server_close()


@pytest.fixture
def reads(server: Server) -> Iterator[SignedReader]:
    client = SignedReader(Endpoint(f"http://127.0.0.1:{server.server_port}", "r", "a", "s", "t"))
    yield client
    if client._connection:
        client._connection.close()


def test_an_item_is_read_consistently(server: Server, reads: SignedReader) -> None:
    server.script = [(200, {"Item": {"pk": {"S": "x"}, "n": {"N": "7"}}}), (200, {})]
    assert reads.get(("t", {"pk": "x"})) == {"pk": "x", "n": 7}
    assert reads.get(("t", {"pk": "y"})) is None
    assert server.asked[0] == (
        "DynamoDB_20120810.GetItem",
        {"TableName": "t", "Key": {"pk": {"S": "x"}}, "ConsistentRead": True},
    )


@pytest.fixture
def boto(server: Server) -> Iterator[BotoDatabase]:
    url = f"http://127.0.0.1:{server.server_port}"
    client = boto3.client("dynamodb", "r", endpoint_url=url, aws_access_key_id="a", aws_secret_access_key="s")
    yield BotoDatabase(client)
    client.close()


def test_names_hashes_and_revocations_are_read_consistently_where_they_are_written_too(
    server: Server, boto: BotoDatabase
) -> None:
    place = ("t", {"pk": "x"})
    server.script = [(200, {}), (200, {"Responses": {}}), (200, {"Items": []}), (200, {"Items": []})]
    boto.get(place)
    boto.batch_get([place])
    boto.query("t", partition="x", prefix="y", limit=1)
    boto.query("t", partition="x", prefix="y", limit=1, index="listing")
    single, batch, page, listed = (asked for _, asked in server.asked)
    assert [single["ConsistentRead"], batch["RequestItems"]["t"]["ConsistentRead"], page["ConsistentRead"]] == [
        True
    ] * 3
    assert "ConsistentRead" not in listed  # an index cannot be read so


def test_a_batch_keeps_the_order_and_asks_again_for_what_was_left(server: Server, reads: SignedReader) -> None:
    left = {"t": {"Keys": [{"pk": {"S": "b"}}], "ConsistentRead": True}}
    server.script = [
        (200, {"Responses": {"t": [{"pk": {"S": "c"}}], "u": [{"pk": {"S": "a"}}]}, "UnprocessedKeys": left}),
        (200, {"Responses": {"t": [{"pk": {"S": "b"}}]}}),
    ]
    places = [("u", {"pk": "a"}), ("t", {"pk": "b"}), ("t", {"pk": "c"}), ("t", {"pk": "d"})]
    assert reads.batch_get(places) == [{"pk": "a"}, {"pk": "b"}, {"pk": "c"}, None]
    assert server.asked[1][1]["RequestItems"] == left
    assert all(table["ConsistentRead"] for table in server.asked[0][1]["RequestItems"].values())


def test_what_is_never_processed_is_unavailable(server: Server, reads: SignedReader) -> None:
    server.script = [(200, {"Responses": {}, "UnprocessedKeys": {"t": {}}})] * 4
    with pytest.raises(Unavailable):
        reads.batch_get([("t", {"pk": "a"})])


@pytest.mark.parametrize("failure", [(0, None), (500, {}), (400, {"__type": "#ThrottlingException"})])
def test_a_passing_failure_is_tried_again(server: Server, reads: SignedReader, failure: tuple[int, Any]) -> None:
    server.script = [failure, (200, {})]
    assert reads.get(("t", {"pk": "x"})) is None
    assert len(server.asked) == 2


def test_a_lasting_failure_is_unavailable(server: Server, reads: SignedReader) -> None:
    server.script = [(500, {})] * 4
    with pytest.raises(Unavailable):
        reads.get(("t", {"pk": "x"}))


def test_a_refusal_is_not_tried_again(server: Server, reads: SignedReader) -> None:
    server.script = [(400, {"__type": "#AccessDeniedException"})]
    with pytest.raises(Unavailable):
        reads.get(("t", {"pk": "x"}))
    assert len(server.asked) == 1


def test_nobody_there_is_unavailable() -> None:
    with pytest.raises(Unavailable):
        SignedReader(Endpoint("http://127.0.0.1:1", "r", "a", "s", "")).get(("t", {"pk": "x"}))
