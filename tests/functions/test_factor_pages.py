"""The pages of second factors and passkeys, as API Gateway asks for them."""

from __future__ import annotations

import base64
import json
import re
import time
from dataclasses import dataclass, field
from html import unescape
from typing import Any
from urllib.parse import quote, urlencode

import pytest

from doorward.factors import totp
from doorward.model.policy import SignInPolicy
from tests.functions.test_by_mail import _open, ann
from tests.functions.test_pages import BACK, FOREIGN, FORM, heading
from tests.support.authenticator import SoftAuthenticator
from tests.support.deployment import Answer, Deployment
from tests.support.people import PASSWORD

__all__ = ["ann"]

RP_ID, ORIGIN = "id.example", "https://id.example"
WRONG = "The code or the passkey is wrong"
PAGES = {
    "/account/factors": "Second factors",
    "/account/factors/app": "Add an authenticator app",
    "/account/factors/passkey": "Add a passkey",
    "/account/factors/recovery-codes": "Recovery codes",
    "/account/step-up": "Prove again that it is you",
}
FORMS = ("/account/factors/app", "/account/factors/passkey", "/account/factors/recovery-codes", "/account/step-up")


@pytest.fixture(autouse=True)
def _passkeys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PASSKEY_RP_ID", RP_ID)
    monkeypatch.setenv("PASSKEY_ORIGINS", ORIGIN)


def function_of(path: str) -> str:
    if path.startswith("/account/factors") or path == "/account/step-up":
        return "factor_pages"
    if path.endswith(("/second-factor", "/passkey")):
        return "second_factor_pages"
    return "account_pages" if path.startswith("/account") else "pages"


