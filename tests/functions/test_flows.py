"""The functions together: sign in, call, refresh, revoke, sign out."""

from __future__ import annotations

import re
from functools import partial

import jwt
import pytest

from doorward.errors import Misconfigured
from scripts import initialize_security
from tests.support.deployment import ISSUER, Deployment, Stack
from tests.support.full import also_when_full
from tests.support.people import PASSWORD, bearer


def test_the_main_job(deployment: Deployment) -> None:
    first = deployment.sign_in("acme-admin")
    assert set(first["json"]) == {
        "access_token",
        "token_type",
        "expires_in",
        "refresh_token",
        "refresh_expires_in",
        "session_id",
        "device_token",
    }
    assert first["headers"]["Cache-Control"] == "no-store"
    cookie, _, attributes = first["headers"]["Set-Cookie"].partition("; ")
    assert cookie.startswith("__Host-doorward=dws1.acme.")
    assert set(attributes.split("; ")) == {"Max-Age=86400", "Path=/", "Secure", "HttpOnly", "SameSite=Lax"}
    context = deployment.authorize(bearer(first["json"]["access_token"])).context
    me = deployment.call("users", "GET", "/users/me", context=context)["json"]
    assert (me["username"], me["tenants"][0]["roles"]) == ("acme-admin", ["admin"])
    second = deployment.call("refresh", "POST", "/auth/refresh", {"refresh_token": first["json"]["refresh_token"]})
    assert second["statusCode"] == 200
    assert deployment.authorize({"cookie": cookie}).allowed
    out = deployment.call("logout", "POST", "/auth/logout", headers=bearer(second["json"]["access_token"]))
    assert out["statusCode"] == 204
    assert "Max-Age=0" in out["headers"]["Set-Cookie"]
    for headers in (
        bearer(first["json"]["access_token"]),
        bearer(second["json"]["access_token"]),
        {"cookie": cookie},
    ):
        assert deployment.authorize(headers).refusal == "denied"


def test_a_tenants_own_path_never_gives_a_cookie(deployment: Deployment) -> None:
    body = {"email": "admin@acme.example", "password": "admin123"}
    answer = deployment.call("login", "POST", "/api/acme/auth/login", body)
    assert answer["statusCode"] == 200
    assert "Set-Cookie" not in answer["headers"]
    for path in ("/api/globex/auth/login", "/api/nowhere/auth/login"):
        assert deployment.call("login", "POST", path, body)["json"]["code"] == "invalid_credentials"
    assert deployment.call("login", "POST", "/api/ACME/auth/login", body)["json"]["code"] == "invalid_request"


def test_a_refresh_in_another_tenants_path_is_refused(deployment: Deployment) -> None:
    token = deployment.sign_in("acme-admin")["json"]["refresh_token"]
    wrong = deployment.call("refresh", "POST", "/api/globex/auth/refresh", {"refresh_token": token})
    assert wrong["json"]["error"] == "invalid_grant"
    body = {"refresh_token": token, "tenant_id": "globex"}
    assert deployment.call("refresh", "POST", "/auth/refresh", body)["json"]["error"] == "invalid_grant"
    assert deployment.call("refresh", "POST", "/api/acme/auth/refresh", {"refresh_token": token})["statusCode"] == 200


@pytest.mark.standard("RFC 7009 2.1.a")
@also_when_full
def test_the_form_of_oauth_clients_is_understood(deployment: Deployment) -> None:
    token = deployment.sign_in("acme-admin")["json"]["refresh_token"]
    form = {"Content-Type": "application/x-www-form-urlencoded; charset=UTF-8"}
    body = f"grant_type=refresh_token&refresh_token={token}&client_id=web&scope=ignored"
    assert deployment.call("refresh", "POST", "/auth/token/refresh", body, headers=form)["statusCode"] == 200
    twice = f"refresh_token={token}&refresh_token={token}"
    assert (
        deployment.call("refresh", "POST", "/auth/token/refresh", twice, headers=form)["json"]["error"]
        == "invalid_request"
    )
    revoked = deployment.call("revoke", "POST", "/auth/token/revoke", f"token={token}", headers=form)
    assert (revoked["statusCode"], revoked["body"]) == (200, "")
    assert (
        deployment.call("refresh", "POST", "/auth/refresh", {"refresh_token": token})["json"]["error"]
        == "invalid_grant"
    )


