"""Every page of second factors, in every language and state: what somebody wrote stays text, and it can be used."""

from __future__ import annotations

import re
from typing import Any

import pytest

from doorward.errors import DoorwardError, InvalidSecondFactor, LastFactor, UnacceptableName, WrongPassword
from doorward.factors.enrol import NewTotp
from doorward.languages import LANGUAGES
from doorward.model.factors import CredentialId, Factors, Passkey, RecoveryCodes, Totp
from doorward_pages.factor_forms import (
    ChangeFactorForm,
    FactorForm,
    NewPasskeyForm,
    PasskeyForm,
    StepUpForm,
    presented,
    read_passkey,
)
from doorward_pages.qr import qr_code
from doorward_pages.render import TEMPLATES, View, render, security_policy
from doorward_pages.returns import inner_path
from doorward_pages.tenants import Options
from tests.unit.test_account_pages import Values, common
from tests.unit.test_link_pages import EVIL, Parsed

URI = "otpauth://totp/doorward:ann?secret=ABC"


_LONG = f'{{"id": "{"x" * 9000}"}}'


def held(text: str) -> Factors:
    """Return factors of all kinds, with a passkey of this name."""
    passkey = Passkey(
        id=CredentialId("A-_b" * 6),
        rp_id="id.example",
        public_key="x",
        sign_count=0,
        name=text,
        backed_up=False,
        created_at_ms=0,
        last_used_at_ms=60_000,
    )
    return Factors(Totp("x", 0), None, RecoveryCodes(("x", "y"), 0), (passkey,))


def states(text: str) -> dict[str, tuple[str, Values]]:
    """Return the template and the values of every state of every page of an account."""
    (passkey,) = held(text).passkeys
    wrong, app = InvalidSecondFactor(text), {"new": NewTotp(text, URI), "qr": qr_code(URI), "begun": True}
    form = {"form": StepUpForm(return_to=text), "return_to": text}
    return {
        "list": ("list", {"held": held(text)}),
        "list, none": ("list", {"held": Factors(), "must_prove": True, "passkeys": False}),
        "list, no codes": ("list", {"held": Factors(Totp("x", 0, 0, 1)), "done": "app"}),
        "app": ("app", {"new": None, "qr": "", "begun": False}),
        "app, begun": ("app", app),
        "app, wrong": ("app", {"new": None, "qr": "", "begun": True, "error": wrong}),
        "passkey": ("passkey", {"form": NewPasskeyForm(name=text), "options": text}),
        "passkey, wrong": (
            "passkey",
            {"form": NewPasskeyForm(name=text), "options": text, "error": UnacceptableName(text)},
        ),
        "passkey, never": ("passkey", {"form": None, "options": None, "error": wrong}),
        "codes": ("codes", {"codes": ()}),
        "codes, new": ("codes", {"codes": (text, text)}),
        "factor": ("factor", {"passkey": passkey, "form": ChangeFactorForm()}),
        "factor, wrong": ("factor", {"passkey": passkey, "form": ChangeFactorForm(name=text), "error": wrong}),
        "factor, app": ("factor", {"passkey": None, "form": ChangeFactorForm(), "error": LastFactor()}),
        "step_up": ("step_up", {"held": held(text), **form}),
        "step_up, wrong": ("step_up", {"held": held(text), "error": wrong, **form, "form": StepUpForm(totp=text)}),
        "step_up, password": ("step_up", {"held": Factors(), **form}),
        "step_up, wrong password": ("step_up", {"held": Factors(), "error": WrongPassword(), **form}),
    }


STATES = tuple(states(""))
PUBLIC = ("sign_in", "second_factor", "second_factor, wrong")


def page(state: str, language: str, text: str = "Acme") -> str:
    """Return a page, with the same text wherever there may be one."""
    if state in PUBLIC:
        return public(state, language, text)
    template, values = states(text)[state]
    every = {"page": "factors", "passkeys": True, **common(text), **values}
    return render(f"factors/{template}", View(language, text, "../../", "acme"), every)


def public(state: str, language: str, text: str = "Acme", *, passkeys: bool = True) -> str:
    """Return a page of who is not signed in."""
    template = state.partition(",")[0]
    form: Any = PasskeyForm(name=text)
    if template == "second_factor":
        form = FactorForm(challenge_id=text, ways=text, recovery_code=text, return_to=text)
    error: DoorwardError | None = InvalidSecondFactor(text) if "wrong" in state else None
    values = {
        "form": form,
        "error": error,
        "return_to": text,
        "options": Options(),
        "asks_organisation": False,
        "passkeys": passkeys,
    }
    return render(template, View(language, text, "../../", "acme"), values)


