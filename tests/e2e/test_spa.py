"""The application of examples/spa in Chromium, with the client of clients/typescript: tabs, tenants, signing out."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from tests.support.cloud import ROOT, Cloud
from tests.support.people import PASSWORD

sync_api: Any = pytest.importorskip("playwright.sync_api")

ORIGIN = "http://localhost:3000"
CLIENT = ROOT / "clients" / "typescript"
PATIENCE_MS = 60_000
"""How long a page may take on a machine that starts a process for each function."""
RENEWAL = re.compile(r"/auth/session/token$")


@pytest.fixture(scope="module")
def served(cloud: Cloud) -> Iterator[int]:
    """`make example-spa` on a free port, which the browser takes for port 3000; returns the port."""
    npm = shutil.which("npm")
    if npm is None:
        pytest.skip("needs npm")
    for command in ([npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"], [npm, "run", "build"]):
        done = subprocess.run(command, cwd=CLIENT, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = int(free.getsockname()[1])
    started = [sys.executable, "-m", "local.example_spa", "--port", str(port)]
    environment = {**os.environ, "DOORWARD_STATE": str(cloud.state)}
    with subprocess.Popen(started, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            assert any("the application is at" in line for line in process.stdout), "it did not start"
            yield port
        finally:
            process.kill()


@pytest.fixture(scope="module")
def chromium(served: int) -> Iterator[Any]:
    program = shutil.which("chromium")
    if program is None:
        pytest.skip("needs chromium")
    rules = f"--host-resolver-rules=MAP localhost:3000 127.0.0.1:{served}"
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=[rules, "--no-sandbox"])
        yield browser
        browser.close()


@dataclass
class Person:
    """Somebody in acme and globex, and the browser in which they work."""

    name: str
    context: Any
    renewals: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    def tab(self) -> Any:
        """Open the application in a new tab."""
        page = self.context.new_page()
        page.goto(ORIGIN)
        return page

    def signed_in(self) -> Any:
        """Open a tab and sign in."""
        page = self.tab()
        self.sign_in(page)
        return page

    def sign_in(self, page: Any) -> None:
        page.get_by_label("User name").fill(self.name)
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Sign in").click()
        shows(page, "Who am I?")


@pytest.fixture
def people(cloud: Cloud, chromium: Any) -> Iterator[Any]:
    """Make people, each with a browser profile; at the end nothing may have been complained about."""
    made: list[Person] = []

    def make(name: str = "") -> Person:
        context = chromium.new_context()
        context.set_default_timeout(PATIENCE_MS)
        person = Person(name or _user(cloud), context)
        context.on("request", lambda sent: RENEWAL.search(sent.url) and person.renewals.append(sent.method))
        context.on("weberror", lambda error: person.complaints.append(str(error.error)))
        context.on("console", lambda said: person.complaints.append(said.text) if _complains(said) else None)
        made.append(person)
        return person

    yield make
    for person in made:
        person.context.close()
    assert [complaint for person in made for complaint in person.complaints] == []


def _complains(said: Any) -> bool:
    """Tell whether a message of the console is more than the status of a request that was refused."""
    return said.type in {"error", "warning"} and "Failed to load resource" not in said.text


def _user(cloud: Cloud) -> str:
    name, admin = f"w{uuid.uuid4().hex[:10]}", cloud.token("admin")
    made = cloud.call("POST", "/users", admin, json={"tenant_id": "acme", "username": name, "password": PASSWORD})
    assert made.status_code == 201, made.text
    answer = cloud.call("PUT", f"/users/{made.json()['id']}/tenants/globex", admin, json={"roles": ["auditor"]})
    assert answer.status_code < 300, answer.text
    # What somebody else set must be changed first.
    token = cloud.token(name, PASSWORD)
    body = {"current_password": PASSWORD, "password": PASSWORD + " of my own"}
    if cloud.call("GET", "/users/me", token).status_code == 403:
        assert cloud.call("PATCH", "/users/me", token, json=body).status_code == 200
    return name


def shows(page: Any, heading: str) -> None:
    sync_api.expect(page.get_by_role("heading", name=heading)).to_be_visible(timeout=PATIENCE_MS)


def in_tenant(page: Any, tenant_id: str) -> None:
    sync_api.expect(page.locator("#me-tenant")).to_have_text(tenant_id, timeout=PATIENCE_MS)


def load(page: Any) -> Any:
    """Ask the protected API; return the place of the answer."""
    page.get_by_role("button", name="Load the orders").click()
    return sync_api.expect(page.locator("#orders"))


def switch(page: Any, tenant_id: str) -> None:
    page.get_by_label("Tenant", exact=True).select_option(tenant_id)
    page.get_by_role("button", name="Switch this tab").click()
    in_tenant(page, tenant_id)


def sign_out(page: Any, name: str = "Sign out") -> None:
    page.get_by_role("button", name=name, exact=True).click()
    shows(page, "Sign in")


def test_signing_in_shows_who_is_there_and_leaves_no_token_where_scripts_find_it(people: Any) -> None:
    kim = people()
    page = kim.tab()
    shows(page, "Sign in")
    kim.sign_in(page)
    sync_api.expect(page.locator("#me-user")).to_have_text(kim.name)
    in_tenant(page, "acme")
    kept = page.evaluate("JSON.stringify([{...sessionStorage}, {...localStorage}, document.cookie, location.href])")
    assert "eyJ" not in kept
    assert "dwr1" not in kept
    cookies = {cookie["name"]: cookie for cookie in kim.context.cookies()}
    assert {cookie["httpOnly"] and cookie["secure"] for cookie in cookies.values()} == {True}
    assert cookies["__Host-doorward"]["sameSite"] == "Lax"


def test_a_wrong_password_is_told_and_a_right_one_signs_in(people: Any) -> None:
    kim = people()
    page = kim.tab()
    page.get_by_label("User name").fill(kim.name)
    page.get_by_label("Password").fill("not the password")
    page.keyboard.press("Enter")
    sync_api.expect(page.get_by_role("alert")).to_contain_text("invalid_credentials", timeout=PATIENCE_MS)
    kim.sign_in(page)
    sync_api.expect(page.get_by_role("alert")).to_be_empty()


def test_a_reload_and_a_second_tab_are_signed_in(people: Any) -> None:
    kim = people()
    page = kim.signed_in()
    page.reload()
    shows(page, "Who am I?")
    shows(kim.tab(), "Who am I?")


def test_a_switch_is_for_one_tab_and_stays_when_it_is_reloaded_or_duplicated(people: Any) -> None:
    kim = people()
    page, other = kim.signed_in(), kim.tab()
    shows(other, "Who am I?")
    switch(page, "globex")
    load(page).to_contain_text('"tenant_id": "globex"', timeout=PATIENCE_MS)
    in_tenant(other, "acme")
    load(other).to_contain_text('"tenant_id": "acme"', timeout=PATIENCE_MS)
    page.reload()
    in_tenant(page, "globex")
    with kim.context.expect_page() as opened:
        page.evaluate("void window.open(location.href)")
    in_tenant(opened.value, "globex")
    other.reload()
    in_tenant(other, "acme")


def test_signing_out_in_one_tab_signs_all_tabs_out_and_ends_their_sockets(people: Any) -> None:
    kim = people()
    page, other, third = kim.signed_in(), kim.tab(), kim.tab()
    shows(other, "Who am I?")
    shows(third, "Who am I?")
    switch(third, "globex")
    page.get_by_role("button", name="Open a socket").click()
    socket_state = sync_api.expect(page.locator("#socket"))
    socket_state.to_have_text("open", timeout=PATIENCE_MS)
    sign_out(other)
    shows(page, "Sign in")
    shows(third, "Sign in")
    sync_api.expect(page.get_by_role("heading", name="Sign in")).to_be_focused()
    socket_state.to_have_text("ended: signed_out", timeout=PATIENCE_MS)
    for tab in (page, other, third, kim.tab()):
        tab.reload()
        shows(tab, "Sign in")
    assert "__Host-doorward" not in {cookie["name"] for cookie in kim.context.cookies()}


def test_signing_out_everywhere_reaches_another_device_through_its_socket(people: Any) -> None:
    kim = people()
    elsewhere = people(kim.name)
    page, there = kim.signed_in(), elsewhere.signed_in()
    there.get_by_role("button", name="Open a socket").click()
    sync_api.expect(there.locator("#socket")).to_have_text("open", timeout=PATIENCE_MS)
    sign_out(page, "Sign out on all devices")
    shows(there, "Sign in")


def test_after_a_sleep_past_the_access_token_two_tabs_go_on_with_one_renewal(people: Any) -> None:
    kim = people()
    kim.context.clock.install()
    page, other = kim.signed_in(), kim.tab()
    shows(other, "Who am I?")
    before = len(kim.renewals)
    kim.context.clock.fast_forward("20:00")
    for tab in (page, other):
        tab.get_by_role("button", name="Load the orders").click()
    for tab in (page, other):
        sync_api.expect(tab.locator("#orders")).to_contain_text('"acme"', timeout=PATIENCE_MS)
    assert len(kim.renewals) - before <= 2
    assert {tab.locator("#status").inner_text() for tab in (page, other)} == {f"{kim.name} is signed in."}


def test_a_token_that_is_refused_is_renewed_and_nobody_is_signed_out(cloud: Cloud, people: Any) -> None:
    kim = people()
    page = kim.signed_in()
    admin = cloud.token("admin")
    listed = cloud.call("GET", f"/users?tenant_id=acme&name={kim.name}", admin).json()["items"]
    path = f"/users/{listed[0]['id']}/tenants/acme"
    assert cloud.call("PUT", path, admin, json={"roles": ["auditor"]}).status_code < 300
    load(page).to_contain_text('"auditor"', timeout=PATIENCE_MS)
    shows(page, "Who am I?")


def test_signing_out_without_a_network_lets_nobody_in_afterwards(people: Any) -> None:
    kim = people()
    page, other = kim.signed_in(), kim.tab()
    shows(other, "Who am I?")
    kim.context.set_offline(True)
    sign_out(page)
    shows(other, "Sign in")
    sync_api.expect(page.get_by_role("alert")).to_contain_text("network_error", timeout=PATIENCE_MS)
    kim.context.set_offline(False)
    page.reload()
    shows(page, "Sign in")
    assert "__Host-doorward" not in {cookie["name"] for cookie in kim.context.cookies()}


def test_a_broken_network_signs_nobody_out(people: Any) -> None:
    kim = people()
    kim.context.clock.install()
    page = kim.signed_in()
    kim.context.clock.fast_forward("20:00")
    kim.context.set_offline(True)
    page.get_by_role("button", name="Load the orders").click()
    sync_api.expect(page.get_by_role("alert")).to_contain_text("network_error", timeout=PATIENCE_MS)
    shows(page, "Who am I?")
    kim.context.set_offline(False)
    load(page).to_contain_text('"acme"', timeout=PATIENCE_MS)
