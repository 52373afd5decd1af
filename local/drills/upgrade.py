"""Upgrade a stack with live sessions from the last release to the working tree, while people go on: nobody is refused.

While the emulator reads a template it answers nobody, as AWS does not do. People wait so long; how long is told.
The drill starts a local cloud of its own in `DOORWARD_STATE`, which it empties first.
"""

from __future__ import annotations

import asyncio
import re
import shutil
import subprocess
import tarfile
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import Any

from local import cloud, here, mail, sources, tools
from local.drills.report import Report
from local.drills.site import OK, Site, people, seconds_until
from local.emulator import Emulator, require_free
from local.front import Front
from local.here import Place
from local.tools import HOME, ROOT, STATE, Failure, environment, say

_HONEST = 3
_BUILD = STATE / "base-build"
_AFTERWARDS_SECONDS = 8
_PATIENCE_SECONDS = 300


def _upgrade(site: Site, place: Place, ids: list[tuple[str, str]], *, sabotage: bool) -> None:
    """Upgrade while people go on, and see what of theirs works afterwards.

    Args:
        site: the deployment of the base.
        place: where it is.
        ids: the ids of the API and of the WebSocket API, the newest last.
        sabotage: whether everything is ended besides, so that people are refused.
    """
    report = site.report
    sessions = [site.newcomer() for _ in range(_HONEST)]
    quiet, admin = site.newcomer(), site.sign_in("acme-admin")
    service = site.service_token(admin["access_token"], f"drill-{uuid.uuid4().hex[:8]}")["access_token"]
    links = _links(site, place, quiet)
    report.figures["requests before the upgrade"] = report.requests
    old = "AuditTable" not in site.outputs  # version 0.1.0 needs a step more, before and after
    if old:
        site.script("from_0_1.py")
    with people(site, sessions):
        began = time.monotonic()
        cloud.deploy(place)
        ids.append(sources.ids())
        report.figures["seconds of the upgrade, with building"] = round(time.monotonic() - began, 1)
        new = replace(site)
        # What docs/operations.md says to do after a new version.
        if old:
            new.script("from_0_1.py")
        new.script("rotate_keys.py")
        new.script("tend_users.py")
        if sabotage:
            new.script("rotate_keys.py", "--end-everything")
        time.sleep(_AFTERWARDS_SECONDS)
    report.check("a service token from before works", new.me(service) == OK or _lists(new, service) == OK)
    report.check("an access token from before works", new.me(quiet["access_token"]) == OK)
    report.check("a session cookie from before works", new.me(cookie=quiet["cookie"]) == OK)
    exchanged = new.call("POST", "/auth/session/token", body={}, cookie=quiet["cookie"]).status
    report.check("a session cookie from before gets an access token", exchanged == OK)
    renewed = new.refresh(quiet["refresh_token"])
    report.check("a session from before refreshes", renewed.status == OK)
    if renewed.status == OK:
        report.check("its new access token works", new.me(renewed.body["access_token"]) == OK)
    again = new.sign_in(quiet["name"], quiet["password"])
    report.check("a user from before signs in", new.me(again["access_token"]) == OK)
    left = new.call("POST", "/auth/logout", quiet["access_token"]).status
    report.check("who signed in before signs out", left < 300 and new.me(quiet["access_token"]) != OK)  # noqa: PLR2004
    new.script("check_tables.py")
    report.check("no item contradicts another one", held=True)
    report.figures["links from before"] = len(links)
    for token in links:
        answer = new.call("POST", "/auth/verify-email/confirm", body={"token": token})
        report.check("a link that was mailed before works", answer.status < 300)  # noqa: PLR2004 - HTTP


def _lists(site: Site, token: str) -> int:
    return site.call("GET", "/api/acme/notifications", token).status


def _links(site: Site, place: Place, user: dict[str, Any]) -> list[str]:
    """Return the tokens of links that are mailed but not used; none if the base knows no mail."""
    if "ProofsTable" not in site.outputs:
        return []
    email = f"{user['name'].replace('@', '.')}@people.example"
    admin = site.sign_in("acme-admin")["access_token"]
    site.must("PATCH", f"/users/{user['id']}", admin, {"email": email})
    user.update(site.sign_in(user["name"], user["password"]))
    site.must("POST", "/auth/verify-email", user["access_token"], {})
    pattern = r"/links/verify-email\?token=([^\s&]+)"
    found: list[str] = []

    def arrived() -> bool:
        found[:] = [
            one for sent in mail.read(place.endpoint) if sent.to == email for one in re.findall(pattern, sent.text)
        ]
        return bool(found)

    seconds_until(arrived, every=0.5)
    return found[:1]


