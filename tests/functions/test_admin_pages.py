"""The pages of administrators, as API Gateway asks for them."""

from __future__ import annotations

import base64
import logging
import re
import time
from html import unescape
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import boto3
import pytest

from doorward.factors import totp
from tests.functions.test_matrix import Stage
from tests.functions.test_pages import FOREIGN, FORM, heading
from tests.support.deployment import Answer, Deployment
from tests.support.full import also_when_full
from tests.support.people import PASSWORD, bearer

EVIL = "<b>&\"'{{7*7}}"


def function_of(path: str) -> str:
    return "tenant_pages" if re.search("service-tokens|policy|/tenants|audit", path) else "admin_pages"


class Browser:
    """Somebody's browser, with a session cookie; without a name nobody's."""

    def __init__(self, deployment: Deployment, username: str | None = None, password: str = PASSWORD) -> None:
        self.deployment = deployment
        self.headers: dict[str, str] = {}
        if username is not None:
            form = urlencode({"name": username, "password": password})
            answer = deployment.call("pages", "POST", "/sign-in", form, headers=FORM)
            assert answer["statusCode"] == 303, answer
            self.headers = {"Cookie": answer["multiValueHeaders"]["Set-Cookie"][0].partition(";")[0]}

    def get(self, path: str, **query: str) -> Answer:
        return self.deployment.call(function_of(path), "GET", path, headers=self.headers, query=query or None)

    def post(self, path: str, **form: str) -> Answer:
        return self.post_from({}, path, **form)

    def post_from(self, headers: dict[str, str], path: str, /, **form: str) -> Answer:
        sent = {**FORM, **self.headers, **headers}
        return self.deployment.call(function_of(path), "POST", path, urlencode(form), headers=sent)

    def done(self, path: str, **form: str) -> str:
        """Send a form that works, and return where it leads."""
        answer = self.post(path, **form)
        assert answer["statusCode"] == 303, answer["body"]
        assert answer["headers"]["Cache-Control"] == "no-store"
        return str(answer["headers"]["Location"])


@pytest.fixture
def admin(deployment: Deployment) -> Browser:
    """The browser of the administrator of acme."""
    return Browser(deployment, "acme-admin", "admin123")


@pytest.fixture
def platform(deployment: Deployment) -> Browser:
    """The browser of the platform's administrator."""
    return Browser(deployment, "admin", "admin123")


@pytest.fixture
def stage(deployment: Deployment) -> Stage:
    return Stage(deployment)


def said(answer: Answer) -> str:
    """Return what a page says was wrong."""
    found = re.search(r'role="alert".*?</div>', answer["body"], re.DOTALL)
    return unescape(found[0]) if found else ""


def once(answer: Answer) -> str:
    """Return what a page shows once."""
    assert answer["headers"]["Cache-Control"] == "no-store"
    (found,) = re.findall(r'id="once" value="([^"]+)"', answer["body"])
    return unescape(found)


def ids(answer: Answer) -> list[str]:
    """Return the ids of the rows that have a button or a link to confirm."""
    return re.findall(r'(?:name="subject" value="|subject=)([^"]+)"', answer["body"])


def user(stage: Stage, user_id: str) -> dict[str, Any]:
    found: dict[str, Any] = stage.ask("users", "GET", f"/users/{user_id}", stage.platform)["json"]
    return found


def test_the_way_in_leads_to_what_one_administers(admin: Browser, platform: Browser, deployment: Deployment) -> None:
    assert admin.get("/admin")["headers"]["Location"] == "./admin/t/acme/members"
    assert platform.get("/admin")["headers"]["Location"] == "./admin/tenants"
    assert Browser(deployment).get("/admin")["headers"]["Location"] == "./sign-in"


PAGES = {
    "/admin/t/{tenant}/members": "Members of {tenant}",
    "/admin/t/{tenant}/members/{user}": "Member somebody-of-{tenant}",
    "/admin/t/{tenant}/invitations": "Invitations to {tenant}",
    "/admin/t/{tenant}/service-tokens": "Service tokens of {tenant}",
    "/admin/t/{tenant}/policy": "Policy of {tenant}",
    "/admin/t/{tenant}/audit": "Audit trail of {tenant}",
    "/admin/tenants": "Organisations",
    "/admin/audit": "Audit trail of the platform",
}
OF_THE_PLATFORM = ("/admin/tenants", "/admin/audit")
CALLERS = ("nobody", "user", "admin", "neighbour", "platform_admin", "service", "bearer")
MAY = {
    (caller, path): (303 if caller in {"nobody", "service", "bearer"} else 404 if caller == "neighbour" else 403)
    for caller in CALLERS
    for path in PAGES
} | {
    **{("admin", path): 200 for path in PAGES},
    **{("platform_admin", path): 200 for path in PAGES},
    **{(caller, path): 403 for caller in ("admin", "neighbour") for path in OF_THE_PLATFORM},
}
"""What each caller gets from the pages of acme."""


