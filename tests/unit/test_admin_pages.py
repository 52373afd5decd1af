"""Every page of administrators in every language and state: nothing is missing, texts stay texts, all can use it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from doorward.audit.kinds import KINDS
from doorward.errors import DoorwardError, InvalidRequest
from doorward.languages import LANGUAGES, translations
from doorward.model import TenantPolicy
from doorward.model.audit import NO_HEAD, ChainHead
from doorward.rules.policy import Bounds
from doorward_pages.admin_forms import InvitationForm, ServiceTokenForm, TenantForm
from doorward_pages.policy_form import PolicyForm
from doorward_pages.render import TEMPLATES, View, page_environment, render
from tests.unit.test_link_pages import EVIL, Parsed

Values = Mapping[str, Any]


def _member(text: str, **more: Any) -> dict[str, Any]:
    return {
        "username": text,
        "email": text,
        "display_name": text,
        "email_verified_at_ms": 1,
        "id": text,
        "called": text,
        "roles": (text, text),
        "disabled": False,
        "created": text,
        "is_self": False,
        "is_owned": True,
        "factors": ("passkey", "totp", "recovery_code"),
        "is_of_this_tenant_alone": True,
        **more,
    }


def _session(text: str, **more: Any) -> dict[str, Any]:
    names = ("id", "tenant_id", "created", "used", "source", "user_agent")
    return {**dict.fromkeys(names, text), "current": False, **more}


def _invitation(text: str, status: str) -> dict[str, Any]:
    rest = {"roles": (text,), "status": status, "can_be_sent": status == "pending"}
    return {"id": text, "email": text, "expires": text, **rest}


def _token(text: str, state: str) -> dict[str, Any]:
    return {**dict.fromkeys(("id", "service", "created", "expires"), text), "state": state}


def _tenant(text: str, **more: bool) -> dict[str, Any]:
    return {"id": text, "called": text, "created": text, "disabled": False, "leaving": False, **more}


def _policy(text: str) -> PolicyForm:
    names = (
        "domains",
        "locale",
        "mail_from_name",
        "mail_reply_to",
        "session_seconds",
        "audit_retention_days",
        "name",
        "accent",
        "support",
    )
    return PolicyForm(act="branding", version=text, sign_up="open", password="on", **dict.fromkeys(names, text))


def _record(text: str, **more: Any) -> dict[str, Any]:
    person = {"id": text, "called": text, "is_user": True}
    return {
        "time": text,
        "event": "signed_in",
        "failed": False,
        "actor": person,
        "target": {**person, "is_user": False},
        "source": text,
        "user_agent": text,
        "details": [("reason", text), ("left", 3)],
        **more,
    }


def _confirm(act: str) -> Callable[[str], Values]:
    return lambda text: {"act": act, "subject": text, "name_of_subject": text, "page": text}


CONFIRMED = ("delete", "remove", "reset_factors", "revoke", "disable_tenant")
STATES: Mapping[str, tuple[str, Callable[[str], Values]]] = {
    "nobody found": (
        "members",
        lambda text: {"rows": [], "asked": dict.fromkeys(("name", "email", "role", "status"), text)},
    ),
    "members": (
        "members",
        lambda text: {
            "rows": [_member(text), _member(text, disabled=True, email=None)],
            "asked": {"name": None, "email": None, "role": None, "status": "disabled"},
            "more": "?cursor=x",
        },
    ),
    "member": (
        "member",
        lambda text: {
            "member": _member(text),
            "roles": text,
            "sessions": [_session(text), _session(text, current=True, source=None)],
            "mail_is_on": True,
            "link": text,
        },
    ),
    "disabled guest": (
        "member",
        lambda text: {
            "member": _member(text, disabled=True, is_owned=False, email=None, created=None, factors=None),
            "roles": text,
            "sessions": [],
            "mail_is_on": False,
            "link": None,
        },
    ),
    "oneself": (
        "member",
        lambda text: {
            "member": _member(text, is_self=True, is_owned=False, email_verified_at_ms=None, factors=()),
            "roles": text,
            "sessions": [_session(text, current=True)],
            "mail_is_on": True,
            "link": None,
        },
    ),
    "invitations": (
        "invitations",
        lambda text: {
            "rows": [_invitation(text, status) for status in ("pending", "accepted", "revoked", "expired")],
            "form": InvitationForm(email=text, roles=text, deliver="link"),
            "mail_is_on": True,
            "link": text,
        },
    ),
    "no invitations": (
        "invitations",
        lambda _: {"rows": [], "form": InvitationForm(), "mail_is_on": False, "link": None},
    ),
    "service tokens": (
        "service_tokens",
        lambda text: {
            "rows": [_token(text, state) for state in ("live", "revoked", "expired")],
            "form": ServiceTokenForm(name=text, hours=text),
            "token": text,
            "most_hours": 720,
            "usual_hours": 1,
        },
    ),
    "policy": ("policy", lambda text: {"form": _policy(text), "bounds": Bounds(600, mail_is_on=False)}),
    "no policy": (
        "policy",
        lambda _: {"form": PolicyForm.of(TenantPolicy()), "bounds": Bounds(600, mail_is_on=True)},
    ),
    "tenants": (
        "tenants",
        lambda text: {
            "rows": [_tenant(text), _tenant(text, disabled=True), _tenant(text, leaving=True)],
            "form": TenantForm(id=text, name=text),
            "managed": None,
        },
    ),
    "trail": (
        "audit",
        lambda text: {
            "rows": [
                _record(text),
                _record(text, event="an_event_of_tomorrow", failed=True),
                _record(text, actor=None, target=None, source=None, user_agent=None, details=[]),
            ],
            "asked": {"event": "signed_in", "person": text, "outcome": "failure"},
            "head": ChainHead(412, text, text, text, 365, text),
            "more": "?cursor=x",
        },
    ),
    "empty trail of the platform": (
        "audit",
        lambda text: {
            "rows": [],
            "asked": {"event": None, "person": text, "outcome": "success"},
            "head": NO_HEAD,
            "managed": None,
        },
    ),
    **{f"confirm {act}": ("confirm", _confirm(act)) for act in CONFIRMED},
}


def page(state: str, language: str, text: str = "acme", error: DoorwardError | None = None, done: str = "") -> str:
    """Return a page, with the same text wherever there may be one."""
    template, values = STATES[state]
    common = {"here": template, "managed": text, "is_platform": True, "error": error, "done": done, "more": None}
    view = View(language, text, "../", "acme", text)
    return render(f"admin/{template}", view, {**common, **values(text)})


def test_every_template_is_tested() -> None:
    files = {file.stem for file in (TEMPLATES / "admin").glob("*.jinja")}
    assert {template for template, _ in STATES.values()} == files - {"base", "parts", "events"}


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("wrong", [False, True])
@pytest.mark.parametrize("state", STATES)
def test_what_somebody_wrote_stays_text(state: str, language: str, *, wrong: bool) -> None:
    plain, evil = (
        Parsed(page(state, language, text, InvalidRequest(text) if wrong else None)) for text in ("acme", EVIL)
    )
    assert [tag for tag, _ in evil.tags] == [tag for tag, _ in plain.tags]
    assert [sorted(attributes) for _, attributes in evil.tags] == [sorted(attributes) for _, attributes in plain.tags]
    assert "<script>alert(1)</script>" in evil.text
    assert "49" not in evil.text


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("state", STATES)
def test_a_page_can_be_used_by_everybody(state: str, language: str) -> None:
    for error in (None, InvalidRequest("x")):
        found = Parsed(page(state, language, error=error))
        assert found.all("html") == [{"lang": language}]
        assert len(found.all("h1")) == len(found.all("title")) == len(found.all("main")) == len(found.all("nav")) == 1
        known = Counter(attributes["id"] for _, attributes in found.tags if "id" in attributes)
        assert set(known.values()) <= {1}, known
        fields = [each for tag in ("input", "select", "textarea") for each in found.all(tag)]
        labelled = {each["for"] for each in found.all("label") if "for" in each}
        typed = [each for each in fields if each.get("type") not in {"hidden", "checkbox"}]
        assert {each["id"] for each in typed} == labelled
        for _, attributes in found.tags:
            assert set((attributes.get("aria-describedby") or "").split()) <= set(known)
        assert len(found.all("caption")) == len(found.all("table"))
        assert all(each.get("scope") in {"row", "col"} for each in found.all("th"))
        sign_out, *forms = (each for each in found.all("form") if "role" not in each)
        assert sign_out == {"method": "post", "action": "../account/sign-out"}
        assert all(each == {"method": "post", "action": "?"} for each in forms)


def test_buttons_of_rows_say_what_they_do_to_whom() -> None:
    for state, text in (("member", "kim"), ("invitations", "kim@a.example"), ("tenants", "acme")):
        buttons = re.findall(r"<button[^>]*>([^<]+)</button>", page(state, "en", text))
        small = re.findall(r'<button[^>]* class="small"[^>]*>([^<]+)</button>', page(state, "en", text))
        assert small, buttons
        assert all(text in each for each in small), small


def test_each_page_that_asks_says_what_it_asks_about() -> None:
    told = [Parsed(page(f"confirm {act}", "en")).text for act in CONFIRMED]
    assert len(set(told)) == len(CONFIRMED)


def test_who_may_not_take_factors_away_is_not_offered_to() -> None:
    template, values = STATES["member"]
    view, common = View("en", "acme", "../", "acme", "x"), {"here": template, "managed": "acme", "done": ""}

    def offered(*, is_platform: bool, **member: Any) -> bool:
        shown = {**values("kim"), "member": _member("kim", **member)}
        rest = {**common, "error": None, "more": None, "is_platform": is_platform}
        return "confirm=reset_factors" in render("admin/member", view, {**rest, **shown})

    assert offered(is_platform=False)
    assert offered(is_platform=True, is_of_this_tenant_alone=False)
    assert not offered(is_platform=False, is_of_this_tenant_alone=False)
    assert not offered(is_platform=False, is_owned=False)
    assert not offered(is_platform=False, factors=())
    assert not offered(is_platform=True, is_self=True)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_page_says_in_the_readers_language_what_each_kind_of_event_is(language: str) -> None:
    module = page_environment(language).get_template("admin/events.jinja").module
    said: Mapping[str, str] = vars(module)["events"]
    known = translations(language)
    assert said == {event: known.gettext(kind.says) for event, kind in KINDS.items()}
    assert language == "en" or all(said[event] != kind.says for event, kind in KINDS.items())
    offered = re.findall(r'<option value="(\w+)"', page("trail", language))
    assert set(KINDS) <= set(offered)


def test_names_of_users_lead_to_their_pages_where_a_tenant_has_some() -> None:
    template, values = STATES["trail"]
    view, common = (
        View("en", "x", "../", "acme", "x"),
        {"here": template, "error": None, "done": "", "is_platform": True},
    )

    def links(managed: str | None) -> list[str]:
        shown = render("admin/audit", view, {**common, "managed": managed, **values("KIM")})
        return re.findall(r'href="([^"]+)">KIM<', shown)

    assert links("acme") == ["../admin/t/acme/members/KIM"] * 2
    assert links(None) == []


DONE = re.findall(r'^  "(\w+)": _\(', (TEMPLATES / "admin" / "base.jinja").read_text("utf-8"), re.MULTILINE)


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_was_done_is_said_in_the_readers_language_by_known_words_alone(language: str) -> None:
    said = {word: Parsed(page("members", language, done=word)) for word in [*DONE, "odd"]}
    shown = {word: [each for each in found.all("p") if each.get("role") == "status"] for word, found in said.items()}
    assert {word for word, found in shown.items() if found} == set(DONE)
    assert len(DONE) > 10
