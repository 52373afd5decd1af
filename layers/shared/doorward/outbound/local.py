"""The way out on the local cloud, where receivers of webhooks run on the same machine and have no certificate."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from urllib.parse import urlsplit

from doorward.outbound.client import NotReached, Outbound, Reply

_LOOPBACK = frozenset({"127.0.0.1", "localhost"})


@dataclass(frozen=True, slots=True)
class LocalOutbound:
    """Sends requests to http://127.0.0.1 in plain text, and all others as on AWS. Only the local cloud is wired so."""

    strict: Outbound
    seconds: float = 5.0

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

        Raises:
            NotReached: see `Outbound.send`.
        """
        parts = urlsplit(url)
        if parts.scheme != "http" or parts.hostname not in _LOOPBACK:
            return self.strict.send(method, url, headers, body, reads_content=reads_content)
        connection = HTTPConnection("127.0.0.1", parts.port or 80, timeout=self.seconds)
        try:
            path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
            connection.request(method, path, body, dict(headers or {}))
            return Reply(connection.getresponse().status, {}, b"")
        except (OSError, HTTPException) as error:
            raise NotReached(type(error).__name__) from error
        finally:
            connection.close()
