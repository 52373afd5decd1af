"""The one decision, and what API Gateway gets of it."""

from __future__ import annotations

import socket
from dataclasses import replace
from typing import Any

import jwt
import pytest

from doorward.api.problems import headers_of
from doorward.authorization import RequestCredentials
from doorward.authorizer.decide import Unauthorized, decide
from doorward.authorizer.events import read_credentials
from doorward.errors import InvalidToken, MissingCredentials, NotAuthenticated
from doorward.keys.signing import ALGORITHMS, KeyPairAlgorithm, KeySet, PrivateKeys
from doorward.tokens.cookie import COOKIE_NAME
from tests.support.forgeries import Forger
from tests.support.fronts import verifier
from tests.support.world import ACME, ISSUER, ORIGIN, House

ARN = "arn:aws:execute-api:eu-central-1:123456789012:ownapi/v1/GET/users/me"


def _with_token(token: str) -> RequestCredentials:
    return RequestCredentials("GET", "/users/me", authorization=(f"Bearer {token}",))


def test_a_good_token_gives_its_principal(house: House) -> None:
    principal = house.caller("acme-admin")
    assert (principal.username, principal.tenant_id, principal.roles) == ("acme-admin", ACME, {"admin"})


@pytest.mark.standard("ASVS 9.2.1", "RFC 9068 4.g")
def test_an_expired_token_is_refused(house: House) -> None:
    pair = house.sign_in("acme-admin").tokens
    house.clock.advance(900)
    with pytest.raises(InvalidToken) as caught:
        house.principal(pair)
    assert caught.value.reason == "expired"


@pytest.mark.parametrize(
    "value",
    [
        "",
        "Bearer",
        "Bearer ",
        "Bearer\tx",
        "\tbearer x",
        "bearer  x",
        "Bearer a b",
        "Bearer é",
        "Bearer .",
        "Bearer " + "x" * 9000,
    ],
)
def test_a_bad_bearer_beside_a_good_cookie_decides_alone(house: House, value: str) -> None:
    cookie = house.sign_in("admin").cookie
    request = RequestCredentials("GET", "/", authorization=(value,), cookie=(f"{COOKIE_NAME}={cookie}",))
    if not value:
        assert house.authorize(request)
        return
    with pytest.raises(InvalidToken):
        house.authorize(request)


@pytest.mark.parametrize(
    "form",
    [
        "Bearer  {}",
        "Bearer {} ",
        " Bearer {}",
        "Bearer {}\t",
        "Bearer\t{}",
        "Bearer\u00a0{}",
        "Bearer {}\u00a0",
        "Bearer {}\u2003",
        "Bearer {}\n",
        "Bearer {}\x85",
        "Bearer \ufeff{}",
        "Bearer {},",
        'Bearer "{}"',
        "Bearer {}, Bearer x",
    ],
)
def test_a_bearer_text_is_plain_ascii_with_nothing_around_it_but_one_space(house: House, form: str) -> None:
    signed_in = house.sign_in("admin")
    value, cookie = form.format(signed_in.tokens.access_token), f"{COOKIE_NAME}={signed_in.cookie}"
    with pytest.raises(InvalidToken) as caught:
        house.authorize(RequestCredentials("GET", "/", authorization=(value,), cookie=(cookie,)))
    assert caught.value.reason == "malformed_bearer"
    with pytest.raises(InvalidToken) as caught:
        verifier(house).verify_header(value)
    assert caught.value.reason == "malformed_bearer"


def test_the_scheme_is_bearer_in_any_case(house: House) -> None:
    token = house.sign_in("admin").tokens.access_token
    for scheme in ("Bearer", "bearer", "BEARER"):
        assert house.authorize(RequestCredentials("GET", "/", authorization=(f"{scheme} {token}",)))
        assert verifier(house).verify_header(f"{scheme} {token}")


@pytest.mark.parametrize("value", [None, "", "Basic eDp5", "Bearerx y", "x"])
def test_to_the_verifier_another_scheme_is_no_credential_either(house: House, value: str | None) -> None:
    with pytest.raises(MissingCredentials):
        verifier(house).verify_header(value)