@pytest.mark.standard("RFC 9068 2.2.a", "RFC 9068 4.b", "RFC 9068 4.f", "RFC 9700 2.6.a")
def test_an_access_token_verifies_offline_from_the_published_keys(deployment: Deployment) -> None:
    token = deployment.token("acme-admin")
    jwks = deployment.call("well_known", "GET", "/.well-known/jwks.json")
    assert jwks["headers"]["Cache-Control"] == "public, max-age=300"
    key = jwt.PyJWKSet.from_dict(jwks["json"])[jwt.get_unverified_header(token)["kid"]]
    claims = jwt.decode(token, key, algorithms=["ES256"], audience="doorward", issuer=ISSUER)
    assert {"iss", "aud", "sub", "user_id", "tenant_id", "roles", "client_id", "sid", "jti", "iat", "exp"} <= set(
        claims
    )
    assert jwt.get_unverified_header(token)["typ"] == "at+jwt"
    metadata = deployment.call("well_known", "GET", "/.well-known/openid-configuration")["json"]
    assert metadata["issuer"] == ISSUER
    server = deployment.call("well_known", "GET", "/.well-known/oauth-authorization-server")["json"]
    assert metadata.items() >= server.items()


def test_users_are_created_read_listed_changed_and_deleted(deployment: Deployment) -> None:
    admin = deployment.context("acme-admin")
    body = {"password": PASSWORD, "username": "bob", "email": "bob@acme.example", "roles": ["user", "auditor"]}
    created = deployment.call("users", "POST", "/users", body, context=admin)
    assert created["statusCode"] == 201
    path = created["headers"]["Location"]
    assert deployment.call("users", "GET", path, context=admin)["json"] == created["json"]
    again = deployment.call("users", "POST", "/users", body, context=admin)
    assert (again["statusCode"], again["json"]["code"]) == (409, "username_taken")
    page = deployment.call("users", "GET", "/users", context=admin, query={"limit": "1"})["json"]
    rest = deployment.call("users", "GET", "/users", context=admin, query={"cursor": page["next_cursor"]})["json"]
    assert {item["username"] for item in page["items"] + rest["items"]} == {"acme-admin", "bob@acme"}
    foreign = deployment.context("globex-admin")
    assert deployment.call("users", "GET", path, context=foreign)["statusCode"] == 404
    stolen = deployment.call("users", "GET", "/users", context=foreign, query={"cursor": page["next_cursor"]})
    assert stolen["json"]["code"] == "invalid_cursor"
    changed = deployment.call("users", "PATCH", path, {"display_name": "Bob", "email": None}, context=admin)["json"]
    assert changed["display_name"] == "Bob"
    assert "email" not in changed
    assert deployment.call("users", "DELETE", path, context=foreign)["statusCode"] == 404
    assert deployment.call("users", "DELETE", path, context=admin)["statusCode"] == 204
    assert deployment.call("users", "GET", path, context=admin)["statusCode"] == 404


@pytest.mark.standard("ASVS 6.2.2", "ASVS 6.2.3")
def test_a_password_change_by_its_owner(deployment: Deployment) -> None:
    admin = deployment.context("acme-admin")
    body = {"password": PASSWORD, "username": "bob", "password_change_required": True}
    deployment.call("users", "POST", "/users", body, context=admin)
    token = deployment.token("bob@acme", PASSWORD)
    restricted = deployment.authorize(bearer(token)).context
    refused = deployment.call("users", "GET", "/users/me", context=restricted)
    assert (refused["statusCode"], refused["json"]["code"]) == (403, "password_change_required")
    wrong = {"password": "a whole new one", "current_password": "wrong"}
    assert deployment.call("users", "PATCH", "/users/me", wrong, context=restricted)["json"]["code"] == "wrong_password"
    right = {"password": "a whole new one", "current_password": PASSWORD}
    assert deployment.call("users", "PATCH", "/users/me", right, context=restricted)["statusCode"] == 200
    free = deployment.authorize(bearer(token)).context
    assert deployment.call("users", "GET", "/users/me", context=free)["statusCode"] == 200


