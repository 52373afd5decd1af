"""Pages of other origins than Doorward's: their server, and the names by which a browser knows it.

One server on 127.0.0.1 answers for all. What a browser makes of a page, it makes of the page's address:

- `http://localhost:3000` and `http://localhost:3001` are the origins that the deployment allows (CORS). The browser is
  told which port these are.
- `http://localhost:PORT` is another origin of the same site, because sites have no ports: SameSite cookies are sent.
- `http://127.0.0.1:PORT` is of another site.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

ALLOWED_ORIGIN = "http://localhost:3000"
ALLOWED_ORIGINS = (ALLOWED_ORIGIN, "http://localhost:3001")
MISSING = "<!doctype html><html lang=en><title>Nothing</title><h1>Nothing here</h1>"
EMPTY = "<!doctype html><html lang=en><title>Elsewhere</title><h1>Elsewhere</h1>"


@dataclass
class Site:
    """A server of pages.

    Args:
        port: where it listens.
        pages: what it shows, by path; a path with `missing` in it shows 404, and every other one an empty page.
        headers: what every answer has besides, such as a Content-Security-Policy.
    """

    port: int
    pages: dict[str, str] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def same_site(self) -> str:
        """Return the origin of another port of Doorward's host."""
        return f"http://localhost:{self.port}"

    @property
    def cross_site(self) -> str:
        """Return an origin of another site."""
        return f"http://127.0.0.1:{self.port}"

    def show(self, path: str, page: str, headers: Mapping[str, str] | None = None) -> str:
        """Show a page at a path; return the address of it, of another site."""
        self.pages[path], self.headers = page, dict(headers or {})
        return self.cross_site + path


@contextmanager
def serving() -> Iterator[Site]:
    """Serve pages on a free port of 127.0.0.1."""

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            missing = "missing" in self.path
            body = (MISSING if missing else site.pages.get(self.path, EMPTY)).encode()
            self.send_response(404 if missing else 200)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.send_header("Content-Length", str(len(body)))
            for name, value in site.headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
    site = Site(server.server_port)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield site
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
