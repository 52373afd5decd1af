"""Build the stack and deploy it into the emulator, with the same program `sam` that deploys to AWS."""

from __future__ import annotations

import hashlib
import http.client
import os
import sys
import urllib.error
import urllib.request
from pathlib import Path

from local.emulator import credentials
from local.tools import HOME, ROOT, STATE, Failure, environment, run, say

STACK = "doorward"
_SOURCES = ("template.yaml", "samconfig.toml", "functions", "layers/shared", "requirements/local.txt", "local")


def deploy(endpoint: str, base_url: str) -> tuple[str, str]:
    """Build and deploy the stack if anything changed, and add what the emulator leaves out.

    Args:
        endpoint: the emulator's URL.
        base_url: the issuer of the local stack.

    Returns:
        The ids of the API and of the WebSocket API.

    Raises:
        Failure: a step failed. The message has the step's output.
    """
    stamp, wanted = STATE / "deployed", _fingerprint(base_url)
    deployed, _, ids = stamp.read_text().partition(" ") if stamp.exists() else ("", "", "")
    api_id, _, socket_api_id = ids.partition(" ")
    if deployed == wanted and _answers(endpoint, api_id):
        say("nothing changed since the last deploy")
        return api_id, socket_api_id
    sam = environment("sam") / "sam"
    variables = _variables(endpoint)
    say("sam build")
    run([str(sam), "build", "--config-env", "local"], "sam build failed", variables)
    say("sam deploy")
    overrides = " ".join(
        [
            f"Architecture={_architecture()}",
            f"IssuerUrl={base_url}",
            "AllowedOrigin=http://localhost:3000",
            "DeletionProtection=false",
            "DemoEnabled=true",
            "SocketsEnabled=true",
            f"SocketUrl={base_url.replace('http', 'ws', 1)}/sockets",
            # Short times let developers watch a rotation. On AWS a key is announced for a day.
            "KeyCacheSeconds=5",
            "KeyAnnounceSeconds=10",
        ]
    )
    command = [str(sam), "deploy", "--config-env", "local", "--parameter-overrides", overrides]
    try:
        run(command, "sam deploy failed", variables)
    except Failure as failure:
        # The option `no_fail_on_empty_changeset` does not recognise the emulator's message.
        if "No changes to deploy" not in str(failure):
            raise
    api_id, socket_api_id = in_emulators_python(endpoint, "-m", "local.fixups", STACK).split()
    stamp.write_text(f"{wanted} {api_id} {socket_api_id}")
    return api_id, socket_api_id


def initialise(endpoint: str) -> None:
    """Make the keys, the user admin and two tenants, unless they exist.

    Raises:
        Failure: the script failed.
    """
    say("initialising")
    script = ROOT / "scripts" / "initialize_security.py"
    in_emulators_python(
        endpoint, str(script), "--stack", STACK, "--development", "--tenant", "acme", "--tenant", "globex"
    )


def make_certificate(folder: Path) -> None:
    """Make the certificate of https://localhost, unless there is a good one.

    Raises:
        Failure: the certificate could not be made.
    """
    run([str(environment("local") / "python"), "-m", "local.tls", str(folder)], "the certificate could not be made")


def in_emulators_python(endpoint: str, *arguments: str) -> str:
    """Run Python with the packages of the layer that was just built, and return what the program printed.

    Raises:
        Failure: the program failed.
    """
    layer = HOME / "build" / "SharedLayer" / "python"
    variables = {**_variables(endpoint), "PYTHONPATH": f"{layer}{os.pathsep}{ROOT}"}
    problem = f"{Path(arguments[0]).name} failed"
    return run([str(environment("local") / "python"), *arguments], problem, variables)


def _answers(endpoint: str, api_id: str) -> bool:
    # An emulator that was killed has lost its state, although the stamp says that the stack is deployed.
    url = f"{endpoint}/_aws/execute-api/{api_id}/v1/.well-known/jwks.json"
    try:
        with urllib.request.urlopen(url, timeout=20) as answer:
            return bool(answer.status == http.client.OK)
    except (urllib.error.URLError, OSError):
        return False


def _variables(endpoint: str) -> dict[str, str]:
    return {
        **credentials(),
        "AWS_ENDPOINT_URL": endpoint,
        "SAM_CLI_TELEMETRY": "0",
        # The functions run in the emulator's own interpreter, so the layer is built for that interpreter.
        "ARCHITECTURE": "local",
        "PYTHON_VERSION": f"{sys.version_info.major}.{sys.version_info.minor}",
        "PATH": f"{environment('uv')}{os.pathsep}{os.environ.get('PATH', '')}",
    }


def _architecture() -> str:
    return "arm64" if os.uname().machine in {"arm64", "aarch64"} else "x86_64"


def _fingerprint(base_url: str) -> str:
    digest = hashlib.sha256(f"{base_url} {sys.version}".encode())
    for source in _SOURCES:
        path = ROOT / source
        files = [path] if path.is_file() else sorted(file for file in path.rglob("*") if _counts(file))
        for file in files:
            digest.update(str(file.relative_to(ROOT)).encode() + file.read_bytes())
    return digest.hexdigest()


def _counts(file: Path) -> bool:
    return file.is_file() and "__pycache__" not in file.parts


def require_make() -> None:
    """Make sure that `make` is installed, which SAM's build needs.

    Raises:
        Failure: `make` is not installed.
    """
    run(["make", "--version"], "make is needed for the build")