def test_a_cross_site_request_on_the_cookie_is_refused(deployment: Deployment) -> None:
    cookie = deployment.sign_in()["headers"]["Set-Cookie"].partition(";")[0]
    evil = {"cookie": cookie, "origin": "https://evil.example"}
    context = deployment.authorize(evil, "POST").context
    refused = deployment.call("users", "POST", "/users", {"password": PASSWORD}, context=context)
    assert (refused["statusCode"], refused["json"]["code"]) == (403, "cross_site_request")
    out = deployment.call("logout", "GET", "/auth/logout", headers={"cookie": cookie, "sec-fetch-site": "cross-site"})
    assert out["json"]["code"] == "cross_site_request"
    assert deployment.authorize({"cookie": cookie}).allowed
    for referer in ({}, {"referer": "https://evil.example/page"}):
        out = deployment.call("logout", "GET", "/auth/logout", headers={"cookie": cookie, **referer})
        assert out["json"]["code"] == "cross_site_request"
    own = {"cookie": cookie, "referer": "https://app.example/account"}
    assert deployment.call("logout", "GET", "/auth/logout", headers=own)["statusCode"] == 204


@pytest.mark.standard("ASVS 7.6.2")
def test_another_site_begins_no_web_session(deployment: Deployment) -> None:
    body = {"username": "acme-admin", "password": "admin123"}
    for headers in ({"sec-fetch-site": "cross-site"}, {"origin": "https://evil.example"}):
        answer = deployment.call("login", "POST", "/auth/login", body, headers=headers)
        assert (answer["statusCode"], answer["json"]["code"]) == (403, "cross_site_request")
    assert deployment.call("login", "POST", "/auth/login", body, headers={"origin": "https://app.example"})["json"]


@pytest.mark.standard("ASVS 7.2.4")
@also_when_full
def test_a_sign_in_remembers_the_device_and_ends_the_browsers_old_session(deployment: Deployment) -> None:
    first = deployment.sign_in("acme-admin")
    session, device = (cookie.partition(";")[0] for cookie in first["multiValueHeaders"]["Set-Cookie"])
    assert device == f"__Host-doorward-device={first['json']['device_token']}"
    body = {"username": "acme-admin", "password": "admin123"}
    again = deployment.call("login", "POST", "/auth/login", body, headers={"cookie": f"{session}; {device}"})
    renewed = again["multiValueHeaders"]["Set-Cookie"][1].partition(";")[0]
    assert renewed.split(".")[:3] == device.split(".")[:3]
    assert deployment.authorize({"cookie": session}).refusal == "denied"
    assert deployment.authorize(bearer(first["json"]["access_token"])).refusal == "denied"
    assert deployment.authorize({"cookie": again["headers"]["Set-Cookie"].partition(";")[0]}).allowed


@pytest.mark.parametrize("dead", ["garbage", "signed out"])
def test_a_dead_bearer_beside_a_live_cookie_ends_the_cookies_family(deployment: Deployment, dead: str) -> None:
    token = dead
    if dead == "signed out":
        token = deployment.token("acme-admin")
        deployment.call("logout", "POST", "/auth/logout", headers=bearer(token))
    signed_in = deployment.sign_in("acme-admin")
    cookie = signed_in["headers"]["Set-Cookie"].partition(";")[0]
    out = deployment.call("logout", "POST", "/auth/logout", headers={"cookie": cookie, **bearer(token)})
    assert out["statusCode"] == 204
    assert "Max-Age=0" in out["headers"]["Set-Cookie"]
    assert deployment.authorize({"cookie": cookie}).refusal == "denied"
    assert deployment.authorize(bearer(signed_in["json"]["access_token"])).refusal == "denied"


