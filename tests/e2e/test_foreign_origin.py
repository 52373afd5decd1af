"""Pages of other origins, in Chromium: what they can do to somebody whom a cookie keeps signed in.

Unit tests hold the decision about every request; here are the requests that a browser really sends.
"""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass
from typing import Any

import pytest
from playwright.sync_api import Page, Response

from tests.support.chromium import Tabs
from tests.support.cloud import Cloud
from tests.support.page_checks import script
from tests.support.people import PASSWORD
from tests.support.sites import ALLOWED_ORIGINS, Site

APPLICATION, SECOND = ALLOWED_ORIGINS
COOKIES = {"__Host-doorward", "__Host-doorward-device"}
JSON, PLAIN, FORM = "application/json", "text/plain;charset=UTF-8", "application/x-www-form-urlencoded"
MALLORY = {"username": "acme-admin", "password": "admin123"}
LOGIN = '{"username": "acme-admin", "password": "admin123", "refresh": "cookie"}'
FIELDS = {"name": "acme-admin", "password": "admin123"}
# What is before the `=` of a form's text and behind it together is JSON.
TEXT_FIELDS = {LOGIN[:-1] + ', "client_id": "': '"}'}
REFUSED = {400, 401, 403, 415}
READS = ("/users/me", "/users/me/sessions", "/users/me/export", "/.well-known/openid-configuration", "/sign-in")
WRITES: list[tuple[str, str, str, str]] = [
    ("GET", "/auth/logout?everywhere=true", "", ""),
    ("POST", "/auth/logout", "", ""),
    ("POST", "/auth/logout", PLAIN, "{}"),
    ("POST", "/auth/session/token", "", ""),
    ("POST", "/auth/session/token", PLAIN, "{}"),
    ("POST", "/auth/session/token", JSON, "{}"),
    ("POST", "/auth/login", JSON, LOGIN),
    ("POST", "/auth/login", PLAIN, LOGIN),
    ("POST", "/auth/socket-ticket", "", ""),
    ("POST", "/sign-in", FORM, "name=acme-admin&password=admin123"),
    ("PATCH", "/users/me", JSON, '{"display_name": "Owned"}'),
    ("DELETE", "/users/me/sessions", "", ""),
]
SUBMITTED: list[tuple[str, str, dict[str, str]]] = [
    ("/auth/logout", FORM, {}),
    ("/auth/session/token", FORM, {}),
    ("/auth/login", "text/plain", TEXT_FIELDS),
    ("/sign-in", FORM, FIELDS),
    ("/account/sign-out", FORM, {"everywhere": "true"}),
    ("/account/sessions", FORM, {}),
    ("/links/password-reset", FORM, {"token": "made-up", "password": PASSWORD}),
]
STORED = "[document.cookie, JSON.stringify(localStorage), JSON.stringify(sessionStorage), document.body.innerHTML]"


@dataclass(frozen=True)
class Person:
    """Somebody whose browser has the session cookie, from a sign-in in the application."""

    page: Page
    cloud: Cloud

    def cookies(self) -> dict[str, str]:
        """Return the cookies that the browser has."""
        return {str(cookie["name"]): str(cookie["value"]) for cookie in self.page.context.cookies()}

    def state(self) -> list[Any]:
        """Return all that a page could have changed, as the API shows it to who has the cookie."""
        cookies = self.cookies()
        header = {"Cookie": "; ".join(f"{name}={value}" for name, value in cookies.items())}
        answers = [self.cloud.call("GET", path, headers=header) for path in ("/users/me", "/users/me/sessions")]
        assert [answer.status_code for answer in answers] == [200, 200]
        return [cookies, *(answer.json() for answer in answers)]

    def call(self, *requests: tuple[str, str, str, str], **rest: Any) -> list[tuple[int, str] | None]:
        """Send requests from the page that is open; return what it learns of the answers."""
        listed = [
            {
                "method": method,
                "url": self.cloud.url + path,
                "type": media_type,
                **({"body": body} if body else {}),
                **rest,
            }
            for method, path, media_type, body in requests
        ]
        found: list[tuple[int, str] | None] = self.page.evaluate(script("call"), listed)
        return found

    def submit(self, path: str, **form: Any) -> Response:
        """Send a form as the page's whole window; return the answer."""
        with self.page.expect_navigation() as found:
            self.page.evaluate(script("submit"), {"url": self.cloud.url + path, **form})
        return found.value


@pytest.fixture
def person(tabs: Tabs, cloud: Cloud) -> Person:
    """Somebody new."""
    name = f"f{uuid.uuid4().hex[:10]}"
    made = cloud.call("POST", "/users", cloud.token("acme-admin"), json={"username": name, "password": PASSWORD})
    assert made.status_code == 201, made.text
    found = Person(tabs.open(watched=False), cloud)
    found.page.goto(APPLICATION)
    body = f'{{"username": "{name}@acme", "password": "{PASSWORD}", "refresh": "cookie"}}'
    (answer,) = found.call(("POST", "/auth/login", JSON, body))
    assert answer is not None
    assert answer[0] == 200, answer
    assert "refresh_token" not in answer[1]
    return found