@dataclass
class Browser:
    """A browser that keeps the session cookie, an authenticator app and an authenticator."""

    deployment: Deployment
    cookie: str | None = None
    secret: bytes = b""
    codes: list[str] = field(default_factory=list)
    device: SoftAuthenticator = field(default_factory=lambda: SoftAuthenticator(RP_ID, ORIGIN))

    def get(self, path: str, **query: str) -> Answer:
        headers = {"Cookie": self.cookie} if self.cookie else {}
        return self.deployment.call(function_of(path), "GET", path, headers=headers, query=query or None)

    def post(self, path: str, more: dict[str, str] | None = None, /, **form: str) -> Answer:
        sent = FORM | ({"Cookie": self.cookie} if self.cookie else {}) | (more or {})
        answer = self.deployment.call(function_of(path), "POST", path, urlencode(form), headers=sent)
        for cookie in answer["multiValueHeaders"].get("Set-Cookie", []):
            if cookie.startswith("__Host-doorward="):
                self.cookie = cookie.partition(";")[0]
        return answer

    def sign_in(self, path: str = "/sign-in", **more: str) -> Answer:
        return self.post(path, name="ann", password=PASSWORD, **more)

    def code(self, steps_later: int = 0) -> str:
        """Return the code of the app; each works once."""
        return totp.code_at(self.secret, int(time.time()) // 30 + steps_later)

    def add_app(self) -> Answer:
        shown = self.post("/account/factors/app")
        (written,) = re.findall(r'<code id="secret">(\w+)</code>', shown["body"])
        self.secret = base64.b32decode(written)
        answer = self.post("/account/factors/app", code=self.code())
        self.codes = re.findall(r"<li><code>([\w-]+)</code></li>", answer["body"])
        return answer

    def add_passkey(self, name: str = "My phone", **quirks: Any) -> Answer:
        shown = self.get("/account/factors/passkey")
        (options,) = re.findall(r'data-options="([^"]+)"', shown["body"])
        made = self.device.create(json.loads(unescape(options)), **quirks)
        return self.post("/account/factors/passkey", name=name, passkey=json.dumps(made))

    def assertion(self, **quirks: Any) -> str:
        asked = self.deployment.call("second_factor", "POST", "/auth/passkey/options")
        return json.dumps(self.device.get(asked["json"]["options"], **quirks))

    @property
    def is_signed_in(self) -> bool:
        return self.deployment.authorize({"cookie": self.cookie or ""}).allowed


def browser(deployment: Deployment) -> Browser:
    """Return a browser in which ann is signed in."""
    found = Browser(deployment)
    assert found.sign_in()["statusCode"] == 303
    return found


def elsewhere(mine: Browser) -> Browser:
    """Return another browser of the same person, in which nobody is signed in."""
    return Browser(mine.deployment, None, mine.secret, mine.codes, mine.device)


def hidden(answer: Answer, name: str) -> str:
    found = re.search(rf'name="{name}" value="([^"]*)"', answer["body"])
    assert found, answer
    return unescape(found[1])


@pytest.mark.parametrize("path", PAGES)
def test_a_page_is_shown_and_has_a_script_only_where_a_passkey_is_used(
    deployment: Deployment, ann: str, path: str
) -> None:
    answer = browser(deployment).get(path)
    assert (answer["statusCode"], heading(answer)) == (200, PAGES[path])
    assert answer["headers"]["Cache-Control"] == "no-store"
    scripted = path in {"/account/factors/passkey", "/account/step-up"}
    assert ("script-src 'self'; connect-src 'self'" in answer["headers"]["Content-Security-Policy"]) == scripted
    assert not re.search(r"<style|<script>| style=| on\w+=", answer["body"])
    scripts = re.findall(r"<script [^>]*>", answer["body"])
    assert all(re.fullmatch(r'<script type="module" src="(\.\./)+assets/passkeys-\w{16}\.js">', one) for one in scripts)
    assert bool(scripts) == scripted


@pytest.mark.parametrize("path", ["/sign-in", "/t/acme/sign-in"])
def test_the_sign_in_offers_passkeys_only_where_there_are_some(
    deployment: Deployment, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    shown = Browser(deployment).get(path)
    assert 'autocomplete="username webauthn"' in shown["body"]
    assert "connect-src 'self'" in shown["headers"]["Content-Security-Policy"]
    (script,) = re.findall(r'src="[./]+/assets/([^"]+)"', shown["body"])
    loaded = deployment.call("well_known", "GET", f"/assets/{script}")
    assert loaded["headers"]["Content-Type"] == "text/javascript; charset=utf-8"
    assert "immutable" in loaded["headers"]["Cache-Control"]
    monkeypatch.delenv("PASSKEY_RP_ID")
    bare = Browser(Deployment([], [])).get(path)
    assert 'autocomplete="username"' in bare["body"]
    assert "passkey" not in bare["body"]
    assert "script-src" not in bare["headers"]["Content-Security-Policy"]


def test_a_tenant_that_asks_nobody_for_a_second_factor_offers_no_passkeys(deployment: Deployment) -> None:
    _open(sign_in=SignInPolicy(second_factor="off"))
    assert "passkey" not in Browser(deployment).get("/t/acme/sign-in")["body"]


def test_an_app_is_added_and_recovery_codes_are_shown_once(deployment: Deployment, ann: str) -> None:
    me = browser(deployment)
    before = me.cookie
    answer = me.add_app()
    assert (answer["statusCode"], heading(answer)) == (200, "Recovery codes")
    assert len(me.codes) == 10
    assert answer["headers"]["Cache-Control"] == "no-store"
    assert me.cookie != before
    assert me.is_signed_in
    assert not deployment.authorize({"cookie": before or ""}).allowed
    for path in ("/account/factors", "/account/factors/recovery-codes", "/account/factors/totp"):
        shown = me.get(path)["body"]
        assert not any(code in shown for code in me.codes)
    assert "Recovery codes left: 10." in me.get("/account/factors")["body"]


def test_the_secret_is_shown_once_as_a_drawing_and_as_text(deployment: Deployment, ann: str) -> None:
    me = browser(deployment)
    shown = me.post("/account/factors/app")
    assert "<svg viewBox=" in shown["body"]
    (secret,) = re.findall(r'<code id="secret">(\w+)</code>', shown["body"])
    wrong = me.post("/account/factors/app", code="000000")
    assert wrong["statusCode"] == 400
    assert WRONG in wrong["body"]
    assert "WWW-Authenticate" not in wrong["headers"]
    assert secret not in wrong["body"] + me.get("/account/factors/app")["body"] + str(wrong["headers"])
    assert "You have none yet." in me.get("/account/factors")["body"]


@pytest.mark.parametrize("root", ["", "/t/acme"])
@pytest.mark.parametrize("back", [None, BACK, "https://evil.example/"])
@pytest.mark.parametrize("way", ["totp", "recovery_code", "passkey"])
def test_a_sign_in_ends_with_each_factor_and_leads_back(
    deployment: Deployment, ann: str, root: str, back: str | None, way: str
) -> None:
    mine = browser(deployment)
    mine.add_app()
    mine.add_passkey()
    me = elsewhere(mine)
    asked = me.sign_in(f"{root}/sign-in", **({"return_to": back} if back else {}))
    assert (asked["statusCode"], heading(asked)) == (200, "Prove that it is you")
    assert me.cookie is None
    assert ('name="return_to"' in asked["body"]) == (back == BACK)
    presented = {"totp": me.code(1), "recovery_code": f" {me.codes[0].lower()} ", "passkey": me.assertion()}
    sent = {"challenge_id": hidden(asked, "challenge_id"), "ways": hidden(asked, "ways"), "return_to": back or ""}
    answer = me.post(f"{root}/sign-in/second-factor", **sent, **{way: presented[way]})
    assert answer["statusCode"] == 303, answer["body"]
    account = "../account" if not root else "../../../account"
    assert answer["headers"]["Location"] == (BACK if back == BACK else account)
    assert me.is_signed_in
    again = elsewhere(mine).post(f"{root}/sign-in/second-factor", **sent, **{way: presented[way]})
    assert (again["statusCode"], "Set-Cookie" in again["headers"]) == (400, False)


@pytest.mark.parametrize(
    "wrong",
    [
        {"totp": "000000"},
        {"totp": "1" * 5000},
        {"recovery_code": "AAAAA-AAAAA"},
        {"passkey": "{"},
        {"passkey": "[]"},
        {"passkey": "[" * 8000},
        {"passkey": '{"id": "x"}'},
        {"passkey": "x" * 9000},
        {"totp": "000000", "recovery_code": "AAAAA-AAAAA"},
        {},
    ],
)
def test_a_wrong_factor_shows_the_same_ways_again(deployment: Deployment, ann: str, wrong: dict[str, str]) -> None:
    mine = browser(deployment)
    mine.add_app()
    me = elsewhere(mine)
    asked = me.sign_in()
    sent = {"challenge_id": hidden(asked, "challenge_id"), "ways": hidden(asked, "ways")}
    answer = me.post("/sign-in/second-factor", **sent, **wrong)
    assert (answer["statusCode"], heading(answer)) == (400, "Prove that it is you")
    assert WRONG in answer["body"]
    assert me.cookie is None
    assert hidden(answer, "challenge_id") == sent["challenge_id"]
    assert 'name="totp"' in answer["body"]
    assert 'name="passkey"' not in answer["body"]
    assert not any(text[:100] in answer["body"] for text in wrong.values() if len(text) > 5)
    assert me.post("/sign-in/second-factor", **sent, totp=me.code(1))["statusCode"] == 303


@pytest.mark.parametrize("path", ["/sign-in/second-factor", "/t/acme/sign-in/second-factor", "/sign-in/passkey"])
def test_a_page_that_answers_a_form_alone_leads_to_the_sign_in(deployment: Deployment, path: str) -> None:
    answer = Browser(deployment).get(path)
    assert answer["statusCode"] == 303
    assert answer["headers"]["Location"] == ("../../../t/acme/sign-in" if "acme" in path else "../sign-in")


@pytest.mark.parametrize("root", ["", "/t/acme"])
def test_a_passkey_signs_in_without_a_name(deployment: Deployment, ann: str, root: str) -> None:
    mine = browser(deployment)
    added = mine.add_passkey()
    assert heading(added) == "Recovery codes"
    me = elsewhere(mine)
    made = me.assertion()
    answer = me.post(f"{root}/sign-in/passkey", passkey=made, return_to=BACK)
    assert (answer["statusCode"], answer["headers"].get("Location")) == (303, BACK)
    assert me.is_signed_in
    again = elsewhere(mine).post(f"{root}/sign-in/passkey", passkey=made)
    assert (again["statusCode"], heading(again)) == (400, "Sign in")
    assert WRONG in again["body"]


@pytest.mark.parametrize(
    "quirks",
    [{"user_verified": False}, {"origin": "https://evil.example"}, {"rp_id": "evil.example"}, {"bad_signature": True}],
)
def test_a_passkey_that_proves_nothing_signs_nobody_in(
    deployment: Deployment, ann: str, quirks: dict[str, Any]
) -> None:
    mine = browser(deployment)
    mine.add_passkey()
    me = elsewhere(mine)
    answer = me.post("/sign-in/passkey", passkey=me.assertion(**quirks))
    assert (answer["statusCode"], me.cookie) == (400, None)
    assert 'action="../sign-in"' in answer["body"]


def test_a_passkey_is_added_renamed_and_removed(deployment: Deployment, ann: str) -> None:
    me = browser(deployment)
    me.add_app()
    added = me.add_passkey("Blue <b>key</b>")
    assert added["headers"]["Location"] == "../../account/factors?done=passkey"
    shown = me.get("/account/factors")["body"]
    assert "Blue &lt;b&gt;key&lt;/b&gt;" in shown
    (path,) = re.findall(r'href="\.\./(account/factors/[\w-]{20,})"', shown)
    assert heading(me.get(f"/{path}")) == "Rename or remove a passkey"
    assert me.post(f"/{path}", act="rename", name="Green key")["statusCode"] == 303
    assert "Green key" in me.get("/account/factors")["body"]
    assert me.post(f"/{path}", act="remove")["headers"]["Location"] == "../../account/factors?done=removed"
    assert me.get(f"/{path}")["statusCode"] == 404
    other = elsewhere(me)
    refused = other.post("/sign-in/passkey", passkey=other.assertion())
    assert (refused["statusCode"], other.cookie) == (400, None)


def test_the_last_factor_stays_where_the_tenant_asks_for_one(deployment: Deployment, ann: str) -> None:
    me = browser(deployment)
    me.add_app()
    _open(sign_in=SignInPolicy(second_factor="required"))
    answer = me.post("/account/factors/totp", act="remove")
    assert answer["statusCode"] == 409
    assert "This is your last second factor" in answer["body"]


def test_who_must_enrol_a_factor_is_led_there_and_free_afterwards(deployment: Deployment, ann: str) -> None:
    _open(sign_in=SignInPolicy(second_factor="required"))
    me = browser(deployment)
    for path in ("/account", "/account/password", "/account/sessions", "/account/export"):
        led = me.get(path)
        assert led["statusCode"] == 303
        assert led["headers"]["Location"].endswith("account/factors")
    shown = me.get("/account/factors")["body"]
    assert "Nothing else works until you have one." in shown
    assert "account/sessions" not in shown
    answer = me.add_app()
    assert "account/sessions" in answer["body"]
    assert heading(me.get("/account")) == "Your account"


def test_who_has_a_factor_and_did_not_prove_it_is_led_to_the_step_up(deployment: Deployment, ann: str) -> None:
    old = browser(deployment)
    mine = browser(deployment)
    mine.add_app()
    old.secret = mine.secret
    assert old.get("/account")["headers"]["Location"].endswith("account/factors")
    assert old.get("/account/factors")["headers"]["Location"] == "../account/step-up?return_to=account"
    for path in ("/account/factors/app", "/account/factors/recovery-codes"):
        led = old.post(path)["headers"]["Location"]
        assert led == f"../../account/step-up?return_to={quote(path[1:], safe='')}"
    shown = old.get("/account/step-up", return_to="account/factors/app")
    assert "password" not in shown["body"].replace("account/password", "")
    back = hidden(shown, "return_to")
    wrong = old.post("/account/step-up", return_to=back, totp="000000")
    assert (wrong["statusCode"], heading(wrong)) == (400, PAGES["/account/step-up"])
    raised = old.post("/account/step-up", return_to=back, totp=old.code(1))
    assert (raised["statusCode"], raised["headers"]["Location"]) == (303, "../account/factors/app")
    assert heading(old.get("/account")) == "Your account"


@pytest.mark.parametrize(
    "back",
    [
        "https://evil.example/",
        "//evil.example",
        "/\\evil.example",
        "account/../x",
        "sign-in",
        "account/step-up",
        "",
        "x" * 3000,
    ],
)
def test_a_step_up_leads_to_pages_of_who_is_signed_in_alone(deployment: Deployment, ann: str, back: str) -> None:
    me = browser(deployment)
    assert hidden(me.get("/account/step-up", return_to=back), "return_to") == "account/factors"
    raised = me.post("/account/step-up", return_to=back, password=PASSWORD)
    assert raised["headers"]["Location"] == "../account/factors"


def test_a_sign_in_of_long_ago_changes_no_factor_before_the_password_is_typed_again(
    deployment: Deployment, ann: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("doorward.factors.keep.RECENT_SECONDS", -1)
    me = browser(deployment)
    led = me.get("/account/factors/passkey")
    assert led["headers"]["Location"] == "../../account/step-up?return_to=account%2Ffactors%2Fpasskey"
    wrong = me.post("/account/step-up", password="another one 17")
    assert (wrong["statusCode"], "Your current password is wrong." in wrong["body"]) == (403, True)
    before = me.cookie
    assert me.post("/account/step-up", password=PASSWORD, return_to="account/factors/passkey")["statusCode"] == 303
    assert me.cookie != before
    monkeypatch.undo()


def test_a_password_is_no_step_up_for_who_has_a_factor(deployment: Deployment, ann: str) -> None:
    me = browser(deployment)
    me.add_app()
    before = me.cookie
    assert me.post("/account/step-up", password=PASSWORD)["headers"]["Location"] == (
        "../account/step-up?return_to=account%2Ffactors"
    )
    assert me.cookie == before


def test_new_recovery_codes_are_shown_once_and_those_from_before_work_no_more(deployment: Deployment, ann: str) -> None:
    mine = browser(deployment)
    mine.add_app()
    shown = mine.post("/account/factors/recovery-codes")
    codes = re.findall(r"<li><code>([\w-]+)</code></li>", shown["body"])
    assert len(codes) == 10
    assert not set(codes) & set(mine.codes)
    me = elsewhere(mine)
    sent = {"challenge_id": hidden(me.sign_in(), "challenge_id")}
    assert me.post("/sign-in/second-factor", **sent, recovery_code=mine.codes[0])["statusCode"] == 400
    assert me.post("/sign-in/second-factor", **sent, recovery_code=codes[0])["statusCode"] == 303


@pytest.mark.parametrize("foreign", FOREIGN)
def test_no_form_of_another_origin_is_read(deployment: Deployment, ann: str, foreign: dict[str, str]) -> None:
    me = browser(deployment)
    me.add_app()
    for path in (*FORMS, "/account/factors/totp", "/sign-in/second-factor", "/t/acme/sign-in/passkey"):
        answer = me.post(path, foreign, act="remove", code=me.code(1), totp=me.code(1), password=PASSWORD)
        assert answer["statusCode"] == 403, path
        assert "Set-Cookie" not in answer["headers"]
    assert "Authenticator app" in me.get("/account/factors")["body"]


@pytest.mark.parametrize("path", [*PAGES, "/account/factors/totp"])
def test_who_is_not_signed_in_is_led_to_the_sign_in(deployment: Deployment, path: str) -> None:
    nobody = Browser(deployment)
    for answer in (nobody.get(path), *([nobody.post(path)] if path in FORMS else [])):
        assert answer["statusCode"] == 303
        assert answer["headers"]["Location"].endswith("/sign-in")


def test_the_origins_that_may_use_passkeys_are_published(
    deployment: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = deployment.call("well_known", "GET", "/.well-known/webauthn")
    assert answer["json"] == {"origins": [ORIGIN, "https://app.example", "https://second.example"]}
    assert answer["headers"]["Content-Type"] == "application/json"
    monkeypatch.delenv("PASSKEY_RP_ID")
    assert Deployment([], []).call("well_known", "GET", "/.well-known/webauthn")["statusCode"] == 404
