"""The pages of who is signed in, in Chromium."""

from __future__ import annotations

import uuid

import pytest
from playwright.sync_api import Page, expect

from tests.support.chromium import Tabs
from tests.support.cloud import Cloud
from tests.support.page_checks import by_keyboard, everybody
from tests.support.people import PASSWORD

NEW_PASSWORD = "an utterly new one 7"
NAME = f"jo-{uuid.uuid4().hex[:8]}"
PATHS = ("account", "account/password", "account/email", "account/sessions", "account/leave", "account/left")


@pytest.fixture(scope="module")
def username(cloud: Cloud) -> str:
    """Somebody new in acme."""
    body = {"username": NAME, "email": f"{NAME}@pages.example", "password": PASSWORD}
    made = cloud.call("POST", "/users", cloud.token("acme-admin"), json=body)
    assert made.status_code == 201, made.text
    return NAME


def test_each_page_of_the_account_serves_everybody(tabs: Tabs, cloud: Cloud, username: str) -> None:
    page = tabs.open(scripts=False, dark=True)
    page.goto(f"{cloud.url}/account")
    assert page.url == f"{cloud.url}/sign-in"
    sign_in(page, f"{username}@acme", PASSWORD)
    assert page.url == f"{cloud.url}/account"
    for path in PATHS:
        page.goto(f"{cloud.url}/{path}")
        everybody(page)
        assert bool(by_keyboard(page)) == (path != "account/left"), path


def test_somebody_looks_after_the_account_and_signs_out(tabs: Tabs, cloud: Cloud, username: str) -> None:
    other, page = (tabs.open(scripts=False) for _ in range(2))
    for one in (other, page):
        one.goto(f"{cloud.url}/t/acme/sign-in")
        sign_in(one, username, PASSWORD)
    page.fill("#display_name", "Jo <b>O'Neill</b>")
    press(page, "Save name and language")
    expect(page.get_by_role("status")).to_be_visible()
    assert "Jo <b>O'Neill</b>" in page.inner_text("dl")
    everybody(page)

    page.goto(f"{cloud.url}/account/password")
    for current in ("not the password", PASSWORD):
        page.fill("input[autocomplete=current-password]", current)
        page.fill("input[autocomplete=new-password]", NEW_PASSWORD)
        with page.expect_navigation():
            page.keyboard.press("Enter")
        everybody(page)
        assert page.get_by_role("alert").count() == (current != PASSWORD)
    other.goto(f"{cloud.url}/account")
    assert other.url == f"{cloud.url}/sign-in"

    sign_in(other, f"{username}@acme", NEW_PASSWORD)
    page.goto(f"{cloud.url}/account/sessions")
    everybody(page)
    press(page, "End all other sessions")
    expect(page.get_by_role("status")).to_be_visible()
    other.goto(f"{cloud.url}/account")
    assert other.url == f"{cloud.url}/sign-in"

    press(page, "Sign out")
    assert page.url == f"{cloud.url}/signed-out"
    assert [cookie["name"] for cookie in page.context.cookies()] == ["__Host-doorward-device"]


def sign_in(page: Page, name: str, password: str) -> None:
    """Fill in the page to sign in, and send it."""
    page.fill("#name", name)
    page.fill("#password", password)
    press(page, "Sign in")


def press(page: Page, button: str) -> None:
    """Press a button that leads on."""
    with page.expect_navigation():
        page.get_by_role("button", name=button, exact=True).press("Enter")
