"""Make the virtual environments of the local cloud on the first run, and run programs."""

from __future__ import annotations

import fcntl
import hashlib
import os
import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
HOME = ROOT / ".local"
STATE = Path(os.environ.get("DOORWARD_STATE") or HOME)
"""The folder in which a local cloud stores its state. The tests use another folder."""


class Failure(Exception):
    """A problem that the user must know.

    The message is for the user.
    """


def environment(name: str, home: Path | None = None, requirements: Path | None = None) -> Path:
    """Make a virtual environment unless it is up to date, and return the folder of its programs.

    Args:
        name: the name of the environment.
        home: the folder of the environment; .local/NAME by default.
        requirements: the file with the packages to install; requirements/NAME.txt by default.

    Raises:
        Failure: the packages cannot be installed.
    """
    requirements = requirements or ROOT / "requirements" / f"{name}.txt"
    home = home or HOME / name
    HOME.mkdir(exist_ok=True)
    with (HOME / f"{name}.lock").open("w") as one:
        fcntl.flock(one, fcntl.LOCK_EX)  # two clouds of one folder may start at the same moment
        return _installed(name, home, requirements)


def _installed(name: str, home: Path, requirements: Path) -> Path:
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
    """Run a program, and return what the program printed on standard output.

    Args:
        command: the program and its arguments.
        problem: what to say if the program fails.
        variables: environment variables for the program, beside those of this process.

    Raises:
        Failure: the program failed, or is not installed. The message has the end of its output.
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
    """Return the TCP port that a text from the command line names.

    Raises:
        ValueError: the text names no TCP port.
    """
    port = int(text)
    if not 1 <= port <= 65_535:  # noqa: PLR2004 - TCP
        raise ValueError(text)
    return port


def say(line: str) -> None:
    """Print what is happening, for the user."""
    print(f"doorward: {line}", flush=True)


if __name__ == "__main__":
    try:
        environment(sys.argv[1], ROOT / sys.argv[2])
    except Failure as problem:
        sys.exit(f"doorward: {problem}")
