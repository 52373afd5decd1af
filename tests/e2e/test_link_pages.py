"""The pages behind the links of mails, in Chromium, with and without scripts."""

from __future__ import annotations

import uuid
from urllib.parse import quote

import pytest
from playwright.sync_api import Page, expect

from doorward.languages import LANGUAGES
from doorward_pages.links import PAGES
from tests.support.chromium import Tabs
from tests.support.cloud import Cloud
from tests.support.mails import link_in_mail
from tests.support.page_checks import by_keyboard, everybody, fits

TENANT = f"t{uuid.uuid4().hex[:8]}"
PASSWORD = "an utterly new one 7"
MARKUP = "\"><script>document.title='stolen'</script><img src=x onerror=\"document.title='stolen'\"><b id=b>'"
FIELDS = {
    "sign-up": ["input username", "input password", "button Create the account"],
    "password-reset": ["input password", "button Set the password"],
    "verify-email": ["button Confirm the address"],
    "email-change": ["button Confirm the address"],
    "email-undo": ["button Take the address back"],
    "invitation": [
        "input username",
        "input password",
        "button Accept the invitation",
        "a accept with the account that you are signed in with",
    ],
    "email-code": [],
}
SOME = ("sign-up", "email-undo", "email-code")
"""Unit tests render all pages in all languages; these have a form, a long text, and neither."""


@pytest.fixture(scope="module")
def tenant(cloud: Cloud) -> str:
    """A tenant in which everybody may sign up."""
    admin = cloud.token("admin")
    assert cloud.call("POST", "/tenants", admin, json={"id": TENANT}).status_code == 201
    changed = cloud.call("PATCH", f"/api/{TENANT}/policy", admin, json={"sign_up": "open"})
    assert changed.status_code == 200, changed.text
    return TENANT


def test_every_kind_of_link_has_its_row() -> None:
    assert set(FIELDS) == set(PAGES)


@pytest.mark.parametrize("kind", FIELDS)
def test_each_page_serves_everybody(page: Page, cloud: Cloud, kind: str) -> None:
    page.goto(f"{cloud.url}/links/{kind}?token=x")
    everybody(page)
    assert by_keyboard(page) == FIELDS[kind]


def test_each_page_speaks_its_reader_s_language_and_fits(tabs: Tabs, cloud: Cloud) -> None:
    titles = set()
    for language in LANGUAGES:
        page = tabs.open(language=language)
        for kind in SOME:
            page.goto(f"{cloud.url}/links/{kind}?token=x")
            assert page.locator("html").get_attribute("lang") == language
            titles.add(page.inner_text("h1"))
            fits(page)
    assert len(titles) == len(LANGUAGES) * len(SOME)


@pytest.mark.parametrize("path", ["password-reset", "no-such-link"])
def test_a_dead_link_and_a_page_that_is_none_serve_everybody_too(page: Page, cloud: Cloud, path: str) -> None:
    answer = page.goto(f"{cloud.url}/links/{path}")
    assert answer is not None
    assert answer.status == (404 if path == "no-such-link" else 400)
    everybody(page)
    page.goto(f"{cloud.url}/links/verify-email?token=made-up")
    page.get_by_role("button").press("Enter")
    expect(page.get_by_role("heading")).to_have_text("This link works no longer")
    everybody(page)


def test_somebody_signs_up_with_the_keyboard_after_a_mistake(page: Page, cloud: Cloud, tenant: str) -> None:
    email = f"ida-{uuid.uuid4().hex[:6]}@links.example"
    assert cloud.call("POST", f"/api/{tenant}/auth/sign-up", json={"email": email}).status_code == 202
    page.goto(link_in_mail(cloud, email))
    page.keyboard.press("Tab")
    page.keyboard.type(MARKUP[:60])
    page.keyboard.press("Tab")
    page.keyboard.type("password1")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_be_visible()
    assert page.input_value("#username") == MARKUP[:60]
    everybody(page)
    page.fill("#username", "")
    page.fill("#password", PASSWORD)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading")).to_have_text("Your account is ready")
    everybody(page)
    body = {"email": email, "password": PASSWORD}
    assert cloud.call("POST", f"/api/{tenant}/auth/login", json=body).status_code == 200


def test_markup_in_a_link_stays_text(tabs: Tabs, cloud: Cloud) -> None:
    page = tabs.open()
    for kind, reached in FIELDS.items():
        page.goto(f"{cloud.url}/links/{kind}?token={quote(MARKUP)}")
        assert page.locator("script, img, #b").count() == 0
        assert page.title() != "stolen"
        fields = page.locator("input[name=token]").all()
        assert [field.input_value() for field in fields] == ([MARKUP] if reached else [])
