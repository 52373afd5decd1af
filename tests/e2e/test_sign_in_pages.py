"""The pages of who is not signed in, in Chromium."""

from __future__ import annotations

import re
import uuid
from urllib.parse import quote

import pytest
from playwright.sync_api import Page, Response, expect

from doorward.languages import LANGUAGES
from tests.support.chromium import Tabs
from tests.support.cloud import Cloud
from tests.support.mails import link_in_mail, mails_to, newest_mail
from tests.support.page_checks import by_keyboard, everybody, fits
from tests.support.people import PASSWORD
from tests.support.sites import ALLOWED_ORIGINS, Site

TENANT = f"p{uuid.uuid4().hex[:8]}"
NAME = f"pat-{TENANT}"
NEW_PASSWORD = "an utterly new one 7"
BACK = f"{ALLOWED_ORIGINS[1]}/inbox?folder=1#top"
MOST_BYTES = 30_000
"""What the first page may weigh, with all that it loads, before anything is compressed."""

NAMES = ["input name", "input organisation"]
ALL_WAYS = [
    "a Sign in with a code by mail",
    "a I forgot my password",
    "a Which organisations do I belong to?",
]
REACHED = {
    "": ["a Sign in", "a Your account", "a The description of the API, for programs", "a What this local cloud has"],
    "sign-in": [*NAMES, "input password", "button Sign in", *ALL_WAYS],
    "t/{}/sign-in": ["input name", "input password", "button Sign in", *ALL_WAYS[:2], "a Create an account"],
    "sign-in/code": [*NAMES, "button Send me a code", "a Sign in with a password"],
    "t/{}/sign-up": ["input email", "input display_name", "button Send me a mail", "a Sign in"],
    "forgot-password": [*NAMES, "button Send me a mail", "a Sign in"],
    "organisations": ["input email", "button Send me a mail", "a Sign in"],
    "signed-out": ["a Sign in"],
    "t/NONE/sign-in": [],
    "_local": [
        *(
            "a Home",
            "a Sign in",
            "a Sign in to acme",
            "a Sign in to globex",
            "a Your account",
            "a Mails that were sent",
        ),
        *("div Users", "a openapi.json", "div Operations of the API"),
    ],
}
"""What the keyboard reaches on each page, in this order."""
PATHS = ("", "sign-in", "t/{}/sign-up")
"""Those with the most text; unit tests render all."""


@pytest.fixture(scope="module")
def tenant(cloud: Cloud) -> str:
    """A tenant in which everybody may sign up, and sign in with codes."""
    admin = cloud.token("admin")
    assert cloud.call("POST", "/tenants", admin, json={"id": TENANT}).status_code == 201
    policy = {"sign_up": "open", "methods": ["password", "email_code"]}
    changed = cloud.call("PATCH", f"/api/{TENANT}/policy", admin, json=policy)
    assert changed.status_code == 200, changed.text
    return TENANT


@pytest.fixture(scope="module")
def email(cloud: Cloud, tenant: str) -> str:
    """The address of somebody in that tenant, whose name is NAME."""
    body = {"username": NAME, "email": "pat@pages.example", "password": PASSWORD, "tenant_id": tenant}
    made = cloud.call("POST", "/users", cloud.token("admin"), json=body)
    assert made.status_code == 201, made.text
    return str(body["email"])


def test_each_page_serves_everybody(tabs: Tabs, cloud: Cloud, tenant: str) -> None:
    page = tabs.open(scripts=False, dark=True)  # a form in both is another test's
    for path, reached in REACHED.items():
        page.goto(f"{cloud.url}/{path.format(tenant)}")
        everybody(page)
        found = by_keyboard(page)
        assert [name[: len(start)] for name, start in zip(found, reached, strict=True)] == reached, path


def test_each_page_speaks_its_reader_s_language_and_fits(tabs: Tabs, cloud: Cloud, tenant: str) -> None:
    headings = set()
    for language in LANGUAGES:
        page = tabs.open(language=language)
        for path in PATHS:
            page.goto(f"{cloud.url}/{path.format(tenant)}")
            assert page.locator("html").get_attribute("lang") == language
            headings.add((page.inner_text("h1"), path))
            fits(page)
    assert len(headings) == len(LANGUAGES) * len(PATHS)


def test_the_first_page_is_two_small_files_and_what_offers_passkeys(tabs: Tabs, cloud: Cloud) -> None:
    page, loaded = tabs.open(), list[Response]()
    page.on("response", lambda answer: loaded.append(answer))  # noqa: PLW0108 - Playwright marks what it calls
    page.goto(f"{cloud.url}/sign-in", wait_until="networkidle")
    sizes = {answer.headers["content-type"].partition(";")[0]: len(answer.body()) for answer in loaded}
    print(f"\n/sign-in: {len(loaded)} requests, {sum(sizes.values())} bytes: {sizes}")
    # The script and its challenge come after the page, which works without them.
    assert sorted(sizes) == ["application/json", "text/css", "text/html", "text/javascript"]
    assert len(loaded) == 4
    assert sum(sizes.values()) < MOST_BYTES


