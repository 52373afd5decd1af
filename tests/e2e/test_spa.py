"""The application of examples/spa in Chromium, with the client of clients/typescript: tabs, tenants, signing out."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Locator, Page, expect

from tests.support.chromium import PATIENCE_MS, launched
from tests.support.cloud import ROOT, Cloud
from tests.support.npm import node_with
from tests.support.page_checks import accessible, by_keyboard, fits
from tests.support.people import PASSWORD
from tests.support.sites import ALLOWED_ORIGINS

CLIENT = ROOT / "clients" / "typescript"
RENEWAL = "/auth/session/token"


@pytest.fixture(scope="module")
def port(cloud: Cloud) -> Iterator[int]:
    """`make example-spa` on a free port; returns the port."""
    node_with(CLIENT)
    done = subprocess.run(
        [str(shutil.which("npm")), "run", "build"], cwd=CLIENT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        found = int(free.getsockname()[1])
    command = [sys.executable, "-m", "local.example_spa", "--port", str(found)]
    environment = {**os.environ, "DOORWARD_STATE": str(cloud.state)}
    with subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            assert any("the application is at" in line for line in process.stdout), "it did not start"
            yield found
        finally:
            process.kill()


@pytest.fixture(scope="module")
def chromium(browser: Browser, port: int) -> Iterator[Browser]:
    """A Chromium for which the application is at the origin that the deployment allows."""
    with launched(browser.browser_type, port) as found:
        yield found


@dataclass
class Person:
    """Somebody in acme and globex, and the profile of a browser in which they work."""

    name: str
    context: BrowserContext
    renewals: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    def tab(self) -> Page:
        """Open the application in a new tab."""
        page = self.context.new_page()
        page.goto(ALLOWED_ORIGINS[0])
        return page

    def signed_in(self) -> Page:
        """Open a tab and sign in."""
        page = self.tab()
        self.sign_in(page)
        return page

    def sign_in(self, page: Page) -> None:
        page.get_by_label("User name").fill(self.name)
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Sign in").click()
        shows(page, "Who am I?")


People = Callable[..., Person]


@pytest.fixture
def people(cloud: Cloud, chromium: Browser) -> Iterator[People]:
    """Make people, each with a browser profile; at the end nothing may have been complained about."""
    made: list[Person] = []

    def make(name: str = "") -> Person:
        context = chromium.new_context()
        context.set_default_timeout(PATIENCE_MS)
        person = Person(name or _user(cloud), context)
        context.on("request", lambda sent: person.renewals.append(sent.url) if sent.url.endswith(RENEWAL) else None)
        context.on("weberror", lambda error: person.complaints.append(str(error.error)))
        context.on("console", lambda said: person.complaints.append(said.text) if _complains(said) else None)
        made.append(person)
        return person

    yield make
    for person in made:
        person.context.close()
    assert [complaint for person in made for complaint in person.complaints] == []


def _complains(said: ConsoleMessage) -> bool:
    """Tell whether a message of the console is more than the status of a request that was refused."""
    return said.type in {"error", "warning"} and "Failed to load resource" not in said.text


def _user(cloud: Cloud) -> str:
    name, admin = f"w{uuid.uuid4().hex[:10]}", cloud.token("admin")
    made = cloud.call("POST", "/users", admin, json={"tenant_id": "acme", "username": name, "password": PASSWORD})
    assert made.status_code == 201, made.text
    answer = cloud.call("PUT", f"/users/{made.json()['id']}/tenants/globex", admin, json={"roles": ["auditor"]})
    assert answer.status_code < 300, answer.text
    return name


def shows(page: Page, heading: str) -> None:
    expect(page.get_by_role("heading", name=heading)).to_be_visible(timeout=PATIENCE_MS)


def in_tenant(page: Page, tenant_id: str) -> None:
    expect(page.locator("#me-tenant")).to_have_text(tenant_id, timeout=PATIENCE_MS)


def load(page: Page) -> Locator:
    """Ask the protected API; return the place of the answer."""
    page.get_by_role("button", name="Load the orders").click()
    return page.locator("#orders")


def switch(page: Page, tenant_id: str) -> None:
    page.get_by_label("Tenant", exact=True).select_option(tenant_id)
    page.get_by_role("button", name="Switch this tab").click()
    in_tenant(page, tenant_id)


def sign_out(page: Page, name: str = "Sign out") -> None:
    page.get_by_role("button", name=name, exact=True).click()
    shows(page, "Sign in")


@pytest.mark.standard("ASVS 10.1.1")
def test_signing_in_shows_who_is_there_and_leaves_no_token_where_scripts_find_it(people: People) -> None:
    kim = people()
    page = kim.tab()
    shows(page, "Sign in")
    kim.sign_in(page)
    expect(page.locator("#me-user")).to_have_text(kim.name)
    in_tenant(page, "acme")
    kept = page.evaluate("JSON.stringify([{...sessionStorage}, {...localStorage}, document.cookie, location.href])")
    assert "eyJ" not in kept
    assert "dwr1" not in kept
    cookies = {cookie["name"]: cookie for cookie in kim.context.cookies()}
    assert {cookie["httpOnly"] and cookie["secure"] for cookie in cookies.values()} == {True}
    assert cookies["__Host-doorward"]["sameSite"] == "Lax"


def test_the_application_is_for_everybody(people: People) -> None:
    kim = people()
    page = kim.tab()
    shows(page, "Sign in")
    for signed_in in (False, True):
        if signed_in:
            kim.sign_in(page)
        accessible(page)
        fits(page)
        by_keyboard(page)


def test_a_wrong_password_is_told_and_a_right_one_signs_in(people: People) -> None:
    kim = people()
    page = kim.tab()
    page.get_by_label("User name").fill(kim.name)
    page.get_by_label("Password").fill("not the password")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("invalid_credentials", timeout=PATIENCE_MS)
    kim.sign_in(page)
    expect(page.get_by_role("alert")).to_be_empty()


def test_a_reload_and_a_second_tab_are_signed_in(people: People) -> None:
    kim = people()
    page = kim.signed_in()
    page.reload()
    shows(page, "Who am I?")
    shows(kim.tab(), "Who am I?")


def test_a_switch_is_for_one_tab_and_stays_when_it_is_reloaded_or_duplicated(people: People) -> None:
    kim = people()
    page, other = kim.signed_in(), kim.tab()
    shows(other, "Who am I?")
    switch(page, "globex")
    expect(load(page)).to_contain_text('"tenant_id": "globex"', timeout=PATIENCE_MS)
    in_tenant(other, "acme")
    expect(load(other)).to_contain_text('"tenant_id": "acme"', timeout=PATIENCE_MS)
    page.reload()
    in_tenant(page, "globex")
    with kim.context.expect_page() as opened:
        page.evaluate("void window.open(location.href)")
    in_tenant(opened.value, "globex")
    other.reload()
    in_tenant(other, "acme")


def test_signing_out_in_one_tab_signs_all_tabs_out_and_ends_their_sockets(people: People) -> None:
    kim = people()
    page, other, third = kim.signed_in(), kim.tab(), kim.tab()
    shows(other, "Who am I?")
    shows(third, "Who am I?")
    switch(third, "globex")
    page.get_by_role("button", name="Open a socket").click()
    socket_state = expect(page.locator("#socket"))
    socket_state.to_have_text("open", timeout=PATIENCE_MS)
    sign_out(other)
    shows(page, "Sign in")
    shows(third, "Sign in")
    expect(page.get_by_role("heading", name="Sign in")).to_be_focused()
    socket_state.to_have_text("ended: signed_out", timeout=PATIENCE_MS)
    for tab in (page, other, third, kim.tab()):
        tab.reload()
        shows(tab, "Sign in")
    assert "__Host-doorward" not in {cookie["name"] for cookie in kim.context.cookies()}


def test_signing_out_everywhere_reaches_another_device_through_its_socket(people: People) -> None:
    kim = people()
    elsewhere = people(kim.name)
    page, there = kim.signed_in(), elsewhere.signed_in()
    there.get_by_role("button", name="Open a socket").click()
    expect(there.locator("#socket")).to_have_text("open", timeout=PATIENCE_MS)
    sign_out(page, "Sign out on all devices")
    shows(there, "Sign in")


def test_after_a_sleep_past_the_access_token_two_tabs_go_on_with_one_renewal(people: People) -> None:
    kim = people()
    kim.context.clock.install()
    page, other = kim.signed_in(), kim.tab()
    shows(other, "Who am I?")
    before = len(kim.renewals)
    kim.context.clock.fast_forward("20:00")
    for tab in (page, other):
        tab.get_by_role("button", name="Load the orders").click()
    for tab in (page, other):
        expect(tab.locator("#orders")).to_contain_text('"acme"', timeout=PATIENCE_MS)
    assert len(kim.renewals) - before <= 2
    assert {tab.locator("#status").inner_text() for tab in (page, other)} == {f"{kim.name} is signed in."}


def test_a_token_that_is_refused_is_renewed_and_nobody_is_signed_out(cloud: Cloud, people: People) -> None:
    kim = people()
    page = kim.signed_in()
    admin = cloud.token("admin")
    listed = cloud.call("GET", f"/users?tenant_id=acme&name={kim.name}", admin).json()["items"]
    path = f"/users/{listed[0]['id']}/tenants/acme"
    assert cloud.call("PUT", path, admin, json={"roles": ["auditor"]}).status_code < 300
    expect(load(page)).to_contain_text('"auditor"', timeout=PATIENCE_MS)
    shows(page, "Who am I?")


def test_signing_out_without_a_network_lets_nobody_in_afterwards(people: People) -> None:
    kim = people()
    page, other = kim.signed_in(), kim.tab()
    shows(other, "Who am I?")
    kim.context.set_offline(True)
    sign_out(page)
    shows(other, "Sign in")
    expect(page.get_by_role("alert")).to_contain_text("network_error", timeout=PATIENCE_MS)
    kim.context.set_offline(False)
    with page.expect_response(lambda answer: answer.url.endswith("/auth/logout")) as ended:
        page.reload()
    assert ended.value.status == 204
    shows(page, "Sign in")
    assert "__Host-doorward" not in {cookie["name"] for cookie in kim.context.cookies()}


def test_a_broken_network_signs_nobody_out(people: People) -> None:
    kim = people()
    kim.context.clock.install()
    page = kim.signed_in()
    kim.context.clock.fast_forward("20:00")
    kim.context.set_offline(True)
    page.get_by_role("button", name="Load the orders").click()
    expect(page.get_by_role("alert")).to_contain_text("network_error", timeout=PATIENCE_MS)
    shows(page, "Who am I?")
    kim.context.set_offline(False)
    expect(load(page)).to_contain_text('"acme"', timeout=PATIENCE_MS)
