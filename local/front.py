"""Forward requests from a short base URL to the emulator's long URL.

http://localhost:8080/auth/login becomes /_aws/execute-api/API/v1/auth/login at the emulator, as a custom domain
forwards to API Gateway. To keep the code simple, a connection carries only one request. Answers change as they
do at API Gateway, which renames the challenges of functions.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
import ssl
from dataclasses import dataclass

HEAD_LIMIT = 262_144
_CHUNK = 65_536


@dataclass(frozen=True, slots=True)
class Front:
    """Forwards connections to one API.

    Args:
        emulator_port: the port of 127.0.0.1 on which the emulator listens.
        prefix: the path of the API's stage at the emulator.
        socket_prefix: the path of the WebSocket API's stage at the emulator. Clients reach it under /sockets.
    """

    emulator_port: int
    prefix: str
    socket_prefix: str = ""

    async def serve(self, port: int, tls: ssl.SSLContext | None = None) -> asyncio.Server:
        """Listen on 127.0.0.1, with TLS if a context is given.

        Raises:
            OSError: the port is taken.
        """
        return await asyncio.start_server(self._forward, "127.0.0.1", port, limit=HEAD_LIMIT, ssl=tls)

    async def _forward(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            upstream_reader, upstream_writer = await asyncio.open_connection(
                "127.0.0.1", self.emulator_port, limit=HEAD_LIMIT
            )
        except (asyncio.IncompleteReadError, OSError):
            writer.close()
            return
        except asyncio.LimitOverrunError:
            writer.write(
                b"HTTP/1.1 431 Request Header Fields Too Large\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
            )
            writer.close()
            return
        upstream_writer.write(self.rewrite(head))
        upload = asyncio.create_task(_pipe(reader, upstream_writer))
        with contextlib.suppress(ConnectionError):
            await _pipe_answer(upstream_reader, writer)
        upload.cancel()
        for stream in (writer, upstream_writer):
            stream.close()

    def rewrite(self, head: bytes) -> bytes:
        """Return a request's head with the stage's path before its own path.

        A request to the API also gets the header `Connection: close`, so that the connection carries one request.
        """
        request_line, *headers = head[:-4].split(b"\r\n")
        method, target, version = request_line.split(b" ", 2)
        if self.socket_prefix and re.match(rb"/sockets(?:[/?]|$)", target):
            place = self.socket_prefix.encode() + target.removeprefix(b"/sockets")
            return b"\r\n".join([b" ".join((method, place, version)), *headers]) + b"\r\n\r\n"
        kept = [header for header in headers if not header.lower().startswith(b"connection:")]
        lines = [b" ".join((method, self.prefix.encode() + target, version)), *kept, b"Connection: close"]
        return b"\r\n".join(lines) + b"\r\n\r\n"


def rewrite_answer(head: bytes, *, encrypted: bool) -> bytes:
    """Return an answer's head as API Gateway sends it, but that no browser keeps localhost for encrypted.

    Args:
        head: of the emulator's answer. Its gateway responses alone, API Gateway's own, have `x-amzn-ErrorType`.
        encrypted: whether it goes out over TLS; only there browsers heed Strict-Transport-Security.
    """
    dropped = b"strict-transport-security:" if encrypted else b"\r\n"
    lines = [line for line in head.split(b"\r\n") if not line.lower().startswith(dropped)]
    if not any(line.lower().startswith(b"x-amzn-errortype:") for line in lines):
        lines = [re.sub(rb"(?i)^www-authenticate:", b"x-amzn-Remapped-WWW-Authenticate:", line) for line in lines]
    return b"\r\n".join(lines)


async def _pipe_answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    encrypted, head = writer.get_extra_info("ssl_object") is not None, b"HTTP/1.1 100"
    try:
        while re.match(rb"HTTP/1\.1 1(?!01)", head):
            head = await reader.readuntil(b"\r\n\r\n")
            writer.write(rewrite_answer(head, encrypted=encrypted))
    except asyncio.IncompleteReadError as error:
        writer.write(error.partial)
    except asyncio.LimitOverrunError:
        pass  # no head of ours is that long; it passes as it is
    await _pipe(reader, writer)


async def _pipe(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(ConnectionError, asyncio.CancelledError):
        while chunk := await reader.read(_CHUNK):
            writer.write(chunk)
            await writer.drain()
