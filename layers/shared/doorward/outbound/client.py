"""HTTPS requests to servers that are none of ours, without an SDK."""

from __future__ import annotations

import io
import queue
import socket
import ssl
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from functools import cache
from http.client import HTTPException, HTTPResponse
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlsplit

from doorward.outbound.addresses import is_public, resolve

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

_AGENT = "doorward"
_PORT = 443
_MOST_ADDRESSES = 4
_REDIRECTS = frozenset({301, 302, 303, 307, 308})


class NotReached(Exception):
    """No answer came that may be used. A request that changes something may have been carried out.

    Args:
        reason: what went wrong, without anything that was sent or received.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Reply(NamedTuple):
    """What a server answered.

    Args:
        status: the status code.
        headers: the headers, by their names in small letters.
        content: the body.
    """

    status: int
    headers: Mapping[str, str]
    content: bytes


class _Target(NamedTuple):
    name: str
    port: int
    host: str
    path: str


@cache
def _tls() -> ssl.SSLContext:
    """Return the one context of all requests: it verifies certificates and host names, and is dear to make."""
    return ssl.create_default_context()


class Outbound:
    """Sends requests to servers on the internet: https alone, no redirects, within bounds of time and length."""

    def __init__(
        self,
        *,
        seconds: float = 5.0,
        max_bytes: int = 65_536,
        resolve: Callable[[str, int], Sequence[str]] = resolve,
        permits: Callable[[str], bool] = is_public,
        tls: Callable[[], ssl.SSLContext] = _tls,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        """Take the bounds; the rest is for tests.

        Args:
            seconds: for a whole request, from resolving the name to the end of the answer.
            max_bytes: the longest content that is read.
            resolve: names to addresses.
            permits: whether an address may be connected to.
            tls: what verifies certificates.
            now: a clock in seconds.
        """
        self._seconds = seconds
        self._max_bytes = max_bytes
        self._resolve = resolve
        self._permits = permits
        self._tls = tls
        self._now = now

    def send(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str] | None = None,
        body: bytes = b"",
        *,
        reads_content: bool = True,
    ) -> Reply:
        """Send one request, and return what the server answers.

        Args:
            method: such as GET.
            url: begins with https://, and has no user in it.
            headers: beside Host, User-Agent, Connection and Content-Length.
            body: what is sent.
            reads_content: whether the content of the answer is of interest. If it is not, none is read, however long
                it is, or if nobody can tell.

        Raises:
            NotReached: the URL may not be asked, or no whole answer came in time, or a redirect.
        """
        target = _target(url)
        request = _written(method, target, headers or {}, body)
        ends = self._now() + self._seconds

        def left() -> float:
            seconds = ends - self._now()
            if seconds <= 0:
                raise TimeoutError
            return seconds

        try:
            with self._connected(target, left) as opened:
                opened.sendall(request)
                return self._receive(opened, method, left, reads_content=reads_content)
        except (OSError, UnicodeError, HTTPException) as error:
            raise NotReached(type(error).__name__) from error

    def _connected(self, target: _Target, left: Callable[[], float]) -> ssl.SSLSocket:
        opened = self._reach(self._addresses(target, left), target.port, left)
        try:
            opened.settimeout(left())
            return self._tls().wrap_socket(opened, server_hostname=target.name)
        except BaseException:
            opened.close()
            raise

    def _addresses(self, target: _Target, left: Callable[[], float]) -> Sequence[str]:
        """Return the addresses of the target. They are asked for on a thread: `getaddrinfo` has no time-out."""
        answers: queue.SimpleQueue[Sequence[str] | Exception] = queue.SimpleQueue()

        def ask() -> None:
            try:
                answers.put(self._resolve(target.name, target.port))
            except (OSError, UnicodeError) as error:
                answers.put(error)

        threading.Thread(target=ask, daemon=True).start()
        try:
            found = answers.get(timeout=left())
        except queue.Empty:
            raise TimeoutError from None
        if isinstance(found, Exception):
            raise found
        # All of them: a name that has a special one among others was made to reach it.
        if not found or not all(map(self._permits, found)):
            raise NotReached("special_address")
        return found[:_MOST_ADDRESSES]

    @staticmethod
    def _reach(addresses: Sequence[str], port: int, left: Callable[[], float]) -> socket.socket:
        """Return a connection to the first address that takes one; each has its share of the time that is left."""
        for position, address in enumerate(addresses, start=1):
            try:
                return socket.create_connection((address, port), left() / (len(addresses) - position + 1))
            except OSError:
                if position == len(addresses):
                    raise
        raise NotReached("no_address")

    def _receive(self, opened: ssl.SSLSocket, method: str, left: Callable[[], float], *, reads_content: bool) -> Reply:
        source = _Timed(opened, left)
        with closing(HTTPResponse(source, method=method)) as response:  # type: ignore[arg-type]
            response.begin()
            if response.status in _REDIRECTS:
                raise NotReached("redirect")
            content = self._content(response) if reads_content else b""
            return Reply(response.status, {name.lower(): value for name, value in response.getheaders()}, content)

    def _content(self, response: HTTPResponse) -> bytes:
        if response.length is None and not response.chunked:
            raise NotReached("no_length")  # nobody could tell whether it was cut short
        content = response.read(self._max_bytes + 1)
        if len(content) > self._max_bytes:
            raise NotReached("too_long")
        if response.length:
            raise NotReached("cut_short")
        return content


class _Timed(io.RawIOBase):
    """A socket to read from. What comes in small pieces may take no longer than what comes at once."""

    def __init__(self, opened: ssl.SSLSocket, left: Callable[[], float]) -> None:
        self._opened = opened
        self._left = left

    def makefile(self, _: str) -> io.BufferedReader:
        return io.BufferedReader(self)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer) -> int:
        self._opened.settimeout(self._left())
        return self._opened.recv_into(buffer)


def _target(url: str) -> _Target:
    try:
        parts = urlsplit(url)
        port = parts.port or _PORT
    except ValueError:
        raise NotReached("malformed_url") from None
    if not _is_plain(url) or " " in url or parts.scheme != "https" or not parts.hostname or "@" in parts.netloc:
        raise NotReached("malformed_url")
    return _Target(parts.hostname, port, parts.netloc, (parts.path or "/") + (f"?{parts.query}" if parts.query else ""))


def _written(method: str, target: _Target, headers: Mapping[str, str], body: bytes) -> bytes:
    all_headers = {"Host": target.host, "User-Agent": _AGENT, "Connection": "close", **headers}
    if body:
        all_headers["Content-Length"] = str(len(body))
    lines = [f"{method} {target.path} HTTP/1.1", *(f"{name}: {value}" for name, value in all_headers.items())]
    if not all(map(_is_plain, lines)):
        raise NotReached("malformed_header")
    return "\r\n".join([*lines, "", ""]).encode("ascii") + body


def _is_plain(text: str) -> bool:
    """Return whether a text is one line of ASCII."""
    return text.isascii() and text.isprintable()