def test_several_authorization_headers_are_refused(house: House) -> None:
    token = house.token()
    with pytest.raises(InvalidToken):
        house.authorize(RequestCredentials("GET", "/", authorization=(f"Bearer {token}", "Bearer x")))


def test_another_scheme_is_no_credential(house: House) -> None:
    with pytest.raises(MissingCredentials):
        house.authorize(RequestCredentials("GET", "/", authorization=("Basic eDp5",)))


class TestCookie:
    def test_it_is_the_session(self, house: House) -> None:
        assert house.by_cookie(house.sign_in("acme-admin").cookie).username == "acme-admin"

    def test_it_does_not_count_inside_a_tenants_api(self, house: House) -> None:
        with pytest.raises(MissingCredentials):
            house.by_cookie(house.sign_in("acme-admin").cookie, path="/api/acme/notifications")

    @pytest.mark.parametrize("cookie", ["", "x", "dws1", "dws1.acme.x.y.z", "é", "x" * 20_000])
    def test_garbage_is_refused(self, house: House, cookie: str) -> None:
        with pytest.raises(InvalidToken):
            house.by_cookie(cookie)

    @pytest.mark.standard("ASVS 7.2.1")
    def test_every_altered_character_is_noticed(self, house: House) -> None:
        cookie = str(house.sign_in("acme-admin").cookie)
        for index in range(len(cookie) - 1):
            altered = cookie[:index] + ("A" if cookie[index] != "A" else "B") + cookie[index + 1 :]
            with pytest.raises(InvalidToken):
                house.by_cookie(altered)

    def test_two_session_cookies_are_refused(self, house: House) -> None:
        cookie = house.sign_in("admin").cookie
        with pytest.raises(InvalidToken):
            house.authorize(RequestCredentials("GET", "/", cookie=(f"{COOKIE_NAME}={cookie}; {COOKIE_NAME}=x",)))

    def test_other_cookies_do_not_matter(self, house: House) -> None:
        cookie = house.sign_in("admin").cookie
        assert house.authorize(RequestCredentials("GET", "/", cookie=("a=b; c", f"{COOKIE_NAME}={cookie}; =;")))
        with pytest.raises(MissingCredentials):
            house.authorize(RequestCredentials("GET", "/", cookie=("a=b",)))

    def test_roles_are_those_of_this_moment(self, house: House) -> None:
        cookie = house.sign_in("acme-admin").cookie
        place = next(place for place in house.world.memberships if place[0] == ACME)
        house.world.memberships[place] = replace(house.world.memberships[place], roles=("auditor",))
        assert house.by_cookie(cookie).roles == {"auditor"}

    @pytest.mark.standard("ASVS 7.3.2")
    def test_it_ends_with_the_session(self, house: House) -> None:
        cookie = house.sign_in("acme-admin").cookie
        house.clock.advance(86_400)
        with pytest.raises(InvalidToken):
            house.by_cookie(cookie)

    @pytest.mark.parametrize(
        ("headers", "crosses"),
        [
            ({}, False),
            ({"fetch_site": "same-origin"}, False),
            ({"fetch_site": "none"}, False),
            ({"fetch_site": "same-site"}, True),
            ({"fetch_site": "cross-site"}, True),
            ({"fetch_site": "cross-site", "origin": ORIGIN}, False),
            ({"fetch_site": "cross-site", "origin": "https://evil.example"}, True),
            ({"origin": "https://id.example", "host": "id.example"}, False),
            ({"origin": "https://evil.example", "host": "id.example"}, True),
            ({"origin": "null", "host": "id.example"}, True),
            ({"origin": "https://id.example.evil.example", "host": "id.example"}, True),
            ({"origin": "https://[", "host": "id.example"}, True),
            ({"origin": "", "host": ""}, True),
        ],
    )
    def test_a_change_must_come_from_an_allowed_origin(
        self, house: House, headers: dict[str, str], crosses: bool
    ) -> None:
        cookie = house.sign_in("admin").cookie
        restriction = "cross_site_request" if crosses else None
        assert house.by_cookie(cookie, "POST", **headers).restriction == restriction
        assert house.by_cookie(cookie, "GET", **headers).restriction is None

    def test_a_get_that_changes_state_is_held_to_the_same(self, house: House) -> None:
        cookie = (f"{COOKIE_NAME}={house.sign_in('admin').cookie}",)
        request = RequestCredentials("GET", "/auth/logout", cookie=cookie, fetch_site="cross-site", changes_state=True)
        assert house.authorize(request).restriction == "cross_site_request"


