"""The flows by mail over HTTP: what is answered, to whom, and what is not."""

from __future__ import annotations

from typing import Any

import boto3
import pytest

from doorward.aws.dynamodb.client import BotoDatabase
from doorward.aws.dynamodb.items import Tables
from doorward.aws.dynamodb.policies import DynamoPolicies
from doorward.aws.dynamodb.proofs import DynamoProofs
from doorward.aws.dynamodb.revocations import RevocationWriter
from doorward.keys.mac import MacKeyring
from doorward.model import SignInPolicy, TenantId, TenantPolicy
from doorward.model.proofs import Proof, ProofId
from doorward.tokens.proofs import ProofTexts
from tests.support.deployment import Answer, Deployment
from tests.support.full import also_when_full
from tests.support.people import PASSWORD, bearer

NEW = "an utterly new one 7"
ANN = "Ann@people.example"


class Mail:
    """Reads the proofs that functions stored, as their mails would tell."""

    def __init__(self) -> None:
        secret = boto3.client("secretsmanager").get_secret_value(SecretId="RefreshMacSecret")["SecretString"]
        self.texts = ProofTexts(MacKeyring(lambda: secret, lambda: 1))
        self.store = DynamoProofs(BotoDatabase(boto3.client("dynamodb")), "ProofsTable")

    def proof(self, answer: Answer) -> Proof:
        found = self.store.get(ProofId(answer["json"]["challenge_id"].split(".")[2]))
        assert found is not None
        return found

    def by_code(self, answer: Answer, **more: Any) -> dict[str, Any]:
        challenge_id = answer["json"]["challenge_id"]
        return {"challenge_id": challenge_id, "code": self.texts.code(self.proof(answer)), **more}

    def by_link(self, answer: Answer, **more: Any) -> dict[str, Any]:
        return {"token": self.texts.token(self.proof(answer)), **more}


@pytest.fixture
def ann(deployment: Deployment) -> str:
    """A user of acme with an address."""
    body = {"username": "ann", "email": ANN, "password": PASSWORD, "tenant_id": "acme"}
    created = deployment.call("users", "POST", "/users", body, context=deployment.context("admin"))
    assert created["statusCode"] == 201, created
    return str(created["json"]["id"])


def _open(**members: Any) -> None:
    database = BotoDatabase(boto3.client("dynamodb"))
    writer = RevocationWriter(database, Tables("UsersTable", revocations="RevocationsTable"))
    DynamoPolicies(database, "UsersTable", writer.markers).change(TenantId("acme"), TenantPolicy(version=1, **members))


@pytest.mark.parametrize("root", ["", "/api/acme"])
@pytest.mark.parametrize("by", ["by_code", "by_link"])
def test_a_password_is_reset(deployment: Deployment, ann: str, root: str, by: str) -> None:
    del ann
    old = deployment.token("ann", PASSWORD)
    where = {} if root else {"tenant_id": "acme"}
    asked = deployment.call(
        "accounts_by_mail", "POST", f"{root}/auth/password-reset", {"email": ANN.lower(), "locale": "de", **where}
    )
    assert (asked["statusCode"], sorted(asked["json"])) == (202, ["challenge_id", "code_expires_in"])
    body = getattr(Mail(), by)(asked, password=NEW)
    path = f"{root}/auth/password-reset/confirm"
    assert deployment.call("accounts_by_mail", "POST", path, body)["statusCode"] == 204
    again = deployment.call("accounts_by_mail", "POST", path, body)
    assert (again["statusCode"], again["json"]["code"]) == (400, "invalid_proof")
    assert not deployment.authorize(bearer(old)).allowed
    assert deployment.sign_in("ann", PASSWORD)["statusCode"] == 401
    assert deployment.sign_in("ann", NEW)["statusCode"] == 200


@pytest.mark.parametrize("root", ["", "/api/acme"])
def test_somebody_signs_up_and_is_signed_in(deployment: Deployment, root: str) -> None:
    _open(sign_up="open")
    where = {} if root else {"tenant_id": "acme"}
    asked = deployment.call("sign_up", "POST", f"{root}/auth/sign-up", {"email": ANN, "display_name": "Ann", **where})
    assert asked["statusCode"] == 202
    body = Mail().by_code(asked, password=NEW, username="ann")
    signed_up = deployment.call("sign_up", "POST", f"{root}/auth/sign-up/confirm", body)
    assert signed_up["statusCode"] == 201
    assert ("Set-Cookie" in signed_up["multiValueHeaders"]) == (root == "")
    context = deployment.authorize(bearer(signed_up["json"]["access_token"])).context
    me = deployment.call("users", "GET", "/users/me", context=context)["json"]
    assert (me["username"], me["email"], me["display_name"]) == ("ann@acme", ANN, "Ann")
    assert "email_verified_at" in me