@pytest.mark.parametrize("kind", ["same_site", "cross_site"])
def test_a_page_of_an_origin_that_is_not_allowed_reads_nothing_and_changes_nothing(
    person: Person, site: Site, kind: str
) -> None:
    before, cloud, elsewhere = person.state(), person.cloud, getattr(site, kind)
    person.page.goto(elsewhere)
    reads = [("GET", path, "", "") for path in READS]
    assert person.call(*reads, *WRITES) == [None] * (len(READS) + len(WRITES))
    simple = [write for write in WRITES if write[0] in {"GET", "POST"} and write[2] != JSON]
    opaque = person.call(*reads, *simple, mode="no-cors")
    assert opaque == [[0, ""]] * len(opaque)
    embedded = {
        "addresses": [f"{cloud.url}{path}" for path in (*READS[:2], "/auth/logout", "/sign-in")],
        "forms": [
            {"url": cloud.url + path, "enctype": enctype, "fields": fields} for path, enctype, fields in SUBMITTED
        ],
        "socket": f"{cloud.url.replace('http', 'ws')}/sockets?ticket=made-up",
    }
    assert person.page.evaluate(script("embed"), embedded) == []
    assert person.state() == before
    for path, enctype, fields in SUBMITTED:
        person.page.goto(elsewhere)
        assert person.submit(path, enctype=enctype, fields=fields).status in REFUSED, path
        assert [path, *person.state()] == [path, *before]
    person.page.goto(elsewhere)
    assert person.submit("/auth/logout", method="get").status == 403
    assert person.state() == before


def test_a_form_of_another_site_makes_no_browser_forget_the_cookie(person: Person, site: Site) -> None:
    before = person.cookies()
    person.page.goto(site.cross_site)
    assert person.submit("/auth/logout").status in REFUSED
    assert person.cookies() == before


def test_a_page_of_another_origin_signs_nobody_in(tabs: Tabs, cloud: Cloud, site: Site) -> None:
    stranger = Person(tabs.open(watched=False), cloud)
    for origin in (site.same_site, site.cross_site, APPLICATION):
        for path, enctype, fields in SUBMITTED[2:4]:
            if (origin, path) != (APPLICATION, "/auth/login"):
                stranger.page.goto(origin)
                assert stranger.submit(path, enctype=enctype, fields=fields).status in REFUSED
                assert stranger.cookies() == {}, (origin, path)


def test_pages_of_both_allowed_origins_read_and_change_but_no_script_sees_what_renews(person: Person) -> None:
    page, url = person.page, person.cloud.url
    kept = person.cookies()
    assert set(kept) == COOKIES
    assert all(cookie["httpOnly"] and cookie["secure"] for cookie in page.context.cookies())
    for origin in ALLOWED_ORIGINS:
        page.goto(origin)
        with page.expect_response(f"{url}/auth/session/token") as exchanged:
            learned = person.call(
                ("POST", "/auth/session/token", "", ""),
                ("POST", "/auth/session/token", JSON, "{}"),
                ("GET", "/users/me", "", ""),
                ("GET", "/users/me/sessions", "", ""),
                ("PATCH", "/users/me", JSON, f'{{"display_name": "{origin}"}}'),
            )
        assert exchanged.value.header_value("access-control-allow-origin") == origin
        assert [answer and answer[0] for answer in learned] == [200] * 5
        bodies = [json.loads(answer[1]) for answer in learned if answer]
        assert set(bodies[0]) == {"access_token", "token_type", "expires_in", "refresh_expires_in", "session_id"}
        assert bodies[4]["display_name"] == origin
        # Only the page's own forms may be sent from anywhere, and only the API may be read.
        page_forms = [("POST", "/sign-in", FORM, "name=acme-admin&password=admin123"), ("GET", "/sign-in", "", "")]
        assert person.call(*page_forms) == [None, None]
        seen = [*(answer[1] for answer in learned if answer), *page.evaluate(STORED)]
        assert not [text for text in seen for secret in kept.values() if secret in text]
        assert not [text for text in seen if "refresh_token" in text]
    assert person.cookies() == kept
    cookie = {"Cookie": f"__Host-doorward={kept['__Host-doorward']}"}
    assert person.cloud.call("GET", "/users/me", headers=cookie).status_code == 200
    assert person.call(("POST", "/auth/logout", "", "")) == [[204, ""]]
    assert set(person.cookies()) == {"__Host-doorward-device"}
    assert person.cloud.call("GET", "/users/me", headers=cookie).status_code == 401
