"""While the local cloud is up, no web page and no other cloud's credentials get at its AWS services."""

from __future__ import annotations

import hashlib
import http.client
import http.server
import json
import os
import shutil
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

import pytest
import requests
from botocore.auth import SigV4Auth, SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from tests.support.cloud import EMULATOR_PORT, PORT, Cloud

LIST = {"X-Amz-Target": "secretsmanager.ListSecrets", "Content-Type": "application/x-amz-json-1.1"}
WELL_KNOWN = ("test", "test")
# A desktop's names for it; Debian's package is the first.
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)


def _signed(cloud: Cloud, key: str, secret: str) -> requests.Response:
    """List the secrets' names as the AWS tools ask for it."""
    request = AWSRequest("POST", cloud.endpoint, headers=LIST, data="{}")
    SigV4Auth(Credentials(key, secret), "secretsmanager", "us-east-1").add_auth(request)
    return requests.post(cloud.endpoint, headers=dict(request.headers), data="{}", timeout=30)


def _presigned(cloud: Cloud, key: str, secret: str, port: int = EMULATOR_PORT, host: str = "127.0.0.1") -> str:
    """Return an address that lists the users' names to whoever opens it."""
    query = urlencode({"Action": "ListUsers", "Version": "2010-05-08"})
    request = AWSRequest("GET", f"http://{host}:{port}/?{query}")
    SigV4QueryAuth(Credentials(key, secret), "iam", "us-east-1").add_auth(request)
    return str(request.url)


