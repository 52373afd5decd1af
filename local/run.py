"""`make run`: run the whole stack on this machine, without Docker and without an AWS account."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import signal
import ssl
import sys
import time

from local import cloud, here, sources
from local.emulator import Emulator, require_free
from local.front import Front
from local.here import ORIGIN, TLS_OFFSET, Place
from local.tools import STATE, Failure, environment, port_number, say

PORT, EMULATOR_PORT = 8080, 4566

WELCOME = """
  {url} is up after {seconds:.0f} s. Users admin, acme-admin and globex-admin have the password admin123.
  What it has, in a browser: {url}/_local

  curl -s {url}/auth/login -H 'Content-Type: application/json' -d '{{"username":"admin","password":"admin123"}}'

  With TLS: https://localhost:{tls_port}, signed by {authority}.
  Pages of {origin} may call it; another origin: make run ORIGIN=http://localhost:5173
  Mails that were sent: {url}/_mail, or make mail.
  What the functions log: make logs. After a change of code: make deploy-local.
  AWS services: {endpoint}, for a shell that has read {variables}.
  Ctrl-C stops; users and sessions are still there next time.
"""


def main() -> int:
    """Run until the user interrupts, and return the exit status."""
    options = _parse()
    try:
        return asyncio.run(_run(Place(options.port, options.emulator_port, options.origin)))
    except Failure as failure:
        print(f"doorward: {failure}", file=sys.stderr)
        return 1


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=port_number, default=PORT)
    parser.add_argument("--emulator-port", type=port_number, default=EMULATOR_PORT)
    parser.add_argument(
        "--origin", default=ORIGIN, help="the web origins that may call, with commas between them (%(default)s)"
    )
    return parser.parse_args()


async def _run(place: Place) -> int:
    started = time.monotonic()
    cloud.require_make()
    for needed in (place.port, place.port + TLS_OFFSET):
        require_free(needed, "PORT")
    lock = here.lock()
    here.forget()
    emulator = Emulator(environment("local"), place.emulator_port)
    stopped = _on_signal()
    say("starting the emulator")
    emulator.start()
    try:
        servers = await _serve(place)
        place.publish()
        _welcome(place, time.monotonic() - started)
        await _until(stopped, emulator)
        for server in servers:
            server.close()
        if not stopped.is_set():
            raise Failure(f"the emulator ended by itself; its log is {emulator.log}")
    finally:
        say("stopping")
        here.forget()
        emulator.stop()
        lock.close()
    return 0


async def _until(stopped: asyncio.Event, emulator: Emulator) -> None:
    while emulator.is_alive() and not stopped.is_set():
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stopped.wait(), 1)


def _on_signal() -> asyncio.Event:
    """Return an event that Ctrl-C or SIGTERM sets."""
    stopped = asyncio.Event()
    for kind in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(kind, stopped.set)
    return stopped


async def _serve(place: Place) -> list[asyncio.Server]:
    await asyncio.to_thread(_prepare, place)
    front = Front(place.emulator_port, here.front_secret(), sources.ids)
    return [await front.serve(place.port), await front.serve(place.port + TLS_OFFSET, _tls())]


def _welcome(place: Place, seconds: float) -> None:
    text = WELCOME.format(
        url=place.url,
        origin=place.origin,
        endpoint=place.endpoint,
        variables=place.write_variables(),
        tls_port=place.port + TLS_OFFSET,
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


def _prepare(place: Place) -> None:
    cloud.deploy(place)
    cloud.initialise(place)


if __name__ == "__main__":
    sys.exit(main())
