"""Run the AWS emulator as a child process that keeps its state."""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from pathlib import Path

from local.here import credentials, front_secret
from local.tools import ROOT, STATE, Failure

_START_SECONDS = 60
_STOP_SECONDS = 30
_POSITIONS = re.compile(r'"dynamodb_stream_positions": \{"__account_region_scoped__": true, "data": \{[^{}]*\}')


class Emulator:
    """The emulator ministack on 127.0.0.1.

    Each function may do only what its IAM role allows.
    """

    def __init__(self, programs: Path, port: int) -> None:
        """Take the folder of the installed programs, and the port to listen on."""
        self.port = port
        self.url = f"http://127.0.0.1:{port}"
        self.log = STATE / "emulator.log"
        self._command = [str(programs / "python"), "-m", "local.guard"]
        self._process: subprocess.Popen[bytes] | None = None
        self._pid_file = STATE / "emulator.pid"

    def start(self) -> None:
        """Start the emulator, and wait until it is healthy.

        Raises:
            Failure: the port is taken, or the emulator ended, or it was not healthy in time.
        """
        self._end_leftover()
        require_free(self.port, "EMULATOR_PORT")
        self._forget_positions()
        self._clear()
        with self.log.open("wb") as log:
            self._process = subprocess.Popen(  # noqa: S603 - our own program
                self._command, cwd=ROOT, env=self._variables(), stdout=log, stderr=log, start_new_session=True
            )
        self._pid_file.write_text(str(self._process.pid))
        deadline = time.monotonic() + _START_SECONDS
        while not self._is_healthy():
            if self._process.poll() is not None or time.monotonic() > deadline:
                self.stop()
                raise Failure(f"the emulator did not start; its log is {self.log}")
            time.sleep(0.1)

    def _variables(self) -> dict[str, str]:
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "DOCKER_"))}
        return {
            **inherited,
            "BIND_HOST": "127.0.0.1",
            "GATEWAY_PORT": str(self.port),
            "AUTH": "true",
            "PERSIST_STATE": "1",
            "STATE_DIR": str(STATE / "state"),
            "TMPDIR": str(_made(STATE / "tmp")),
            "IOT_MTLS_ENABLED": "0",
            "SFTP_ENABLED": "0",
            "DOORWARD_FRONT_SECRET": front_secret(),
            "DOORWARD_USED": str(STATE / "used.jsonl"),
            **credentials(),
        }

    def stop(self) -> None:
        """End the emulator in a way that lets it save its state."""
        process, self._process = self._process, None
        if process is None or process.poll() is not None:
            return
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
        self._clear()

    @staticmethod
    def _clear() -> None:
        """Remove what functions were unpacked to: the emulator removes it for those alone that idled while it ran."""
        shutil.rmtree(STATE / "tmp", ignore_errors=True)

    def _forget_positions(self) -> None:
        """Make the emulator read streams from their beginning.

        The emulator saves how far it read each stream, but not the records of the stream.
        """
        file = STATE / "state" / "lambda.json"
        if file.exists():
            text = file.read_text("utf-8")
            file.write_text(_POSITIONS.sub(lambda found: re.sub(r": \d+", ": 0", found[0]), text), "utf-8")

    def _end_leftover(self) -> None:
        """End an emulator that a killed `make run` left behind, in a way that lets it save its state."""
        try:
            pid = int(self._pid_file.read_text())
            command = Path(f"/proc/{pid}/cmdline").read_text().split("\0")
        except (OSError, ValueError):
            return
        if command[:3] != self._command:
            return
        os.kill(pid, signal.SIGTERM)
        deadline = time.monotonic() + _STOP_SECONDS
        while Path(f"/proc/{pid}").exists() and time.monotonic() < deadline:
            time.sleep(0.1)

    def is_alive(self) -> bool:
        """Return whether the emulator is running."""
        return self._process is not None and self._process.poll() is None

    def _is_healthy(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/_ministack/health", timeout=2):
                return True
        except (urllib.error.URLError, OSError):
            return False


def require_free(port: int, setting: str) -> None:
    """Make sure that no program listens on a port.

    Args:
        port: the port of 127.0.0.1.
        setting: the variable of `make run` that chooses another port.

    Raises:
        Failure: a program listens on the port.
    """
    if is_taken(port):
        raise Failure(f"port {port} is taken; end what uses it, or choose another: make run {setting}=NUMBER")


def is_taken(port: int) -> bool:
    """Return whether a program listens on a port of 127.0.0.1."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    return folder
