"""Connections of the functions' own client, against a server that says what it likes."""

from __future__ import annotations

import ssl
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from doorward.aws import connections as room
from doorward.aws.answers import NoAnswer, receive
from doorward.aws.connections import Connections
from doorward.aws.endpoints import Credentials, Endpoint
from doorward.errors import Misconfigured
from local import tls
from tests.support.wire import CLOSE, HANG, Step, Wire, http, patience_seconds, wire

HEADERS = {"host": "x", "x-amz-target": "A.B"}


@pytest.fixture
def server() -> Iterator[Wire]:
    with wire() as found:
        yield found


@pytest.fixture
def connections(request: pytest.FixtureRequest, server: Wire) -> Iterator[Connections]:
    found = Connections(Endpoint("dynamodb", "r", server.url), read_seconds=patience_seconds(request))
    yield found
    found.close()


def test_one_connection_carries_many_requests(server: Wire, connections: Connections) -> None:
    server.script = [http(200, {"a": number}) for number in range(3)]
    assert [connections.post(HEADERS, b"{}").content for _ in range(3)] == [b'{"a": 0}', b'{"a": 1}', b'{"a": 2}']
    assert [asked.connection for asked in server.asked] == [1, 1, 1]
    assert server.asked[0].head == "POST / HTTP/1.1"


def test_an_object_is_asked_for_by_its_path_and_without_a_body(server: Wire, connections: Connections) -> None:
    server.script = [http(200, b"text"), http(404, b""), http(200, {})]
    assert connections.get(HEADERS, "/bucket/a%20b").content == b"text"
    assert connections.get(HEADERS, "/").status == 404
    connections.post(HEADERS, b"{}")
    assert [asked.head for asked in server.asked] == ["GET /bucket/a%20b HTTP/1.1", "GET / HTTP/1.1", "POST / HTTP/1.1"]
    assert [asked.body for asked in server.asked] == [None, None, {}]
    assert "content-length" not in server.asked[0].headers
    assert server.connections == 1


def test_a_connection_that_was_closed_while_it_was_idle_is_not_used(server: Wire, connections: Connections) -> None:
    server.closes = True
    server.script = [http(200, {}), http(200, {})]
    connections.post(HEADERS, b"{}")
    assert server.closed.wait(5)
    assert connections.post(HEADERS, b"{}").status == 200
    assert [asked.connection for asked in server.asked] == [1, 2]


def test_a_connection_that_says_it_closes_is_not_kept(server: Wire, connections: Connections) -> None:
    server.script = [http(200, {}, "Connection: close"), http(200, {}).replace(b"1.1", b"1.0"), http(200, {})]
    for _ in range(3):
        connections.post(HEADERS, b"{}")
    assert [asked.connection for asked in server.asked] == [1, 2, 3]


def test_an_answer_may_come_in_chunks(server: Wire, connections: Connections) -> None:
    chunked = (
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3;x=y\r\n{}x\r\nA\r\n0123456789\r\n0\r\nA: b\r\n\r\n"
    )
    server.script = [chunked, http(200, {})]
    assert connections.post(HEADERS, b"{}").content == b"{}x0123456789"
    assert connections.post(HEADERS, b"{}").content == b"{}"
    assert server.connections == 1


GARBAGE = {
    "nothing": CLOSE,
    "half a head": b"HTTP/1.1 200 OK\r\nContent-Le",
    "half a body": b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n{",
    "another protocol": b"SSH-2.0-OpenSSH_9.6\r\n\r\n",
    "a status of letters": b"HTTP/1.1 abc OK\r\nContent-Length: 0\r\n\r\n",
    "a long status": b"HTTP/1.1 2000 OK\r\nContent-Length: 0\r\n\r\n",
    "no length": b"HTTP/1.1 200 OK\r\n\r\n{}",
    "a negative length": b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
    "two lengths": b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{} ",
    "a length beside chunks": b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "another coding": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n",
    "a length without end": b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999999\r\n\r\n",
    "a length that is too long": b"HTTP/1.1 200 OK\r\nContent-Length: 24000001\r\n\r\n",
    "more than an answer": http(200, {}) + b"HTTP/1.1 200 OK",
    "a header without a colon": b"HTTP/1.1 200 OK\r\nContent-Length\r\n\r\n",
    "a line without end": b"HTTP/1.1 200 OK\r\nA: " + b"a" * 200_000,
    "headers without end": b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 200,
    "a chunk of no size": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n\r\n",
    "a chunk of a strange size": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n+2\r\n{}\r\n0\r\n\r\n",
    "a chunk that is too long": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1FFFFFF\r\n",
    "a chunk without end": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}{}\r\n0\r\n\r\n",
    "silence": HANG,
}