def _forger(algorithm: KeyPairAlgorithm) -> tuple[House, Forger]:
    house = House()
    house.world.key_set = None
    replace(house.rotate_signing_keys, algorithm=algorithm).add_first(KeySet(ISSUER, "ownapi", ()))
    signed_in = house.sign_in("acme-admin")
    token = signed_in.tokens.access_token
    kid = jwt.get_unverified_header(token)["kid"]
    pem = PrivateKeys.decode(house.world.secrets["signing"]).pems[kid]
    jwk = next(key for key in house.keyring.key_set().jwks()["keys"] if key["kid"] == kid)
    return house, Forger(token, pem, jwk, signed_in.tokens.refresh_token, str(signed_in.cookie))


FORGERS = {algorithm: _forger(algorithm) for algorithm in ALGORITHMS}
FORGED = {algorithm: forger.all() for algorithm, (_, forger) in FORGERS.items()}


@pytest.mark.standard("ASVS 9.1.1", "RFC 8725 3.3.a", "RFC 8725 3.10.a")
@pytest.mark.parametrize(
    ("algorithm", "name"), [(algorithm, name) for algorithm, forged in FORGED.items() for name in sorted(forged)]
)
def test_a_forged_token_is_refused_and_nothing_is_fetched(
    algorithm: KeyPairAlgorithm, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    house, _ = FORGERS[algorithm]
    monkeypatch.setattr(socket, "socket", _no_socket)
    with pytest.raises(InvalidToken) as caught:
        house.authorize(_with_token(FORGED[algorithm][name]))
    assert caught.value.detail == InvalidToken.default_detail


def test_what_names_somebody_in_no_form_of_such_names_is_refused_under_our_own_key_too() -> None:
    house, forger = FORGERS["EdDSA"]
    for name, token in forger.misnamed().items():
        with pytest.raises(InvalidToken) as caught:
            house.authorize(_with_token(token))
        assert caught.value.reason == "malformed_name", name


@pytest.mark.standard("RFC 9068 3.c")
@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_two_spellings_that_disagree_are_refused_under_our_own_key_too(algorithm: KeyPairAlgorithm) -> None:
    house, forger = FORGERS[algorithm]
    for name, token in forger.contradictory().items():
        with pytest.raises(InvalidToken) as caught:
            house.authorize(_with_token(token))
        assert caught.value.reason == "contradictory_claims", name


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_a_token_from_before_there_were_two_spellings_is_accepted(algorithm: KeyPairAlgorithm) -> None:
    house, forger = FORGERS[algorithm]
    for token in (forger.saying(userId=None, tenantId=None), forger.saying(userId=None), forger.saying(tenantId=None)):
        assert house.authorize(_with_token(token)).tenant_id == ACME


def _no_socket(*_: object) -> None:
    raise AssertionError("a token made somebody call out")


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_what_the_forger_signs_honestly_is_accepted(algorithm: KeyPairAlgorithm) -> None:
    house, forger = FORGERS[algorithm]
    for token in (forger.good, forger.saying(), forger.headed(typ="application/AT+jwt"), forger.saying(more="x")):
        assert house.authorize(_with_token(token)).username == "acme-admin"


def test_an_es256_signature_is_always_minted_in_the_accepted_form() -> None:
    house, _ = FORGERS["ES256"]
    for _ in range(40):
        assert house.caller("acme-admin")


class TestPolicies:
    def event(self, token: str | None = None, api_id: str = "ownapi", **rest: Any) -> dict[str, Any]:
        headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        event = {"methodArn": ARN, "path": "/users/me", "httpMethod": "GET", "headers": headers}
        return {**event, "requestContext": {"apiId": api_id}, **rest}

    def test_the_policy_covers_the_stage_and_the_context_is_text(self, house: House) -> None:
        policy = decide(house.authorize, self.event(house.token("acme-admin")))
        (statement,) = policy["policyDocument"]["Statement"]
        assert statement["Effect"] == "Allow"
        assert statement["Resource"] == ["arn:aws:execute-api:eu-central-1:123456789012:ownapi/v1/*"]
        assert all(type(value) is str for value in policy["context"].values())
        assert policy["context"]["tenant_id"] == "acme"

    @pytest.mark.parametrize(("token", "error"), [(None, MissingCredentials()), ("x", InvalidToken())])
    def test_who_is_not_known_is_denied_at_home_with_the_challenge_and_without_an_exception(
        self, house: House, token: str | None, error: NotAuthenticated
    ) -> None:
        policy = decide(house.authorize, self.event(token))
        (statement,) = policy["policyDocument"]["Statement"]
        assert (statement["Effect"], policy["principalId"]) == ("Deny", "anonymous")
        assert policy["context"] == {
            "challenge": headers_of(error)["WWW-Authenticate"],
            "code": error.code,
            "detail": error.detail,
            "origin": ORIGIN,
        }

    @pytest.mark.parametrize(
        ("allowed", "asked", "named"),
        [
            ((ORIGIN, "https://second.example"), "https://second.example", "https://second.example"),
            ((ORIGIN, "https://second.example"), "https://evil.example", ORIGIN),
            ((ORIGIN, "https://second.example"), "null", ORIGIN),
            ((ORIGIN, "https://second.example"), None, ORIGIN),
            ((), "https://evil.example", "https://none.invalid"),
            ((), None, "https://none.invalid"),
        ],
    )
    def test_a_refusal_names_the_origin_that_asked_and_none_that_is_not_on_the_list(
        self, house: House, allowed: tuple[str, ...], asked: str | None, named: str
    ) -> None:
        sent = self.event(None)
        sent["multiValueHeaders"] = {"Origin": [asked]} if asked else {}
        sent["headers"] = {"Origin": asked} if asked else {}
        assert decide(replace(house.authorize, allowed_origins=allowed), sent)["context"]["origin"] == named

    @pytest.mark.parametrize("token", [None, "x"])
    def test_who_is_not_known_is_unauthorized_elsewhere(self, house: House, token: str | None) -> None:
        with pytest.raises(Unauthorized, match="^Unauthorized$"):
            decide(house.authorize, self.event(token, api_id="foreign"))

    def test_a_restricted_caller_is_passed_on_at_home_and_denied_elsewhere(self, house: House) -> None:
        house.add_user("newcomer", password_change_required=True)
        token = house.token("newcomer", "correct horse battery")
        home = decide(house.authorize, self.event(token))
        assert home["context"]["restriction"] == "password_change_required"
        foreign = decide(house.authorize, self.event(token, api_id="foreign"))
        assert foreign["policyDocument"]["Statement"][0]["Effect"] == "Deny"

    def test_header_names_in_any_case_and_values_of_both_shapes_are_read(self) -> None:
        event = {
            "httpMethod": "post",
            "path": "/v1/api/acme/x",
            "resource": "/api/{tenantId}/x",
            "headers": {"aUTHORIZATION": "one", "ORIGIN": "o"},
            "multiValueHeaders": {"Authorization": ["one", "two"], "COOKIE": ["a=b"]},
        }
        shown = read_credentials(event)
        assert shown.authorization == ("one", "two")
        assert (shown.cookie, shown.origin, shown.method) == (("a=b",), "o", "POST")
        assert shown.path == "/api/{tenantid}/x"

    @pytest.mark.parametrize("path", ["/API/acme/x", "//api/acme/x", "/Api//acme/x"])
    def test_no_spelling_of_a_tenants_path_lets_the_cookie_in(self, path: str) -> None:
        assert read_credentials({"path": path}).path.startswith("/api/")

    def test_an_empty_event_presents_nothing(self) -> None:
        assert read_credentials({}) == RequestCredentials("", "")


def test_the_issuer_is_the_deployments(house: House) -> None:
    token = house.token()
    assert jwt.decode(token, options={"verify_signature": False})["iss"] == ISSUER