@pytest.mark.parametrize("root", ["", "/api/acme"])
def test_somebody_signs_in_with_a_code(deployment: Deployment, ann: str, root: str) -> None:

    _open(sign_in=SignInPolicy(methods=("password", "email_code")))
    context = deployment.authorize(bearer(deployment.token("ann", PASSWORD))).context
    asked = deployment.call("accounts_by_mail", "POST", "/auth/verify-email", context=context)
    path = "/auth/verify-email/confirm"
    assert deployment.call("accounts_by_mail", "POST", path, Mail().by_link(asked))["statusCode"] == 204
    where = {} if root else {"tenant_id": "acme"}
    asked = deployment.call("email_codes", "POST", f"{root}/auth/email-code", {"email": ANN, **where})
    signed_in = deployment.call("email_codes", "POST", f"{root}/auth/email-code/confirm", Mail().by_code(asked))
    assert signed_in["statusCode"] == 200
    assert deployment.authorize(bearer(signed_in["json"]["access_token"])).context["user_id"] == ann


@pytest.mark.parametrize("flow", ["sign_up", "email_codes"])
@also_when_full
def test_a_link_signs_in_and_ends_the_session_of_the_cookie_that_came_with_it(
    deployment: Deployment, ann: str, flow: str
) -> None:
    del ann
    _open(sign_up="open", sign_in=SignInPolicy(methods=("password", "email_code")))
    session = deployment.sign_in("ann", PASSWORD)
    headers = {"Cookie": session["headers"]["Set-Cookie"].partition(";")[0], "Origin": "https://app.example"}
    assert deployment.authorize(headers).allowed
    context = deployment.authorize(bearer(session["json"]["access_token"])).context
    asked = deployment.call("accounts_by_mail", "POST", "/auth/verify-email", context=context)
    path = "/auth/verify-email/confirm"
    assert deployment.call("accounts_by_mail", "POST", path, Mail().by_link(asked))["statusCode"] == 204
    path = {"sign_up": "/auth/sign-up", "email_codes": "/auth/email-code"}[flow]
    more = {"password": NEW, "username": "bob"} if flow == "sign_up" else {}
    asked = deployment.call(flow, "POST", path, {"email": "bob@people.example" if more else ANN, "tenant_id": "acme"})
    body = Mail().by_link(asked, **more)
    if flow == "email_codes":
        body["challenge_id"] = asked["json"]["challenge_id"]
    signed_in = deployment.call(flow, "POST", f"{path}/confirm", body, headers=headers)
    assert signed_in["statusCode"] in {200, 201}, signed_in
    assert not deployment.authorize(headers).allowed


def test_an_address_is_changed_and_changed_back(deployment: Deployment, ann: str) -> None:
    context = deployment.authorize(bearer(deployment.token("ann", PASSWORD))).context
    asked = deployment.call("accounts_by_mail", "POST", "/auth/verify-email", context=context)
    path = "/auth/verify-email/confirm"
    assert deployment.call("accounts_by_mail", "POST", path, Mail().by_code(asked))["statusCode"] == 204
    body = {"email": "new@people.example", "current_password": PASSWORD}
    asked = deployment.call("accounts_by_mail", "POST", "/users/me/email", body, context=context)
    assert asked["statusCode"] == 202
    path = "/auth/email-change/confirm"
    assert deployment.call("accounts_by_mail", "POST", path, Mail().by_code(asked))["statusCode"] == 204
    me = deployment.call("users", "GET", "/users/me", context=context)["json"]
    assert me["email"] == "new@people.example"
    items = boto3.client("dynamodb").scan(TableName="ProofsTable")["Items"]
    (undo,) = (item for item in items if item["kind"]["S"] == "email_undo")
    mail = Mail()
    proof = mail.store.get(ProofId(undo["proof_id"]["S"]))
    assert proof is not None
    undone = deployment.call("accounts_by_mail", "POST", "/auth/email-change/undo", {"token": mail.texts.token(proof)})
    assert undone["statusCode"] == 204
    admin = deployment.context("admin")
    assert deployment.call("users", "GET", f"/users/{ann}", context=admin)["json"]["email"] == ANN
    assert deployment.sign_in("ann", PASSWORD)["statusCode"] == 401


def test_an_administrator_passes_a_link_on(deployment: Deployment, ann: str) -> None:
    admin = deployment.context("acme-admin")
    path = f"/users/{ann}/password-reset"
    mailed = deployment.call("accounts_by_mail", "POST", path, context=admin)
    assert (mailed["statusCode"], mailed["json"]) == (202, {"deliver": "mail", "expires_in": 3600})
    linked = deployment.call("accounts_by_mail", "POST", path, {"deliver": "link"}, context=admin)["json"]
    body = {"token": linked["token"], "password": NEW}
    confirm = "/auth/password-reset/confirm"
    assert deployment.call("accounts_by_mail", "POST", confirm, body)["statusCode"] == 204
    assert deployment.sign_in("ann", NEW)["statusCode"] == 200