def test_everywhere_by_dead_credentials_says_so_and_forgets_the_cookie(deployment: Deployment) -> None:
    cookie = deployment.sign_in("acme-admin")["headers"]["Set-Cookie"].partition(";")[0]
    deployment.call("logout", "POST", "/auth/logout", headers={"cookie": cookie})
    for headers in ({"cookie": cookie}, bearer("garbage")):
        out = deployment.call("logout", "POST", "/auth/logout", headers=headers, query={"everywhere": "true"})
        assert out["statusCode"] == 401
        assert "Max-Age=0" in out["headers"]["Set-Cookie"]
    assert deployment.call("logout", "POST", "/auth/logout", headers={"cookie": cookie})["statusCode"] == 204


def test_signing_out_everywhere(deployment: Deployment) -> None:
    tokens = [deployment.token("acme-admin") for _ in range(2)]
    deployment.call("logout", "POST", "/auth/logout", headers=bearer(tokens[0]), query={"everywhere": "true"})
    for token in tokens:
        assert deployment.authorize(bearer(token)).refusal == "denied"
    bad = deployment.call("logout", "POST", "/auth/logout", headers=bearer(tokens[0]))
    assert (bad["statusCode"], bad["json"]["code"]) == (401, "invalid_token")
    assert 'error="invalid_token"' in bad["headers"]["WWW-Authenticate"]


def test_signing_out_with_two_session_cookies_or_another_scheme(deployment: Deployment) -> None:
    cookie = deployment.sign_in("acme-admin")["headers"]["Set-Cookie"].partition(";")[0]
    twice = deployment.call("logout", "POST", "/auth/logout", headers={"Cookie": f"{cookie}; {cookie}"})
    assert twice["json"]["code"] == "invalid_token"
    assert deployment.authorize({"cookie": cookie}).allowed
    dead = {"Cookie": "__Host-doorward=x", "Authorization": "Basic eDp5"}
    assert deployment.call("logout", "POST", "/auth/logout", headers=dead)["statusCode"] == 204


def test_everywhere_is_yes_or_no(deployment: Deployment) -> None:
    token = deployment.token("acme-admin")
    wrong = deployment.call("logout", "POST", "/auth/logout", headers=bearer(token), query={"everywhere": "banana"})
    assert (wrong["statusCode"], wrong["json"]["code"]) == (400, "invalid_request")
    assert deployment.authorize(bearer(token)).allowed
    assert (
        deployment.call("logout", "POST", "/auth/logout", headers=bearer(token), query={"everywhere": "1"})[
            "statusCode"
        ]
        == 204
    )


def test_throttled_sign_ins_say_when_to_come_back(deployment: Deployment) -> None:
    answers = [deployment.sign_in("acme-admin", "wrong") for _ in range(11)]
    assert [answer["statusCode"] for answer in answers] == [401] * 10 + [429]
    assert 0 < int(answers[-1]["headers"]["Retry-After"]) <= 300


