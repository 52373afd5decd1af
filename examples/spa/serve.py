"""Serve the application's files with a strict content security policy, for this machine alone.

    python3 examples/spa/serve.py --doorward http://localhost:8080 --api http://localhost:8080/_aws/execute-api/ID/v1

The client comes from clients/typescript/dist (`make client`), and no bundler is needed.
"""

from __future__ import annotations

import argparse
import json
from functools import partial
from http import HTTPStatus
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

HERE = Path(__file__).resolve().parent
CLIENT = HERE.parents[1] / "clients" / "typescript" / "dist"
CLIENT_PATH = "/doorward-client/"


class Pages(SimpleHTTPRequestHandler):
    """The files of `public`, the client's files, and the settings.

    Args:
        doorward: Doorward's base URL.
        api: the base URL of the protected API.
    """

    extensions_map = {".html": "text/html; charset=utf-8", ".js": "text/javascript", ".css": "text/css"}  # noqa: RUF012
    protocol_version = "HTTP/1.1"

    def __init__(self, *arguments: object, doorward: str, api: str) -> None:
        self.settings = {"doorward": doorward, "api": api}
        super().__init__(*arguments)  # type: ignore[arg-type]

    def translate_path(self, path: str) -> str:
        """Return the file of a path; the client's files have a folder of their own."""
        within = urlsplit(path).path
        ours = within.startswith(CLIENT_PATH)
        self.directory = str(CLIENT if ours else HERE / "public")  # a connection asks for several files
        return super().translate_path(within.removeprefix(CLIENT_PATH) if ours else path)

    def do_GET(self) -> None:
        """Answer the settings, or a file."""
        if urlsplit(self.path).path != "/config.json":
            super().do_GET()
            return
        content = json.dumps(self.settings).encode()
        self.send_response(HTTPStatus.OK)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def list_directory(self, _path: object) -> None:
        """Show no folder."""
        self.send_error(HTTPStatus.NOT_FOUND)

    def end_headers(self) -> None:
        """Let scripts and styles come from here alone, and reach Doorward, its sockets and the API alone."""
        places = {_origin(url) for url in self.settings.values()}
        places |= {place.replace("http", "ws", 1) for place in places}
        policy = {
            "default-src": "'none'",
            "script-src": "'self'",
            "style-src": "'self'",
            "img-src": "data:",
            "connect-src": " ".join(["'self'", *sorted(places)]),
            "base-uri": "'none'",
            "form-action": "'none'",
            "frame-ancestors": "'none'",
            "require-trusted-types-for": "'script'",
        }
        self.send_header("Content-Security-Policy", "; ".join(f"{name} {value}" for name, value in policy.items()))
        self.send_header("X-Content-Type-Options", "nosniff")
        self.send_header("Referrer-Policy", "no-referrer")
        self.send_header("Cache-Control", "no-cache")
        super().end_headers()

    def log_message(self, *_arguments: object) -> None:
        """Say nothing of single requests."""


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def main() -> None:
    """Serve until Ctrl-C."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--port", type=int, default=3000)
    parser.add_argument("--doorward", default="http://localhost:8080", help="Doorward's base URL")
    parser.add_argument("--api", required=True, help="the base URL of the protected API")
    options = parser.parse_args()
    pages = partial(Pages, doorward=options.doorward, api=options.api)
    with ThreadingHTTPServer(("127.0.0.1", options.port), pages) as server:
        print(f"the application is at http://localhost:{options.port}", flush=True)
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            print()


if __name__ == "__main__":
    main()
