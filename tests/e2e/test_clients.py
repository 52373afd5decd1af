"""The examples with other people's libraries work; docs/clients.md tells what these tests measure."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from local.here import TLS_OFFSET
from local.tools import environment
from tests.support.cloud import PATIENCE_SECONDS, ROOT, Cloud
from tests.support.npm import node_with

EXAMPLES = ROOT / "examples" / "clients"
VERIFIES = ["verify: ok", "wrong audience refused: ok"]
REVOKES = ["refresh: ok", "introspect: ok", "revoke: ok", "refresh after revocation refused: ok"]
TOLD = "told as: invalid_grant"

PYTHON = {
    "pyjwt_client.py": VERIFIES,
    "authlib_client.py": [
        "discovery: ok",
        "metadata: ok",
        *VERIFIES,
        *REVOKES,
        TOLD,
    ],
    "requests_oauthlib_client.py": ["call the API: ok", *REVOKES, TOLD],
}
NODE = {
    "jose.mjs": VERIFIES,
    "aws-jwt-verify.mjs": VERIFIES,
    "openid-client.mjs": ["discovery: ok", "discovery (RFC 8414): ok", *REVOKES, TOLD],
    "oauth4webapi.mjs": ["discovery: ok", "discovery (OpenID): ok", *VERIFIES, *REVOKES, TOLD],
    "express-jwt.mjs": [*VERIFIES, "introspect: ok", "revoke: ok", "still good offline until it expires: ok"],
}


@pytest.fixture(scope="module")
def python() -> str:
    """Return the Python that has the libraries, installed once."""
    requirements = EXAMPLES / "python" / "requirements.txt"
    return str(environment("clients-python", requirements=requirements) / "python")


@pytest.fixture(scope="module")
def node() -> str:
    """Return Node.js, with the libraries installed once."""
    return node_with(EXAMPLES / "node")


def _lines(cloud: Cloud, program: str, script: Path) -> list[str]:
    tls_port = int(cloud.url.rpartition(":")[2]) + TLS_OFFSET
    variables = {
        **os.environ,
        "DOORWARD_URL": cloud.url,
        "DOORWARD_TLS_URL": f"https://localhost:{tls_port}",
        "NODE_EXTRA_CA_CERTS": str(cloud.state / "tls" / "ca.pem"),
    }
    done = subprocess.run(
        [program, str(script)], env=variables, capture_output=True, text=True, check=False, timeout=PATIENCE_SECONDS
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stderr == ""
    return done.stdout.splitlines()


@pytest.mark.parametrize("name", PYTHON)
def test_an_example_in_python(cloud: Cloud, python: str, name: str) -> None:
    assert _lines(cloud, python, EXAMPLES / "python" / name) == PYTHON[name]


@pytest.mark.parametrize("name", NODE)
def test_an_example_in_javascript(cloud: Cloud, node: str, name: str) -> None:
    assert _lines(cloud, node, EXAMPLES / "node" / name) == NODE[name]


def test_every_example_is_run() -> None:
    scripts = {path.name for pattern in ("python/*.py", "node/*.mjs") for path in EXAMPLES.glob(pattern)}
    assert scripts == {*PYTHON, *NODE, "sign_in.py", "doorward.mjs"}


def test_the_table_names_the_versions_that_are_tested() -> None:
    table = (ROOT / "docs" / "clients.md").read_text()
    requirements = (EXAMPLES / "python" / "requirements.txt").read_text().lower()
    lock = (EXAMPLES / "node" / "package.json").read_text()
    rows = [[cell.strip() for cell in row.split("|")[1:3]] for row in table.splitlines() if row.startswith("| [")]
    assert len(rows) == len(PYTHON) + len(NODE)
    for client, versions in rows:
        name = client[1:].partition("]")[0]
        for library, version in zip(name.split(" + "), versions.split(" + "), strict=True):
            assert f"{library.lower()}=={version} " in requirements or f'"{library}": "{version}"' in lock, name
