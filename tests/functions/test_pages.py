"""The pages of who is not signed in, as API Gateway asks for them."""

from __future__ import annotations

import re
from urllib.parse import quote, urlencode

import pytest

from doorward.model.policy import SignInPolicy
from doorward_pages.returns import return_address
from tests.functions.test_by_mail import Mail, _open, ann
from tests.support.deployment import Answer, Deployment
from tests.support.people import PASSWORD, bearer

__all__ = ["ann"]

FORM = {"Content-Type": "application/x-www-form-urlencoded", "Sec-Fetch-Site": "same-origin", "Origin": "null"}
BACK = "https://app.example/inbox?folder=1#top"


def get(deployment: Deployment, path: str, **query: str) -> Answer:
    return deployment.call("pages", "GET", path, headers={}, query=query or None)


def post(deployment: Deployment, path: str, *headers: dict[str, str], **form: str) -> Answer:
    sent = {name: value for each in (FORM, *headers) for name, value in each.items()}
    return deployment.call("pages", "POST", path, urlencode(form), headers=sent)


def heading(answer: Answer) -> str:
    found = re.search(r"<h1>(.*?)</h1>", answer["body"])
    assert found, answer
    return found[1]


PAGES = {
    "/": "Sign-in and accounts",
    "/sign-in": "Sign in",
    "/t/acme/sign-in": "Sign in",
    "/t/nowhere/sign-in": "Sign in",
    "/sign-in/code": "Sign in with a code by mail",
    "/t/acme/sign-in/code": "Sign in with a code by mail",
    "/t/acme/sign-up": "Create an account",
    "/forgot-password": "Set a new password",
    "/t/acme/forgot-password": "Set a new password",
    "/organisations": "Which organisations do I belong to?",
    "/signed-out": "You are signed out",
}


@pytest.mark.standard("RFC 9700 4.2.4.a", "RFC 9700 4.16.a", "RFC 9700 4.16.b")
@pytest.mark.parametrize("path", PAGES)
def test_a_page_is_shown_and_nothing_may_keep_or_frame_it(deployment: Deployment, path: str) -> None:
    answer = get(deployment, path)
    assert (answer["statusCode"], heading(answer)) == (200, PAGES[path])
    assert answer["headers"]["Content-Type"] == "text/html; charset=utf-8"
    assert answer["headers"]["Cache-Control"] == "no-store"
    assert "default-src 'none'; style-src 'self'" in answer["headers"]["Content-Security-Policy"]
    assert "frame-ancestors 'none'" in answer["headers"]["Content-Security-Policy"]
    assert answer["headers"]["X-Frame-Options"] == "DENY"
    assert "Set-Cookie" not in answer["headers"]
    assert not re.search(r"<style|<script| style=| on\w+=", answer["body"])


@pytest.mark.parametrize(
    ("url", "is_local"),
    [("http://localhost:8080", True), ("https://id.example", False), ("https://localhost.example", False), ("", False)],
)
def test_the_home_page_of_a_local_cloud_alone_leads_to_what_that_has(
    deployment: Deployment, monkeypatch: pytest.MonkeyPatch, url: str, is_local: bool
) -> None:
    monkeypatch.setenv("LINK_URL", url)
    assert ('href="./_local"' in get(deployment, "/")["body"]) == is_local


@pytest.mark.standard("RFC 9700 2.1.c")
@pytest.mark.parametrize(
    ("path", "form"),
    [
        ("/sign-in", {"name": "acme-admin", "password": "admin123"}),
        ("/sign-in", {"name": "admin@acme.example", "organisation": " ACME ", "password": "admin123"}),
        ("/t/acme/sign-in", {"name": "admin@acme.example", "password": "admin123"}),
    ],
)
def test_who_signs_in_gets_the_cookies_and_is_led_to_the_account(
    deployment: Deployment, path: str, form: dict[str, str]
) -> None:
    answer = post(deployment, path, **form)
    assert (answer["statusCode"], answer["body"]) == (303, "")
    assert answer["headers"]["Location"] == ("./account" if path == "/sign-in" else "../../account")
    session, device = answer["multiValueHeaders"]["Set-Cookie"]
    assert device.startswith("__Host-doorward-device=")
    assert session.endswith("; Path=/; Secure; HttpOnly; SameSite=Lax")
    assert deployment.authorize({"cookie": session.partition(";")[0]}).allowed


