"""The pages behind links, as API Gateway asks for them: GET changes nothing, and POST works once."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlencode

import boto3
import pytest

from doorward.model.proofs import ProofId
from doorward_pages.links import PAGES
from tests.functions.test_by_mail import ANN, NEW, Mail, _open, ann
from tests.support.deployment import Answer, Deployment
from tests.support.people import PASSWORD, bearer

__all__ = ["ann"]

FORM = {"Content-Type": "application/x-www-form-urlencoded"}
HOSTILE = "\"'><script>alert(1)</script>{{ 7*7 }}{% raw %}%(name)s\r\nSet-Cookie: a=b"


def get(deployment: Deployment, kind: str, method: str = "GET", language: str = "", **query: str) -> Answer:
    headers = {"Accept-Language": language}
    return deployment.call("links", method, f"/links/{kind}", headers=headers, query=query or None)


def post(deployment: Deployment, kind: str, **form: str) -> Answer:
    return deployment.call("links", "POST", f"/links/{kind}", urlencode(form), headers=FORM)


def heading(answer: Answer) -> str:
    found = re.search(r"<h1>(.*?)</h1>", answer["body"])
    assert found, answer["body"]
    return found[1]


def _stored() -> list[list[dict[str, Any]]]:
    client = boto3.client("dynamodb")
    found = [client.scan(TableName=name)["Items"] for name in sorted(client.list_tables()["TableNames"])]
    return [sorted(items, key=repr) for items in found]


class Links:
    """Makes a live link of each kind, and says what its form holds."""

    def __init__(self, deployment: Deployment) -> None:
        self.deployment = deployment
        self.mail = Mail()
        _open(sign_up="open")

    def ask(self, function: str, path: str, body: Any = None, context: dict[str, str] | None = None) -> Answer:
        asked = self.deployment.call(function, "POST", path, body, context=context)
        assert asked["statusCode"] in {201, 202}, asked
        return asked

    def token(self, kind: str) -> str:
        if kind == "email-undo":  # of an address that the user had proved
            assert post(self.deployment, "verify-email", token=self.token("verify-email"))["statusCode"] == 200
            assert post(self.deployment, "email-change", token=self.token("email-change"))["statusCode"] == 200
            items = boto3.client("dynamodb").scan(TableName="ProofsTable")["Items"]
            (undo,) = (item for item in items if item["kind"]["S"] == "email_undo")
            proof = self.mail.store.get(ProofId(undo["proof_id"]["S"]))
            assert proof is not None
            return self.mail.texts.token(proof)
        if kind == "invitation":
            body = {"email": "bob@people.example", "deliver": "link"}
            admin = self.deployment.context("acme-admin")
            return str(self.ask("invitations", "/api/acme/invitations", body, admin)["json"]["token"])
        return str(self.mail.by_link(self._asked(kind))["token"])

    def _asked(self, kind: str) -> Answer:
        if kind == "sign-up":
            return self.ask("sign_up", "/api/acme/auth/sign-up", {"email": "cleo@people.example"})
        if kind == "password-reset":
            return self.ask("accounts_by_mail", "/api/acme/auth/password-reset", {"email": ANN})
        context = self.deployment.authorize(bearer(self.deployment.token("ann", PASSWORD))).context
        if kind == "verify-email":
            return self.ask("accounts_by_mail", "/auth/verify-email", context=context)
        body = {"email": "new@people.example", "current_password": PASSWORD}
        return self.ask("accounts_by_mail", "/users/me/email", body, context)


FORMS: dict[str, dict[str, str]] = {
    "sign-up": {"password": NEW, "username": "cleo"},
    "password-reset": {"password": NEW},
    "verify-email": {},
    "email-change": {},
    "email-undo": {},
    "invitation": {"password": NEW, "username": ""},
}


@pytest.mark.parametrize("kind", FORMS)
def test_a_link_may_be_fetched_often_and_its_form_works_once(deployment: Deployment, ann: str, kind: str) -> None:
    del ann
    token = Links(deployment).token(kind)
    before = _stored()
    deployment.count()
    reads = deployment.count_secrets()
    for method in ("GET", "HEAD") * 5:
        shown = get(deployment, kind, method, token=token, tenant="acme")
        assert shown["statusCode"] == 200
    assert (deployment.count(), deployment.count_secrets(), _stored()) == ([], reads, before)
    assert f'name="token" value="{token}"' in shown["body"]
    done = post(deployment, kind, token=token, **FORMS[kind])
    assert (done["statusCode"], heading(done) == heading(shown)) == (200, False), done["body"]
    assert "<form" not in done["body"]
    assert "Set-Cookie" not in done["multiValueHeaders"]
    after = _stored()
    assert after != before
    again = post(deployment, kind, token=token, **FORMS[kind])
    assert (again["statusCode"], heading(again)) == (400, "This link works no longer")
    assert _stored() == after


@pytest.mark.standard("ASVS 7.6.2")
def test_somebody_signs_in_with_what_the_form_made_and_no_session_was_begun(deployment: Deployment, ann: str) -> None:
    del ann
    links = Links(deployment)
    for kind, name in (("password-reset", "ann"), ("sign-up", "cleo@acme")):
        token = links.token(kind)
        sessions = boto3.client("dynamodb").scan(TableName="RefreshTokensTable")["Count"]
        assert post(deployment, kind, token=token, **FORMS[kind])["statusCode"] == 200
        assert boto3.client("dynamodb").scan(TableName="RefreshTokensTable")["Count"] == sessions
        assert deployment.sign_in(name, NEW)["statusCode"] == 200
    token = links.token("invitation")
    assert post(deployment, "invitation", token=token, password=NEW)["statusCode"] == 200
    body = {"email": "bob@people.example", "password": NEW}
    assert deployment.call("login", "POST", "/api/acme/auth/login", body)["statusCode"] == 200


@pytest.mark.parametrize(
    ("form", "status", "said"),
    [
        ({"password": "short"}, 400, "at least 8 characters"),
        ({"password": "x" * 2000}, 400, "at most 1024 characters"),
        ({}, 400, "Choose a password."),
        ({"password": ""}, 400, "Choose a password."),
        ({"password": NEW, "username": "a b"}, 400, "A user name has"),
        ({"password": NEW, "username": "acme-admin"}, 409, "This user name is taken."),
        ({"password": NEW, "username": HOSTILE}, 400, "A user name has"),
    ],
)
def test_what_is_wrong_is_said_and_the_form_can_be_sent_again_without_the_password(
    deployment: Deployment, form: dict[str, str], status: int, said: str
) -> None:
    made = {"username": "acme-admin@acme", "password": PASSWORD, "tenant_id": "acme"}
    deployment.call("users", "POST", "/users", made, context=deployment.context("admin"))
    token = Links(deployment).token("sign-up")
    answer = post(deployment, "sign-up", token=token, **form)
    assert (answer["statusCode"], said in answer["body"]) == (status, True), answer["body"]
    assert 'role="alert"' in answer["body"]
    assert f'name="token" value="{token}"' in answer["body"]
    assert "<script" not in answer["body"]
    assert NEW not in answer["body"]
    assert "x" * 50 not in answer["body"]
    assert post(deployment, "sign-up", token=token, password=NEW)["statusCode"] == 200


@pytest.mark.parametrize("kind", FORMS)
def test_a_token_that_is_none_is_a_dead_link(deployment: Deployment, kind: str) -> None:
    other = Links(deployment).token("invitation" if kind == "sign-up" else "sign-up")
    for token in ("", "x", other, HOSTILE, "é\0", "x" * 9000):
        answer = post(deployment, kind, token=token, **FORMS[kind])
        assert (answer["statusCode"], heading(answer)) == (400, "This link works no longer"), token
    assert get(deployment, kind)["statusCode"] == 400


@pytest.mark.parametrize("kind", PAGES)
def test_hostile_text_stays_text(deployment: Deployment, kind: str) -> None:
    plain = get(deployment, kind, token="t")
    answer = get(deployment, kind, token=HOSTILE, tenant=HOSTILE, utm_source=HOSTILE, language=HOSTILE)
    assert answer["statusCode"] == 200
    assert re.findall(r"<(\w+)", answer["body"]) == re.findall(r"<(\w+)", plain["body"])
    assert "{{ 7*7 }}" in answer["body"] or not PAGES[kind].does_something
    assert set(answer["multiValueHeaders"]) == set(plain["multiValueHeaders"])
    assert "acme" not in get(deployment, kind, token="t", tenant="acme")["body"]


@pytest.mark.parametrize("kind", ["", "x", "signup", "sign_up", HOSTILE, "..", "password-reset%2F", "x" * 300])
def test_an_unknown_kind_is_a_page_that_says_so(deployment: Deployment, kind: str) -> None:
    for answer in (get(deployment, kind, token="t"), post(deployment, kind, token="t")):
        assert (answer["statusCode"], heading(answer)) == (404, "There is no such page")
        assert answer["headers"]["Content-Type"] == "text/html; charset=utf-8"
        assert "<script" not in answer["body"]


@pytest.mark.parametrize("kind", PAGES)
def test_without_mail_there_are_the_pages_of_links_that_administrators_hand_over(
    deployment: Deployment, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("MAIL_FROM")
    handed_over = kind in {"invitation", "password-reset"}
    assert get(deployment, kind, token="t")["statusCode"] == (200 if handed_over else 404)
    assert post(deployment, kind, token="t")["statusCode"] == (400 if handed_over else 404)


@pytest.mark.parametrize("enabled", ["true", "false", ""])
def test_an_invitation_leads_to_the_account_where_there_are_such_pages(
    deployment: Deployment, enabled: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PAGES_ENABLED", enabled)
    led = 'href="../account/invitation?token=a%22b"' in get(deployment, "invitation", token='a"b')["body"]
    assert led == (enabled == "true")


@pytest.mark.standard("RFC 9700 4.2.4.a", "RFC 9700 4.16.a", "RFC 9700 4.16.b")
def test_a_page_is_kept_by_nobody_framed_by_nobody_and_tells_nobody_its_address(deployment: Deployment) -> None:
    answers = [
        get(deployment, "password-reset", token="t"),
        post(deployment, "password-reset", token="t", password=NEW),
        get(deployment, "nothing"),
        deployment.call("links", "PUT", "/links/password-reset"),
        deployment.call("links", "POST", "/links/password-reset", "{}"),
    ]
    assert [answer["statusCode"] for answer in answers] == [200, 400, 404, 405, 415]
    for answer in answers:
        headers = answer["headers"]
        assert headers["Content-Type"] == "text/html; charset=utf-8"
        assert (headers["Cache-Control"], headers["Referrer-Policy"]) == ("no-store", "no-referrer")
        assert (headers["X-Content-Type-Options"], headers["X-Robots-Tag"]) == ("nosniff", "noindex")
        assert headers["X-Frame-Options"] == "DENY"
        policy = headers["Content-Security-Policy"].split("; ")
        assert {"default-src 'none'", "form-action 'self'", "base-uri 'none'", "frame-ancestors 'none'"} < set(policy)
        assert "unsafe" not in headers["Content-Security-Policy"]
        assert "Set-Cookie" not in answer["multiValueHeaders"]
    assert answers[3]["headers"]["Allow"] == "GET, HEAD, POST"


def test_a_code_is_typed_elsewhere(deployment: Deployment) -> None:
    assert set(PAGES) - set(FORMS) == {"email-code"}
    shown = get(deployment, "email-code", token="t")
    assert (shown["statusCode"], "<form" in shown["body"]) == (200, False)
    refused = post(deployment, "email-code", token="t")
    assert (refused["statusCode"], refused["headers"]["Allow"]) == (405, "GET, HEAD")


@pytest.mark.parametrize("body", ["", "&&&", "=", "token=%ff", "token=a&token=b", "a=1&" * 50, "x" * 40_000, "\ud800"])
def test_bad_forms_are_refused_with_a_page(deployment: Deployment, body: str) -> None:
    answer = deployment.call("links", "POST", "/links/verify-email", body, headers=FORM)
    assert answer["statusCode"] in {400, 413}
    assert "<h1>" in answer["body"]


def test_the_name_is_that_of_the_links_and_no_header_changes_it(
    deployment: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    headers = {"Host": "evil.example", "X-Forwarded-Host": "evil.example"}
    for url, name in (("https://login.acme.example/links", "login.acme.example"), ("", "id.example")):
        monkeypatch.setenv("LINK_URL", url)
        deployment._modules.clear()
        answer = deployment.call("links", "GET", "/links/verify-email", headers=headers, query={"token": "t"})
        assert heading(answer) == f"Confirm your e-mail address for {name}"
        assert "evil" not in answer["body"]


@pytest.mark.parametrize(("language", "lang"), [("de-CH, en;q=0.5", "de"), ("fr;q=0.3,es", "es"), ("zz", "en")])
def test_a_page_speaks_the_browsers_language(deployment: Deployment, language: str, lang: str) -> None:
    for kind in ("sign-up", "nothing"):
        assert f'<html lang="{lang}">' in get(deployment, kind, language=language, token="t")["body"]
