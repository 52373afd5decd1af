"""The pages of who is signed in, as API Gateway asks for them."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field, replace
from html import unescape
from typing import Any
from urllib.parse import urlencode

import boto3
import pytest

from tests.functions.test_by_mail import ANN, NEW, Mail, _open, ann
from tests.functions.test_invitations import invite
from tests.functions.test_pages import FOREIGN, FORM, heading
from tests.support.deployment import Answer, Deployment, event, parsed
from tests.support.full import also_when_full
from tests.support.people import PASSWORD

__all__ = ["ann"]

PAGES = {
    "/account": "Your account",
    "/account/password": "Change your password",
    "/account/email": "Change your e-mail address",
    "/account/sessions": "Where you are signed in",
    "/account/leave": "Delete your account",
    "/account/invitation": "Accept your invitation",
}
FORMS: dict[str, dict[str, str]] = {
    "/account": {"display_name": "Another"},
    "/account/verify-email": {},
    "/account/password": {"current_password": PASSWORD, "password": NEW},
    "/account/email": {"current_password": PASSWORD, "email": "new@people.example"},
    "/account/sessions": {},
    "/account/leave": {"current_password": PASSWORD},
    "/account/invitation": {"token": "dwp1.invitation.x"},
    "/account/sign-out": {"everywhere": "true"},
}


@dataclass
class Browser:
    """A browser with a session cookie."""

    deployment: Deployment
    cookie: str | None = None
    headers: dict[str, str] = field(default_factory=dict)

    def sign_in(
        self, name: str, password: str = PASSWORD, path: str = "/sign-in", user_agent: str = "A browser"
    ) -> None:
        """Sign in, with a form of ours."""
        sent = event("login_username")
        sent.update(httpMethod="POST", path=path, body=urlencode({"name": name, "password": password}), headers=FORM)
        sent["multiValueHeaders"] = {key: [value] for key, value in FORM.items()}
        sent["requestContext"]["identity"]["userAgent"] = user_agent
        answer = parsed(self.deployment.raw("pages", sent))
        assert answer["statusCode"] == 303, answer
        self.cookie = answer["headers"]["Set-Cookie"].partition(";")[0]

    def get(self, path: str, method: str = "GET", **query: str) -> Answer:
        headers = self.headers | ({"Cookie": self.cookie} if self.cookie else {})
        return self.deployment.call("account_pages", method, path, headers=headers, query=query or None)

    def post(self, path: str, **form: str) -> Answer:
        sent = FORM | self.headers | ({"Cookie": self.cookie} if self.cookie else {})
        return self.deployment.call("account_pages", "POST", path, urlencode(form), headers=sent)

    @property
    def is_signed_in(self) -> bool:
        return self.deployment.authorize({"cookie": self.cookie or ""}).allowed


def browser(deployment: Deployment, name: str = "ann", password: str = PASSWORD, **more: str) -> Browser:
    """Return a browser in which somebody is signed in."""
    found = Browser(deployment)
    found.sign_in(name, password, **more)
    return found


def text(answer: Answer) -> str:
    """Return what a page says, without its tags."""
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]*>", " ", answer["body"])))


def root(path: str) -> str:
    """Return the way from a page to the base URL."""
    return "../" * (path.count("/") - 1) or "./"


def held() -> dict[str, Any]:
    """Return all that is stored of users, sessions, revocations and mails; counters of attempts are left out."""
    client, found = boto3.client("dynamodb"), {}
    for table in ("UsersTable", "RefreshTokensTable", "RevocationsTable", "ProofsTable", "NotificationsTable"):
        items = client.scan(TableName=table)["Items"]
        found[table] = sorted(json.dumps(item, sort_keys=True) for item in items)
    return found


@pytest.mark.parametrize("path", PAGES)
def test_a_page_is_shown_to_who_is_signed_in_and_changes_nothing(deployment: Deployment, ann: str, path: str) -> None:
    me = browser(deployment)
    before = held()
    for _ in range(2):
        answer = me.get(path)
        assert (answer["statusCode"], heading(answer)) == (200, PAGES[path])
        assert me.get(path, "HEAD")["statusCode"] == 200
    assert held() == before
    assert answer["headers"]["Cache-Control"] == "no-store"
    assert "default-src 'none'; style-src 'self'" in answer["headers"]["Content-Security-Policy"]
    assert "Set-Cookie" not in answer["headers"]
    assert not re.search(r"<style|<script| style=| on\w+=", answer["body"])
    assert f'href="{root(path)}account/leave"' in answer["body"]


@pytest.mark.parametrize("cookie", [None, "__Host-doorward=made-up", "over"])
def test_who_is_not_signed_in_is_led_to_the_sign_in(deployment: Deployment, ann: str, cookie: str | None) -> None:
    me = browser(deployment)
    if cookie == "over":
        assert me.post("/account/sign-out")["statusCode"] == 303
    else:
        me.cookie = cookie
    before = held()
    for path in (*PAGES, "/account/export"):
        answer = me.get(path)
        assert (answer["statusCode"], answer["headers"]["Location"]) == (303, f"{root(path)}sign-in")
        # Without a cookie there is nothing to forget: a form of another site comes without it.
        assert ("Max-Age=0" in answer["headers"].get("Set-Cookie", "")) == (cookie is not None)
    for path in FORMS.keys() - {"/account/sign-out"}:
        answer = me.post(path, **FORMS[path])
        assert (answer["statusCode"], answer["headers"]["Location"]) == (303, f"{root(path)}sign-in")
    assert held() == before


@pytest.mark.parametrize("foreign", FOREIGN)
def test_no_form_of_another_origin_changes_anything(deployment: Deployment, ann: str, foreign: dict[str, str]) -> None:
    me = browser(deployment)
    before = held()
    for path, form in FORMS.items():
        answer = replace(me, headers=foreign).post(path, **form)
        assert (path, answer["statusCode"]) == (path, 403)
        assert "Set-Cookie" not in answer["headers"]
        assert "Access-Control-Allow-Origin" not in answer["headers"]
    assert held() == before
    assert me.is_signed_in


def test_no_bearer_token_opens_a_page(deployment: Deployment, ann: str) -> None:
    me = Browser(deployment, headers={"Authorization": f"Bearer {deployment.token('ann', PASSWORD)}"})
    assert me.get("/account")["statusCode"] == 303
    assert me.post("/account", display_name="Another")["statusCode"] == 303
    me.sign_in("acme-admin", "admin123")
    assert "acme-admin" in text(me.get("/account"))


def test_the_account_says_who_one_is_and_where(deployment: Deployment, ann: str) -> None:
    context = deployment.context("admin")
    path = f"/users/{ann}/tenants/globex"
    assert deployment.call("users", "PUT", path, {"roles": ["auditor"]}, context=context)["statusCode"] == 200
    me = browser(deployment)
    shown = me.get("/account")
    said = text(shown)
    assert ANN in said
    assert "not confirmed" in said
    assert "acme : user (you are signed in to it)" in said
    assert "globex : auditor Sign in to globex" in said
    assert 'href="./t/globex/sign-in"' in shown["body"]
    assert 'action="./account/verify-email"' in shown["body"]
    assert "Administration" not in said
    there = browser(deployment, path="/t/globex/sign-in")
    assert "acme : user Sign in to acme globex : auditor (you are signed in to it)" in text(there.get("/account"))


@pytest.mark.parametrize(("name", "whole"), [("acme-admin", False), ("admin", True)])
def test_administrators_are_led_to_what_they_administer(deployment: Deployment, name: str, whole: bool) -> None:
    me = browser(deployment, name, "admin123")
    assert 'href="./admin"' in me.get("/account")["body"]
    assert ("You administer the whole deployment." in text(me.get("/account"))) == whole
    assert ("Another administrator of it deletes" in text(me.get("/account/leave"))) == whole


def test_name_and_language_are_changed_and_the_pages_speak_it(deployment: Deployment, ann: str) -> None:
    me = browser(deployment)
    answer = me.post("/account", display_name="Ann Ander", locale="de")
    assert (answer["statusCode"], answer["headers"]["Location"]) == (303, "./account?done=profile")
    shown = me.get("/account", done="profile")
    assert heading(shown) == "Ihr Konto"
    assert "Ihr Name und Ihre Sprache sind gespeichert." in text(shown)
    assert 'value="Ann Ander"' in shown["body"]
    assert '<option value="de" lang="de" selected>' in shown["body"]
    me.post("/account", display_name="", locale="")
    assert 'value="Ann Ander"' not in me.get("/account")["body"]
    assert heading(me.get("/account")) == "Your account"


def test_a_name_that_nobody_may_have_is_shown_again_with_what_is_wrong(deployment: Deployment, ann: str) -> None:
    me = browser(deployment)
    before = held()
    for form in ({"display_name": "a\u202eb"}, {"display_name": "A", "locale": "klingon!"}):
        answer = me.post("/account", **form)
        assert answer["statusCode"] == 400
        assert 'role="alert"' in answer["body"]
    assert '<option value="klingon!" selected>' in answer["body"]
    assert held() == before


def test_what_strangers_wrote_stays_text(deployment: Deployment, ann: str) -> None:
    evil = "<script>alert(1)</script>\"'&{{ 7*7 }}"
    me, other = browser(deployment), Browser(deployment)
    other.sign_in("ann", user_agent=evil)
    assert me.post("/account", display_name=evil)["statusCode"] == 303
    for path in (*PAGES, "/account/nothing"):
        answer = me.get(path, token=evil, done=evil)
        assert "<script" not in answer["body"]
        assert "{{ 7*7 }}" not in text(answer).replace(evil, "")
    assert evil in text(me.get("/account"))
    assert evil in text(me.get("/account/sessions"))
    assert evil in text(me.get("/account/invitation", token="x"))


def test_the_address_is_proved_by_a_mail(deployment: Deployment, ann: str) -> None:
    me = browser(deployment)
    before = len(held()["ProofsTable"])
    answer = me.post("/account/verify-email")
    assert answer["headers"]["Location"] == "../account?done=verification"
    made = held()["ProofsTable"]
    assert len(made) == before + 1
    proof_id = next(json.loads(item)["pk"]["S"] for item in made if "verify_email" in item).partition("#")[2]
    mail = Mail()
    found = mail.store.get(proof_id)
    assert found is not None
    deployment.call("accounts_by_mail", "POST", "/auth/verify-email/confirm", {"token": mail.texts.token(found)})
    shown = me.get("/account")
    assert "(confirmed)" in text(shown)
    assert "account/verify-email" not in shown["body"]


def test_who_has_no_address_is_told_so(deployment: Deployment, ann: str) -> None:
    body = {"email": None}
    context = deployment.context("acme-admin")
    assert deployment.call("users", "PATCH", f"/users/{ann}", body, context=context)["statusCode"] == 200
    me = browser(deployment)
    assert "no address" in text(me.get("/account"))
    assert "Your account has no address." in text(me.get("/account/email"))
    answer = me.post("/account/verify-email")
    assert (answer["statusCode"], "You have no e-mail address." in text(answer)) == (400, True)


def test_another_address_is_asked_for_with_the_password(deployment: Deployment, ann: str) -> None:
    me = browser(deployment)
    for form, status in (
        ({"email": "new@people.example", "current_password": "wrong"}, 403),
        ({"email": "new@people.example"}, 403),
        ({"email": "x", "current_password": PASSWORD}, 400),
        ({"current_password": PASSWORD}, 400),
        ({"email": ANN, "current_password": PASSWORD}, 400),
    ):
        before = held()
        answer = me.post("/account/email", **form)
        assert (answer["statusCode"], heading(answer)) == (status, "Change your e-mail address")
        assert f'value="{form.get("email", "")}"' in answer["body"]
        assert not re.search(r'type="password"[^>]* value=', answer["body"])
        assert held() == before
    answer = me.post("/account/email", email="new@people.example", current_password=PASSWORD)
    assert answer["headers"]["Location"] == "../account?done=email"
    assert any("email_change" in item for item in held()["ProofsTable"])
    assert ANN in text(me.get("/account"))


@pytest.mark.parametrize("path", ["/account/email", "/account/verify-email"])
def test_without_mail_there_is_nothing_that_needs_it(
    deployment: Deployment, ann: str, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    me = browser(deployment)
    monkeypatch.setenv("MAIL_FROM", "")
    before = held()
    assert me.post(path, **FORMS[path])["statusCode"] == 404
    if path == "/account/email":
        assert me.get(path)["statusCode"] == 404
    assert held() == before
    assert not re.search("account/email|verify-email|forgot", me.get("/account")["body"])
    assert "forgot" not in me.get("/account/password")["body"]


@pytest.mark.standard("ASVS 6.2.2", "ASVS 7.4.3")
def test_a_new_password_ends_all_sessions_but_the_one_that_set_it(deployment: Deployment, ann: str) -> None:
    me, other = browser(deployment), browser(deployment)
    answer = me.post("/account/password", current_password=PASSWORD, password=NEW, username="ann")
    assert answer["headers"]["Location"] == "../account?done=password"
    assert (me.is_signed_in, other.is_signed_in) == (True, False)
    assert "Your password is changed." in text(me.get("/account", done="password"))
    assert deployment.sign_in("ann", PASSWORD)["statusCode"] == 401
    assert deployment.sign_in("ann", NEW)["statusCode"] == 200


def test_a_password_that_is_not_taken_is_said_and_never_shown(deployment: Deployment, ann: str) -> None:
    me = browser(deployment)
    before = held()
    for form, status, said in (
        ({"current_password": "wrong", "password": NEW}, 403, "Your current password is wrong."),
        ({"password": NEW}, 403, "Your current password is wrong."),
        ({"current_password": PASSWORD, "password": "short"}, 400, "Choose another password"),
        ({"current_password": PASSWORD}, 400, "Choose another password"),
        ({"current_password": PASSWORD, "password": PASSWORD}, 400, "Choose another password"),
    ):
        answer = me.post("/account/password", **form)
        assert (answer["statusCode"], heading(answer)) == (status, "Change your password")
        assert said in text(answer)
        assert NEW not in answer["body"]
        assert PASSWORD not in answer["body"]
    assert held() == before


@pytest.mark.parametrize("path", ["/account/password", "/account/email", "/account/leave"])
def test_wrong_passwords_are_counted(deployment: Deployment, ann: str, path: str) -> None:
    me = browser(deployment)
    form = FORMS[path] | {"current_password": "wrong"}
    answers = [me.post(path, **form)["statusCode"] for _ in range(10)]
    assert set(answers) == {403}
    limited = me.post(path, **FORMS[path])
    assert limited["statusCode"] == 429
    assert int(limited["headers"]["Retry-After"]) > 0
    assert "There were too many attempts." in text(limited)
    assert deployment.sign_in("ann", PASSWORD)["statusCode"] == 200


def test_the_hint_says_how_long_a_password_is_here(deployment: Deployment, ann: str) -> None:
    me = browser(deployment)
    assert "At least 8 characters." in text(me.get("/account/password"))
    _open(least_password_length=14)
    assert "At least 14 characters." in text(me.get("/account/password"))


@pytest.fixture
def forced(deployment: Deployment, ann: str) -> Browser:
    """The browser of somebody who must change the password first."""
    body = {"password": NEW, "password_change_required": True}
    context = deployment.context("acme-admin")
    assert deployment.call("users", "PATCH", f"/users/{ann}", body, context=context)["statusCode"] == 200
    return browser(deployment, "ann", NEW)


def test_who_must_change_the_password_sees_and_does_nothing_else(forced: Browser) -> None:
    before = held()
    for path in {*PAGES, "/account/export"} - {"/account/password"}:
        answer = forced.get(path)
        assert (answer["statusCode"], answer["headers"]["Location"]) == (303, f"{root(path)}account/password")
    for path in FORMS.keys() - {"/account/password", "/account/sign-out"}:
        answer = forced.post(path, **FORMS[path] | {"current_password": NEW})
        assert (answer["statusCode"], answer["headers"]["Location"]) == (303, f"{root(path)}account/password")
    assert held() == before


def test_who_must_change_the_password_is_told_why_and_goes_on_afterwards(forced: Browser) -> None:
    shown = forced.get("/account/password")
    assert heading(shown) == "Choose a password of your own"
    assert "somebody else set it" in text(shown)
    assert "account/sessions" not in shown["body"]
    answer = forced.post("/account/password", current_password=NEW, password=PASSWORD)
    assert answer["headers"]["Location"] == "../account?done=password"
    assert heading(forced.get("/account", done="password")) == "Your account"


def test_who_must_change_the_password_may_sign_out(forced: Browser) -> None:
    assert forced.post("/account/sign-out")["headers"]["Location"] == "../signed-out"
    assert not forced.is_signed_in


def ids(answer: Answer) -> list[str]:
    return re.findall(r'name="session_id" value="([^"]+)"', answer["body"])


@pytest.mark.standard("ASVS 10.4.9")
@also_when_full
def test_sessions_are_shown_and_one_is_ended(deployment: Deployment, ann: str) -> None:
    me, other = browser(deployment), browser(deployment, user_agent="Another browser")
    shown = me.get("/account/sessions")
    assert len(ids(shown)) == 1
    assert "Another browser" in text(shown)
    assert "this session" in text(shown)
    answer = me.post("/account/sessions", session_id=ids(shown)[0])
    assert answer["headers"]["Location"] == "../account/sessions?done=session"
    assert (me.is_signed_in, other.is_signed_in) == (True, False)
    again = me.post("/account/sessions", session_id=ids(shown)[0])
    assert (again["statusCode"], "That is not there any more." in text(again)) == (404, True)


@pytest.mark.standard("ASVS 7.4.3")
def test_all_other_sessions_are_ended(deployment: Deployment, ann: str) -> None:
    me, others = browser(deployment), [browser(deployment) for _ in range(3)]
    token = deployment.token("ann", PASSWORD)
    answer = me.post("/account/sessions")
    assert answer["headers"]["Location"] == "../account/sessions?done=sessions"
    assert me.is_signed_in
    assert not any(other.is_signed_in for other in others)
    assert not deployment.authorize({"Authorization": f"Bearer {token}"}).allowed
    assert ids(me.get("/account/sessions")) == []
    assert me.post("/account/sessions")["statusCode"] == 303
    assert me.is_signed_in


def test_ending_ones_own_session_signs_out(deployment: Deployment, ann: str) -> None:
    me, other = browser(deployment), browser(deployment)
    (own,) = ids(other.get("/account/sessions"))
    answer = me.post("/account/sessions", session_id=own)
    assert answer["headers"]["Location"] == "../signed-out"
    assert "Max-Age=0" in answer["headers"]["Set-Cookie"]
    assert not me.is_signed_in


@pytest.mark.parametrize("name", ["acme-admin", "globex-admin", "admin"])
def test_nobody_elses_sessions_are_shown_or_ended_here(deployment: Deployment, ann: str, name: str) -> None:
    first, second = browser(deployment), browser(deployment)
    sessions = {*ids(first.get("/account/sessions")), *ids(second.get("/account/sessions"))}
    assert len(sessions) == 2
    stranger = browser(deployment, name, "admin123")
    assert not sessions & set(ids(stranger.get("/account/sessions")))
    for session_id in (*sessions, "x", "../me", "me"):
        answer = stranger.post("/account/sessions", session_id=session_id)
        assert (answer["statusCode"], ann in answer["body"]) == (404, False)
    assert stranger.post("/account/sessions")["statusCode"] == 303
    assert first.is_signed_in
    assert second.is_signed_in


def test_a_neighbour_sees_nothing_of_anybody_else(deployment: Deployment, ann: str) -> None:
    neighbour = browser(deployment, "globex-admin", "admin123")
    for path in PAGES:
        shown = neighbour.get(path, user_id=ann, tenant_id="acme")
        assert not re.search("ann|acme", text(shown).replace("cannot", ""), re.IGNORECASE), path
    exported = neighbour.get("/account/export", user_id=ann)
    assert "people.example" not in exported["body"]


def test_what_is_held_is_a_file(deployment: Deployment, ann: str) -> None:
    answer = browser(deployment).get("/account/export")
    assert answer["headers"]["Content-Type"] == "application/json"
    assert answer["headers"]["Content-Disposition"] == 'attachment; filename="account.json"'
    assert answer["headers"]["X-Content-Type-Options"] == "nosniff"
    assert answer["headers"]["Cache-Control"] == "no-store"
    assert "Access-Control-Allow-Origin" not in answer["headers"]
    assert (answer["json"]["user"]["id"], answer["json"]["user"]["email"]) == (ann, ANN)


def test_who_leaves_is_gone_and_told_so(deployment: Deployment, ann: str) -> None:
    me, other = browser(deployment), browser(deployment)
    shown = text(me.get("/account/leave"))
    assert "This cannot be undone." in shown
    assert "your place in acme" in shown
    for form in ({}, {"current_password": "wrong"}):
        wrong = me.post("/account/leave", **form)
        assert (wrong["statusCode"], "Your current password is wrong." in text(wrong)) == (403, True)
        assert me.is_signed_in
    answer = me.post("/account/leave", current_password=PASSWORD)
    assert answer["headers"]["Location"] == "../account/left"
    assert "Max-Age=0" in answer["headers"]["Set-Cookie"]
    assert not me.is_signed_in
    assert not other.is_signed_in
    assert heading(Browser(deployment).get("/account/left")) == "Your account is deleted"
    assert deployment.sign_in("ann", PASSWORD)["statusCode"] == 401


@pytest.mark.parametrize(
    ("name", "said"), [("admin", "Another administrator has to do this."), ("acme-admin", "needs an administrator")]
)
def test_who_is_needed_does_not_leave(deployment: Deployment, name: str, said: str) -> None:
    me = browser(deployment, name, "admin123")
    answer = me.post("/account/leave", current_password="admin123")
    assert (answer["statusCode"], said in text(answer)) == (409, True)
    assert me.is_signed_in


def test_signing_out_ends_this_session_alone_or_all(deployment: Deployment, ann: str) -> None:
    me, second, third = (browser(deployment) for _ in range(3))
    answer = me.post("/account/sign-out")
    assert answer["headers"]["Location"] == "../signed-out"
    assert "Max-Age=0" in answer["headers"]["Set-Cookie"]
    assert [each.is_signed_in for each in (me, second, third)] == [False, True, True]
    assert second.post("/account/sign-out", everywhere="true")["headers"]["Location"] == "../signed-out"
    assert not third.is_signed_in


@pytest.mark.parametrize("everywhere", ["", "true"])
@pytest.mark.parametrize("cookie", [None, "__Host-doorward=made-up", "over"])
def test_signing_out_of_a_session_that_is_over_clears_the_cookie_and_claims_no_more(
    deployment: Deployment, ann: str, cookie: str | None, everywhere: str
) -> None:
    me = browser(deployment)
    if cookie == "over":
        me.post("/account/sign-out")
    else:
        me.cookie = cookie
    answer = me.post("/account/sign-out", everywhere=everywhere)
    to = "../sign-in" if everywhere else "../signed-out"
    assert (answer["statusCode"], answer["headers"]["Location"]) == (303, to)
    assert ("Max-Age=0" in answer["headers"].get("Set-Cookie", "")) == (cookie is not None or not everywhere)


def test_who_is_signed_in_accepts_an_invitation_with_a_button(deployment: Deployment, ann: str) -> None:
    context = deployment.context("globex-admin")
    made = invite(deployment, context, "/api/globex/invitations", email=ANN, roles=["auditor"])["json"]
    me, before = browser(deployment), held()
    shown = me.get("/account/invitation", token=made["token"])
    assert f'name="token" value="{made["token"]}"' in shown["body"]
    assert "globex" not in shown["body"]
    assert held()["UsersTable"] == before["UsersTable"]
    answer = me.post("/account/invitation", token=made["token"])
    assert answer["headers"]["Location"] == "../account?done=joined"
    assert "globex : auditor Sign in to globex" in text(me.get("/account"))
    again = me.post("/account/invitation", token=made["token"])
    assert (again["statusCode"], "It was used already" in text(again)) == (400, True)
    member = invite(deployment, email="else@people.example")["json"]["token"]
    twice = me.post("/account/invitation", token=member)
    assert (twice["statusCode"], "You are a member already." in text(twice)) == (409, True)


def test_a_made_up_invitation_opens_nothing(deployment: Deployment, ann: str) -> None:
    me, before = browser(deployment), held()
    for token in ("", "x", "dwp1.invitation.x"):
        answer = me.post("/account/invitation", token=token)
        assert (answer["statusCode"], "It was used already" in text(answer)) == (400, True)
    assert held() == before


def test_what_changes_something_is_no_link(deployment: Deployment, ann: str) -> None:
    me = browser(deployment)
    for path in ("/account/sign-out", "/account/verify-email"):
        assert me.get(path)["statusCode"] == 405
    assert me.is_signed_in