@pytest.mark.parametrize(
    ("form", "said", "status"),
    [
        ({"name": "acme-admin", "password": "wrong"}, "The name or the password is wrong.", 400),
        ({"name": "nobody", "password": "wrong"}, "The name or the password is wrong.", 400),
        ({"name": "acme-admin"}, "The name or the password is wrong.", 400),
        ({"name": "admin@acme.example", "password": "admin123"}, "An e-mail address needs a tenant_id.", 400),
        ({"name": "admin@acme.example", "password": "admin123", "organisation": "!"}, "tenant", 400),
        ({}, "The name or the password is wrong.", 400),
    ],
)
def test_a_wrong_sign_in_shows_the_form_again_and_never_the_password(
    deployment: Deployment, form: dict[str, str], said: str, status: int
) -> None:
    answer = post(deployment, "/sign-in", **form)
    assert (answer["statusCode"], heading(answer)) == (status, "Sign in")
    assert said in answer["body"]
    assert "Set-Cookie" not in answer["headers"]
    assert not re.search(r'type="password"[^>]* value=', answer["body"])
    assert f'value="{form.get("name", "")}"' in answer["body"]


FOREIGN = [
    {"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"},
    {"Sec-Fetch-Site": "same-site", "Origin": "https://evil.example"},
    {"Sec-Fetch-Site": "cross-site", "Origin": "https://app.example"},
    {"Sec-Fetch-Site": "same-site", "Origin": "null"},
]


@pytest.mark.standard("ASVS 7.6.2")
@pytest.mark.parametrize("foreign", FOREIGN)
@pytest.mark.parametrize("path", ["/sign-in", "/t/acme/sign-in"])
def test_no_page_of_another_origin_signs_anybody_in(deployment: Deployment, path: str, foreign: dict[str, str]) -> None:
    answer = post(deployment, path, foreign, name="acme-admin", password="admin123")
    assert answer["statusCode"] == 403
    assert "Set-Cookie" not in answer["headers"]
    assert "Access-Control-Allow-Origin" not in answer["headers"]


def test_who_came_from_an_application_is_led_back_there(deployment: Deployment) -> None:
    shown = get(deployment, "/sign-in", return_to=BACK)
    assert f'name="return_to" value="{BACK}"' in shown["body"]
    assert "form-action 'self' https://app.example" in shown["headers"]["Content-Security-Policy"]
    assert f"sign-in/code?return_to={quote(BACK, safe='/')}" in shown["body"]
    answer = post(deployment, "/sign-in", name="acme-admin", password="admin123", return_to=BACK)
    assert answer["headers"]["Location"] == BACK


ELSEWHERE = [
    "https://evil.example/",
    "https://app.example.evil.example/",
    "https://app.example@evil.example/",
    "https://app.example\\@evil.example/",
    "https://app.example:444/",
    "http://app.example/",
    "//app.example/",
    "/account",
    "javascript:alert(1)",
    "https://app.example/\r\nSet-Cookie: a=b",
    "https://app.example /",
    "https://[app.example/",
    "https://APP.example/",
    "https://app.example/" + "a" * 3000,
    "",
]


@pytest.mark.standard("RFC 9700 2.1.b")
@pytest.mark.parametrize("address", ELSEWHERE)
def test_nobody_is_led_anywhere_else(deployment: Deployment, address: str) -> None:
    assert return_address(address, ("https://app.example", "https://second.example")) is None
    shown = get(deployment, "/sign-in", return_to=address)
    assert "return_to" not in shown["body"]
    assert "evil" not in shown["headers"]["Content-Security-Policy"]
    answer = post(deployment, "/sign-in", name="acme-admin", password="admin123", return_to=address)
    assert answer["headers"]["Location"] == "./account"
    assert "return_to" not in get(deployment, "/signed-out", return_to=address)["body"]


