"""`make run`: run the whole stack on this machine, without Docker and without an AWS account."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import fcntl
import signal
import ssl
import sys
import time
from typing import TextIO

from local import cloud
from local.emulator import Emulator, require_free
from local.front import Front
from local.tools import STATE, Failure, environment, port_number, say

PORT, EMULATOR_PORT = 8080, 4566
TLS_OFFSET = 363
"""How much higher the port with TLS is: 8443 for 8080."""

WELCOME = """
  {url} is up after {seconds:.0f} s. Users admin, acme-admin and globex-admin have the password admin123.

  curl -s {url}/auth/login -H 'Content-Type: application/json' -d '{{"username":"admin","password":"admin123"}}'

  With TLS: https://localhost:{tls_port}, signed by {authority}.
  What the functions log: make logs{ports}. After a change of code: make deploy-local{ports}.
  AWS services: {endpoint} (AWS_ENDPOINT_URL). Ctrl-C stops; users and sessions are still there next time.
"""


def main() -> int:
    """Run until the user interrupts, and return the exit status."""
    options = _parse()
    try:
        return asyncio.run(_run(options.port, options.emulator_port))
    except Failure as failure:
        print(f"doorward: {failure}", file=sys.stderr)
        return 1


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=port_number, default=PORT)
    parser.add_argument("--emulator-port", type=port_number, default=EMULATOR_PORT)
    return parser.parse_args()


async def _run(port: int, emulator_port: int) -> int:
    started = time.monotonic()
    cloud.require_make()
    for needed in (port, port + TLS_OFFSET):
        require_free(needed, "PORT")
    lock = _lock()
    emulator = Emulator(environment("local"), emulator_port)
    stopped = asyncio.Event()
    for kind in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(kind, stopped.set)
    say("starting the emulator")
    emulator.start()
    try:
        servers = await _serve(emulator, port)
        _welcome(emulator, port, time.monotonic() - started)
        while emulator.is_alive() and not stopped.is_set():
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stopped.wait(), 1)
        for server in servers:
            server.close()
        if not stopped.is_set():
            raise Failure(f"the emulator ended by itself; its log is {emulator.log}")
    finally:
        say("stopping")
        emulator.stop()
        lock.close()
    return 0


def _lock() -> TextIO:
    STATE.mkdir(parents=True, exist_ok=True)
    lock = (STATE / "lock").open("w")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise Failure("another make run of this folder is up; stop it first") from None
    return lock


async def _serve(emulator: Emulator, port: int) -> list[asyncio.Server]:
    api_id, socket_api_id = await asyncio.to_thread(_prepare, emulator, f"http://localhost:{port}")
    place = "/_aws/execute-api/{}/v1"
    front = Front(emulator.port, place.format(api_id), place.format(socket_api_id))
    return [await front.serve(port), await front.serve(port + TLS_OFFSET, _tls())]


def _welcome(emulator: Emulator, port: int, seconds: float) -> None:
    usual = (port, emulator.port) == (PORT, EMULATOR_PORT)
    text = WELCOME.format(
        url=f"http://localhost:{port}",
        endpoint=emulator.url,
        ports="" if usual else f" PORT={port} EMULATOR_PORT={emulator.port}",
        tls_port=port + TLS_OFFSET,
        authority=STATE / "tls" / "ca.pem",
        seconds=seconds,
    )
    print(text, flush=True)


def _tls() -> ssl.SSLContext:
    folder = STATE / "tls"
    cloud.make_certificate(folder)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "server.pem", folder / "server.key")
    return context


def _prepare(emulator: Emulator, url: str) -> tuple[str, str]:
    ids = cloud.deploy(emulator.url, url)
    cloud.initialise(emulator.url)
    return ids


if __name__ == "__main__":
    sys.exit(main())