def test_known_and_unknown_addresses_get_the_same_answer_for_the_same_requests(
    deployment: Deployment, ann: str
) -> None:
    del ann
    _open(sign_up="open")
    for function, flow in (
        ("accounts_by_mail", "password-reset"),
        ("email_codes", "email-code"),
        ("sign_up", "sign-up"),
    ):
        seen = []
        for address in (ANN, "nobody@people.example", ANN, "nobody2@people.example"):
            deployment.count()
            answer = deployment.call(function, "POST", f"/api/acme/auth/{flow}", {"email": address})
            answer["json"]["challenge_id"] = len(answer["json"]["challenge_id"])
            headers = {name: value for name, value in answer["multiValueHeaders"].items() if name != "Date"}
            seen.append((answer["statusCode"], answer["json"], headers, deployment.count()))
        assert seen[2] == seen[1] == seen[3]  # the first reads the secret
        assert seen[0][:3] == seen[1][:3]


def test_finding_tenants_answers_nothing(deployment: Deployment, ann: str) -> None:
    del ann
    for address in (ANN, "nobody@people.example"):
        answer = deployment.call("accounts_by_mail", "POST", "/auth/find-tenants", {"email": address})
        assert (answer["statusCode"], answer["body"]) == (202, "")


@pytest.mark.parametrize(
    ("function", "path"),
    [
        ("sign_up", "/auth/sign-up"),
        ("sign_up", "/api/acme/auth/sign-up/confirm"),
        ("email_codes", "/auth/email-code"),
        ("email_codes", "/api/acme/auth/email-code/confirm"),
        ("accounts_by_mail", "/auth/password-reset"),
        ("accounts_by_mail", "/auth/find-tenants"),
        ("accounts_by_mail", "/auth/verify-email/confirm"),
        ("accounts_by_mail", "/auth/email-change/undo"),
    ],
)
def test_without_mail_there_is_no_such_path(
    deployment: Deployment, monkeypatch: pytest.MonkeyPatch, function: str, path: str
) -> None:
    monkeypatch.delenv("MAIL_FROM")
    for body in ({"email": ANN}, {}, "x"):
        answer = deployment.call(function, "POST", path, body)
        assert (answer["statusCode"], answer["json"]["code"]) == (404, "not_found")


def test_without_mail_an_administrator_passes_links_on(
    deployment: Deployment, ann: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("MAIL_FROM")
    path = f"/users/{ann}/password-reset"
    linked = deployment.call("accounts_by_mail", "POST", path, context=deployment.context("acme-admin"))["json"]
    assert linked["deliver"] == "link"
    body = {"token": linked["token"], "password": NEW}
    confirm = "/api/acme/auth/password-reset/confirm"
    assert deployment.call("accounts_by_mail", "POST", confirm, body)["statusCode"] == 204


BAD: dict[str, Any] = {
    "nothing": None,
    "not json": "{",
    "no members": {},
    "wrong types": {"email": 1, "token": [], "password": {}},
    "unknown member": {"email": ANN, "token": "x", "password": NEW, "admin": True},
    "long address": {"email": "x" * 10_000 + "@people.example"},
    "header injection": {"email": "ann@people.example\r\nBcc: all@people.example"},
    "no address": {"email": "ann"},
    "half a code": {"code": "123456", "password": NEW},
    "both": {"token": "x", "challenge_id": "y", "code": "1", "password": NEW},
    "garbage": {"token": "\u0000é", "password": NEW},
    "long token": {"token": "x" * 30_000, "password": NEW},
    "language": {"email": ANN, "locale": "../../etc"},
}


@pytest.mark.parametrize(
    ("function", "path"),
    [
        ("sign_up", "/api/acme/auth/sign-up"),
        ("sign_up", "/auth/sign-up/confirm"),
        ("email_codes", "/auth/email-code/confirm"),
        ("accounts_by_mail", "/auth/find-tenants"),
        ("accounts_by_mail", "/auth/password-reset/confirm"),
        ("accounts_by_mail", "/auth/verify-email/confirm"),
        ("accounts_by_mail", "/auth/email-change/undo"),
    ],
)
def test_bad_bodies_are_refused_with_a_code(deployment: Deployment, function: str, path: str) -> None:
    _open(sign_up="open")
    for name, body in BAD.items():
        answer = deployment.call(function, "POST", path, body)
        wanted = {"invalid_request", "invalid_proof", "unacceptable_name"}
        if name == "nothing":
            wanted |= {"unsupported_media_type"}
        assert answer["statusCode"] in {400, 415}, (name, answer)
        assert answer["json"]["code"] in wanted, (name, answer)


@pytest.mark.standard("ASVS 7.6.2")
def test_another_sites_page_begins_no_session_with_a_code(deployment: Deployment) -> None:
    headers = {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"}
    code = {"challenge_id": "x", "code": "1"}
    for function, path, body in (
        ("email_codes", "/auth/email-code/confirm", code),
        ("sign_up", "/auth/sign-up/confirm", {**code, "password": NEW}),
    ):
        answer = deployment.call(function, "POST", path, body, headers=headers)
        assert (answer["statusCode"], answer["json"]["code"]) == (403, "cross_site_request")