def test_a_code_is_asked_for_and_signs_in(deployment: Deployment, ann: None) -> None:
    _open(sign_in=SignInPolicy(methods=("password", "email_code")))
    context = deployment.authorize(bearer(deployment.token("ann", PASSWORD))).context
    verify = deployment.call("accounts_by_mail", "POST", "/auth/verify-email", context=context)
    proof = Mail().by_link(verify)
    deployment.call("accounts_by_mail", "POST", "/auth/verify-email/confirm", proof)
    asked = post(deployment, "/t/acme/sign-in/code", name="ann@people.example")
    assert heading(asked) == "Type the code of the mail"
    (challenge_id,) = re.findall(r'name="challenge_id" value="([^"]+)"', asked["body"])
    wrong = post(deployment, "/t/acme/sign-in/code", challenge_id=challenge_id, code="000000")
    assert (wrong["statusCode"], "The code is wrong, or works no longer." in wrong["body"]) == (400, True)
    code = Mail().by_code({"json": {"challenge_id": challenge_id}})["code"]
    answer = post(deployment, "/t/acme/sign-in/code", challenge_id=challenge_id, code=f" {code[:3]} {code[3:]} ")
    assert answer["statusCode"] == 303
    assert len(answer["multiValueHeaders"]["Set-Cookie"]) == 2


def test_asking_answers_the_same_for_everybody(deployment: Deployment, ann: None) -> None:
    _open(sign_up="open")
    for path, known, unknown in (
        ("/t/acme/forgot-password", {"name": "ann@people.example"}, {"name": "bob@people.example"}),
        ("/forgot-password", {"name": "acme-admin"}, {"name": "nobody"}),
        ("/organisations", {"email": "ann@people.example"}, {"email": "bob@people.example"}),
        ("/t/acme/sign-up", {"email": "ann@people.example"}, {"email": "bob@people.example"}),
    ):
        answers = [post(deployment, path, **form) for form in (known, unknown)]
        assert [answer["statusCode"] for answer in answers] == [200, 200]
        assert answers[0]["body"] == answers[1]["body"]
        assert heading(answers[0]) == "Look into your mail"


def test_who_may_not_sign_up_is_told_so_and_bad_addresses_are_shown_again(deployment: Deployment) -> None:
    closed = post(deployment, "/t/acme/sign-up", email="bob@people.example")
    assert (closed["statusCode"], "Nobody can sign up here" in closed["body"]) == (403, True)
    for path, form in (
        ("/t/acme/sign-up", {"email": "x"}),
        ("/t/acme/sign-up", {}),
        ("/organisations", {"email": "x"}),
        ("/forgot-password", {"name": "bob@people.example"}),
        ("/t/acme/sign-in/code", {"name": "bob"}),
    ):
        answer = post(deployment, path, **form)
        assert answer["statusCode"] == 400, (path, answer["statusCode"])
        assert 'role="alert"' in answer["body"]


@pytest.mark.parametrize("path", ["/sign-in/code", "/t/acme/sign-up", "/forgot-password", "/organisations"])
def test_without_mail_there_are_no_pages_that_need_it(
    deployment: Deployment, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    monkeypatch.setenv("MAIL_FROM", "")
    assert get(deployment, path)["statusCode"] == 404
    assert post(deployment, path, email="a@b.example", name="x")["statusCode"] == 404
    assert not re.search("code|forgot|organisations", get(deployment, "/sign-in")["body"].partition("</form>")[2])


@pytest.mark.parametrize("path", ["/t/UPPER/sign-in", "/t/a.b/sign-in"])
def test_a_path_that_names_no_tenant_is_an_error_page(deployment: Deployment, path: str) -> None:
    answer = get(deployment, path)
    assert answer["statusCode"] == 400
    assert answer["headers"]["Content-Type"] == "text/html; charset=utf-8"


@pytest.mark.parametrize(
    ("path", "reads"), [("/", 0), ("/sign-in", 0), ("/t/acme/sign-in", 1), ("/t/acme/sign-in/code", 1)]
)
def test_a_page_reads_what_its_tenant_decided_once_and_nothing_else(
    deployment: Deployment, path: str, reads: int
) -> None:
    deployment.count()
    get(deployment, path)
    assert deployment.count() == ["GetItem"] * reads