def test_every_template_has_states_here() -> None:
    shown = {template for template, _ in states("").values()}
    assert shown == {file.stem for file in (TEMPLATES / "factors").glob("*.jinja")} - {"ways"}


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("state", [*STATES, *PUBLIC])
def test_what_somebody_wrote_stays_text(state: str, language: str) -> None:
    plain, evil = Parsed(page(state, language)), Parsed(page(state, language, EVIL))
    assert [tag for tag, _ in evil.tags] == [tag for tag, _ in plain.tags]
    assert [sorted(attributes) for _, attributes in evil.tags] == [sorted(attributes) for _, attributes in plain.tags]
    assert "49" not in evil.text


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("state", [*STATES, *PUBLIC])
def test_a_page_can_be_read_by_everybody(state: str, language: str) -> None:
    found = Parsed(page(state, language))
    assert found.all("html") == [{"lang": language}]
    assert len(found.all("h1")) == len(found.all("title")) == len(found.all("main")) == 1
    assert not {"img", "style", "iframe"} & {tag for tag, _ in found.tags}
    assert not any(name.startswith("on") or name == "style" for _, given in found.tags for name in given)
    assert all(set(given) == {"type", "src"} and given["type"] == "module" for given in found.all("script"))
    ids = [given["id"] for _, given in found.tags if "id" in given]
    assert len(ids) == len(set(ids))
    fields = [given for given in found.all("input") if given.get("type") != "hidden" and "hidden" not in given]
    assert {given["for"] for given in found.all("label")} == {given["id"] for given in fields}
    assert all(set((given.get("aria-describedby") or "").split()) <= set(ids) for given in fields)
    assert not re.search(r"None|Undefined|%\(", found.text)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("state", [*STATES, *PUBLIC])
def test_forms_lead_to_pages_of_ours_and_all_words_are_translated(state: str, language: str) -> None:
    found = Parsed(page(state, language))
    assert all(given["method"] == "post" for given in found.all("form"))
    ways = [given["action"] for given in found.all("form")] + [given["href"] for given in found.all("a")]
    ours = r"\?|(\.\./)+[\w/-]+(\?return_to=Acme)?"
    assert all(way == URI or re.fullmatch(ours, way or "") for way in ways), ways
    if language != "en":
        headings = [re.search(r"<h1>(.*?)</h1>", page(state, spoken)) for spoken in (language, "en")]
        assert headings[0] is not None
        assert headings[1] is not None
        assert headings[0][1] != headings[1][1]


@pytest.mark.parametrize("state", PUBLIC)
def test_no_page_knows_of_passkeys_where_there_are_none(state: str) -> None:
    shown = public(state, "en", passkeys=False)
    assert "<script" not in shown
    assert "data-passkey" not in shown
    assert "webauthn" not in shown


def test_a_form_that_needs_the_script_is_hidden_without_it() -> None:
    for state in (*STATES, *PUBLIC):
        forms = [form for form in Parsed(page(state, "en")).all("form") if "data-passkey" in form]
        assert all("hidden" in form for form in forms)


def test_no_code_that_was_typed_is_shown_again() -> None:
    shown = public("second_factor, wrong", "en", "typed-in")
    typed = [given for given in Parsed(shown).all("input") if given.get("name") in {"totp", "recovery_code"}]
    assert typed
    assert not any("value" in given for given in typed)
    assert [given["name"] for given in typed if given.get("aria-invalid") == "true"] == ["recovery_code"]


@pytest.mark.parametrize("text", [None, "", "{", "[]", "1", "null", "[" * 8000, "x" * 9000, '{"a": ' * 1000, _LONG])
def test_what_no_browser_made_of_a_passkey_proves_nothing(text: str | None) -> None:
    with pytest.raises(InvalidSecondFactor):
        read_passkey(text)


@pytest.mark.parametrize("given", [("", "", ""), ("1", "2", ""), ("1", "", "{}"), ("1" * 65, None, None)])
def test_a_form_presents_one_factor(given: tuple[str | None, str | None, str | None]) -> None:
    with pytest.raises(InvalidSecondFactor):
        presented(*given)
    assert presented("123456", None, None).totp == "123456"
    assert presented(None, None, '{"id": "x"}').passkey == {"id": "x"}


def test_the_ways_are_those_that_there_are_whatever_a_form_says() -> None:
    assert FactorForm(ways="totp").kinds == ("totp",)
    assert set(FactorForm(ways="<b> nothing").kinds) == set(FactorForm().kinds) == {"totp", "passkey", "recovery_code"}


@pytest.mark.parametrize("path", ["account", "account/factors/app", "/admin/t/acme/members/01X/", "admin"])
def test_a_step_up_leads_back_to_the_page_that_asked(path: str) -> None:
    assert inner_path(path) == path.strip("/")


@pytest.mark.standard("RFC 9700 2.1.b")
@pytest.mark.parametrize(
    "path", [None, 1, "", "//evil.example", "account/..", "accounts", "account/step-up", "a?b", "account/x\n"]
)
def test_a_step_up_leads_nowhere_else(path: object) -> None:
    assert inner_path(path) == "account/factors"


def test_scripts_run_only_where_a_page_has_one() -> None:
    assert "script-src" not in security_policy()
    assert "script-src 'self'; connect-src 'self'; form-action" in security_policy(scripts=True)
    assert "unsafe" not in security_policy(scripts=True)
