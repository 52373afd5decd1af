"""A deployment on a simulated AWS (moto) in this process, which functions in other processes reach over HTTP."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from botocore.awsrequest import AWSPreparedRequest
from botocore.compat import HTTPHeaders
from moto.core.models import botocore_stubber

from tests.support import deployment
from tests.support.aws import REGION
from tests.support.deployment import Deployment, deployed, event, initialised_stack

ROOT = Path(__file__).resolve().parents[2]


class Front(BaseHTTPRequestHandler):
    """Carries requests to moto: of the services that speak JSON, and of S3, whose requests name no target."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_POST(self) -> None:
        target = self.headers.get("X-Amz-Target", "s3")
        service = target.partition("_")[0].partition(".")[0].lower()
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        headers: Any = HTTPHeaders()
        for name, value in self.headers.items():
            headers[name] = value.encode()
        url = f"https://{service}.{REGION}.amazonaws.com{self.path}"
        answer: Any = botocore_stubber(
            "before-send", AWSPreparedRequest(self.command, url, headers, body, stream_output=False)
        )
        kept = {name: value for name, value in answer.headers.items() if name.lower() in {"content-type", "etag"}}
        lines = "".join(f"{name}: {value}\r\n" for name, value in kept.items())
        head = f"HTTP/1.1 {answer.status_code} Any\r\n{lines}Content-Length: {len(answer.content)}\r\n\r\n"
        self.wfile.write(head.encode() + answer.content)

    do_GET = do_PUT = do_POST  # noqa: N815 - the base class's names

    def log_message(self, format: str, *_: Any) -> None:  # noqa: A002 - the base class's name
        pass


def request(
    method: str,
    path: str,
    body: Any,
    headers: dict[str, str] | None = None,
    context: dict[str, str] | None = None,
) -> dict[str, Any]:
    """Return the event of a request; with a context, of one that the authorizer let pass."""
    sent = event("login_username")
    text = body if body is None or isinstance(body, str) else json.dumps(body)
    sent.update(httpMethod=method, path=path, resource=path, body=text, queryStringParameters=None)
    sent["headers"] = {"Content-Type": "application/json", **(headers or {})}
    sent["multiValueHeaders"] = {name: [value] for name, value in sent["headers"].items()}
    if context is not None:
        sent["requestContext"]["authorizer"] = context
    return sent


@contextmanager
def simulated(algorithm: str, **more: str) -> Iterator[tuple[Deployment, dict[str, str]]]:
    """A deployment on a simulated AWS, and the environment of its functions.

    Args:
        algorithm: of its signatures.
        more: settings of the functions in place of the tests' own, such as `ARGON2_MEMORY_KIB`.
    """
    with pytest.MonkeyPatch.context() as patch:
        make = deployment._make_stack  # noqa: SLF001
        patch.setattr(deployment, "_make_stack", lambda: {**make(), "Algorithm": algorithm})
        for name, value in more.items():
            patch.setitem(deployment._ENVIRONMENT, name, value)  # noqa: SLF001
        stack = initialised_stack()
        with deployed(stack, patch) as cloud:
            server = ThreadingHTTPServer(("127.0.0.1", 0), Front)
            threading.Thread(target=server.serve_forever, daemon=True).start()
            kept = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
            path = f"{ROOT}:{ROOT / 'layers' / 'shared'}"
            yield cloud, {**kept, "AWS_ENDPOINT_URL": f"http://127.0.0.1:{server.server_port}", "PYTHONPATH": path}
            server.shutdown()
