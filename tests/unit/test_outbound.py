"""The way out to the internet: whom it asks, and what it takes for an answer."""

from __future__ import annotations

import itertools
import socket
import ssl
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from pathlib import Path
from threading import Event, Thread
from typing import Any

import pytest

from doorward.breaches.ranges import BreachedRange
from doorward.outbound.addresses import is_public, resolve
from doorward.outbound.client import NotReached, Outbound, Reply
from doorward.outbound.local import LocalOutbound
from local import tls
from tests.support.wire import CLOSE, HANG, Wire, wire

SPECIAL = """
0.0.0.0 0.1.2.3 10.0.0.1 10.255.255.255 100.64.0.1 127.0.0.1 127.255.255.254 169.254.169.254 169.254.170.2 172.16.0.1
172.31.255.255 192.0.0.1 192.0.2.1 192.88.99.1 192.168.0.1 198.18.0.1 198.51.100.1 203.0.113.1 224.0.0.1 239.255.255.255
240.0.0.1 255.255.255.255
:: ::1 ::127.0.0.1 ::ffff:127.0.0.1 ::ffff:10.0.0.1 ::ffff:169.254.169.254 64:ff9b::7f00:1 64:ff9b::a9fe:a9fe
64:ff9b:1::1 100::1 2001::1 2001:db8::1 2002:7f00:1::1 3fff::1 5f00::1 fc00::1 fd00::1 fd00:ec2::254 fe80::1
fe80::1%eth0 fec0::1 ff02::1 2606:4700::1%eth0
localhost 127.1 2130706433 0x7f.1 1.2.3
"""
ORDINARY = (
    "1.1.1.1 8.8.8.8 104.16.0.1 172.15.0.1 172.32.0.1 ::ffff:1.1.1.1 64:ff9b::101:101 2606:4700::6811:1 2a00:1450::1"
)


@pytest.mark.parametrize("address", [*SPECIAL.split(), ""])
def test_an_address_of_special_use_is_not_asked(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", ORDINARY.split())
def test_an_ordinary_address_is_asked(address: str) -> None:
    assert is_public(address)


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tls")
    tls.make(folder)
    return folder


@pytest.fixture
def server(certificates: Path) -> Iterator[Wire]:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificates / "server.pem", certificates / "server.key")
    with wire(context) as found:
        yield found


@pytest.fixture
def outbound(certificates: Path) -> Callable[..., Outbound]:
    """Makes clients that trust the server's certificate, and find the server behind every name."""

    @cache
    def trusting() -> ssl.SSLContext:
        return ssl.create_default_context(cafile=certificates / "ca.pem")

    def make(**options: Any) -> Outbound:
        known = {"seconds": 20.0, "tls": trusting, "permits": lambda _: True, "resolve": lambda *_: ["127.0.0.1"]}
        return Outbound(**{**known, **options})

    return make


def _answer(content: bytes, *more: str, status: int = 200) -> bytes:
    lines = [f"HTTP/1.1 {status} Any", f"Content-Length: {len(content)}", *more, "", ""]
    return "\r\n".join(lines).encode() + content


def _url(server: Wire, path: str = "/a?b=c", name: str = "localhost") -> str:
    return f"https://{name}:{server.port}{path}"


def test_an_answer_has_its_status_its_headers_and_its_content(server: Wire, outbound: Callable[..., Outbound]) -> None:
    server.script = [_answer(b"text", "X-A: b", status=404)]
    status, headers, content = outbound().send("GET", _url(server), {"Accept": "text/plain"})
    assert (status, headers["x-a"], content) == (404, "b", b"text")
    (asked,) = server.asked
    assert asked.head == "GET /a?b=c HTTP/1.1"
    assert asked.headers == {
        "host": f"localhost:{server.port}",
        "user-agent": "doorward",
        "connection": "close",
        "accept": "text/plain",
    }


def test_a_body_is_sent_with_its_length(server: Wire, outbound: Callable[..., Outbound]) -> None:
    server.script = [_answer(b"")]
    assert outbound().send("POST", _url(server), body=b'{"a": 1}').content == b""
    assert server.asked[0].body == {"a": 1}