@pytest.mark.parametrize("step", GARBAGE.values(), ids=GARBAGE)
def test_what_is_no_answer_is_none_and_its_connection_is_not_used_again(
    server: Wire, connections: Connections, step: Step
) -> None:
    server.script, server.closes = [step, http(200, {})], step is not HANG
    with pytest.raises(NoAnswer) as caught:
        connections.post(HEADERS, b'{"secret": 1}')
    assert "secret" not in str(caught.value)
    server.closes = False
    assert connections.post(HEADERS, b"{}").status == 200
    assert [asked.connection for asked in server.asked] == [1, 2]


class Pieces:
    """A socket that gives bytes in the pieces of a list."""

    def __init__(self, pieces: list[bytes]) -> None:
        self.pieces = pieces

    def recv(self, _: int) -> bytes:
        return self.pieces.pop(0) if self.pieces else b""


@given(
    st.lists(st.integers(1, 60), max_size=8), st.sampled_from([200, 400, 503]), st.binary(max_size=40), st.booleans()
)
def test_an_answer_reads_the_same_in_whatever_pieces_it_comes(
    cuts: list[int], status: int, content: bytes, chunked: bool
) -> None:
    whole = http(status, content)
    if chunked:
        chunks = b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in (content[:7], content[7:]) if part)
        whole = b"HTTP/1.1 %d Any\r\ntransfer-encoding: chunked\r\n\r\n%b0\r\n\r\n" % (status, chunks)
    pieces = []
    for cut in cuts:
        pieces.append(whole[:cut])
        whole = whole[cut:]
    answer = receive(Pieces([piece for piece in [*pieces, whole] if piece]))  # type: ignore[arg-type]
    assert (answer.status, answer.content, answer.stays_open) == (status, content, True)


@given(st.binary(max_size=200))
def test_no_bytes_make_the_reader_fail_in_another_way(garbage: bytes) -> None:
    for begin in (b"", b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"):
        try:
            receive(Pieces([begin + garbage]))  # type: ignore[arg-type]
        except NoAnswer:
            continue


def test_nobody_there_is_no_answer_and_is_found_out_soon() -> None:
    began = time.monotonic()
    with pytest.raises(NoAnswer, match="ConnectionRefusedError"):
        Connections(Endpoint("dynamodb", "r", "http://127.0.0.1:1")).post(HEADERS, b"{}")
    assert time.monotonic() - began < 10


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    found = tmp_path_factory.mktemp("tls")
    tls.make(found)
    return found


@pytest.fixture
def secure(folder: Path) -> Iterator[Wire]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "server.pem", folder / "server.key")
    with wire(context) as found:
        yield found


@pytest.mark.parametrize(("host", "trusted"), [("localhost", True), ("localhost", False), ("127.1", True)])
def test_who_cannot_prove_its_name_gets_no_request(
    secure: Wire, folder: Path, monkeypatch: pytest.MonkeyPatch, host: str, trusted: bool
) -> None:
    monkeypatch.setenv("AWS_CA_BUNDLE", str(folder / "ca.pem") if trusted else "")
    room._tls.cache_clear()
    secure.script = [http(200, {}), http(200, {})]
    found = Connections(Endpoint("dynamodb", "r", f"https://{host}:{secure.port}"))
    if trusted and host == "localhost":
        assert [found.post(HEADERS, b"{}").status for _ in range(2)] == [200, 200]
        assert secure.connections == 1
    else:
        with pytest.raises(NoAnswer, match="SSLCertVerificationError"):
            found.post(HEADERS, b"{}")
        assert secure.asked == []
    found.close()
    room._tls.cache_clear()


