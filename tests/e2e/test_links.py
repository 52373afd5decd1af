"""The pages behind the links of mails that the local cloud captured, as mail scanners and people open them."""

from __future__ import annotations

import html
import re
from typing import Any

import pytest
import requests

from tests.support.cloud import PATIENCE_SECONDS, Cloud
from tests.support.mails import mails_to, wait_for

PASSWORD = "correct horse battery 9"
NEW = "an utterly new one 7"
TENANT = "orchard"


@pytest.fixture(scope="module")
def tenant(cloud: Cloud) -> str:
    """A tenant in which everybody may sign up."""
    admin = cloud.token("admin")
    assert cloud.call("POST", "/tenants", admin, json={"id": TENANT}).status_code == 201
    changed = cloud.call("PATCH", f"/api/{TENANT}/policy", admin, json={"sign_up": "open"})
    assert changed.status_code == 200, changed.text
    return TENANT


def link_of(cloud: Cloud, kind: str, email: str) -> str:
    """Return the link of a kind that an address got, once it is there."""
    pattern = rf"https?://\S+/links/{kind}\?token=\S+"
    found: list[str] = wait_for(
        lambda: [link for mail in mails_to(cloud, email) for link in re.findall(pattern, mail["BodyText"])]
    )
    return found[-1]


def press(link: str, **typed: str) -> tuple[requests.Response, requests.Response]:
    """Open a link ten times, and send the form of its page twice; return both answers."""
    shown = [requests.get(link, timeout=PATIENCE_SECONDS) for _ in range(9)]
    shown.append(requests.head(link, timeout=PATIENCE_SECONDS))
    assert {answer.status_code for answer in shown} == {200}
    page = shown[0]
    assert page.headers["Content-Type"].startswith("text/html")
    assert "default-src 'none'" in page.headers["Content-Security-Policy"]
    fields = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', page.text))
    assert '<form method="post" action="?">' in page.text
    form = {**{name: html.unescape(value) for name, value in fields.items()}, **typed}
    first, second = (requests.post(link.partition("?")[0], form, timeout=PATIENCE_SECONDS) for _ in range(2))
    return first, second


def sign_in(cloud: Cloud, email: str, password: str) -> requests.Response:
    return cloud.call("POST", f"/api/{TENANT}/auth/login", json={"email": email, "password": password})


def ask(cloud: Cloud, path: str, token: str | None = None, **body: Any) -> None:
    asked = cloud.call("POST", path, token, json=body)
    assert asked.status_code in {201, 202}, asked.text


def test_a_link_that_scanners_opened_ten_times_still_sets_the_password_once(cloud: Cloud, tenant: str) -> None:
    email = "gil@links.example"
    ask(cloud, f"/api/{tenant}/auth/sign-up", email=email)
    first, second = press(link_of(cloud, "sign-up", email), password=PASSWORD)
    assert (first.status_code, second.status_code) == (200, 400), first.text
    assert sign_in(cloud, email, PASSWORD).status_code == 200
    ask(cloud, f"/api/{tenant}/auth/password-reset", email=email)
    link = link_of(cloud, "password-reset", email)
    first, second = press(link, password=NEW)
    assert (first.status_code, second.status_code) == (200, 400), first.text
    assert not first.cookies
    assert sign_in(cloud, email, PASSWORD).status_code == 401
    assert sign_in(cloud, email, NEW).status_code == 200
    assert requests.put(link, timeout=PATIENCE_SECONDS).status_code == 405


def test_an_invitation_and_a_change_of_address_are_pressed_in_a_browser(cloud: Cloud, tenant: str) -> None:
    email, other = "hana@links.example", "hana@elsewhere.example"
    ask(cloud, f"/api/{tenant}/invitations", cloud.token("admin"), email=email, roles=["admin"])
    first, second = press(link_of(cloud, "invitation", email), password=PASSWORD, username="hana")
    assert (first.status_code, second.status_code) == (200, 400), first.text
    token = sign_in(cloud, email, PASSWORD).json()["access_token"]
    ask(cloud, "/users/me/email", token, email=other, current_password=PASSWORD)
    first, second = press(link_of(cloud, "email-change", other))
    assert (first.status_code, second.status_code) == (200, 400), first.text
    first, second = press(link_of(cloud, "email-undo", email))
    assert (first.status_code, second.status_code) == (200, 400), first.text
    first, _ = press(link_of(cloud, "password-reset", email), password=NEW)
    assert (first.status_code, sign_in(cloud, email, NEW).status_code) == (200, 200), first.text