def _drill(report: Report, commit: str, place: Place, *, sabotage: bool) -> None:
    """Deploy the commit into a new local cloud, and upgrade it."""
    if STATE == HOME:
        raise Failure("the drill empties DOORWARD_STATE, which must therefore not be the folder of `make run`")
    shutil.rmtree(STATE, ignore_errors=True)
    old = _checked_out(commit, STATE / "base")
    require_free(place.port, "PORT")
    emulator = Emulator(environment("local"), place.emulator_port)
    emulator.start()
    try:
        ids = [_deploy_base(old, place)]
        with _front(place, ids):
            variables = {**here.credentials(), "AWS_ENDPOINT_URL": place.endpoint}
            site = Site(place.url, variables, report, _PATIENCE_SECONDS, is_moving=True)
            _upgrade(site, place, ids, sabotage=sabotage)
    finally:
        emulator.stop()


def run(report: Report, base: str | None, ports: tuple[int, int], *, sabotage: bool) -> None:
    """Run the drill from a commit.

    Args:
        report: what is found.
        base: the commit; the one of the last release if there is none.
        ports: where the cloud of the drill listens, and its emulator.
        sabotage: whether everything is ended besides, so that people are refused.

    Raises:
        Failure: the commit is not known here, or a step failed.
    """
    commit = base or last_release()
    say(f"upgrading from {commit}")
    report.base = commit
    _drill(report, commit, Place(*ports), sabotage=sabotage)


def last_release() -> str:
    """Return the commit that gave the newest version of the changelog its heading.

    Raises:
        Failure: it is not known here, as in a clone without history.
    """
    versions = re.findall(r"^## (\d+\.\d+\.\d+) - ", (ROOT / "CHANGELOG.md").read_text("utf-8"), re.MULTILINE)
    if not versions:
        raise Failure("the changelog has no release; name a commit: BASE=...")
    heading = f"## {versions[0]} - "
    found = tools.run(["git", "log", f"-S{heading}", "--format=%H", "--", "CHANGELOG.md"], "git failed").split()
    if not found:
        raise Failure(f"no commit here made {versions[0]}; name one: BASE=...")
    return found[-1][:12]


def _checked_out(commit: str, folder: Path) -> Path:
    done = subprocess.run(["git", "archive", commit], cwd=ROOT, capture_output=True, check=False)  # noqa: S603, S607
    if done.returncode:
        raise Failure(f"there is no commit {commit} here")
    with tarfile.open(fileobj=BytesIO(done.stdout)) as archive:
        archive.extractall(folder, filter="data")
    return folder


def _deploy_base(old: Path, place: Place) -> tuple[str, str]:
    """Build and deploy the base by its own template, layers and script; return the ids of its APIs."""
    sam, variables = cloud.sam(), place.variables()
    settings = ["--config-file", str(ROOT / "samconfig.toml"), "--config-env", "local"]
    say("sam build of the base")
    folders = ["--build-dir", str(_BUILD), "--cache-dir", str(STATE / "base-cache")]
    template = ["--template-file", str(old / "template.yaml")]
    tools.run([*sam, "build", *settings, *folders, *template], "sam build failed", variables)
    say("sam deploy of the base")
    known = re.findall(
        r"^  (\w+):$", (old / "template.yaml").read_text("utf-8").partition("\nConditions:")[0], re.MULTILINE
    )
    given = [one for one in cloud.parameters(place) if one.partition("=")[0] in known]
    if "AllowedOrigin" in known:
        given.append(f"AllowedOrigin={place.origin.partition(',')[0]}")
    command = [*sam, "deploy", *settings, "--template-file", str(_BUILD / "template.yaml")]
    cloud.sam_deploy(place, [*command, "--parameter-overrides", " ".join(given)])
    api, sockets = cloud.in_emulators_python(place, "-m", "local.fixups", cloud.STACK).split()
    say("initialising the base")
    python = str(environment("local") / "python")
    # The layer with the SDK knows only the services that functions ask; scripts ask others.
    built = (folder for folder in _BUILD.glob("*Layer/python") if folder.parent.name != "SdkLayer")
    layers = ":".join(map(str, built))
    tenants = [option for tenant in cloud.TENANTS for option in ("--tenant", tenant)]
    script = [
        python,
        str(old / "scripts" / "initialize_security.py"),
        "--stack",
        cloud.STACK,
        "--development",
        *tenants,
    ]
    tools.run(script, "initialising failed", {**variables, "PYTHONPATH": f"{layers}:{old}"})
    return api, sockets


@contextmanager
def _front(place: Place, ids: list[tuple[str, str]]) -> Iterator[None]:
    """Serve the newest API at the base URL meanwhile."""
    loop = asyncio.new_event_loop()
    front = Front(place.emulator_port, here.front_secret(), lambda: ids[-1])
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    server = asyncio.run_coroutine_threadsafe(front.serve(place.port), loop).result()
    try:
        yield
    finally:
        loop.call_soon_threadsafe(server.close)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
