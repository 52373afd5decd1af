"""This folder's cloud: its credentials, where it listens, and whether it is up."""

from __future__ import annotations

import fcntl
import json
import os
import secrets
import shlex
import string
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TextIO

from local.tools import STATE, Failure, environment

ORIGIN = "http://localhost:3000"
REGION = "us-east-1"
TLS_OFFSET = 363
"""How much higher the port with TLS is: 8443 for 8080."""

_PLACE = "place.json"
_VARIABLES = "aws.env"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a local cloud listens, and the web origins that may call it, with commas between them."""

    port: int
    emulator_port: int
    origin: str = ORIGIN

    @property
    def url(self) -> str:
        """Return the base URL, which is the issuer."""
        return f"http://localhost:{self.port}"

    @property
    def pages(self) -> tuple[str, ...]:
        """Return the origins of Doorward's own pages, without TLS and with it. Browsers trust both on this machine."""
        return self.url, f"https://localhost:{self.port + TLS_OFFSET}"

    @property
    def endpoint(self) -> str:
        """Return the URL of the AWS services."""
        return f"http://127.0.0.1:{self.emulator_port}"

    def publish(self) -> None:
        """Tell the other commands of this folder that the cloud is up, and where."""
        _write(STATE / _PLACE, json.dumps(asdict(self)))

    def variables(self) -> dict[str, str]:
        """Return the environment of programs that call this cloud's AWS, and of a `sam build` for it."""
        return {
            **credentials(),
            "AWS_ENDPOINT_URL": self.endpoint,
            "SAM_CLI_TELEMETRY": "0",
            # The functions run in the emulator's own interpreter: a layer is built for that one.
            "ARCHITECTURE": "local",
            "PYTHON_VERSION": f"{sys.version_info.major}.{sys.version_info.minor}",
            "COMPILE_WITH": sys.executable,
            "PATH": os.pathsep.join([str(environment("uv")), os.environ.get("PATH", "")]),
        }

    def write_variables(self) -> Path:
        """Write that environment for a shell to read, and return the file."""
        paths = os.pathsep.join([str(environment("uv")), str(environment("sam"))])
        variables = {name: shlex.quote(value) for name, value in self.variables().items()}
        variables["PATH"] = f'{shlex.quote(paths)}:"$PATH"'
        lines = [f"export {name}={value}\n" for name, value in variables.items()]
        _write(STATE / _VARIABLES, "".join(lines))
        return STATE / _VARIABLES


def running() -> Place:
    """Return where this folder's cloud is.

    Raises:
        Failure: it is not up; what listens on its ports may be another folder's.
    """
    try:
        lock().close()
    except Failure:
        file = STATE / _PLACE
        if file.exists():
            return Place(**json.loads(file.read_text()))
    raise Failure("no local cloud of this folder is up; start it with make run")


def lock() -> TextIO:
    """Return the lock that shows that this folder's cloud is up; closing it gives it back.

    Raises:
        Failure: it is held.
    """
    STATE.mkdir(parents=True, exist_ok=True)
    held = (STATE / "lock").open("w")
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        held.close()
        raise Failure("another make run of this folder is up; stop it first") from None
    return held


def forget() -> None:
    """Say that this folder's cloud is not up, or not yet."""
    for name in (_PLACE, _VARIABLES):
        (STATE / name).unlink(missing_ok=True)


def credentials() -> dict[str, str]:
    """Return the emulator's root credentials, made at random the first time: no other folder's cloud takes them."""
    secret = _secrets()
    return {
        "AWS_ACCESS_KEY_ID": secret["key_id"],
        "AWS_SECRET_ACCESS_KEY": secret["key"],
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
    }


def front_secret() -> str:
    """Return what the front shows to the emulator."""
    return _secrets()["front"]


def _secrets() -> dict[str, str]:
    file = STATE / "secrets.json"
    if not file.exists():
        letters = string.ascii_uppercase + "234567"
        made = {
            "key_id": "AKIA" + "".join(secrets.choice(letters) for _ in range(16)),
            "key": secrets.token_urlsafe(30),
            "front": secrets.token_urlsafe(30),
        }
        _write(file, json.dumps(made))
    found: dict[str, str] = json.loads(file.read_text())
    return found


def _write(file: Path, text: str) -> None:
    """Write a file that its owner alone may read; whoever reads it sees all of it or what was there before."""
    file.parent.mkdir(parents=True, exist_ok=True)
    unfinished = file.with_suffix(".part")
    unfinished.touch(mode=0o600)
    unfinished.write_text(text)
    unfinished.rename(file)