def _raw(port: int, path: str, **headers: str) -> tuple[int, dict[str, str], str]:
    """Ask as a browser does, with headers that no library would let through."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        connection.putrequest("GET", path, skip_host=True)
        for name, value in {"Host": f"localhost:{port}", **headers}.items():
            connection.putheader(name.replace("_", "-"), value)
        connection.endheaders()
        answer = connection.getresponse()
        return answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read().decode()
    finally:
        connection.close()


def test_this_folders_credentials_alone_open_it(cloud: Cloud) -> None:
    key, secret = (cloud.credentials[name] for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"))
    assert len(_signed(cloud, key, secret).json()["SecretList"]) >= 2
    for bad in (WELL_KNOWN, ("test", secret), (key, "test"), ("000000000000", "test"), ("AKIA" + "X" * 16, secret)):
        answer = _signed(cloud, *bad)
        assert answer.status_code in {400, 401, 403}, (bad[0], answer.text)
        assert "SecretList" not in answer.text
        assert requests.get(_presigned(cloud, *bad), timeout=30).status_code in {400, 401, 403}, bad[0]
    assert requests.get(_presigned(cloud, key, secret), timeout=30).status_code == 200
    assert requests.post(cloud.endpoint, headers=LIST, data="{}", timeout=30).status_code in {400, 403}
    bucket = cloud.client("s3").list_buckets()["Buckets"][0]["Name"]
    assert requests.get(f"{cloud.endpoint}/{bucket}", timeout=30).status_code in {401, 403}


def test_a_functions_credentials_cannot_be_computed(cloud: Cloud) -> None:
    cloud.sign_in("acme-admin")
    functions = cloud.client("lambda").list_functions()["Functions"]
    login = next(found for found in functions if "LoginFunction" in found["FunctionName"])
    digest = hashlib.sha256(f"{login['FunctionArn']}:{login['Role']}".encode()).hexdigest()
    key, secret, token = (
        f"ASIA{digest[:16].upper()}",
        *(hashlib.sha256(f"{what}:{digest}".encode()).hexdigest() for what in ("secret", "token")),
    )
    request = AWSRequest("POST", cloud.endpoint, headers={"X-Amz-Target": "DynamoDB_20120810.ListTables"}, data="{}")
    SigV4Auth(Credentials(key, secret, token), "dynamodb", "us-east-1").add_auth(request)
    answer = requests.post(cloud.endpoint, headers=dict(request.headers), data="{}", timeout=30)
    assert answer.status_code in {400, 403}
    assert "UnrecognizedClient" in answer.text, answer.text  # and not that its role may not list


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://localhost:3000"])
def test_no_request_with_an_origin_reaches_aws(cloud: Cloud, origin: str) -> None:
    address = urlsplit(_presigned(cloud, *_keys(cloud)))
    for path in (f"{address.path}?{address.query}", "/_ministack/ses/messages", "/_ministack/health"):
        status, headers, text = _raw(EMULATOR_PORT, path, Origin=origin)
        assert (status, text) == (403, "doorward: no web page may call AWS here\n")
        assert "access-control-allow-origin" not in headers
    asked = {"Origin": origin, "Access-Control-Request-Method": "POST"}
    preflight = requests.options(cloud.endpoint, headers=asked, timeout=30)
    assert preflight.status_code == 403
    assert "Access-Control-Allow-Origin" not in preflight.headers


@pytest.mark.parametrize("port", [PORT, EMULATOR_PORT], ids=["front", "emulator"])
def test_a_name_that_was_bound_to_this_machine_is_refused(cloud: Cloud, port: int) -> None:
    for host in ("evil.example", f"evil.example:{port}", f"localhost.evil.example:{port}", "192.0.2.1"):
        status, headers, text = _raw(port, "/.well-known/jwks.json", Host=host)
        assert (status, text) == (403, "doorward: this answers to localhost and 127.0.0.1 alone\n")
        assert "access-control-allow-origin" not in headers
    status, _, _ = _raw(EMULATOR_PORT, urlsplit(_presigned(cloud, *_keys(cloud))).path, Host="evil.example")
    assert status == 403


def test_nothing_of_aws_is_behind_the_front(cloud: Cloud) -> None:
    address = urlsplit(_presigned(cloud, *_keys(cloud), port=PORT, host="localhost"))
    for path in (
        f"{address.path}?{address.query}",
        f"/_aws/execute-api/x/../../..{address.path}?{address.query}",
        "/_ministack/ses/messages",
        "//_ministack/ses/messages",
        "/_aws/execute-api/../../_ministack/ses/messages",
    ):
        status, _, text = _raw(PORT, path)
        # The front answers for the API's own host alone: whatever is asked for at its root is the page there.
        assert status in {403, 404} or "<h1>Sign-in and accounts</h1>" in text, (path, text)
        assert "ListUsersResult" not in text
        assert "messages" not in text


def _keys(cloud: Cloud) -> tuple[str, str]:
    return cloud.credentials["AWS_ACCESS_KEY_ID"], cloud.credentials["AWS_SECRET_ACCESS_KEY"]


PAGE = """<!doctype html><title>evil</title><pre id="seen"></pre><script>
const addresses = %s, seen = {};
Promise.all(Object.entries(addresses).map(async ([name, address]) => {
  try { const answer = await fetch(address); seen[name] = answer.status + " " + await answer.text(); }
  catch (error) { seen[name] = "nothing"; }
})).then(() => { document.getElementById("seen").textContent = JSON.stringify(seen); });
</script>"""


@pytest.fixture
def page() -> Iterator[Any]:
    """Serve a page on another origin of this machine; return how to set it, and its port."""
    shown = {"text": ""}

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(shown["text"].encode())

        def log_message(self, *_: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield shown, server.server_port
    server.shutdown()
    thread.join()
    server.server_close()


def _browse(address: str, profile: Path, *options: str) -> str:
    """Return the page that Chromium made of an address."""
    assert CHROMIUM is not None
    flags = ["--headless=new", "--no-sandbox", "--disable-gpu", "--virtual-time-budget=15000", "--dump-dom"]
    command = [CHROMIUM, *flags, f"--user-data-dir={profile}", *options, address]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120, env={**os.environ})
    return done.stdout


@pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium here")
def test_a_page_in_a_browser_reads_nothing(cloud: Cloud, page: Any, tmp_path: Path) -> None:
    shown, port = page
    good = _presigned(cloud, *_keys(cloud))
    addresses = {
        "presigned": good,
        "well known": _presigned(cloud, *WELL_KNOWN),
        "mail": f"{cloud.endpoint}/_ministack/ses/messages",
        "front": f"{cloud.url}/.well-known/jwks.json",
        "self": f"http://127.0.0.1:{port}/",
    }
    shown["text"] = PAGE % json.dumps(addresses)
    dom = _browse(f"http://127.0.0.1:{port}/", tmp_path / "one")
    seen = json.loads(
        dom.partition('<pre id="seen">')[2]
        .partition("</pre>")[0]
        .replace("&amp;", "&")
        .replace("&lt;", "<")
        .replace("&gt;", ">")
    )
    assert seen["self"].startswith("200 "), dom
    assert {seen[name] for name in addresses if name != "self"} == {"nothing"}


@pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium here")
@pytest.mark.parametrize("where", [PORT, EMULATOR_PORT], ids=["front", "emulator"])
def test_dns_rebinding_reads_nothing_in_a_browser(cloud: Cloud, tmp_path: Path, where: int) -> None:
    rules = "--host-resolver-rules=MAP evil.example 127.0.0.1"
    dom = _browse(f"http://evil.example:{where}/.well-known/jwks.json", tmp_path / "two", rules)
    assert "this answers to localhost and 127.0.0.1 alone" in dom, dom
    assert '"keys"' not in dom