LAMBDAS = {"AWS_REGION": "eu-central-1", "AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "s"}


@pytest.mark.parametrize(
    ("more", "url", "host", "address"),
    [
        ({}, "https://dynamodb.eu-central-1.amazonaws.com", None, None),
        ({"AWS_REGION": "cn-north-1"}, "https://dynamodb.cn-north-1.amazonaws.com.cn", None, None),
        ({"AWS_ENDPOINT_URL": "http://x"}, "http://x", "x", ("x", 80)),
        ({"AWS_ENDPOINT_URL": "http://x:80/"}, "http://x:80/", "x", ("x", 80)),
        ({"AWS_ENDPOINT_URL": "https://[::1]:8443"}, "https://[::1]:8443", "[::1]:8443", ("::1", 8443)),
        (
            {"AWS_ENDPOINT_URL": "http://x", "AWS_ENDPOINT_URL_DYNAMODB": "http://y:8"},
            "http://y:8",
            "y:8",
            ("y", 8),
        ),
        ({"AWS_ENDPOINT_URL": "http://x", "AWS_ENDPOINT_URL_SECRETS_MANAGER": "http://y:8"}, "http://x", None, None),
    ],
)
def test_the_endpoint_is_that_of_the_environment(
    more: dict[str, str], url: str, host: str | None, address: tuple[str, int] | None
) -> None:
    found = Endpoint.from_environment("dynamodb", {**LAMBDAS, **more})
    assert found.url == url
    assert found.host == (host or url.partition("//")[2])
    if address:
        assert found.address == address


def test_the_secrets_have_an_endpoint_of_their_own() -> None:
    more = {"AWS_ENDPOINT_URL_SECRETS_MANAGER": "http://y:8"}
    assert Endpoint.from_environment("secretsmanager", {**LAMBDAS, **more}).url == "http://y:8"
    assert Endpoint.from_environment("secretsmanager", LAMBDAS).host == "secretsmanager.eu-central-1.amazonaws.com"


BUCKETS_OWN = "https://bucket.s3.eu-central-1.amazonaws.com"


@pytest.mark.parametrize(
    ("more", "url", "path"),
    [
        ({}, BUCKETS_OWN, "/"),
        ({"AWS_REGION": "cn-north-1"}, "https://bucket.s3.cn-north-1.amazonaws.com.cn", "/"),
        ({"AWS_ENDPOINT_URL_DYNAMODB": "http://y:8"}, BUCKETS_OWN, "/"),
        ({"AWS_ENDPOINT_URL": "http://127.0.0.1:4566"}, "http://127.0.0.1:4566", "/bucket/"),
        ({"AWS_ENDPOINT_URL": "http://x", "AWS_ENDPOINT_URL_S3": "http://y:8"}, "http://y:8", "/bucket/"),
    ],
)
def test_a_bucket_is_named_by_its_host_on_aws_and_by_the_path_elsewhere(
    more: dict[str, str], url: str, path: str
) -> None:
    found = Endpoint.of_bucket("bucket", {**LAMBDAS, **more})
    assert (found.service, found.url, found.path) == ("s3", url, path)


@pytest.mark.parametrize("url", ["x", "ftp://x", "http://x/path", "http://", "http://me:secret@x"])
def test_an_endpoint_that_cannot_be_used_stops_the_start(url: str) -> None:
    with pytest.raises(Misconfigured) as caught:
        Endpoint.from_environment("dynamodb", {**LAMBDAS, "AWS_ENDPOINT_URL": url})
    assert "secret" not in caught.value.reason


def test_credentials_that_would_split_a_header_stop_the_start() -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SESSION_TOKEN"):
        with pytest.raises(Misconfigured) as caught:
            Credentials.from_environment({**LAMBDAS, name: "token\r\nHost: y"})
        assert "token" not in caught.value.reason
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        with pytest.raises(Misconfigured):
            Credentials.from_environment({**LAMBDAS, name: ""})
    with pytest.raises(Misconfigured):
        Endpoint.from_environment("dynamodb", {})
