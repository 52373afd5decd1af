"""Lambda's own runtime, for one start of a function: gives it one event, and says what the process took."""

from __future__ import annotations

import json
import os
import re
import subprocess
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

_SECONDS = 60
_COUNTING = ("valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null")
"""Counts the instructions of a process, and takes fifty times as long; the second thing is no bound of a function's."""

_COUNTED = re.compile(r"refs: +([\d,]+)")
# As `local/lambda/bootstrap.py` does it: modules are looked for where AWS's image looks for them, in the same order.
_PROGRAM = """
import os, sys
places = os.environ.pop("BENCH_PLACES").split(os.pathsep)
sys.path[:] = [*places, *(place for place in sys.path if place), os.environ.pop("BENCH_RUNTIME")]
from awslambdaric.__main__ import main
main(["bootstrap", "app.handler"])
"""


@dataclass(frozen=True)
class Start:
    """How functions start.

    Args:
        python: the interpreter.
        runtime: the folder of awslambdaric.
        environment: the variables of every function.
        counts: whether instructions are counted, in millions, in place of the milliseconds of processor time.
    """

    python: str
    runtime: Path
    environment: Mapping[str, str]
    counts: bool = False

    def cost(self, task: Path, layers: Sequence[Path], event: Any) -> tuple[float, Any]:
        """Return what a process costs from its start until its first answer is out, and the answer.

        Args:
            task: the folder of `app.py`.
            layers: the folders of packages, in the order of the layers.
            event: what the function is asked.
        """
        server = _Runtime(event)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        variables = {
            **self.environment,
            "AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{server.server_port}",
            "AWS_LAMBDA_LOG_FORMAT": "JSON",
            "AWS_LAMBDA_FUNCTION_NAME": task.name,
            "LAMBDA_TASK_ROOT": str(task),
            "BENCH_PLACES": os.pathsep.join(map(str, [task, *layers])),
            "BENCH_RUNTIME": str(self.runtime),
            "PYTHONDONTWRITEBYTECODE": "1",
        }
        variables.pop("PYTHONPATH", None)
        # -s: no packages of this user's.
        command = [*(_COUNTING if self.counts else ()), self.python, "-s", "-c", _PROGRAM]
        with tempfile.TemporaryFile() as log:
            process = subprocess.Popen(command, cwd=task, env=variables, stdout=log, stderr=log)
            used = _until_answered(process, server)
            server.shutdown()
            server.server_close()
            log.seek(0)
            written = log.read().decode()
            if server.answer is None:
                raise SystemExit(f"{task.name} gave no answer: {server.failure}\n{written[-3000:]}")
        if self.counts:
            found = _COUNTED.search(written)
            used = int(found[1].replace(",", "")) / 1_000_000 if found else 0
        return used, server.answer


def _until_answered(process: subprocess.Popen[bytes], server: _Runtime) -> float:
    """Wait until a process asks for a second event, end it, and return the milliseconds of processor time it took."""
    deadline = time.monotonic() + _SECONDS
    while not server.over.wait(0.05) and process.poll() is None and time.monotonic() < deadline:
        pass
    if process.returncode is not None:
        return 0.0
    process.terminate()
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    return (used.ru_utime + used.ru_stime) * 1000


class _Runtime(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, event: Any) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.event = event
        self.given = False
        self.over = threading.Event()
        self.answer: Any = None
        self.failure = ""


class _Handler(BaseHTTPRequestHandler):
    """Source: AWS Lambda Developer Guide, "Using the Lambda runtime API for custom runtimes"."""

    protocol_version = "HTTP/1.1"
    server: _Runtime

    def do_GET(self) -> None:
        if self.server.given:
            self.server.over.set()
            threading.Event().wait(_SECONDS)  # nothing comes any more
            return
        self.server.given = True
        headers = {
            "Lambda-Runtime-Aws-Request-Id": "8476a536-e9f4-11e8-9739-2dfe598c3fcd",
            "Lambda-Runtime-Deadline-Ms": str(int((time.time() + _SECONDS) * 1000)),
            "Lambda-Runtime-Invoked-Function-Arn": "arn:aws:lambda:us-east-1:123456789012:function:bench",
        }
        self._send(200, json.dumps(self.server.event).encode(), headers)

    def do_POST(self) -> None:
        content = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        if self.path.endswith("/response"):
            self.server.answer = json.loads(content)
        else:
            self.server.failure = content.decode()[-3000:]
            self.server.over.set()
        self._send(202, b"{}", {})

    def _send(self, status: int, content: bytes, headers: Mapping[str, str]) -> None:
        self.send_response(status)
        for name, value in {**headers, "Content-Type": "application/json", "Content-Length": str(len(content))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *_: Any) -> None:  # noqa: A002 - the base class's name
        pass