def called(deployment: Deployment, caller: str) -> tuple[Browser, str]:
    """Return a browser of a caller, and the id of a user of acme."""
    stage = Stage(deployment)
    somebody = stage.make_user("acme", "somebody-of-acme")
    names = {"user": "somebody-of-acme", "neighbour": "globex-admin", "admin": "acme-admin", "platform_admin": "admin"}
    found = Browser(deployment)
    if caller in names:
        found = Browser(deployment, names[caller], PASSWORD if caller == "user" else "admin123")
    elif caller == "service":
        found.headers = bearer(str(stage.token("service")))
    elif caller == "bearer":
        found.headers = bearer(deployment.token("acme-admin", "admin123"))
    return found, somebody


@pytest.mark.parametrize("caller", CALLERS)
def test_each_page_is_for_those_who_administer_what_it_shows(deployment: Deployment, caller: str) -> None:
    browser, somebody = called(deployment, caller)
    for template, title in PAGES.items():
        path = template.format(tenant="acme", user=somebody)
        answer = browser.get(path)
        assert answer["statusCode"] == MAY[caller, template], (path, answer["body"])
        assert answer["headers"]["Cache-Control"] == "no-store"
        if answer["statusCode"] == 200:
            assert heading(answer) == title.format(tenant="acme")
            assert not re.search(r"<style|<script| style=| on\w+=", answer["body"])
            assert "style-src 'self'" in answer["headers"]["Content-Security-Policy"]
        elif answer["statusCode"] == 303:
            assert answer["headers"]["Location"].endswith("../sign-in")


POSTS: dict[str, dict[str, str]] = {
    "/admin/t/acme/members/{user}": {"act": "disable"},
    "/admin/t/acme/invitations": {"act": "invite", "email": "new@people.example"},
    "/admin/t/acme/service-tokens": {"act": "mint", "name": "robot"},
    "/admin/t/acme/policy": {"act": "policy", "version": "0", "sign_up": "open", "password": "on"},
    "/admin/tenants": {"act": "disable_tenant", "subject": "acme"},
}


def stored() -> dict[str, str]:
    """Return all that the tables have, but counters of attempts."""
    client = boto3.client("dynamodb")
    names = [name for name in client.list_tables()["TableNames"] if "Attempts" not in name]
    return {name: str(client.scan(TableName=name)["Items"]) for name in names}


@pytest.mark.parametrize("caller", [caller for caller in CALLERS if caller not in {"admin", "platform_admin"}])
def test_who_may_not_see_a_page_changes_nothing_by_it(deployment: Deployment, caller: str) -> None:
    browser, somebody = called(deployment, caller)
    before = stored()
    for template, form in POSTS.items():
        answer = browser.post(template.format(user=somebody), **form)
        assert answer["statusCode"] in {303, 403, 404}, answer["body"]
        if answer["statusCode"] == 303:
            assert answer["headers"]["Location"].endswith("../sign-in")
    assert stored() == before


@pytest.mark.parametrize("foreign", FOREIGN)
def test_no_page_of_another_origin_changes_anything(stage: Stage, platform: Browser, foreign: dict[str, str]) -> None:
    somebody = stage.make_user("acme")
    before = stored()
    for template, form in POSTS.items():
        answer = platform.post_from(foreign, template.format(user=somebody), **form)
        assert answer["statusCode"] == 403
        assert "another site" in answer["body"]
    assert stored() == before


def test_an_administrator_of_a_tenant_makes_no_tenant_and_disables_none(admin: Browser) -> None:
    before = stored()
    for form in ({"act": "create_tenant", "id": "mine"}, {"act": "disable_tenant", "subject": "globex"}):
        assert admin.post("/admin/tenants", **form)["statusCode"] == 403
    assert stored() == before


def test_a_user_of_another_tenant_is_no_member_here_for_anybody(
    stage: Stage, admin: Browser, platform: Browser
) -> None:
    stranger = stage.make_user("globex")
    for browser in (admin, platform):
        path = f"/admin/t/acme/members/{stranger}"
        assert browser.get(path)["statusCode"] == 404
        for act in ("roles", "disable", "link", "end_all", "delete", "remove"):
            assert browser.post(path, act=act, roles="admin")["statusCode"] == 404
    assert user(stage, stranger)["status"] == "active"


