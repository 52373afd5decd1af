"""End everything: every kind of token is refused, and within how many seconds."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable

from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Origin

from doorward.errors import NotAuthenticated
from doorward.verifier import Verifier
from local import here
from local.drills.report import Report
from local.drills.site import OK, Site, seconds_until

_PATIENCE_SECONDS = 60.0


def run(site: Site, report: Report, *, sabotage: bool) -> None:
    """End everything while there is a token of every kind.

    Args:
        site: where to.
        report: what is found.
        sabotage: whether everything goes on after all.
    """
    session, admin = site.newcomer(), site.sign_in("acme-admin")
    service = site.service_token(admin["access_token"], f"drill-{uuid.uuid4().hex[:8]}")["access_token"]
    origin = Origin(here.running().origin.partition(",")[0])
    ticket = site.must("POST", "/auth/socket-ticket", session["access_token"], origin=origin)
    site.must("GET", "/.well-known/revocations")  # an offline verifier waits a second, and no cold start
    verifier = Verifier(site.url, interval_seconds=1)
    with connect(f"{ticket['url']}?ticket={ticket['ticket']}", origin=origin, open_timeout=60) as socket:
        # What changes by use, such as refresh tokens, is not used before.
        refused: dict[str, Callable[[], bool]] = {
            "access token": lambda: site.me(session["access_token"]) != OK,
            "session cookie": lambda: site.me(cookie=session["cookie"]) != OK,
            "service token": lambda: site.me(service) != OK,
            "refresh token": lambda: site.refresh(session["refresh_token"]).status != OK,
            "access token, offline": lambda: _is_refused(verifier, session["access_token"]),
            "service token, offline": lambda: _is_refused(verifier, service),
            "socket": lambda: _is_closed(socket),
        }
        alive = [not found() for what, found in refused.items() if what != "refresh token"]
        report.check("before the end a token of every kind is taken", all(alive))
        began = time.monotonic()
        if not sabotage:
            site.script("rotate_keys.py", "--end-everything")
        report.figures["seconds of the command"] = _since(began)
        ended = time.monotonic()
        for what, found in refused.items():  # one after the other, so that each figure is an upper bound
            seconds_until(found, 3 if sabotage else _PATIENCE_SECONDS)
            report.figures[f"seconds until refused, at most, after the command: {what}"] = _since(ended)
            report.check(f"after the end this is refused: {what}", found())
    time.sleep(1)  # access tokens know seconds: one of the second of the end is refused too
    again = site.sign_in(session["name"], session["password"])
    report.check("everybody can sign in again", site.me(again["access_token"]) == OK)


def _since(moment: float) -> float:
    return round(time.monotonic() - moment, 2)


def _is_refused(verifier: Verifier, token: str) -> bool:
    try:
        verifier.verify(token)
    except NotAuthenticated:
        return True
    return False


def _is_closed(socket: ClientConnection) -> bool:
    try:
        while True:
            socket.recv(timeout=0)
    except TimeoutError:
        return False
    except ConnectionClosed:
        return True
