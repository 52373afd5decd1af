"""The virtual environments of the local cloud, made on the first run."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
HOME = ROOT / ".local"
STATE = Path(os.environ.get("DOORWARD_STATE") or HOME)
"""Where one local cloud keeps what it must remember; the tests have one of their own."""


class Failure(Exception):
    """Something that the user must know, in one line."""


def environment(name: str, home: Path | None = None, requirements: Path | None = None) -> Path:
    """Return the folder of programs of a virtual environment, installed from requirements.

    Args:
        name: which requirements.
        home: where the environment lies; .local/NAME by default.
        requirements: the file; requirements/NAME.txt by default.

    Raises:
        Failure: the packages cannot be installed.
    """
    requirements = requirements or ROOT / "requirements" / f"{name}.txt"
    home = home or HOME / name
    programs = home / ("Scripts" if os.name == "nt" else "bin")
    stamp = home / ".installed"
    wanted = hashlib.sha256(requirements.read_bytes() + sys.version.encode()).hexdigest()
    if stamp.exists() and stamp.read_text() == wanted:
        return programs
    say(f"installing {name} (once)")
    venv.create(home, with_pip=name == "uv", clear=True)
    python = str(programs / "python")
    if name == "uv":
        command = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    else:
        command = [str(environment("uv") / "uv"), "pip", "install", "--quiet", "--python", python]
    run([*command, "--require-hashes", "-r", str(requirements)], f"{name} could not be installed")
    stamp.write_text(wanted)
    return programs


def run(command: list[str], problem: str, variables: dict[str, str] | None = None) -> str:
    """Run a program and return what it printed; it is shown only if it fails.

    Raises:
        Failure: it failed, or is not there.
    """
    try:
        done = subprocess.run(  # noqa: S603 - our own commands
            command, cwd=ROOT, env={**os.environ, **(variables or {})}, capture_output=True, text=True, check=False
        )
    except FileNotFoundError as error:
        raise Failure(f"{problem}: {command[0]} is not installed") from error
    if done.returncode != 0:
        output = (done.stdout + done.stderr).strip()
        told = [line for line in output.splitlines() if not line.lstrip().startswith("Uploading")]
        text = "\n".join(told)
        raise Failure(f"{problem}:\n{text[-3000:]}")
    return done.stdout


def port_number(text: str) -> int:
    """Return a TCP port from the command line.

    Raises:
        ValueError: it is none.
    """
    port = int(text)
    if not 1 <= port <= 65_535:  # noqa: PLR2004 - TCP
        raise ValueError(text)
    return port


def say(line: str) -> None:
    """Tell the user what goes on."""
    print(f"doorward: {line}", flush=True)


if __name__ == "__main__":
    try:
        environment(sys.argv[1], ROOT / sys.argv[2])
    except Failure as problem:
        sys.exit(f"doorward: {problem}")