def test_members_are_found_and_come_in_pages(stage: Stage, admin: Browser) -> None:
    names = [f"person{number:02d}" for number in range(30)]
    for name in names:
        stage.make_user("acme", name)
    first = admin.get("/admin/t/acme/members")
    (more,) = re.findall(r'href="\?cursor=([^"]+)" rel="next"', first["body"])
    second = admin.get("/admin/t/acme/members", cursor=more.replace("%3D", "="))
    shown = re.findall(r'members/\w+">([^<]+)</a>', first["body"] + second["body"])
    assert sorted(shown) == sorted(["acme-admin", *names])
    found = admin.get("/admin/t/acme/members", name="PERSON07", status="active", role="user")
    assert re.findall(r'members/\w+">([^<]+)</a>', found["body"]) == ["person07"]
    assert 'name="name" value="PERSON07"' in found["body"]
    assert "Nobody was found" in admin.get("/admin/t/acme/members", email="a@b.example")["body"]
    for bad in ({"status": "odd"}, {"email": "x"}, {"role": "!"}, {"cursor": "x"}):
        answer = admin.get("/admin/t/acme/members", **bad)
        assert (answer["statusCode"], bool(said(answer))) == (400, True)


def test_roles_are_changed_and_what_is_wrong_is_shown_with_what_was_typed(stage: Stage, admin: Browser) -> None:
    kim = stage.make_user("acme", "kim")
    path = f"/admin/t/acme/members/{kim}"
    assert admin.done(path, act="roles", roles=" editor, admin").endswith(f"{path[1:]}?done=roles")
    assert user(stage, kim)["tenants"][0]["roles"] == ["admin", "editor"]
    assert "The roles are changed." in admin.get(path, done="roles")["body"]
    assert 'role="status"' not in admin.get(path, done="<b>")["body"]
    wrong = admin.post(path, act="roles", roles="Admin!")
    assert (wrong["statusCode"], 'name="roles" value="Admin!"' in wrong["body"]) == (400, True)
    assert "A role has" in said(wrong)
    assert "cannot be given" in said(admin.post(path, act="roles", roles="platform_admin"))


def test_the_last_administrator_stays_one(stage: Stage, admin: Browser, platform: Browser) -> None:
    own = stage.deployment.context("acme-admin", "admin123")["user_id"]
    path = f"/admin/t/acme/members/{own}"
    for form in ({"act": "roles", "roles": "user"}, {"act": "disable"}, {"act": "remove"}, {"act": "delete"}):
        answer = platform.post(path, **form)
        assert (answer["statusCode"], "An organisation needs an administrator." in said(answer)) == (409, True), form
    demoted = admin.post(path, act="roles", roles="user")
    assert (demoted["statusCode"], "Another administrator has to do this." in said(demoted)) == (409, True)
    assert 'name="act" value="roles"' not in admin.get(path)["body"]
    assert user(stage, own)["tenants"][0]["roles"] == ["admin"]


def test_an_administrator_of_the_platform_changes_the_member_in_the_pages_tenant(
    stage: Stage, platform: Browser
) -> None:
    kim = stage.make_user("globex", "kim")
    stage.ask("users", "PUT", f"/users/{kim}/tenants/acme", stage.platform, {"roles": ["user"]})
    platform.done(f"/admin/t/acme/members/{kim}", act="roles", roles="editor")
    roles = {each["tenant_id"]: each["roles"] for each in user(stage, kim)["tenants"]}
    assert roles == {"globex": ["user"], "acme": ["editor"]}
    assert platform.done(f"/admin/t/acme/members/{kim}", act="remove").endswith("acme/members?done=remove")
    assert [each["tenant_id"] for each in user(stage, kim)["tenants"]] == ["globex"]


def test_a_guest_is_shown_and_changed_as_far_as_the_api_lets(stage: Stage, admin: Browser) -> None:
    kim = stage.make_user("globex", "kim")
    stage.ask("users", "PATCH", f"/users/{kim}", stage.platform, {"email": "kim@globex.example"})
    stage.ask("users", "PUT", f"/users/{kim}/tenants/acme", stage.platform, {"roles": ["user"]})
    path = f"/admin/t/acme/members/{kim}"
    page = admin.get(path)["body"]
    assert not re.search('kim@globex|globex|value="link"|confirm=delete', page)
    for act in ("link", "delete", "remove"):
        answer = admin.post(path, act=act)
        assert (answer["statusCode"], "You may not do this." in said(answer)) == (403, True)
    admin.done(path, act="disable")
    assert "disabled" in admin.get(path)["body"]
    found = user(stage, kim)
    assert (found["status"], [each["status"] for each in found["tenants"]]) == ("active", ["active", "disabled"])