def test_chunks_are_put_together(server: Wire, outbound: Callable[..., Outbound]) -> None:
    server.script = [b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n1\r\nc\r\n0\r\n\r\n"]
    assert outbound().send("GET", _url(server)).content == b"abc"


@pytest.mark.parametrize(
    "url",
    [
        "http://localhost/",
        "file:///etc/passwd",
        "https:///path",
        "https://user@localhost/",
        "https://user:secret@localhost/",
        "https://localhost:99999/",
        "https://localhost:x/",
        "https://local host/",
        "https://localhost/\r\nX: y",
        "https://localhost/ä",
        "https://[::1/",
        "//localhost/",
        "",
    ],
)
def test_a_url_of_another_form_is_not_asked(url: str, outbound: Callable[..., Outbound]) -> None:
    def resolve(*_: object) -> Sequence[str]:
        raise AssertionError

    with pytest.raises(NotReached, match="malformed_url"):
        outbound(resolve=resolve).send("GET", url)


@pytest.mark.parametrize("header", [{"A": "b\r\nC: d"}, {"A\r\nB": "c"}, {"A": "ä"}])
def test_a_header_of_more_than_one_line_is_not_sent(header: dict[str, str], outbound: Callable[..., Outbound]) -> None:
    with pytest.raises(NotReached, match="malformed_header"):
        outbound().send("GET", "https://localhost/", header)


@pytest.mark.parametrize("address", ["127.0.0.1", "169.254.169.254", "::1", "::ffff:127.0.0.1", "10.0.0.1", "fd00::1"])
@pytest.mark.parametrize("others", [[], ["1.1.1.1"]])
def test_a_name_that_means_an_address_of_special_use_is_not_asked(
    address: str, others: list[str], outbound: Callable[..., Outbound], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(socket, "create_connection", _nobody)
    with pytest.raises(NotReached, match="special_address"):
        outbound(permits=is_public, resolve=lambda *_: [*others, address]).send("GET", "https://pwned.example/")


@pytest.mark.parametrize("name", ["127.0.0.1", "[::1]", "localhost", "2130706433", "0x7f000001", "[::ffff:10.0.0.1]"])
def test_an_address_in_a_url_is_judged_as_that_of_a_name(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "create_connection", _nobody)
    with pytest.raises(NotReached, match="special_address"):
        Outbound().send("GET", f"https://{name}/")


def _nobody(*_: object) -> None:
    raise AssertionError("somebody was connected to")


def test_a_name_is_resolved_once_and_connected_to_as_it_was_judged(
    server: Wire, outbound: Callable[..., Outbound]
) -> None:
    told = iter([["127.0.0.1"], ["169.254.169.254"]])
    judged: list[str] = []
    server.script = [_answer(b"")]
    sender = outbound(resolve=lambda *_: next(told), permits=lambda address: not judged.append(address))  # type: ignore[func-returns-value]
    assert sender.send("GET", _url(server)).status == 200
    assert judged == ["127.0.0.1"]
    assert list(told) == [["169.254.169.254"]]


def test_a_name_with_several_addresses_is_reached_at_the_first_that_answers(
    server: Wire, outbound: Callable[..., Outbound]
) -> None:
    server.script = [_answer(b"here")]
    found = outbound(resolve=lambda *_: ["127.0.0.9", "127.0.0.1"]).send("GET", _url(server))
    assert found.content == b"here"
    with pytest.raises(NotReached, match="ConnectionRefusedError"):
        outbound(resolve=lambda *_: ["127.0.0.9", "127.0.0.8"]).send("GET", _url(server))


def test_a_certificate_has_to_be_that_of_the_name(server: Wire, outbound: Callable[..., Outbound]) -> None:
    for name in ("pwned.example", "127.0.0.2"):
        with pytest.raises(NotReached, match="SSLCertVerificationError"):
            outbound().send("GET", _url(server, name=name))
    with pytest.raises(NotReached, match="SSLCertVerificationError"):
        outbound(tls=ssl.create_default_context).send("GET", _url(server))
    assert not server.asked


def test_a_server_without_tls_gets_nothing(outbound: Callable[..., Outbound]) -> None:
    heard: list[bytes] = []

    def answer() -> None:
        opened = listening.accept()[0]
        with opened:
            heard.append(opened.recv(65_536))
            opened.sendall(_answer(b"text"))

    with socket.create_server(("127.0.0.1", 0)) as listening:
        serving = Thread(target=answer)
        serving.start()
        with pytest.raises(NotReached, match="SSLError"):
            outbound().send("GET", f"https://localhost:{listening.getsockname()[1]}/secret")
        serving.join()
    assert b"secret" not in heard[0]


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_refused(status: int, server: Wire, outbound: Callable[..., Outbound]) -> None:
    server.script = [_answer(b"", "Location: https://127.0.0.1:9001/", status=status), _answer(b"")]
    with pytest.raises(NotReached, match="redirect"):
        outbound().send("GET", _url(server))
    assert len(server.asked) == 1


BROKEN = {
    "nothing": (CLOSE, "RemoteDisconnected"),
    "another protocol": (b"SSH-2.0-OpenSSH_9.6\r\n\r\n", "BadStatusLine"),
    "no length": (b"HTTP/1.1 200 OK\r\n\r\ntext", "no_length"),
    "a negative length": (b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", "no_length"),
    "a length of letters": (b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n", "no_length"),
    "half a body": (b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n{", "cut_short"),
    "half a chunk": (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{", "IncompleteRead"),
    "a chunk of a strange size": (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n", "IncompleteRead"),
    "too long": (_answer(b"x" * 65_537), "too_long"),
    "too long a length": (b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999999\r\n\r\n" + b"x" * 65_537, "too_long"),
    "too long in chunks": (
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n20000\r\n" + b"x" * 131_072 + b"\r\n0\r\n\r\n",
        "too_long",
    ),
    "headers without end": (b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 200, "HTTPException"),
    "a line without end": (b"HTTP/1.1 200 OK\r\nA: " + b"a" * 70_000 + b"\r\n", "LineTooLong"),
}


@pytest.mark.parametrize("case", BROKEN)
def test_what_is_no_whole_answer_is_none(case: str, server: Wire, outbound: Callable[..., Outbound]) -> None:
    step, reason = BROKEN[case]
    server.script, server.closes = [step], True
    with pytest.raises(NotReached) as caught:
        outbound().send("GET", _url(server))
    assert caught.value.reason == reason


def test_silence_ends_with_the_time(server: Wire, outbound: Callable[..., Outbound]) -> None:
    server.script = [HANG]
    with pytest.raises(NotReached, match="TimeoutError"):
        outbound(seconds=0.5).send("GET", _url(server))


def test_small_pieces_get_no_more_time_than_a_whole(server: Wire, outbound: Callable[..., Outbound]) -> None:
    # Each look at the clock takes a second, and there is one before each piece. TLS has pieces of 16 KiB at most.
    server.script = [_answer(b"x" * 65_000)] * 2
    slow = itertools.count()
    with pytest.raises(NotReached, match="TimeoutError"):
        outbound(seconds=7.0, now=lambda: float(next(slow))).send("GET", _url(server))
    patient = itertools.count()
    assert outbound(seconds=60.0, now=lambda: float(next(patient))).send("GET", _url(server)).status == 200


def test_a_name_that_nobody_resolves_ends_with_the_time(outbound: Callable[..., Outbound]) -> None:
    never = Event()

    def slow(*_: object) -> Sequence[str]:
        never.wait(5)
        return []

    with pytest.raises(NotReached, match="TimeoutError"):
        outbound(resolve=slow, seconds=0.1).send("GET", "https://pwned.example/")
    never.set()


@pytest.mark.parametrize("error", [socket.gaierror("no such name"), UnicodeError("no name at all")])
def test_a_name_that_is_none_is_not_reached(error: Exception, outbound: Callable[..., Outbound]) -> None:
    def broken(*_: object) -> Sequence[str]:
        raise error

    with pytest.raises(NotReached, match=type(error).__name__):
        outbound(resolve=broken).send("GET", "https://pwned.example/")
    with pytest.raises(NotReached, match="special_address"):
        outbound(resolve=lambda *_: []).send("GET", "https://pwned.example/")


def test_a_names_addresses_are_those_of_the_system() -> None:
    assert resolve("127.0.0.1", 443) == ["127.0.0.1"]
    assert set(resolve("localhost", 443)) <= {"127.0.0.1", "::1"}


SHA1 = bytes.fromhex("0123456789abcdef0123456789abcdef01234567")
OWN = "56789ABCDEF0123456789ABCDEF01234567"
PADDING = [f"{number:035X}:0" for number in range(1_000)]


def _range(*lines: str) -> bytes:
    return _answer("\r\n".join(lines).encode(), "Content-Type: text/plain")


def test_a_range_is_asked_for_with_five_digits_and_padding(server: Wire, outbound: Callable[..., Outbound]) -> None:
    server.script = [_range(*PADDING, f"{OWN}:42"), _range(*PADDING), _range(*PADDING, f"{OWN}:0")]
    asking = BreachedRange(outbound(), _url(server, "/range/"))
    assert [asking.count(SHA1) for _ in range(3)] == [42, 0, 0]
    for asked in server.asked:
        assert asked.head == "GET /range/01234 HTTP/1.1"
        assert asked.headers["add-padding"] == "true"
        assert asked.headers["user-agent"]
        assert "56789" not in str(asked)


@pytest.mark.parametrize(
    ("step", "reason"),
    [
        (HANG, "TimeoutError"),
        (CLOSE, "RemoteDisconnected"),
        (_answer(b"", "Location: https://localhost/", status=302), "redirect"),
        (_answer(f"{OWN}:1".encode(), status=503), "status 503"),
        (_answer(b"<html>"), "malformed"),
    ],
)
def test_a_range_that_does_not_come_says_nothing_of_the_password(
    step: bytes | None,
    reason: str,
    server: Wire,
    outbound: Callable[..., Outbound],
    caplog: pytest.LogCaptureFixture,
) -> None:
    server.script, server.closes = [step], step is not HANG
    sender = outbound(seconds=0.5 if step is HANG else 20.0)
    assert BreachedRange(sender, _url(server, "/range/")).count(SHA1) is None
    assert [record.getMessage().rpartition(": ")[2] for record in caplog.records] == [reason]
    assert "01234" not in caplog.text


UNREAD = {
    "ten megabytes": _answer(b"x" * 10_000_000),
    "no length": b"HTTP/1.1 200 OK\r\n\r\ntext",
    "half a body": b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n{",
    "chunks without end": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n",
}


@pytest.mark.parametrize("case", UNREAD)
def test_content_that_nobody_reads_delays_nobody(case: str, server: Wire, outbound: Callable[..., Outbound]) -> None:
    server.script = [UNREAD[case]]
    reply = outbound().send("POST", _url(server), body=b"{}", reads_content=False)
    assert (reply.status, reply.content) == (200, b"")


@pytest.mark.parametrize(
    ("step", "reason"),
    [
        (HANG, "TimeoutError"),
        (CLOSE, "RemoteDisconnected"),
        (_answer(b"", "Location: http://169.254.169.254/", status=307), "redirect"),
        (b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 200, "HTTPException"),
    ],
)
def test_an_answer_without_content_is_held_to_the_same_bounds(
    step: bytes | None, reason: str, server: Wire, outbound: Callable[..., Outbound]
) -> None:
    server.script, server.closes = [step], step is not HANG
    with pytest.raises(NotReached) as caught:
        outbound(seconds=0.5 if step is HANG else 20.0).send("POST", _url(server), reads_content=False)
    assert caught.value.reason == reason


def test_the_local_cloud_asks_this_machine_in_plain_text_and_all_others_as_aws_does() -> None:
    asked: list[str] = []

    class Strict:
        def send(self, method: str, url: str, *_: Any, **__: Any) -> Reply:
            asked.append(url)
            return Reply(200, {}, b"")

    local = LocalOutbound(Strict(), 5.0)  # type: ignore[arg-type]
    for url in ("https://127.0.0.1/", "http://127.0.0.2/", "http://127.0.0.1.example/", "https://a.example/"):
        assert local.send("POST", url).status == 200
        assert asked[-1] == url
    with wire(None) as server:
        server.script = [_answer(b"", status=204), _answer(b"", "Location: http://169.254.169.254/", status=302)]
        url = f"http://127.0.0.1:{server.port}/in?a=b"
        assert local.send("POST", url, {"webhook-id": "i"}, b'{"a": 1}', reads_content=False).status == 204
        assert local.send("POST", url).status == 302
        assert (server.asked[0].head, server.asked[0].body) == ("POST /in?a=b HTTP/1.1", {"a": 1})
        assert server.asked[0].headers["webhook-id"] == "i"
    with pytest.raises(NotReached, match="ConnectionRefusedError"):
        local.send("POST", url)
    assert len(asked) == 4
