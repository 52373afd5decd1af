"""The local cloud's front door: a short base URL before the emulator's long one.

http://localhost:8080/auth/login becomes /_aws/execute-api/API/v1/auth/login at the emulator, as a custom domain
forwards to API Gateway. APIs of other stacks keep their long path. The page /_mail shows the mails that were sent, and
/_local what else the cloud has. No AWS service is behind this door, and only the names of this machine are answered. To
keep the code simple, a connection carries only one request. Answers change as they do at API Gateway, which renames the
challenges of functions.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from local import mail, overview
from local.guard import PASS, is_ours

HEAD_LIMIT = 262_144
_CHUNK = 65_536
_OTHER_API = re.compile(rb"/_aws/execute-api/[a-z0-9]+/")
_REFUSAL = b"HTTP/1.1 %b\r\nContent-Type: text/plain\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%b"


@dataclass(frozen=True, slots=True)
class Front:
    """Forwards connections to one API.

    Args:
        emulator_port: where the emulator listens, on 127.0.0.1.
        secret: what the emulator's guard knows the front by.
        ids: tells the ids of the API and of the WebSocket API, which answers under /sockets; a deploy may change them.
    """

    emulator_port: int
    secret: str
    ids: Callable[[], tuple[str, str]]

    async def serve(self, port: int, tls: ssl.SSLContext | None = None) -> asyncio.Server:
        """Listen on 127.0.0.1, with TLS if a context is given.

        Raises:
            OSError: the port is taken.
        """
        return await asyncio.start_server(self._forward, "127.0.0.1", port, limit=HEAD_LIMIT, ssl=tls)

    async def _forward(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            received = await reader.readuntil(b"\r\n\r\n")
            head = self.rewrite(received)
            if (own := self._own_page(received)) is not None:
                writer.write(await asyncio.to_thread(own))
                writer.close()
                return
            upstream_reader, upstream_writer = await asyncio.open_connection(
                "127.0.0.1", self.emulator_port, limit=HEAD_LIMIT
            )
        except (asyncio.IncompleteReadError, OSError):
            writer.close()
            return
        except asyncio.LimitOverrunError:
            _refuse(writer, b"431 Request Header Fields Too Large", b"")
            return
        except ValueError as error:
            _refuse(writer, b"403 Forbidden", f"doorward: {error}\n".encode())
            return
        upstream_writer.write(head)
        upload = asyncio.create_task(_pipe(reader, upstream_writer))
        with contextlib.suppress(ConnectionError):
            await _pipe_answer(upstream_reader, writer)
        upload.cancel()
        for stream in (writer, upstream_writer):
            stream.close()

    def _own_page(self, head: bytes) -> Callable[[], bytes] | None:
        """Return what answers with a page that the emulator has not, if the request is for one."""
        pages: dict[bytes, Callable[[], bytes]] = {
            mail.PATH: partial(mail.answer, f"http://127.0.0.1:{self.emulator_port}"),
            overview.PATH: overview.answer,
        }
        found = re.match(rb"GET ([^? ]+)[? ]", head)
        return pages.get(found[1]) if found else None

    def rewrite(self, head: bytes) -> bytes:
        """Return a request's head with the API's path before its own, asking for one answer alone.

        Raises:
            ValueError: it is no request to this machine.
        """
        request_line, *headers = head[:-4].split(b"\r\n")
        if request_line.count(b" ") != 2:  # noqa: PLR2004 - method, target, version
            raise ValueError("this is no HTTP request")
        method, target, version = request_line.split(b" ")
        named = [(header.partition(b":")[0].strip().lower(), header) for header in headers]
        if not is_ours([header.partition(b":")[2] for name, header in named if name == b"host"]):
            raise ValueError("this answers to localhost and 127.0.0.1 alone")
        place, closing = self._place(target)
        dropped = {PASS, b"connection"} if closing else {PASS}
        kept = [header for name, header in named if name not in dropped]
        kept += [PASS + b": " + self.secret.encode(), *([b"Connection: close"] if closing else [])]
        return b"\r\n".join([b" ".join((method, place, version)), *kept]) + b"\r\n\r\n"

    def _place(self, target: bytes) -> tuple[bytes, bool]:
        """Return the emulator's path for one of ours, and whether one answer ends it."""
        api_id, socket_api_id = self.ids()
        place = "/_aws/execute-api/{}/v1"
        if socket_api_id and re.match(rb"/sockets(?:[/?]|$)", target):
            return place.format(socket_api_id).encode() + target.removeprefix(b"/sockets"), False
        if _OTHER_API.match(target):
            return target, True
        return place.format(api_id).encode() + target, True


def _refuse(writer: asyncio.StreamWriter, status: bytes, text: bytes) -> None:
    writer.write(_REFUSAL % (status, len(text), text))
    writer.close()


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
