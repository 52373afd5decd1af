"""HTTP/1.1 over sockets that stay open: what AWS's JSON services and the reading of an object need, and no more.

Half of what a read costs with `http.client` is its reading of an answer's headers as those of an e-mail
(docs/decisions/0019).
"""

from __future__ import annotations

import os
import select
import socket
import ssl
from collections.abc import Mapping
from functools import cache
from typing import NamedTuple

from doorward.aws.answers import Answer, NoAnswer, receive
from doorward.aws.endpoints import Endpoint

_CONNECT_SECONDS = 1.0
_READ_SECONDS = 2.0


class _Open(NamedTuple):
    socket: socket.socket
    poll: select.poll


class Connections:
    """Connections to one endpoint.

    Each request has one for itself, so that several threads may send at once.
    """

    def __init__(self, endpoint: Endpoint, read_seconds: float = _READ_SECONDS) -> None:
        """Take the endpoint, and for how many seconds to wait for more of an answer.

        The first request opens a connection.
        """
        self._endpoint = endpoint
        self._read_seconds = read_seconds
        self._idle: list[_Open] = []

    def post(self, headers: Mapping[str, str], body: bytes) -> Answer:
        """Send a request, and return the answer.

        Args:
            headers: the headers, with `host`, each of one line of ASCII.
            body: what is sent.

        Raises:
            NoAnswer: nothing came that can be read. The request may have been carried out.
        """
        head = f"POST / HTTP/1.1\r\n{_lines(headers)}content-length: {len(body)}\r\n\r\n"
        return self._send(head.encode("ascii") + body)

    def get(self, headers: Mapping[str, str], path: str) -> Answer:
        """Ask for what is at a path, and return the answer.

        Args:
            headers: the headers, with `host`, each of one line of ASCII.
            path: the path, percent-encoded.

        Raises:
            NoAnswer: nothing came that can be read.
        """
        return self._send(f"GET {path} HTTP/1.1\r\n{_lines(headers)}\r\n".encode("ascii"))

    def close(self) -> None:
        """Close the connections that nobody uses now."""
        while self._idle:
            self._idle.pop().socket.close()

    def _send(self, request: bytes) -> Answer:
        try:
            opened = self._take()
            answer = self._exchange(opened, request)
        except OSError as error:
            raise NoAnswer(type(error).__name__) from error
        if answer.stays_open:
            self._idle.append(opened)
        else:
            opened.socket.close()
        return answer

    @staticmethod
    def _exchange(opened: _Open, request: bytes) -> Answer:
        try:
            opened.socket.sendall(request)
            return receive(opened.socket)
        except BaseException:
            # What comes on it later would be taken for the answer to another request.
            opened.socket.close()
            raise

    def _take(self) -> _Open:
        """Return a connection that the other side has not closed while it was idle, or a new one."""
        while self._idle:
            opened = self._idle.pop()
            if not opened.poll.poll(0):
                return opened
            opened.socket.close()
        return self._connect()

    def _connect(self) -> _Open:
        found = socket.create_connection(self._endpoint.address, _CONNECT_SECONDS)
        try:
            found.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if self._endpoint.is_secure:
                found = _tls().wrap_socket(found, server_hostname=self._endpoint.address[0])
            found.settimeout(self._read_seconds)
        except BaseException:
            found.close()
            raise
        poll = select.poll()
        poll.register(found, select.POLLIN)
        return _Open(found, poll)


def _lines(headers: Mapping[str, str]) -> str:
    return "".join(f"{name}: {value}\r\n" for name, value in headers.items())


@cache
def _tls() -> ssl.SSLContext:
    """Return the one context of all endpoints: it verifies certificates and host names, and is dear to make."""
    return ssl.create_default_context(cafile=os.environ.get("AWS_CA_BUNDLE") or None)