def test_who_is_disabled_is_signed_out_and_can_be_enabled(stage: Stage, admin: Browser) -> None:
    kim = stage.make_user("acme", "kim")
    token = stage.sign_in("kim")
    path = f"/admin/t/acme/members/{kim}"
    admin.done(path, act="disable")
    assert not stage.deployment.authorize(bearer(token)).allowed
    assert 'value="enable"' in admin.get(path)["body"]
    admin.done(path, act="enable")
    assert stage.sign_in("kim")


def test_a_link_for_a_new_password_is_shown_once_and_in_no_log(
    stage: Stage, admin: Browser, caplog: pytest.LogCaptureFixture
) -> None:
    kim = stage.make_user("acme", "kim")
    path = f"/admin/t/acme/members/{kim}"
    caplog.set_level(logging.DEBUG)
    link = once(admin.post(path, act="link"))
    assert link.startswith("https://id.example/links/password-reset?token=dwp1.")
    token = link.partition("token=")[2].partition("&")[0]
    assert token not in caplog.text + str([vars(line) for line in caplog.records])
    assert token not in admin.get(path)["body"]
    body = {"token": token, "password": "another horse battery"}
    answer = stage.deployment.call("accounts_by_mail", "POST", "/auth/password-reset/confirm", body)
    assert answer["statusCode"] == 204
    assert stage.sign_in("kim", "another horse battery")


