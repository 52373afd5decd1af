"""The AWS emulator as a child process that keeps its state."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from pathlib import Path

from local.tools import STATE, Failure

_START_SECONDS = 60
_STOP_SECONDS = 30


class Emulator:
    """ministack on 127.0.0.1, each function confined to its IAM role."""

    def __init__(self, programs: Path, port: int) -> None:
        """Take the folder of the installed programs, and the port to listen on."""
        self.port = port
        self.url = f"http://127.0.0.1:{port}"
        self.log = STATE / "emulator.log"
        self._program = programs / "ministack"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it, and wait until it is healthy.

        Raises:
            Failure: the port is taken, or it ended.
        """
        require_free(self.port, "EMULATOR_PORT")
        variables = {
            "BIND_HOST": "127.0.0.1",
            "GATEWAY_PORT": str(self.port),
            "AUTH": "true",
            "PERSIST_STATE": "1",
            "STATE_DIR": str(STATE / "state"),
            "TMPDIR": str(_made(STATE / "tmp")),
            "IOT_MTLS_ENABLED": "0",
            "SFTP_ENABLED": "0",
            **credentials(),
        }
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "DOCKER_"))}
        with self.log.open("wb") as log:
            self._process = subprocess.Popen(  # noqa: S603 - our own program
                [str(self._program)], env={**inherited, **variables}, stdout=log, stderr=log, start_new_session=True
            )
        deadline = time.monotonic() + _START_SECONDS
        while not self._is_healthy():
            if self._process.poll() is not None or time.monotonic() > deadline:
                self.stop()
                raise Failure(f"the emulator did not start; its log is {self.log}")
            time.sleep(0.1)

    def stop(self) -> None:
        """End it, so that it writes its state down."""
        process, self._process = self._process, None
        if process is None or process.poll() is not None:
            return
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()

    def is_alive(self) -> bool:
        """Tell whether it still runs."""
        return self._process is not None and self._process.poll() is None

    def _is_healthy(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/_ministack/health", timeout=2):
                return True
        except (urllib.error.URLError, OSError):
            return False


def credentials() -> dict[str, str]:
    """Return the emulator's root credentials: everybody knows them, and they open nothing else."""
    return {
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_REGION": "us-east-1",
        "AWS_DEFAULT_REGION": "us-east-1",
    }


def require_free(port: int, setting: str) -> None:
    """Make sure that nobody listens on a port.

    Raises:
        Failure: somebody does.
    """
    with socket.socket() as probe:
        if probe.connect_ex(("127.0.0.1", port)) == 0:
            raise Failure(f"port {port} is taken; end what uses it, or choose another: make run {setting}=NUMBER")


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    return folder
