"""Second factors and passkeys on Doorward's pages, in Chromium with an authenticator of its own."""

from __future__ import annotations

import base64
import json
import time
import uuid
from dataclasses import dataclass
from typing import Any

import pytest
from playwright.sync_api import CDPSession, Page, expect

from doorward.factors import totp
from tests.e2e.test_account_pages import press, sign_in
from tests.support.chromium import Tabs
from tests.support.cloud import Cloud
from tests.support.page_checks import by_keyboard, everybody
from tests.support.people import PASSWORD
from tests.support.sites import Site

GET = """async options => {
  const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(options);
  try {
    return JSON.stringify(await navigator.credentials.get({ publicKey }));
  } catch (error) {
    return error.name;
  }
}"""
ASK = "url => fetch(url, { method: 'POST' }).then(answer => answer.json(), error => error.name)"


@dataclass
class Authenticator:
    """The authenticator that Chromium has beside a page."""

    cdp: CDPSession
    id: str

    @classmethod
    def beside(cls, page: Page) -> Authenticator:
        cdp = page.context.new_cdp_session(page)
        cdp.send("WebAuthn.enable")
        options = {
            "protocol": "ctap2",
            "transport": "internal",
            "hasResidentKey": True,
            "hasUserVerification": True,
            "isUserVerified": True,
            "automaticPresenceSimulation": True,
        }
        return cls(cdp, cdp.send("WebAuthn.addVirtualAuthenticator", {"options": options})["authenticatorId"])

    @property
    def passkeys(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self._send("getCredentials")["credentials"]
        return found

    def keep(self, passkey: dict[str, Any]) -> None:
        self._send("addCredential", credential=passkey)

    def verify_users(self, *, on: bool) -> None:
        self._send("setUserVerified", isUserVerified=on)

    def be_touched(self, *, on: bool) -> None:
        self._send("setAutomaticPresenceSimulation", enabled=on)

    def _send(self, command: str, **more: Any) -> Any:
        return self.cdp.send(f"WebAuthn.{command}", {"authenticatorId": self.id, **more})


@pytest.fixture
def name(cloud: Cloud) -> str:
    """Somebody new in acme."""
    username = f"fay-{uuid.uuid4().hex[:8]}"
    made = cloud.call("POST", "/users", cloud.token("acme-admin"), json={"username": username, "password": PASSWORD})
    assert made.status_code == 201, made.text
    return username


def code_of(secret: str, steps_later: int = 0) -> str:
    return totp.code_at(base64.b32decode(secret), int(time.time()) // 30 + steps_later)


def enter(page: Page, cloud: Cloud, name: str) -> None:
    """Sign in with the password."""
    page.goto(f"{cloud.url}/t/acme/sign-in")
    sign_in(page, name, PASSWORD)


def add_passkey(page: Page, cloud: Cloud, called: str = "My laptop") -> None:
    page.goto(f"{cloud.url}/account/factors/passkey")
    page.fill("#name", called)
    press(page, "Make the passkey")


def leave(page: Page, cloud: Cloud) -> None:
    page.goto(f"{cloud.url}/account/factors")
    press(page, "Sign out")


def test_an_app_is_added_and_signs_in_and_so_does_a_recovery_code_without_scripts(
    tabs: Tabs, cloud: Cloud, name: str
) -> None:
    page = tabs.open(scripts=False, dark=True)
    enter(page, cloud, name)
    page.goto(f"{cloud.url}/account/factors")
    everybody(page)
    page.get_by_role("link", name="Add an authenticator app").click()
    everybody(page)
    press(page, "Show the QR code")
    everybody(page)
    assert by_keyboard(page)
    secret = page.inner_text("#secret")
    expect(page.get_by_role("img", name="QR code for your authenticator app")).to_be_visible()
    for code in ("000000", code_of(secret)):
        page.fill("#code", code)
        press(page, "Add the app")
        everybody(page)
        assert page.get_by_role("alert").count() == (code == "000000")
    codes = page.locator("#codes li").all_inner_texts()
    assert len(codes) == 10
    page.goto(f"{cloud.url}/account/factors")
    everybody(page)
    assert by_keyboard(page)
    page.goto(f"{cloud.url}/account/factors/totp")
    everybody(page)
    for way, typed, button in (
        ("#totp", ("000000", code_of(secret, 1)), "Sign in"),
        ("#recovery_code", ("AAAAA-AAAAA", codes[0].lower()), "Use this recovery code"),
    ):
        leave(page, cloud)
        enter(page, cloud, name)
        assert by_keyboard(page)
        for one in typed:
            everybody(page)
            page.fill(way, one)
            press(page, button)
        assert page.url == f"{cloud.url}/account"


def test_a_passkey_is_added_and_signs_in_without_a_name(tabs: Tabs, cloud: Cloud, name: str) -> None:
    page = tabs.open()
    device = Authenticator.beside(page)
    enter(page, cloud, name)
    page.goto(f"{cloud.url}/account/factors/passkey")
    expect(page.get_by_text("Your browser knows no passkeys")).to_be_hidden()
    everybody(page)
    assert by_keyboard(page)
    add_passkey(page, cloud)
    expect(page.locator("#codes")).to_be_visible()
    (passkey,) = device.passkeys
    assert (passkey["rpId"], passkey["isResidentCredential"]) == ("localhost", True)
    page.goto(f"{cloud.url}/account/factors")
    everybody(page)
    page.get_by_role("link", name="Rename or remove My laptop").click()
    everybody(page)
    assert by_keyboard(page)
    device.be_touched(on=False)
    leave(page, cloud)
    page.goto(f"{cloud.url}/sign-in")
    expect(page.get_by_role("button", name="Sign in with a passkey")).to_be_visible()
    everybody(page)
    assert by_keyboard(page)
    # Touched before, the authenticator would also answer to what the page offers by itself.
    page.get_by_role("button", name="Sign in with a passkey", exact=True).press("Enter")
    device.be_touched(on=True)
    page.wait_for_url(f"{cloud.url}/account")
    assert name in page.inner_text("dl")


def test_a_passkey_is_picked_where_the_browser_fills_in_names(tabs: Tabs, cloud: Cloud, name: str) -> None:
    page = tabs.open()
    device = Authenticator.beside(page)
    enter(page, cloud, name)
    add_passkey(page, cloud)
    leave(page, cloud)
    assert device.passkeys
    page.goto(f"{cloud.url}/t/acme/sign-in")
    page.wait_for_url(f"{cloud.url}/account")  # nobody pressed anything
    assert name in page.inner_text("dl")


def test_a_passkey_is_the_second_factor_and_the_step_up(tabs: Tabs, cloud: Cloud, name: str) -> None:
    page = tabs.open()
    device = Authenticator.beside(page)
    enter(page, cloud, name)
    add_passkey(page, cloud)
    device.be_touched(on=False)
    leave(page, cloud)
    enter(page, cloud, name)
    expect(page.get_by_role("heading", name="Prove that it is you")).to_be_visible()
    everybody(page)
    device.be_touched(on=True)
    press(page, "Use a passkey")
    page.wait_for_url(f"{cloud.url}/account")
    page.goto(f"{cloud.url}/account/step-up?return_to=account/sessions")
    everybody(page)
    assert by_keyboard(page)
    press(page, "Use a passkey")
    page.wait_for_url(f"{cloud.url}/account/sessions")


def test_the_password_is_the_step_up_of_who_has_no_factor(tabs: Tabs, cloud: Cloud, name: str) -> None:
    page = tabs.open(scripts=False)
    enter(page, cloud, name)
    page.goto(f"{cloud.url}/account/step-up?return_to=account/factors")
    everybody(page)
    assert by_keyboard(page)
    page.fill("#password", PASSWORD)
    press(page, "Go on")
    assert page.url == f"{cloud.url}/account/factors"


def test_an_authenticator_that_verifies_nobody_signs_nobody_in(tabs: Tabs, cloud: Cloud, name: str) -> None:
    page = tabs.open()
    device = Authenticator.beside(page)
    enter(page, cloud, name)
    add_passkey(page, cloud)
    device.be_touched(on=False)
    leave(page, cloud)
    page.goto(f"{cloud.url}/sign-in")
    device.verify_users(on=False)
    device.be_touched(on=True)
    page.get_by_role("button", name="Sign in with a passkey").press("Enter")
    expect(page.get_by_role("alert")).to_be_visible()
    everybody(page)
    assert page.url == f"{cloud.url}/sign-in"
    assert "__Host-doorward" not in {cookie["name"] for cookie in page.context.cookies()}


def test_a_passkey_that_was_removed_signs_nobody_in(tabs: Tabs, cloud: Cloud, name: str) -> None:
    page = tabs.open()
    device = Authenticator.beside(page)
    enter(page, cloud, name)
    add_passkey(page, cloud)
    device.be_touched(on=False)
    page.goto(f"{cloud.url}/account/factors")
    page.get_by_role("link", name="Rename or remove My laptop").click()
    press(page, "Remove the passkey My laptop")
    expect(page.get_by_role("status")).to_be_visible()
    leave(page, cloud)
    page.goto(f"{cloud.url}/sign-in")
    page.get_by_role("button", name="Sign in with a passkey", exact=True).press("Enter")
    device.be_touched(on=True)
    page.wait_for_url(f"{cloud.url}/sign-in/passkey")
    expect(page.get_by_text("The code or the passkey is wrong")).to_be_visible()
    assert "__Host-doorward" not in {cookie["name"] for cookie in page.context.cookies()}


def test_a_page_of_another_origin_gets_nothing(tabs: Tabs, cloud: Cloud, site: Site, name: str) -> None:
    page = tabs.open()
    device = Authenticator.beside(page)
    enter(page, cloud, name)
    add_passkey(page, cloud)
    (passkey,) = device.passkeys
    # The attacker's own server may ask for a challenge.
    options = cloud.call("POST", "/auth/passkey/options").json()["options"]
    page = tabs.open(watched=False)
    device = Authenticator.beside(page)
    device.keep(passkey)
    page.goto(site.cross_site)
    assert page.evaluate(ASK, f"{cloud.url}/auth/passkey/options") == "TypeError"
    assert page.evaluate("'parseRequestOptionsFromJSON' in (window.PublicKeyCredential ?? {})")
    assert page.evaluate(GET, options) == "SecurityError"
    # To the browser, another port of this machine is the same domain; the answer says which page it was.
    page.goto(site.same_site)
    assert page.evaluate(ASK, f"{cloud.url}/auth/passkey/options") == "TypeError"
    made = json.loads(page.evaluate(GET, options))
    refused = cloud.call("POST", "/auth/passkey", json={"passkey": made})
    assert (refused.status_code, refused.json()["code"]) == (401, "invalid_second_factor")
