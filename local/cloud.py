"""Build the stack and deploy it into the emulator, with the same program `sam` that deploys to AWS."""

from __future__ import annotations

import hashlib
import http.client
import os
import re
import shutil
import sys
import urllib.error
import urllib.request
from dataclasses import replace
from pathlib import Path

from local import sources
from local.here import Place
from local.tools import ROOT, STATE, Failure, environment, run, say

STACK = "doorward"
MAIL_FROM = "doorward@localhost.example"
TENANTS = ("acme", "globex")
USERS = {"admin": "the platform", **{f"{tenant}-admin": tenant for tenant in TENANTS}}
"""Who is there from the start, and what each administers."""
PASSWORD = "admin123"  # noqa: S105 - everybody knows it, and it exists on this machine alone
_BUILD, _CACHE = STATE / "build", STATE / "cache"


def deploy(place: Place) -> bool:
    """Build and deploy what changed, and add what the emulator leaves out.

    Args:
        place: where the emulator listens, and what the stack is told of it.

    Returns:
        Whether the whole stack was deployed, and not single functions or nothing.

    Raises:
        Failure: a step failed. The message has the step's output.
    """
    last, wanted = sources.last(), sources.now(place)
    if last is None or last.common != wanted.common or last.functions.keys() != wanted.functions.keys():
        return _deploy_all(place, last, wanted)
    if not _answers(place.endpoint, last.api_id):
        return _deploy_all(place, last, wanted)
    changed = [name for name, digest in wanted.functions.items() if last.functions[name] != digest]
    if not changed:
        say("nothing changed since the last deploy")
        return False
    say(f"new code for {', '.join(changed)}")
    in_emulators_python(place, "-m", "local.push", STACK, *changed)
    replace(last, functions=wanted.functions, pushed=sorted({*last.pushed, *changed})).write()
    return False


def _deploy_all(place: Place, last: sources.Deployed | None, wanted: sources.Deployed) -> bool:
    variables = place.variables()
    say("sam build")
    settings = ["--config-file", str(ROOT / "samconfig.toml"), "--config-env", "local"]
    folders = ["--build-dir", str(_BUILD), "--cache-dir", str(_cache())]
    run([*sam(), "build", *settings, *folders], "sam build failed", variables)
    say("sam deploy")
    command = [*sam(), "deploy", *settings, "--template-file", str(_BUILD / "template.yaml")]
    command += ["--parameter-overrides", " ".join(parameters(place))]
    sam_deploy(place, command)
    api_id, socket_api_id = in_emulators_python(place, "-m", "local.fixups", STACK).split()
    if last is not None and last.pushed:
        # CloudFormation leaves a function alone whose code is what it last deployed itself.
        in_emulators_python(place, "-m", "local.push", STACK, *(set(last.pushed) & wanted.functions.keys()))
    replace(wanted, api_id=api_id, socket_api_id=socket_api_id).write()
    return True


def sam() -> list[str]:
    """Return the command `sam`, to be run in the root of this repository."""
    return [str(environment("sam") / "python"), "-m", "local.quick_sam"]


def sam_deploy(place: Place, command: list[str]) -> None:
    """Run `sam deploy`, and finish what it gives up on a busy machine.

    Raises:
        Failure: the stack was not deployed.
    """
    try:
        run(command, "sam deploy failed", place.variables())
    except Failure as failure:
        made = re.search(r"ChangeSet \[(\S+)\] already exists", str(failure))
        if made is not None:
            say("the emulator took long to read the template: going on without sam")
            in_emulators_python(place, "-m", "local.changeset", STACK, made[1])
        # The option `no_fail_on_empty_changeset` does not recognise the emulator's message.
        elif "No changes to deploy" not in str(failure):
            raise


def _cache() -> Path:
    """Return the folder in which SAM keeps what it built for this Python with these tools; SAM looks at none."""
    tools = (ROOT / "layers" / name for name in ("layer.mk", "strip.py"))
    made_by = sys.version.encode() + b"".join(tool.read_bytes() for tool in tools)
    name = hashlib.sha256(made_by).hexdigest()[:16]
    if _CACHE.exists():
        for other in _CACHE.iterdir():
            if other.name != name:
                shutil.rmtree(other, ignore_errors=True)
    return _CACHE / name


def parameters(place: Place) -> list[str]:
    """Return the parameters of the local stack, as sam takes them."""
    return [
        f"Architecture={_architecture()}",
        f"IssuerUrl={place.url}",
        f"AllowedOrigins={place.origin}",
        "DeletionProtection=false",
        "DemoEnabled=true",
        "EventsEnabled=true",
        f"MailFrom={MAIL_FROM}",
        "PlatformSecondFactor=optional",  # the first administrator has a password that everybody knows
        "PasskeyRpId=localhost",
        f"PasskeyOrigins={','.join(place.pages)}",
        "SocketsEnabled=true",
        f"SocketUrl={place.url.replace('http', 'ws', 1)}/sockets",
        # Short times let developers watch a rotation. On AWS a key is announced for a day.
        "KeyCacheSeconds=5",
        "KeyAnnounceSeconds=10",
    ]


def initialise(place: Place) -> None:
    """Make the keys, the user admin and two tenants, unless they exist.

    Raises:
        Failure: the script failed.
    """
    say("initialising")
    script = ROOT / "scripts" / "initialize_security.py"
    tenants = [option for tenant in TENANTS for option in ("--tenant", tenant)]
    in_emulators_python(place, str(script), "--stack", STACK, "--development", *tenants)


def make_certificate(folder: Path) -> None:
    """Make the certificate of https://localhost, unless there is a good one.

    Raises:
        Failure: the certificate could not be made.
    """
    run([str(environment("local") / "python"), "-m", "local.tls", str(folder)], "the certificate could not be made")


def in_emulators_python(place: Place, *arguments: str) -> str:
    """Run Python with the packages of the layer that was just built, and return what the program printed.

    Raises:
        Failure: the program failed.
    """
    command, variables = emulators_python(place, *arguments)
    return run(command, f"{Path(arguments[arguments[0] == '-m']).name} failed", variables)


def emulators_python(place: Place, *arguments: str) -> tuple[list[str], dict[str, str]]:
    """Return the command and the environment with which to run a program in the emulator's Python."""
    # The layer with the SDK is left out: it knows few services, and the environment has all.
    layers = [str(_BUILD / f"{name}Layer" / "python") for name in ("Shared", "SignIn", "Accounts", "Mail")]
    path = os.pathsep.join([*layers, str(ROOT)])
    return [str(environment("local") / "python"), *arguments], {**place.variables(), "PYTHONPATH": path}


def _answers(endpoint: str, api_id: str) -> bool:
    # An emulator that was killed has lost its state, although the stamp says that the stack is deployed.
    url = f"{endpoint}/_aws/execute-api/{api_id}/v1/.well-known/jwks.json"
    try:
        with urllib.request.urlopen(url, timeout=20) as answer:
            return bool(answer.status == http.client.OK)
    except (urllib.error.URLError, OSError):
        return False


def _architecture() -> str:
    return "arm64" if os.uname().machine in {"arm64", "aarch64"} else "x86_64"


def require_make() -> None:
    """Make sure that `make` is installed, which SAM's build needs.

    Raises:
        Failure: `make` is not installed.
    """
    run(["make", "--version"], "make is needed for the build")
