"""A server on this machine that answers what a script says, byte by byte, and remembers what it was asked."""

from __future__ import annotations

import json
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest

CLOSE = b""
"""Closes the connection instead of answering."""

HANG = None
"""Answers nothing, and leaves the connection open."""

Step = bytes | None


def patience_seconds(request: pytest.FixtureRequest) -> float:
    """Return how long a client should wait: briefly only where a test is about silence, for a busy machine is slow."""
    return 1.0 if "silence" in request.node.name else 20.0


def http(status: int, content: Any, *more: str) -> bytes:
    """Return an answer with a JSON body, or with a body of bytes."""
    body = content if isinstance(content, bytes) else json.dumps(content).encode()
    lines = [f"HTTP/1.1 {status} Any", f"Content-Length: {len(body)}", *more]
    return "\r\n".join([*lines, "", ""]).encode() + body


@dataclass
class Asked:
    """One request."""

    head: str
    headers: dict[str, str]
    body: Any
    connection: int

    @property
    def operation(self) -> str:
        return self.headers["x-amz-target"].partition(".")[2]


@dataclass
class Wire:
    """What the server answers, and what it was asked.

    Args:
        script: an answer for each request, in order.
        closes: whether each connection is closed after each answer, without saying so.
    """

    port: int = 0
    script: list[Step] = field(default_factory=list)
    asked: list[Asked] = field(default_factory=list)
    closes: bool = False
    connections: int = 0
    closed: threading.Event = field(default_factory=threading.Event)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def serve(self, opened: socket.socket, number: int) -> None:
        with opened, opened.makefile("rb") as stream:
            while self._answer(opened, stream, number):
                pass
        self.closed.set()

    def _answer(self, opened: socket.socket, stream: Any, number: int) -> bool:
        lines = []
        while (line := stream.readline()) not in {b"\r\n", b""}:
            lines.append(line.decode("ascii").rstrip("\r\n"))
        if not lines:
            return False
        headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines[1:])}
        body = stream.read(int(headers.get("content-length", "0")))
        self.asked.append(Asked(lines[0], headers, json.loads(body) if body else None, number))
        step = self.script.pop(0)
        if step is HANG:
            return bool(stream.read(1))
        opened.sendall(step)
        return step != CLOSE and not self.closes


@contextmanager
def wire(context: ssl.SSLContext | None = None) -> Iterator[Wire]:
    """A server; with a context, over TLS."""
    listening = socket.create_server(("127.0.0.1", 0))
    found = Wire(listening.getsockname()[1])
    serving: list[tuple[threading.Thread, socket.socket]] = []

    def accept() -> None:
        while True:
            try:
                opened = listening.accept()[0]
                opened = context.wrap_socket(opened, server_side=True) if context else opened
            except ssl.SSLError:
                continue
            except OSError:
                return
            found.connections += 1
            thread = threading.Thread(target=_serve, args=(found, opened, found.connections))
            serving.append((thread, opened))
            thread.start()

    accepting = threading.Thread(target=accept)
    accepting.start()
    yield found
    listening.shutdown(socket.SHUT_RDWR)
    listening.close()
    accepting.join()
    for thread, opened in serving:
        with _quietly():
            opened.shutdown(socket.SHUT_RDWR)
        thread.join()


def _serve(found: Wire, opened: socket.socket, number: int) -> None:
    with _quietly():
        found.serve(opened, number)


@contextmanager
def _quietly() -> Iterator[None]:
    try:
        yield
    except OSError:
        return