class TestRequests:
    """DESIGN's budget: what an operation may ask of DynamoDB."""

    READS = frozenset({"GetItem", "BatchGetItem", "Query"})

    def test_a_login_takes_three_reads_and_three_writes(
        self, deployment: Deployment, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("MAIL_FROM", "")  # where mail is on, a notice may come with the last write
        deployment.sign_in("acme-admin")
        deployment.count()
        # Counted by transactions of one item: a try whose answer was lost is not counted twice.
        begun = ["BatchGetItem", "TransactWriteItems", "BatchGetItem", "BatchGetItem"]
        deployment.sign_in("acme-admin")
        assert deployment.count() == [*begun, *2 * ["TransactWriteItems"]]  # the last one with the act
        deployment.sign_in("acme-admin", "wrong")
        assert deployment.count() == [*begun, "UpdateItem", "PutItem"]
        deployment.sign_in("nobody", "wrong")
        assert deployment.count() == [
            "BatchGetItem",
            *2 * ["TransactWriteItems"],
            *2 * ["BatchGetItem"],
            "UpdateItem",
            "PutItem",
        ]

    def test_a_throttled_login_takes_one_read(self, deployment: Deployment) -> None:
        for _ in range(10):
            deployment.sign_in("nobody", "wrong")
        deployment.count()
        assert deployment.sign_in("nobody", "wrong")["statusCode"] == 429
        assert deployment.count() == ["BatchGetItem"]

    def test_a_refresh_takes_two_reads_and_one_conditional_write(self, deployment: Deployment) -> None:
        token = deployment.sign_in("acme-admin")["json"]["refresh_token"]
        pair = deployment.call("refresh", "POST", "/auth/refresh", {"refresh_token": token})["json"]
        deployment.count()
        deployment.call("refresh", "POST", "/auth/refresh", {"refresh_token": pair["refresh_token"]})
        assert deployment.count() == ["BatchGetItem", "BatchGetItem", "UpdateItem"]
        deployment.call("refresh", "POST", "/auth/refresh", {"refresh_token": "dwr1.garbage"})
        assert deployment.count() == []

    def test_the_authorizer_takes_one_batch_read_for_a_token_or_a_cookie(self, deployment: Deployment) -> None:
        answer = deployment.sign_in("acme-admin")
        cookie = answer["headers"]["Set-Cookie"].partition(";")[0]
        assert deployment.authorize({"cookie": cookie}).allowed
        deployment.count()
        for headers in ({"cookie": cookie}, bearer(answer["json"]["access_token"])):
            assert deployment.authorize(headers).allowed
            assert deployment.count() == ["BatchGetItem"]

    def test_a_logout_takes_one_transaction(self, deployment: Deployment) -> None:
        tokens = [deployment.token("acme-admin") for _ in range(2)]
        deployment.call("logout", "POST", "/auth/logout", headers=bearer(tokens[0]))
        deployment.count()
        deployment.call("logout", "POST", "/auth/logout", headers=bearer(tokens[1]))
        # recognising the caller, and the one write
        assert deployment.count() == ["BatchGetItem", "TransactWriteItems"]


def test_a_function_without_its_settings_fails_closed(deployment: Deployment, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("REVOCATIONS_TABLE")
    with pytest.raises(Misconfigured):
        deployment.authorize(bearer("x"))
    answer = deployment.sign_in()
    assert (answer["statusCode"], answer["json"]["code"]) == (500, "misconfigured")


def test_a_further_administrator_is_made_and_a_lost_password_recovered_by_script(
    deployment: Deployment, stack: Stack, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(initialize_security, "_stack", lambda _: stack.outputs)
    assert initialize_security.main(["--administrator", "second"]) == 0
    password = re.search(r"user second made, password (\S+)", capsys.readouterr().out)
    assert password is not None
    before = deployment.token("second", password[1])
    assert initialize_security.main(["--recover", "Second"]) == 0
    recovered = re.search(r"user second made, password (\S+)", capsys.readouterr().out)
    assert recovered is not None
    assert deployment.authorize(bearer(before)).refusal == "denied"
    assert deployment.sign_in("second", password[1])["statusCode"] == 401
    assert deployment.sign_in("second", recovered[1])["statusCode"] == 200
    assert initialize_security.main(["--recover", "acme-admin"]) == 1


BROWSER = {"access_token", "token_type", "expires_in", "refresh_expires_in", "session_id"}
OWN = {"origin": "https://second.example", "sec-fetch-site": "same-site"}


@pytest.mark.standard("ASVS 10.1.1")
@pytest.mark.parametrize("path", ["/auth/login", "/api/acme/auth/login"])
def test_a_browser_gets_the_access_token_and_cookies_alone_and_exchanges_the_cookie(
    deployment: Deployment, path: str
) -> None:
    body = {"username": "acme-admin", "password": "admin123", "refresh": "cookie"}
    first = deployment.call("login", "POST", path, body, headers=OWN)
    assert (first["statusCode"], set(first["json"])) == (200, BROWSER)
    assert first["headers"]["Access-Control-Allow-Origin"] == "https://second.example"
    session, device = first["multiValueHeaders"]["Set-Cookie"]
    assert session.startswith("__Host-doorward=dws1.acme.")
    assert device.startswith("__Host-doorward-device=")
    cookie = {"cookie": session.partition(";")[0]}
    answer = deployment.call("refresh", "POST", "/auth/session/token", headers={**OWN, **cookie})
    assert (answer["statusCode"], set(answer["json"])) == (200, BROWSER)
    assert answer["headers"]["Cache-Control"] == "no-store"
    assert "Set-Cookie" not in answer["headers"]
    assert deployment.authorize(bearer(answer["json"]["access_token"])).allowed
    ask = partial(deployment.call, "refresh", "POST", "/auth/session/token", headers={**OWN, **cookie})
    named = ask({"tenant_id": "acme"})
    assert named["json"]["session_id"] == answer["json"]["session_id"]
    other = deployment.call(
        "refresh", "POST", "/auth/session/token", {"tenant_id": "globex"}, headers={**OWN, **cookie}
    )
    assert (other["statusCode"], other["json"]["code"]) == (400, "invalid_grant")
    assert deployment.call("logout", "POST", "/auth/logout", headers={**OWN, **cookie})["statusCode"] == 204
    over = deployment.call("refresh", "POST", "/auth/session/token", headers={**OWN, **cookie})
    assert (over["statusCode"], over["json"]["code"]) == (401, "invalid_token")
    assert "Max-Age=0" in over["headers"]["Set-Cookie"]


FOREIGN = [
    {"origin": "https://evil.example", "sec-fetch-site": "cross-site"},
    {"origin": "https://evil.example"},
    {"origin": "null"},
    {"sec-fetch-site": "same-site"},
    {"sec-fetch-site": "cross-site"},
]


@pytest.mark.parametrize("foreign", FOREIGN)
def test_a_page_of_another_site_gets_no_token_and_signs_nobody_in(
    deployment: Deployment, foreign: dict[str, str]
) -> None:
    cookie = {"cookie": deployment.sign_in("acme-admin")["headers"]["Set-Cookie"].partition(";")[0]}
    answer = deployment.call("refresh", "POST", "/auth/session/token", headers={**foreign, **cookie})
    assert (answer["statusCode"], answer["json"]["code"]) == (403, "cross_site_request")
    assert "Access-Control-Allow-Origin" not in answer["headers"]
    body = {"username": "acme-admin", "password": "admin123", "refresh": "cookie"}
    for path in ("/auth/login", "/api/acme/auth/login"):
        refused = deployment.call("login", "POST", path, body, headers=foreign)
        assert (refused["statusCode"], refused["json"]["code"]) == (403, "cross_site_request")
        assert "Set-Cookie" not in refused["headers"]
    assert deployment.call("refresh", "POST", "/auth/session/token", headers={**OWN, **cookie})["statusCode"] == 200


def test_without_a_cookie_nothing_is_exchanged(deployment: Deployment) -> None:
    token = deployment.token("acme-admin")
    answer = deployment.call("refresh", "POST", "/auth/session/token", headers={**OWN, **bearer(token)})
    assert (answer["statusCode"], answer["json"]["code"]) == (401, "missing_credentials")


@pytest.mark.parametrize("body", [{"refresh": "x"}, {"refresh": True}, {"refresh": ""}, {"refresh": ["cookie"]}])
def test_what_renews_is_the_cookie_or_a_token_and_nothing_else(deployment: Deployment, body: dict[str, object]) -> None:
    body = {"username": "acme-admin", "password": "admin123", **body}
    for path in ("/auth/login", "/api/acme/auth/login"):
        refused = deployment.call("login", "POST", path, body, headers=OWN)
        assert (refused["statusCode"], refused["json"]["code"]) == (400, "invalid_request")