def test_a_wrong_password_is_told_and_the_right_one_signs_in(page: Page, cloud: Cloud, tenant: str, email: str) -> None:
    page.goto(f"{cloud.url}/sign-in")
    for text in (NAME, "", "not the password"):
        page.keyboard.press("Tab")
        page.keyboard.type(text)
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("The name or the password is wrong.")
    assert (page.input_value("#name"), page.input_value("#password")) == (NAME, "")
    everybody(page)
    assert not page.context.cookies()
    send(page, name=email, organisation=tenant, password=PASSWORD)
    signed_in(page, cloud)


def test_somebody_signs_up_signs_in_with_a_code_and_sets_a_new_password(tabs: Tabs, cloud: Cloud, tenant: str) -> None:
    page, address = tabs.open(scripts=False), f"kay-{uuid.uuid4().hex[:6]}@pages.example"
    page.goto(f"{cloud.url}/t/{tenant}/sign-in")
    page.get_by_role("link", name="Create an account").click()
    send(page, email=address, display_name="Kay")
    everybody(page)
    page.goto(link_in_mail(cloud, address))
    send(page, username="", password=PASSWORD)
    expect(page.get_by_role("heading")).to_have_text("Your account is ready")

    page.goto(f"{cloud.url}/t/{tenant}/sign-in")
    send(page, name=address, password=PASSWORD)
    signed_in(page, cloud)

    page.goto(f"{cloud.url}/sign-in")
    page.get_by_role("link", name="Sign in with a code by mail").click()
    older = len(mails_to(cloud, address))
    send(page, name=address, organisation=tenant)
    expect(page.get_by_role("heading")).to_have_text("Type the code of the mail")
    everybody(page)
    found = re.search(r"\b(\d{6})\b", newest_mail(cloud, address, older))
    assert found
    send(page, code="0" * 6 if found[1] != "0" * 6 else "1" * 6)
    expect(page.get_by_role("alert")).to_contain_text("The code is wrong")
    everybody(page)
    send(page, code=f"{found[1][:3]} {found[1][3:]}")
    signed_in(page, cloud)

    page.goto(f"{cloud.url}/t/{tenant}/sign-in")
    page.get_by_role("link", name="I forgot my password").click()
    older = len(mails_to(cloud, address))
    send(page, name=address)
    expect(page.get_by_role("heading")).to_have_text("Look into your mail")
    page.goto(link_in_mail(cloud, address, older))
    send(page, password=NEW_PASSWORD)
    page.goto(f"{cloud.url}/t/{tenant}/sign-in")
    send(page, name=address, password=PASSWORD)
    expect(page.get_by_role("alert")).to_be_visible()
    send(page, name=address, password=NEW_PASSWORD)
    signed_in(page, cloud)

    older = len(mails_to(cloud, address))
    page.goto(f"{cloud.url}/organisations")
    send(page, email=address)
    assert tenant in newest_mail(cloud, address, older)


def test_the_sign_in_leads_back_to_applications_and_nowhere_else(
    tabs: Tabs, cloud: Cloud, site: Site, tenant: str, email: str
) -> None:
    page = tabs.open()
    for back, reached in ((BACK, BACK), (f"{site.cross_site}/", ""), (f"{site.same_site}/", ""), ("/account", "")):
        link = f"{cloud.url}/sign-in?return_to={quote(back)}"
        site.show("/", f"<!doctype html><title>App</title><a href='{link}'>Sign in</a>")
        page.goto(ALLOWED_ORIGINS[0])
        page.get_by_role("link").click()
        send(page, name=NAME, password="wrong")
        expect(page.get_by_role("alert")).to_be_visible()
        send(page, name=NAME, password=PASSWORD)
        signed_in(page, cloud, reached)
        page.context.clear_cookies()
    page.goto(f"{cloud.url}/signed-out?return_to={quote(BACK)}")
    with page.expect_navigation():
        page.get_by_role("link", name="Back to the application").click()
    assert page.url == BACK
    page.goto(f"{cloud.url}/signed-out?return_to={quote(site.cross_site)}")
    assert page.get_by_role("link").count() == 1


def send(page: Page, **fields: str) -> None:
    """Fill in the page's form, and send it."""
    for name, text in fields.items():
        page.fill(f"#{name}", text)
    with page.expect_navigation():
        page.get_by_role("button").first.press("Enter")


def signed_in(page: Page, cloud: Cloud, reached: str = "") -> None:
    """Make sure that a sign-in led somewhere, to the account if nothing is said, and gave the browser the cookie."""
    assert page.url == (reached or f"{cloud.url}/account")
    cookies = {cookie["name"]: cookie for cookie in page.context.cookies()}
    session = cookies["__Host-doorward"]
    assert (session["httpOnly"], session["secure"], session["sameSite"]) == (True, True, "Lax")
    header = {"Cookie": f"__Host-doorward={session['value']}"}
    assert cloud.call("GET", "/users/me", headers=header).status_code == 200
