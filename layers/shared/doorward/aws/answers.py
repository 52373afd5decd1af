"""Reading an HTTP/1.1 answer from a socket: strictly, because what is no such answer is no answer."""

from __future__ import annotations

import socket
import string
from typing import NamedTuple

_MAX_LINE_BYTES = 8_192
_MAX_LINES = 100
_MAX_CONTENT_BYTES = 24_000_000
"""DynamoDB answers with 16 MB of items at most; names of types and quotation marks come on top."""

_PIECE_BYTES = 65_536
_STATUS = slice(9, 12)
_HEXADECIMAL = frozenset(string.hexdigits.encode())


class NoAnswer(Exception):
    """Nothing came that can be read. The request may have been carried out.

    Args:
        reason: what went wrong, without anything that was sent or received.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Answer(NamedTuple):
    """An answer.

    Args:
        status: the status code.
        headers: the headers, by their names in small letters.
        content: the body.
        stays_open: whether the connection may carry another request.
    """

    status: int
    headers: dict[bytes, bytes]
    content: bytes
    stays_open: bool


def receive(source: socket.socket) -> Answer:
    """Return the answer that comes from a socket.

    Raises:
        NoAnswer: the other side closed, or sent something else than an answer of a bounded length.
        OSError: the connection broke, or nothing came for too long.

    Source: RFC 9112, "HTTP/1.1", sections 4, 6 and 7.
    """
    stream = _Stream(source)
    first = stream.line()
    if not first.startswith(b"HTTP/1.") or not first[_STATUS].isdigit() or first[12:13].strip():
        raise NoAnswer("no HTTP")
    headers = _headers(stream)
    content = _content(stream, headers)
    if stream.rest():
        raise NoAnswer("more than an answer")
    stays_open = first.startswith(b"HTTP/1.1") and headers.get(b"connection", b"").lower() != b"close"
    return Answer(int(first[_STATUS]), headers, content, stays_open)


def _headers(stream: _Stream) -> dict[bytes, bytes]:
    found: dict[bytes, bytes] = {}
    for _ in range(_MAX_LINES):
        line = stream.line()
        if not line:
            return found
        name, colon, value = line.partition(b":")
        name = name.lower()
        if not colon or (name in found and name in {b"content-length", b"transfer-encoding"}):
            raise NoAnswer("malformed headers")
        found[name] = value.strip()
    raise NoAnswer("too many headers")


def _content(stream: _Stream, headers: dict[bytes, bytes]) -> bytes:
    length, coding = headers.get(b"content-length"), headers.get(b"transfer-encoding")
    if coding is not None:
        if length is not None or coding.lower() != b"chunked":
            raise NoAnswer("malformed headers")
        return _chunks(stream)
    if length is None or not length.isdigit() or len(length) > len(str(_MAX_CONTENT_BYTES)):
        raise NoAnswer("no length")
    return stream.take(int(length))


def _chunks(stream: _Stream) -> bytes:
    chunks: list[bytes] = []
    total = 0
    while True:
        size = stream.line().partition(b";")[0].strip()
        if not size or len(size) > len(f"{_MAX_CONTENT_BYTES:x}") or not _HEXADECIMAL.issuperset(size):
            raise NoAnswer("malformed chunk")
        total += int(size, 16)
        if total > _MAX_CONTENT_BYTES:
            raise NoAnswer("too long")
        if not int(size, 16):
            _headers(stream)  # what follows the last chunk
            return b"".join(chunks)
        chunks.append(stream.take(int(size, 16)))
        if stream.line():
            raise NoAnswer("malformed chunk")


class _Stream:
    def __init__(self, source: socket.socket) -> None:
        self._source = source
        self._received = b""
        self._at = 0

    def line(self) -> bytes:
        while (end := self._received.find(b"\r\n", self._at)) < 0:
            if len(self._received) - self._at > _MAX_LINE_BYTES:
                raise NoAnswer("too long a line")
            self._received += self._more()
        found = self._received[self._at : end]
        self._at = end + 2
        return found

    def take(self, length: int) -> bytes:
        if length > _MAX_CONTENT_BYTES:
            raise NoAnswer("too long")
        pieces = [self.rest()]
        have = len(pieces[0])
        while have < length:
            pieces.append(self._more())
            have += len(pieces[-1])
        self._received, self._at = b"".join(pieces), length
        return self._received[:length]

    def rest(self) -> bytes:
        return self._received[self._at :]

    def _more(self) -> bytes:
        piece = self._source.recv(_PIECE_BYTES)
        if not piece:
            raise NoAnswer("closed")
        return piece
