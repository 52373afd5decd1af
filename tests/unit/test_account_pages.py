"""Every page of who is signed in, in every language and state: what somebody wrote stays text, and it can be used."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest

from doorward.errors import (
    AlreadyMember,
    DoorwardError,
    InvalidProof,
    LastAdmin,
    NotFound,
    TooManyAttempts,
    UnacceptableName,
    WeakPassword,
    WrongPassword,
)
from doorward.languages import LANGUAGES
from doorward.model import (
    Epochs,
    Membership,
    Principal,
    Session,
    SessionId,
    SessionRef,
    Subject,
    TenantId,
    User,
    UserId,
)
from doorward_pages.account import SignIn, sign_ins, when
from doorward_pages.account_forms import EmailForm, ProfileForm
from doorward_pages.render import TEMPLATES, View, render
from tests.unit.test_link_pages import EVIL, Parsed

ACME, GLOBEX = TenantId("acme"), TenantId("globex")
BOB = UserId("01BOB")

Values = dict[str, Any]
MEMBER: Values = {"must_change": False, "must_prove": False, "administers": False, "error": None}


def user(text: str, **more: Any) -> User:
    """Return a user with the same text wherever a user or a stranger wrote some."""
    found = User(
        id=BOB,
        username=text,
        email=text,
        display_name=text,
        locale=text,
        status="active",
        tenant_ids=(ACME, GLOBEX),
        platform_admin=False,
        password_change_required=False,
        created_at_ms=0,
        updated_at_ms=0,
        version=1,
    )
    return replace(found, **more)


def common(text: str) -> Values:
    """Return what every page of an account gets."""
    members = (
        Membership(ACME, BOB, (text, "admin"), "active", 0),
        Membership(GLOBEX, BOB, (text,), "active", 0),
        Membership(TenantId("closed"), BOB, (text,), "disabled", 0),
    )
    return {
        "user": user(text),
        "memberships": members,
        "acting_in": ACME,
        "mail": True,
        "languages": LANGUAGES,
        "done": None,
        "when": when,
        **MEMBER,
    }


def rows(text: str) -> list[SignIn]:
    return [
        SignIn("01A", 0, 60_000, text, text, ("acme", "globex"), current=True),
        SignIn("01B", 0, 60_000, text, text, (), current=False),
        SignIn("01C", 0, 60_000, None, None, ("acme",), current=False),
    ]


def _wrong(error: DoorwardError) -> Values:
    return {"error": error}


def states(text: str) -> dict[str, tuple[str, Values]]:
    """Return the template and the values of every state of every page."""
    nobody = user(text, email=None, display_name=None, locale=None)
    return {
        "account": ("account", {"form": None}),
        "account, bare": ("account", {"form": None, "user": nobody, "memberships": (), "mail": False}),
        "account, whole": (
            "account",
            {"form": None, "user": user(text, platform_admin=True, email_state="bounced"), "administers": True},
        ),
        "account, proved": ("account", {"form": None, "user": user(text, email_verified_at_ms=1), "done": "profile"}),
        "account, wrong": (
            "account",
            {"form": ProfileForm(display_name=text, locale=text), **_wrong(UnacceptableName(text))},
        ),
        "password": ("password", {"least_length": 8}),
        "password, forced": ("password", {"least_length": 8, "must_change": True}),
        "password, wrong": ("password", {"least_length": 8, **_wrong(WrongPassword())}),
        "password, weak": ("password", {"least_length": 8, **_wrong(WeakPassword(text))}),
        "email": ("email", {"form": EmailForm()}),
        "email, none": ("email", {"form": EmailForm(), "user": nobody}),
        "email, wrong": ("email", {"form": EmailForm(email=text), **_wrong(UnacceptableName(text))}),
        "email, counted": ("email", {"form": EmailForm(email=text), **_wrong(TooManyAttempts(60))}),
        "sessions": ("sessions", {"sign_ins": rows(text)}),
        "sessions, gone": ("sessions", {"sign_ins": rows(text), **_wrong(NotFound())}),
        "leave": ("leave", {}),
        "leave, wrong": ("leave", {**_wrong(LastAdmin())}),
        "leave, never": ("leave", {"user": user(text, platform_admin=True)}),
        "left": ("left", {}),
        "invitation": ("invitation", {"token": text}),
        "invitation, dead": ("invitation", {"token": text, **_wrong(InvalidProof())}),
        "invitation, member": ("invitation", {"token": text, **_wrong(AlreadyMember())}),
    }


STATES = tuple(states(""))
DONE = ("profile", "password", "verification", "email", "session", "sessions", "joined")


def page(state: str, language: str, text: str = "Acme", **more: Any) -> str:
    """Return a page, with the same text wherever there may be one."""
    template, values = states(text)[state]
    every = {"page": template, **common(text), **values, **more}
    return render(f"account/{template}", View(language, text, "../", "acme"), every)


def test_every_template_has_states_here() -> None:
    shown = {template for template, _ in states("").values()}
    assert shown == {file.stem for file in (TEMPLATES / "account").glob("*.jinja")} - {"frame"}


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("state", STATES)
def test_what_somebody_wrote_stays_text(state: str, language: str) -> None:
    plain, evil = Parsed(page(state, language)), Parsed(page(state, language, EVIL))
    assert [tag for tag, _ in evil.tags] == [tag for tag, _ in plain.tags]
    assert [sorted(attributes) for _, attributes in evil.tags] == [sorted(attributes) for _, attributes in plain.tags]
    assert "<script>alert(1)</script>" in evil.text
    assert "49" not in evil.text


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("state", STATES)
def test_a_page_can_be_read_by_everybody(state: str, language: str) -> None:
    found = Parsed(page(state, language))
    assert found.all("html") == [{"lang": language}]
    assert len(found.all("h1")) == len(found.all("title")) == len(found.all("main")) == 1
    assert not {"script", "img", "style", "iframe"} & {tag for tag, _ in found.tags}
    assert not any(name.startswith("on") or name == "style" for _, given in found.tags for name in given)
    ids = [given["id"] for _, given in found.tags if "id" in given]
    assert len(ids) == len(set(ids))
    fields = [given for given in found.all("input") if given.get("type") != "hidden" and "hidden" not in given]
    fields += found.all("select")
    assert {given["for"] for given in found.all("label")} == {given["id"] for given in fields}
    assert len(found.all("label")) == len(fields)
    assert all(set((given.get("aria-describedby") or "").split()) <= set(ids) for given in fields)
    assert len(found.all("caption")) == len(found.all("table"))
    assert all(given.get("scope") in {"col", "row"} for given in found.all("th"))
    assert not re.search(r"None|Undefined|%\(", found.text)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("state", STATES)
def test_forms_lead_to_pages_of_ours_and_all_words_are_translated(state: str, language: str) -> None:
    found = Parsed(page(state, language))
    assert all(given["method"] == "post" for given in found.all("form"))
    ways = [given["action"] for given in found.all("form")] + [given["href"] for given in found.all("a")]
    assert all(re.fullmatch(r"\?|\.\./[a-z/-]+", way or "") for way in ways)
    if language != "en":
        heading = re.search(r"<h1>(.*?)</h1>", page(state, language))
        english = re.search(r"<h1>(.*?)</h1>", page(state, "en"))
        assert heading is not None
        assert english is not None
        assert heading[1] != english[1]


@pytest.mark.parametrize("done", DONE)
@pytest.mark.parametrize("language", LANGUAGES)
def test_what_was_done_is_said_by_a_known_word_alone(done: str, language: str) -> None:
    told = page("account", language, done=done)
    assert told.count('class="good" role="status"') == 1
    for unknown in (EVIL, "", "items", "Profile"):
        assert 'role="status"' not in page("account", language, done=unknown)
    assert 'role="status"' not in page("account, wrong", language, done=done)


@pytest.mark.standard("ASVS 6.2.6", "ASVS 6.2.7")
def test_no_page_shows_a_password_and_managers_know_whose_it_is() -> None:
    for state in STATES:
        found = Parsed(page(state, "en"))
        secrets = [given for given in found.all("input") if given.get("type") == "password"]
        assert not any("value" in given for given in secrets), state
        assert {given["autocomplete"] for given in secrets} <= {"current-password", "new-password"}
        hidden = [given for given in found.all("input") if given.get("autocomplete") == "username"]
        assert len(hidden) == bool(secrets), state


def test_who_must_change_the_password_is_led_nowhere_else() -> None:
    found = Parsed(page("password, forced", "en"))
    assert found.all("a") == []
    assert [given["action"] for given in found.all("form")] == ["../account/sign-out", "?"]


def test_a_button_says_which_session_it_ends_and_ones_own_has_none() -> None:
    found = Parsed(page("sessions", "en", "192.0.2.1"))
    labels = [given["aria-label"] for given in found.all("button") if "aria-label" in given]
    assert labels == [
        "End the session of 1970-01-01 00:00 UTC from 192.0.2.1",
        "End the session of 1970-01-01 00:00 UTC from unknown",
    ]
    assert [given["value"] for given in found.all("input")] == ["01B", "01C"]


def session(tenant_id: TenantId, session_id: str, at_ms: int, used_at_ms: int) -> Session:
    ref = SessionRef(tenant_id, BOB, SessionId(session_id))
    return Session(ref, 0, Epochs(), at_ms, used_at_ms, 10**12, source="192.0.2.1", user_agent="A browser")


def test_the_sessions_of_one_sign_in_are_one_row() -> None:
    here = Principal(subject=Subject(BOB, "bob", ACME, ("user",), SessionId("one")))
    found = sign_ins(
        [
            session(TenantId("-"), "two", 9, 9),
            session(GLOBEX, "one", 2, 7),
            session(ACME, "one", 2, 5),
        ],
        here,
    )
    assert found == [
        SignIn("two", 9, 9, "192.0.2.1", "A browser", (), current=False),
        SignIn("one", 2, 7, "192.0.2.1", "A browser", ("globex", "acme"), current=True),
    ]