def test_without_an_address_of_links_they_lead_to_the_very_deployment(
    stage: Stage, admin: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LINK_URL", "")
    kim = stage.make_user("acme", "kim")
    link = once(admin.post(f"/admin/t/acme/members/{kim}", act="link"))
    assert link.startswith("https://id.example/")
    assert "/links/password-reset?token=" in link


def test_a_link_for_a_new_password_is_mailed_to_who_has_an_address(stage: Stage, admin: Browser) -> None:
    kim = stage.make_user("acme", "kim")
    path = f"/admin/t/acme/members/{kim}"
    assert 'name="act" value="mail"' not in admin.get(path)["body"]
    refused = admin.post(path, act="mail")
    assert (refused["statusCode"], "Nothing can be mailed" in said(refused)) == (400, True)
    stage.ask("users", "PATCH", f"/users/{kim}", stage.platform, {"email": "kim@acme.example"})
    assert 'name="act" value="mail"' in admin.get(path)["body"]
    assert admin.done(path, act="mail").endswith("?done=mail")


@also_when_full
def test_sessions_are_listed_and_end_one_by_one_or_together(stage: Stage, admin: Browser) -> None:
    kim = stage.make_user("acme", "kim")
    tokens = [stage.sign_in("kim") for _ in range(3)]
    path = f"/admin/t/acme/members/{kim}"
    sessions = ids(admin.get(path))
    assert len(sessions) == 3
    admin.done(path, act="end", subject=sessions[0])
    assert len(ids(admin.get(path))) == 2
    gone = admin.post(path, act="end", subject=sessions[0])
    assert (gone["statusCode"], "not there any more" in said(gone)) == (404, True)
    admin.done(path, act="end_all")
    assert ids(admin.get(path)) == []
    assert not any(stage.deployment.authorize(bearer(token)).allowed for token in tokens)


def test_an_account_is_deleted_after_a_page_that_asks(stage: Stage, admin: Browser) -> None:
    kim = stage.make_user("acme", "kim")
    path = f"/admin/t/acme/members/{kim}"
    asked = admin.get(path, confirm="delete")
    assert heading(asked) == "Delete the account of kim?"
    assert user(stage, kim)
    assert heading(admin.get(path, confirm="nothing")) == "Member kim"
    assert admin.done(path, act="delete").endswith("t/acme/members?done=delete")
    assert admin.get(path)["statusCode"] == 404


def give_app(stage: Stage, username: str, user_id: str) -> None:
    """Let somebody enrol an authenticator app by the API."""
    context = stage.deployment.context(username, PASSWORD)
    begun = stage.ask("factors", "POST", "/users/me/factors/totp", context)["json"]
    (written,) = parse_qs(urlsplit(begun["uri"]).query)["secret"]
    code = totp.code_at(base64.b32decode(written), int(time.time()) // 30)
    stage.ask("factors", "POST", "/users/me/factors/totp/confirm", context, {"code": code})
    assert user(stage, user_id)["factors"] == ["totp", "recovery_code"]


def test_second_factors_are_shown_and_taken_away_after_a_page_that_asks(stage: Stage, admin: Browser) -> None:
    kim = stage.make_user("acme", "kim")
    path = f"/admin/t/acme/members/{kim}"
    assert "confirm=reset_factors" not in admin.get(path)["body"]
    give_app(stage, "kim", kim)
    shown = admin.get(path)
    assert "<dd>authenticator app, recovery codes</dd>" in shown["body"]
    assert "Take away all second factors of kim" in shown["body"]
    asked = admin.get(path, confirm="reset_factors")
    assert heading(asked) == "Take away all second factors of kim?"
    assert user(stage, kim)["factors"]
    assert admin.done(path, act="reset_factors").endswith(f"/members/{kim}?done=reset_factors")
    assert user(stage, kim)["factors"] == []
    after = admin.get(path, done="reset_factors")["body"]
    assert ("<dd>none</dd>" in after, "The second factors are gone" in after) == (True, True)
    assert ids(admin.get(path)) == []  # its sessions are over
    assert stage.sign_in("kim")


def test_nobody_takes_factors_away_that_guard_another_organisation_too(stage: Stage, admin: Browser) -> None:
    kim = stage.make_user("acme", "kim")
    give_app(stage, "kim", kim)
    stage.ask("users", "PUT", f"/users/{kim}/tenants/globex", stage.platform, {"roles": ["user"]})
    path = f"/admin/t/acme/members/{kim}"
    assert "confirm=reset_factors" not in admin.get(path)["body"]
    refused = admin.post(path, act="reset_factors")
    assert refused["statusCode"] == 403, said(refused)
    assert user(stage, kim)["factors"]


def with_session(**values: Any) -> None:
    """Change what all sessions say of their sign-ins."""
    client = boto3.client("dynamodb")
    (table,) = (name for name in client.list_tables()["TableNames"] if "RefreshTokens" in name)
    for item in client.scan(TableName=table)["Items"]:
        if "created_at_ms" in item:
            client.put_item(TableName=table, Item={**item, **values})


STEPPED_UP = {path: form for path, form in POSTS.items() if path != "/admin/tenants"} | {
    "/admin/t/acme/members/{user}": {"act": "roles", "roles": "editor"}
}


@pytest.mark.parametrize(
    "session",
    [{"authenticated_at_ms": {"N": "1"}}, {"amr": {"L": [{"S": "pwd"}, {"S": "rba"}]}}],
    ids=["a sign-in of long ago", "a remembered device"],
)
def test_who_is_not_sure_enough_is_led_to_prove_it_and_comes_back(
    stage: Stage, admin: Browser, session: dict[str, Any]
) -> None:
    somebody = stage.make_user("acme")
    with_session(**session)
    before = stored()
    reset = ("/admin/t/acme/members/{user}", {"act": "reset_factors"})
    for template, form in [*STEPPED_UP.items(), reset]:
        path = template.format(user=somebody)
        answer = admin.post(path, **form)
        assert answer["statusCode"] == 303, (path, answer["body"])
        place = urlsplit(answer["headers"]["Location"])
        root = "../" * (path.count("/") - 1)
        assert place.path == f"{root}account/step-up"
        assert parse_qs(place.query) == {"return_to": [path.strip("/")]}
        assert "Set-Cookie" not in answer["multiValueHeaders"]
        assert admin.get(path)["statusCode"] == 200
    assert stored() == before


def test_who_must_have_a_second_factor_is_led_to_enrol_one(stage: Stage, admin: Browser) -> None:
    admin.done("/admin/t/acme/policy", act="policy", version="0", sign_up="open", password="on", second_factor="admins")
    before = stored()
    somebody = "01JD8M3Q6W5ZK3V0Y2T7R9XA4B"
    for template, form in POSTS.items():
        path = template.format(user=somebody)
        for answer in (admin.get(path), admin.post(path, **form)):
            assert answer["statusCode"] == 303, answer["body"]
            assert answer["headers"]["Location"].endswith("../account/factors")
    assert stored() == before


def test_a_button_that_is_not_there_does_nothing(stage: Stage, platform: Browser) -> None:
    somebody = stage.make_user("acme")
    before = stored()
    for template in POSTS:
        for form in ({}, {"act": "odd", "version": "0"}):
            answer = platform.post(template.format(user=somebody), **form)
            assert answer["statusCode"] in {400, 409}, answer["body"]
    assert stored() == before


def test_somebody_is_invited_by_a_link_that_is_shown_once(
    stage: Stage, admin: Browser, caplog: pytest.LogCaptureFixture
) -> None:
    path, form = "/admin/t/acme/invitations", {"act": "invite", "email": "kim@people.example", "roles": "editor"}
    caplog.set_level(logging.DEBUG)
    shown = admin.post(path, **form, deliver="link")
    link = once(shown)
    assert link.startswith("https://id.example/links/invitation?token=dwp1.")
    token = link.partition("token=")[2].partition("&")[0]
    assert token not in caplog.text + str([vars(line) for line in caplog.records])
    listed = admin.get(path)
    assert ("kim@people.example" in listed["body"], token in listed["body"]) == (True, False)
    invited = ids(listed)[0]
    again = once(admin.post(path, act="resend", subject=invited, deliver="link"))
    assert again != link
    assert admin.done(path, act="revoke", subject=invited).endswith("invitations?done=revoke")
    assert "revoked" in admin.get(path)["body"]
    dead = {"token": again.partition("token=")[2].partition("&")[0], "password": PASSWORD, "username": "kim"}
    assert stage.deployment.call("invitations", "POST", "/auth/invitations/accept", dead)["statusCode"] == 400


def test_somebody_is_invited_by_mail_and_what_is_wrong_is_shown_with_what_was_typed(admin: Browser) -> None:
    path = "/admin/t/acme/invitations"
    assert admin.done(path, act="invite", email="kim@people.example", deliver="mail").endswith("?done=invite")
    wrong = admin.post(path, act="invite", email="kim", roles="editor")
    assert (wrong["statusCode"], 'name="email" type="email" value="kim"' in wrong["body"]) == (400, True)
    taken = admin.post(path, act="invite", email="admin@acme.example")
    assert (taken["statusCode"], "belongs to another account" in said(taken)) == (409, True)
    assert admin.post(path, act="revoke", subject="x")["statusCode"] == 404


def test_without_mail_links_alone_are_offered(admin: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MAIL_FROM", "")
    path = "/admin/t/acme/invitations"
    assert 'name="deliver"' not in admin.get(path)["body"]
    assert once(admin.post(path, act="invite", email="kim@people.example"))


def test_a_service_token_is_shown_once_works_and_dies_when_it_is_revoked(
    stage: Stage, admin: Browser, caplog: pytest.LogCaptureFixture
) -> None:
    path = "/admin/t/acme/service-tokens"
    caplog.set_level(logging.DEBUG)
    token = once(admin.post(path, act="mint", name="robot", hours="2"))
    assert token not in caplog.text + str([vars(line) for line in caplog.records])
    decided = stage.deployment.authorize(bearer(token))
    assert (decided.allowed, decided.context["roles"]) == (True, "service")
    listed = admin.get(path)
    assert ("robot" in listed["body"], token in listed["body"]) == (True, False)
    (minted,) = ids(listed)
    assert heading(admin.get(path, confirm="revoke", subject=minted)).startswith("Revoke the service token")
    assert heading(admin.get(path, confirm="revoke", subject="odd")) == "Service tokens of acme"
    assert stage.deployment.authorize(bearer(token)).allowed
    admin.done(path, act="revoke", subject=minted)
    assert not stage.deployment.authorize(bearer(token)).allowed
    assert ids(admin.get(path)) == []


@pytest.mark.parametrize(
    "form", [{"name": "A B"}, {"name": "robot", "hours": "x"}, {"name": "robot", "hours": "99999"}]
)
def test_a_service_token_that_breaks_a_rule_is_not_made(admin: Browser, form: dict[str, str]) -> None:
    answer = admin.post("/admin/t/acme/service-tokens", act="mint", **form)
    assert (answer["statusCode"], bool(said(answer))) == (400, True)
    assert f'name="name" value="{form["name"]}"' in answer["body"]
    assert 'id="once"' not in answer["body"]


def policy(stage: Stage) -> dict[str, Any]:
    found: dict[str, Any] = stage.ask("tenants", "GET", "/api/acme/policy", stage.platform)["json"]
    return found


def test_the_policy_is_changed_as_a_whole_and_an_empty_field_gives_the_default_back(
    stage: Stage, admin: Browser
) -> None:
    path = "/admin/t/acme/policy"
    form = {
        "act": "policy",
        "version": "0",
        "sign_up": "domain",
        "domains": "Acme.example\r\nb.example",
        "password": "on",
        "email_code": "on",
        "session_seconds": "600",
        "least_password_length": "12",
        "locale": "de-ch",
        "mail_from_name": "Acme",
        "mail_reply_to": "help@acme.example",
        "second_factor": "admins",
        "second_factor_grace_days": "14",
        "remember_device_days": "30",
        "audit_retention_days": "400",
    }
    assert admin.done(path, **form).endswith("policy?done=policy")
    found = policy(stage)
    assert (found["sign_up"], found["domains"]) == ("domain", ["acme.example", "b.example"])
    assert (found["methods"], found["session_seconds"]) == (["password", "email_code"], 600)
    assert (found["locale"], found["mail_reply_to"]) == ("de-CH", "help@acme.example")
    assert found["audit_retention_days"] == 400
    assert (found["second_factor"], found["second_factor_grace_days"], found["remember_device_days"]) == (
        "admins",
        14,
        30,
    )
    shown = admin.get(path)["body"]
    assert 'name="version" value="1"' in shown
    assert 'name="session_seconds" value="600"' in shown
    assert '<option value="admins" selected>' in shown
    assert 'name="second_factor_grace_days" value="14"' in shown
    admin.done(path, act="policy", version="1", sign_up="closed", password="on", second_factor="optional")
    assert policy(stage) == {
        "sign_up": "closed",
        "domains": [],
        "methods": ["password"],
        "second_factor": "optional",
        "second_factor_grace_days": 0,
        "remember_device_days": 0,
        "token_metadata": [],
    }


@pytest.mark.parametrize(
    ("form", "what"),
    [
        ({"sign_up": "odd"}, "sign_up"),
        ({"sign_up": "domain"}, "domains"),
        ({"session_seconds": "1"}, "session_seconds"),
        ({"session_seconds": "an hour"}, "session_seconds"),
        ({"locale": "!!"}, "locale"),
        ({"second_factor": "odd"}, "second_factor"),
        ({"second_factor_grace_days": "61"}, "second_factor_grace_days"),
        ({"remember_device_days": "x"}, "remember_device_days"),
        ({"audit_retention_days": "3651"}, "audit_retention_days"),
        ({"password": ""}, "methods"),
    ],
)
def test_a_policy_that_breaks_a_rule_is_shown_again_and_not_stored(
    stage: Stage, admin: Browser, form: dict[str, str], what: str
) -> None:
    sent = {"act": "policy", "version": "0", "sign_up": "open", "password": "on", **form}
    answer = admin.post("/admin/t/acme/policy", **sent)
    assert (answer["statusCode"], what in said(answer)) == (400, True), said(answer)
    assert policy(stage)["sign_up"] == "closed"


def test_a_page_that_says_nothing_of_second_factors_leaves_them_as_they_are(stage: Stage, admin: Browser) -> None:
    path, form = "/admin/t/acme/policy", {"act": "policy", "sign_up": "closed", "password": "on"}
    admin.done(path, **form, version="0", second_factor="off")
    admin.done(path, **form, version="1")
    assert policy(stage)["second_factor"] == "off"
    assert 'name="version" value="1"' in admin.get(path)["body"]  # nothing changed, so nothing was written


def test_who_looked_at_another_policy_changes_nothing(stage: Stage, admin: Browser) -> None:
    path = "/admin/t/acme/policy"
    admin.done(path, act="policy", version="0", sign_up="open", password="on")
    late = admin.post(path, act="policy", version="0", sign_up="closed", password="on")
    assert late["statusCode"] == 409
    assert 'name="version" value="1"' in late["body"]
    assert '<option value="open" selected>' in late["body"]
    assert policy(stage)["sign_up"] == "open"


def test_a_colour_that_few_can_read_is_refused_and_the_rest_of_the_page_stays(stage: Stage, admin: Browser) -> None:
    path = "/admin/t/acme/policy"
    admin.done(path, act="policy", version="0", sign_up="open", password="on", session_seconds="600")
    refused = admin.post(path, act="branding", version="1", name="Acme Ltd", accent="#777777")
    assert refused["statusCode"] == 400
    assert "4.47:1" in said(refused)
    assert 'name="name" value="Acme Ltd"' in refused["body"]
    assert 'name="session_seconds" value="600"' in refused["body"]
    assert '<option value="open" selected>' in refused["body"]
    assert "branding" not in policy(stage)
    admin.done(path, act="branding", version="1", name="Acme Ltd", accent="#B3261E", support="help@acme.example")
    assert policy(stage)["branding"] == {"name": "Acme Ltd", "accent": "#b3261e", "support": "help@acme.example"}
    assert policy(stage)["session_seconds"] == 600
    admin.done(path, act="branding", version="2")
    assert "branding" not in policy(stage)


def brand(deployment: Deployment, tenant_id: str) -> Answer:
    return deployment.call("pages", "GET", f"/t/{tenant_id}/brand.css", headers={})


def test_a_tenants_pages_have_its_name_colours_and_help_and_its_neighbours_do_not(
    deployment: Deployment, admin: Browser
) -> None:
    form = {"name": EVIL, "accent": "#b3261e", "accent_dark": "#f2b8b5", "support": f"{EVIL} }} body {{"}
    admin.done("/admin/t/acme/policy", act="branding", version="0", **form)
    own, page = brand(deployment, "acme"), deployment.call("pages", "GET", "/t/acme/sign-in", headers={})
    assert own["headers"]["Content-Type"] == "text/css; charset=utf-8"
    assert own["headers"]["Cache-Control"] == "public, max-age=60"
    assert own["body"] == (
        "@media (prefers-color-scheme: light) { :root { --accent: #b3261e } }\n"
        "@media (prefers-color-scheme: dark) { :root { --accent: #f2b8b5 } }\n"
    )
    assert '<link rel="stylesheet" href="../../t/acme/brand.css">' in page["body"]
    assert "<b>" not in page["body"]
    assert "49" not in page["body"].partition("<main")[2]
    assert EVIL in unescape(page["body"])
    for other in ("globex", "nowhere", "A.B"):
        assert (brand(deployment, other)["statusCode"], brand(deployment, other)["body"]) == (200, "")
    neighbour = deployment.call("pages", "GET", "/t/globex/sign-in", headers={})["body"]
    assert EVIL not in unescape(neighbour)
    assert "brand.css" not in deployment.call("pages", "GET", "/sign-in", headers={})["body"]


def test_tenants_are_created_disabled_after_a_page_that_asks_and_enabled(stage: Stage, platform: Browser) -> None:
    path = "/admin/tenants"
    assert platform.done(path, act="create_tenant", id="initech", name=EVIL).endswith("tenants?done=create_tenant")
    listed = platform.get(path)["body"]
    assert ("<b>" in listed, EVIL in unescape(listed)) == (False, True)
    taken = platform.post(path, act="create_tenant", id="initech")
    assert (taken["statusCode"], "given already" in said(taken)) == (409, True)
    bad = platform.post(path, act="create_tenant", id="A B")
    assert (bad["statusCode"], 'name="id" value="A B"' in bad["body"]) == (400, True)
    assert heading(platform.get(path, confirm="disable", subject="acme")) == "Disable the organisation acme?"
    assert platform.get(path, confirm="disable", subject="nowhere")["statusCode"] == 404
    session = Browser(stage.deployment, "acme-admin", "admin123")
    platform.done(path, act="disable_tenant", subject="acme")
    assert session.get("/admin/t/acme/members")["headers"]["Location"].endswith("../sign-in")
    platform.done(path, act="enable_tenant", subject="acme")
    assert Browser(stage.deployment, "acme-admin", "admin123").get("/admin/t/acme/members")["statusCode"] == 200


def test_what_a_member_calls_themselves_stays_text(stage: Stage, admin: Browser) -> None:
    kim = stage.make_user("acme", "kim")
    stage.ask("users", "PATCH", f"/users/{kim}", stage.platform, {"display_name": EVIL})
    agent = {"name": "kim", "password": PASSWORD}
    stage.deployment.call("pages", "POST", "/sign-in", urlencode(agent), headers=FORM)
    for path in ("/admin/t/acme/members", f"/admin/t/acme/members/{kim}"):
        page = admin.get(path)["body"]
        assert ("<b>" in page, EVIL in unescape(page)) == (False, True)
    assert "<b>" not in admin.get(f"/admin/t/acme/members/{kim}", confirm="delete")["body"]


def test_who_must_change_the_password_first_is_led_to_do_that(stage: Stage, deployment: Deployment) -> None:
    kim = stage.make_user("acme", "kim", "admin")
    stage.ask("users", "PATCH", f"/users/{kim}", stage.platform, {"password_change_required": True})
    answer = Browser(deployment, "kim").get("/admin/t/acme/members")
    assert answer["headers"]["Location"].endswith("../account/password")


def test_the_way_in_may_end_with_a_slash(admin: Browser) -> None:
    assert admin.get("/admin/")["headers"]["Location"] == "../admin/t/acme/members"
