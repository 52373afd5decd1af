"""Every page in every language and state: nothing is missing, what somebody wrote stays text, and it can be used."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import get_args

import pytest
from jinja2 import UndefinedError

from doorward.errors import DoorwardError, EmailTaken, UsernameTaken, WeakPassword
from doorward.languages import LANGUAGES, accepted_language
from doorward.model import TenantId
from doorward.model.proofs import ProofKind
from doorward.rules.links import proof_link
from doorward_pages.assets import style, style_name
from doorward_pages.links import PAGES, LinkPage
from doorward_pages.render import TEMPLATES, View, render, security_policy

EVIL = "<script>alert(1)</script>\"'&{{ 7*7 }}{% raw %} %(name)s %s\r\n"
STATES = ("form", "wrong", "done", "dead")


def page(kind: str, state: str, language: str, text: str = "Acme", error: DoorwardError | None = None) -> str:
    """Return a page, with the same text wherever there may be one."""
    found: LinkPage = PAGES[kind]
    if state in {"form", "wrong"}:
        error = error or (WeakPassword(text) if state == "wrong" else None)
        return found.form(View(language, text), text, text, error)
    return found.done(View(language, text)) if state == "done" else found.dead(View(language, text))


class Parsed(HTMLParser):
    """The tags of a page with their attributes, and its text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]


def test_every_kind_of_proof_has_a_page_where_its_link_leads() -> None:
    assert {found.kind for found in PAGES.values()} == set(get_args(ProofKind)) - {"find_tenants"}
    assert {file.stem for file in (TEMPLATES / "links").glob("*.jinja")} == {found.kind for found in PAGES.values()}
    for name, found in PAGES.items():
        assert proof_link("https://id.example/links", found.kind, "t", TenantId("acme")).startswith(
            f"https://id.example/links/{name}?"
        )


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("kind", PAGES)
def test_what_somebody_wrote_stays_text(kind: str, state: str, language: str) -> None:
    plain, evil = Parsed(page(kind, state, language)), Parsed(page(kind, state, language, EVIL))
    assert [tag for tag, _ in evil.tags] == [tag for tag, _ in plain.tags]
    assert [sorted(attributes) for _, attributes in evil.tags] == [sorted(attributes) for _, attributes in plain.tags]
    assert "<script>alert(1)</script>" in evil.text
    assert "49" not in evil.text


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("kind", PAGES)
def test_a_page_can_be_read_by_everybody(kind: str, state: str, language: str) -> None:
    found = Parsed(page(kind, state, language))
    assert found.all("html") == [{"lang": language}]
    assert len(found.all("h1")) == len(found.all("title")) == len(found.all("main")) == 1
    assert {"name": "viewport", "content": "width=device-width, initial-scale=1"} in found.all("meta")
    assert {"name": "color-scheme", "content": "light dark"} in found.all("meta")
    assert not {"script", "img", "style", "iframe"} & {tag for tag, _ in found.tags}
    assert not any(name.startswith("on") or name == "style" for _, given in found.tags for name in given)
    ids = {given["id"] for _, given in found.tags if "id" in given}
    fields = [given for given in found.all("input") if given.get("type") != "hidden"]
    assert [given["for"] for given in found.all("label")] == [given["id"] for given in fields]
    assert all(set((given.get("aria-describedby") or "").split()) <= ids for given in fields)
    assert not re.search(r"None|Undefined|%\(", found.text)


@pytest.mark.standard("ASVS 6.2.6", "ASVS 6.2.7")
@pytest.mark.parametrize("kind", PAGES)
def test_a_form_asks_for_what_its_kind_needs_and_never_shows_a_password(kind: str) -> None:
    for state in ("form", "wrong"):
        found, wanted = Parsed(page(kind, state, "en")), PAGES[kind]
        names = [given["name"] for given in found.all("input")]
        expected = ["token", *["username"] * wanted.asks_username, *["password"] * wanted.asks_password]
        assert names == (expected if wanted.does_something else [])
        assert len(found.all("form")) == len(found.all("button")) == wanted.does_something
        for given in (each for each in found.all("input") if each["name"] == "password"):
            assert (given["autocomplete"], given["type"], "value" in given) == ("new-password", "password", False)
            assert ("required" in given) == wanted.needs_password
        for given in found.all("form"):
            assert given == {"method": "post", "action": "?"}  # the same path, without the token that GET has there


def test_what_is_wrong_is_said_in_the_readers_language_and_marked_where_it_is_english() -> None:
    german = page("sign-up", "wrong", "de", error=UsernameTaken())
    assert "Dieser Benutzername ist vergeben." in german
    assert "This user name is taken." not in german
    assert re.search(r'name="username"[^>]* aria-invalid="true"', german)
    weak = page("password-reset", "wrong", "en", error=WeakPassword())
    assert weak.count("The password does not meet the rules.") == 1
    assert re.search(r'name="password"[^>]* aria-invalid="true"', weak)
    assert "aria-invalid" not in page("email-undo", "wrong", "fr", error=EmailTaken())


@pytest.mark.parametrize("language", LANGUAGES)
def test_who_has_an_account_is_led_to_it_by_an_invitation_where_there_are_such_pages(language: str) -> None:
    view = View(language, "Acme", "../")
    led = Parsed(PAGES["invitation"].form(view, EVIL, has_accounts=True))
    (way,) = led.all("a")
    assert re.fullmatch(r"\.\./account/invitation\?token=[\w%./-]+", way["href"] or "")
    assert len(led.all("form")) == 1
    assert Parsed(PAGES["invitation"].form(view, EVIL)).all("a") == []
    assert all(
        Parsed(PAGES[kind].form(view, "x", has_accounts=True)).all("a") == [] for kind in PAGES.keys() - {"invitation"}
    )


def test_a_missing_value_is_an_error_and_no_hole() -> None:
    with pytest.raises(UndefinedError):
        render("error", View("en", "Acme"), {})


def test_the_style_comes_from_the_deployment_and_loads_nothing() -> None:
    (link,) = Parsed(page("verify-email", "form", "en")).all("link")
    assert link == {"rel": "stylesheet", "href": f"./assets/{style_name()}"}
    assert "style-src 'self';" in security_policy()
    assert not re.search(r"url\(|@import|@font-face|<", style())


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("", "en"),
        ("de", "de"),
        ("de-CH, de;q=0.9, en;q=0.8", "de"),
        ("en;q=0.2,fr;q=0.9", "fr"),
        ("pt-BR,es;q=0.8", "es"),
        ("fr;q=0,es;q=0.1", "es"),
        ("*", "en"),
        ("de;q=2, fr;q=x, es; q=0.5", "es"),
        ("<script>,\r\nde", "de"),
        ("é" * 10_000 + ",de", "en"),
        ("xx," * 10_000 + "de", "en"),
    ],
)
def test_the_language_that_a_browser_prefers_counts(header: str, language: str) -> None:
    assert accepted_language(header) == language
