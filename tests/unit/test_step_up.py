"""What a sign-in proved arrives at protected APIs, and their owners can ask for more (RFC 9470)."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any, get_args

import jwt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from doorward import errors
from doorward.api.principals import principal_of
from doorward.api.problems import headers_of
from doorward.api.requests import read_principal
from doorward.authorization import Decision
from doorward.authorizer.answers import context_of
from doorward.authorizer.decide import decide
from doorward.errors import (
    DoorwardError,
    EnrolmentRequired,
    InsufficientAuthentication,
    InsufficientScope,
    Misconfigured,
    PasswordChangeRequired,
)
from doorward.model import (
    PLATFORM,
    AccessTokenClaims,
    Acr,
    Authentication,
    Principal,
    Restriction,
    SessionId,
    Subject,
    TenantId,
    UserId,
)
from doorward.rules.challenges import challenge, refused
from doorward.rules.reasons import REASONS
from doorward.rules.requirements import NOTHING, Requirement, Shortfall, checked_requirement
from doorward.rules.routes import Route, RouteRule, parse_rules, refusal, unmet
from doorward.tokens.access import mint_access_token
from tests.support import fronts
from tests.support.fronts import EVENTS, PATHS, Question
from tests.support.world import ACME, AUDIENCE, ISSUER, House

ROOT = Path(__file__).resolve().parents[2]
NOW = 1_800_000_000
BOSS = "acme-admin"
STAGE_VARIABLE = re.compile(r"[A-Za-z0-9-._~:/?#&=,]{1,512}")
"""What API Gateway takes as the value of a stage variable."""
CHALLENGE = re.compile(r'Bearer(?: [a-z_]+="[^"\\]*"(?:, [a-z_]+="[^"\\]*")*)?', re.ASCII)
LEVELS = (None, "1fa", "2fa", "phr")


def _principal(acr: Acr | None = None, age: int = 0, roles: tuple[str, ...] = ()) -> Principal:
    subject = Subject(UserId("u"), "kim", TenantId("acme"), roles, SessionId("s"))
    proved = Authentication(NOW - age, ("pwd",), acr) if acr else None
    return Principal(subject=subject, authentication=proved)


def _refusal(rules: str, principal: Principal, method: str = "POST", path: str = "/payments/7") -> str | None:
    return refusal(Route(method, path, rules=parse_rules(rules)), principal, NOW * 1000)


class TestRules:
    @pytest.mark.parametrize(
        ("text", "roles", "acr", "max_age"),
        [
            ("POST:/payments=admin?acr=2fa,max_age=300", {"admin"}, "2fa", 300),
            ("POST:/payments=admin?max_age=300,acr=2fa", {"admin"}, "2fa", 300),
            ("POST:/payments=admin,cashier?acr=phr", {"admin", "cashier"}, "phr", None),
            ("ANY:/vault=?acr=1fa", set(), "1fa", None),
            ("ANY:/vault=?max_age=1", set(), None, 1),
            ("DELETE:/orders=admin", {"admin"}, None, None),
        ],
    )
    def test_a_rule_says_roles_and_what_a_sign_in_must_be_like(
        self, text: str, roles: set[str], acr: Acr | None, max_age: int | None
    ) -> None:
        (rule,) = parse_rules(text)
        assert rule.roles == roles
        assert rule.requirement == Requirement(acr, max_age)
        assert STAGE_VARIABLE.fullmatch(text)

    @pytest.mark.parametrize(
        "text",
        [
            "POST:/x=",
            "POST:/x=?",
            "POST:/x=admin?",
            "POST:/x=admin;acr=2fa",
            "POST:/x=admin?acr=3fa",
            "POST:/x=admin?acr=",
            "POST:/x=admin?acr",
            "POST:/x=admin?acr=2fa,acr=phr",
            "POST:/x=admin?acr=2fa,",
            "POST:/x=admin?acr=2fa?max_age=3",
            "POST:/x=admin?max_age=0",
            "POST:/x=admin?max_age=-1",
            "POST:/x=admin?max_age=03",
            "POST:/x=admin?max_age=1.5",
            "POST:/x=admin?max_age=9999999999",
            "POST:/x=admin?age=3",
            "POST:/x=?admin",
            "POST:/x?acr=2fa",
        ],
    )
    def test_a_malformed_requirement_lets_nobody_in(self, text: str) -> None:
        with pytest.raises(Misconfigured):
            parse_rules(text)

    def test_what_the_documentation_shows_is_a_rule_that_api_gateway_takes(self) -> None:
        shown = re.findall(r"`((?:[A-Z]+:/[^`\s=]*=[^`\s]+))`", (ROOT / "docs" / "protecting.md").read_text("utf-8"))
        assert any("acr=" in text and "max_age=" in text for text in shown)
        for text in shown:
            assert parse_rules(text)
            assert STAGE_VARIABLE.fullmatch(text)


@pytest.mark.standard("ASVS 10.3.4")
@given(
    asked=st.sampled_from(LEVELS),
    proved=st.sampled_from(LEVELS),
    max_age=st.none() | st.integers(1, 1000),
    age=st.integers(-5, 1100),
    roles=st.sets(st.sampled_from(["admin", "user"])),
)
def test_a_rule_lets_in_whoever_has_the_role_the_sureness_and_the_age(
    asked: Acr | None, proved: Acr | None, max_age: int | None, age: int, roles: set[str]
) -> None:
    rule = RouteRule("POST", "/payments", frozenset({"admin"}), Requirement(asked, max_age))
    route = Route("POST", "/payments/7", rules=(rule,))
    principal = _principal(proved, age, tuple(roles))
    sure = asked is None or (proved is not None and LEVELS.index(proved) >= LEVELS.index(asked))
    young = max_age is None or (proved is not None and age <= max_age)
    expected = "role_missing" if "admin" not in roles else None if sure and young else "sign_in_too_old"
    if expected == "sign_in_too_old" and not sure:
        expected = "acr_too_low"
    assert refusal(route, principal, NOW * 1000) == expected
    assert bool(unmet((rule,), principal, NOW * 1000)) == (expected is not None)
    other = Route("GET", "/payments/7", rules=(rule,))
    assert refusal(other, principal, NOW * 1000) is None


class TestDecisions:
    @pytest.mark.parametrize(
        ("principal", "expected"),
        [
            (_principal("2fa", 300, ("admin",)), None),
            (_principal("phr", 0, ("admin",)), None),
            (_principal("2fa", 301, ("admin",)), "sign_in_too_old"),
            (_principal("1fa", 0, ("admin",)), "acr_too_low"),
            (_principal("1fa", 999, ("admin",)), "acr_too_low"),
            (_principal("1fa", 999, ("user",)), "role_missing"),
            (_principal(None, 0, ("admin",)), "acr_too_low"),
        ],
    )
    def test_the_reason_is_the_first_that_holds(self, principal: Principal, expected: str | None) -> None:
        assert _refusal("POST:/payments=admin?acr=2fa,max_age=300", principal) == expected

    def test_a_rule_without_roles_asks_for_none(self) -> None:
        assert _refusal("POST:/payments=?acr=2fa", _principal("2fa")) is None
        assert _refusal("POST:/payments=?acr=2fa", _principal("1fa")) == "acr_too_low"

    def test_whose_sign_in_is_not_known_meets_no_requirement(self) -> None:
        for rule in ("acr=1fa", "max_age=999999999"):
            assert _refusal(f"POST:/payments=?{rule}", _principal()) in get_args(Shortfall)

    def test_of_several_rules_that_hold_all_is_asked_for(self) -> None:
        rules = parse_rules(
            "ANY:/=?acr=2fa&ANY:/payments=?max_age=300&POST:/payments=?acr=phr,max_age=600&GET:/=?max_age=1"
        )
        assert Route("POST", "/payments/7", rules=rules).requirement == Requirement("phr", 300)
        assert Route("POST", "/elsewhere", rules=rules).requirement == Requirement("2fa")
        assert Route("POST", "/x/..%2fpayments", rules=rules).requirement == Requirement("phr", 300)

    def test_reasons_are_explained(self) -> None:
        assert set(get_args(Shortfall)) <= set(REASONS)

    @pytest.mark.parametrize(("acr", "max_age"), [("3fa", None), ("", None), (None, 0), (None, True), (None, 1.5)])
    def test_a_program_that_asks_for_what_there_is_not_is_told(self, acr: Any, max_age: Any) -> None:
        with pytest.raises(ValueError, match="acr|max_age"):
            checked_requirement(acr, max_age)


class TestChallenges:
    def test_a_challenge_says_all_that_is_asked_for(self) -> None:
        told = challenge(refused("sign_in_too_old", Requirement("2fa", 300)))
        assert told == (
            'Bearer error="insufficient_user_authentication", '
            f'error_description="{InsufficientAuthentication.default_detail}", acr_values="2fa", max_age="300"'
        )
        assert challenge(refused("role_missing")) == 'Bearer error="insufficient_scope"'

    @given(st.text('a"\\\n,= é'), st.sampled_from(LEVELS), st.none() | st.integers(1, 10**9))
    def test_no_value_ends_its_quotes(self, detail: str, acr: Acr | None, max_age: int | None) -> None:
        found: list[DoorwardError] = [InsufficientAuthentication(acr=acr, max_age=max_age), errors.InvalidToken(detail)]
        found[0].detail = detail
        for error in found:
            told = challenge(error)
            assert told is not None
            assert CHALLENGE.fullmatch(told.encode("ascii").decode())

    def test_the_api_itself_sends_the_same(self) -> None:
        error = InsufficientAuthentication(acr="2fa", max_age=600)
        assert headers_of(error)["WWW-Authenticate"] == challenge(error)


RESTRICTIONS = get_args(Restriction)


def _minted(house: House, claims: AccessTokenClaims) -> str:
    return mint_access_token(claims, house.minter.signer.current(), ISSUER, AUDIENCE)


def _proved(house: House, acr: Acr = "2fa", age: int = 0, *, restricted: bool = False) -> str:
    """Return a token of acme's administrator whose session proved that, that long ago."""
    found = house.claims(house.sign_in(BOSS).tokens)
    proved = Authentication(house.clock() // 1000 - age, ("pwd", "otp", "mfa"), acr)
    return _minted(house, replace(found, authentication=proved, second_factor_required=restricted))


def _asks(token: str, front: str, rules: str = "", method: str = "GET") -> dict[str, Any]:
    return EVENTS[front](Question({"Authorization": f"Bearer {token}"}, method, rules=rules))


def _context(answer: dict[str, Any]) -> dict[str, str]:
    found: dict[str, str] = answer["context"] if "context" in answer else answer["resolverContext"]
    return found


class TestGateways:
    @pytest.mark.parametrize("front", EVENTS)
    def test_what_a_sign_in_proved_arrives(self, house: House, front: str) -> None:
        context = _context(decide(house.authorize, _asks(_proved(house, age=7), front)))
        expected = {"auth_time": str(house.clock() // 1000 - 7), "amr": "pwd otp mfa", "acr": "2fa"}
        assert {name: context[name] for name in expected} == expected
        proved = principal_of(context).authentication
        assert proved == Authentication(house.clock() // 1000 - 7, ("pwd", "otp", "mfa"), "2fa")

    @pytest.mark.parametrize("front", EVENTS)
    def test_of_a_service_and_of_an_older_token_nothing_arrives(self, house: House, front: str) -> None:
        service, _ = house.service_tokens.mint(house.caller(BOSS), ACME, "ci", None)
        old = _minted(house, replace(house.claims(house.sign_in(BOSS).tokens), authentication=None))
        for token in (service, old):
            assert not {"auth_time", "amr", "acr"} & jwt.decode(token, options={"verify_signature": False}).keys()
            context = _context(decide(house.authorize, _asks(token, front)))
            assert (context["auth_time"], context["amr"], context["acr"]) == ("", "", "")
            assert principal_of(context).authentication is None

    @pytest.mark.parametrize("front", EVENTS)
    def test_who_must_prove_a_second_factor_is_let_into_no_api_of_others(self, house: House, front: str) -> None:
        question = Question({"Authorization": f"Bearer {_proved(house, restricted=True)}"})
        assert fronts.ask_authorizer(house, front, question) == fronts.NOBODY
        question = Question({"Authorization": f"Bearer {_proved(house)}"})
        assert fronts.ask_authorizer(house, front, question) != fronts.NOBODY

    @pytest.mark.parametrize("front", sorted(PATHS))
    @pytest.mark.parametrize(
        ("proved", "method", "expected"),
        [
            (("2fa", 300), "POST", True),
            (("phr", 0), "POST", True),
            (("2fa", 301), "POST", False),
            (("1fa", 0), "POST", False),
            (("1fa", 999), "GET", True),
        ],
    )
    def test_a_route_lets_in_who_is_sure_and_young_enough(
        self, house: House, front: str, proved: tuple[Acr, int], method: str, expected: bool
    ) -> None:
        token = _proved(house, *proved)
        question = Question(
            {"Authorization": f"Bearer {token}"}, method, "/payments", rules="POST:/payments=admin?acr=2fa,max_age=300"
        )
        assert (fronts.ask_authorizer(house, front, question) != fronts.NOBODY) == expected

    @pytest.mark.parametrize("front", sorted(PATHS))
    def test_no_service_takes_a_route_that_asks_for_a_sign_in(self, house: House, front: str) -> None:
        service, _ = house.service_tokens.mint(house.caller(BOSS), ACME, "ci", None)
        for rules in ("ANY:/orders=?acr=1fa", "ANY:/orders=?max_age=999999999"):
            question = Question({"Authorization": f"Bearer {service}"}, rules=rules)
            assert fronts.ask_authorizer(house, front, question) == fronts.NOBODY

    def test_a_kept_policy_denies_the_routes_that_ask_for_more(self, house: House) -> None:
        event = _asks(_proved(house, "1fa"), "REST REQUEST", "POST:/payments=?acr=2fa&ANY:/vault=?max_age=300")
        policy = decide(house.authorize, event)["policyDocument"]
        for path, expected in {
            "GET/orders": True,
            "POST/payments/7": False,
            "GET/payments": True,
            "GET/vault": True,
        }.items():
            assert fronts.permits(policy, f"{fronts.REGION_ARN}/{path}") == expected, path


class TestRelayed:
    @pytest.mark.parametrize(
        ("acr", "rules", "code", "told"),
        [
            ("1fa", "ANY:/orders=?acr=2fa", "insufficient_user_authentication", 'acr_values="2fa"'),
            (
                "2fa",
                "ANY:/orders=?acr=2fa,max_age=5",
                "insufficient_user_authentication",
                'acr_values="2fa", max_age="5"',
            ),
            ("2fa", "ANY:/orders=nobody?acr=phr", "insufficient_scope", 'error="insufficient_scope"'),
        ],
    )
    def test_a_rest_api_gets_a_challenge_to_hand_on(
        self, house: House, acr: Acr, rules: str, code: str, told: str
    ) -> None:
        answer = decide(house.authorize, _asks(_proved(house, acr, 6), "REST REQUEST", rules))
        assert answer["context"].keys() == {"challenge", "code", "detail"}
        assert answer["context"]["code"] == code
        assert answer["context"]["challenge"].startswith(f'Bearer error="{code}"')
        assert answer["context"]["challenge"].endswith(told)
        assert CHALLENGE.fullmatch(answer["context"]["challenge"])

    @pytest.mark.parametrize(
        "front", sorted(set(EVENTS) - {"REST REQUEST", "REST REQUEST, several values", "REST TOKEN"})
    )
    def test_no_other_gateway_can_hand_it_on_and_is_told_nothing(self, house: House, front: str) -> None:
        token = _proved(house, "1fa", restricted=front not in PATHS)
        answer = decide(house.authorize, _asks(token, front, "ANY:/orders=?acr=2fa"))
        assert _context(answer) == {}

    @pytest.mark.parametrize("front", ["REST REQUEST", "REST TOKEN"])
    def test_what_else_a_known_caller_lacks_has_its_code(self, house: House, front: str) -> None:
        answer = decide(house.authorize, _asks(_proved(house, restricted=True), front))
        assert answer["context"] == {
            "challenge": "Bearer",
            "code": "second_factor_required",
            "detail": EnrolmentRequired.default_detail,
        }


class _App:
    def __init__(self, context: dict[str, str]) -> None:
        self.event = {"requestContext": {"authorizer": context}}


class TestAtHome:
    @pytest.mark.parametrize("restriction", RESTRICTIONS)
    def test_a_restricted_caller_may_do_nothing_but_what_ends_the_restriction(self, restriction: Restriction) -> None:
        app: Any = _App(context_of(Decision(replace(_principal("1fa"), restriction=restriction))))
        with pytest.raises(errors.Forbidden) as caught:
            read_principal(app)
        ends = {"password_change_required": "changing_password", "second_factor_required": "proving_factor"}
        for restricted, keyword in ends.items():
            if restricted == restriction:
                assert caught.value.code == restriction
                assert read_principal(app, **{keyword: True}).restriction == restriction
            else:
                with pytest.raises(errors.Forbidden):
                    read_principal(app, **{keyword: True})

    def test_what_is_read_back_is_what_the_authorizer_wrote(self) -> None:
        for principal in (_principal("phr", 3, ("admin", "user")), _principal()):
            assert principal_of(context_of(Decision(principal))) == principal
        platform = replace(_principal("2fa"), subject=replace(_principal().subject, tenant_id=PLATFORM))
        assert principal_of(context_of(Decision(platform))) == platform
        assert NOTHING.unmet_by(None, 0) is None


class TestVerifier:
    @pytest.mark.standard("ASVS 10.3.4")
    def test_a_server_can_ask_for_a_surer_or_a_younger_sign_in(self, house: House) -> None:
        verifier, token = fronts.verifier(house), _proved(house, "2fa", 60)
        assert verifier.verify(token, acr="2fa", max_age=60).authentication == Authentication(
            house.clock() // 1000 - 60, ("pwd", "otp", "mfa"), "2fa"
        )
        for asked, reason in (({"acr": "phr"}, "acr_too_low"), ({"acr": "2fa", "max_age": 59}, "sign_in_too_old")):
            with pytest.raises(InsufficientAuthentication) as caught:
                verifier.verify_header(f"Bearer {token}", **asked)
            assert caught.value.reason == reason
            assert caught.value.members == {{"acr": "acr_values"}.get(name, name): asked[name] for name in asked}
        with pytest.raises(InsufficientScope):
            verifier.verify(token, roles=["nobody"], acr="phr")
        with pytest.raises(ValueError, match="acr"):
            verifier.verify(token, acr="3fa")  # type: ignore[arg-type]

    @pytest.mark.standard("ASVS 10.3.4")
    def test_no_service_and_no_older_token_meets_what_is_asked(self, house: House) -> None:
        verifier = fronts.verifier(house)
        service, _ = house.service_tokens.mint(house.caller(BOSS), ACME, "ci", None)
        old = _minted(house, replace(house.claims(house.sign_in(BOSS).tokens), authentication=None))
        for token in (service, old):
            assert verifier.verify(token).authentication is None
            with pytest.raises(InsufficientAuthentication):
                verifier.verify(token, acr="1fa")

    def test_who_must_do_something_first_is_forbidden(self, house: House) -> None:
        with pytest.raises(EnrolmentRequired):
            fronts.verifier(house).verify(_proved(house, restricted=True))
        house.add_user("kim", password_change_required=True)
        with pytest.raises(PasswordChangeRequired):
            fronts.verifier(house).verify(house.token("kim", "correct horse battery"))

    @pytest.mark.parametrize(
        ("acr", "method", "status", "told"),
        [
            ("2fa", "POST", 200, None),
            ("1fa", "GET", 200, None),
            ("1fa", "POST", 401, 'acr_values="2fa", max_age="300"'),
            ("1fa", "DELETE", 403, 'Bearer error="insufficient_scope"'),
        ],
    )
    def test_an_application_has_rules_as_the_authorizer_has(
        self, house: House, acr: Acr, method: str, status: int, told: str | None
    ) -> None:
        rules = "POST:/orders=admin?acr=2fa,max_age=300&DELETE:/orders=nobody"
        question = Question({"Authorization": f"Bearer {_proved(house, acr)}"}, method, rules=rules)
        found, headers, body = fronts.answer_of_asgi(house, question)
        assert found == status
        assert (headers.get("www-authenticate") or "").endswith(told or "")
        if status == 401:
            assert (body["code"], body["acr_values"], body["max_age"]) == (
                "insufficient_user_authentication",
                "2fa",
                300,
            )


NODE = """
import { Verifier } from './verifier.mjs'
import { readFile } from 'node:fs/promises'
const { issuer, audience, jwks, parts, reads, tokens } = JSON.parse(await readFile('../../docs/feed/vectors.json'))
const { token, now } = tokens.find(({ why }) => why.startsWith('it says what its sign-in proved'))
const plain = tokens.find(({ why }) => why === 'nothing of it is revoked')
const documents = { '/.well-known/jwks.json': JSON.stringify(jwks), '/.well-known/revocations': reads.at(-1).head }
const fetch = async (path) => ({ text: documents[path] ?? parts[path.split('/').at(-1)] })
const verifier = new Verifier({ issuer, audience, fetch, now: () => now })
const ask = (text, asked) => verifier.verify(text, asked).then(
  ({ auth_time, amr, acr }) => [auth_time, amr, acr],
  ({ reason, status, challenge, message }) => [reason ?? message, status, challenge],
)
const asked = [{}, { acr: '2fa', maxAge: 32 }, { acr: 'phr' }, { acr: '2fa', maxAge: 31 }]
asked.push({ acr: '3fa' }, { maxAge: 0 })
const found = await Promise.all(asked.map((one) => ask(token, one)))
found.push(await ask(plain.token, { acr: '1fa' }), await ask(plain.token, { maxAge: 999999 }))
console.log(JSON.stringify(found))
"""


@pytest.mark.skipif(shutil.which("node") is None, reason="there is no node")
def test_the_verifier_for_node_can_ask_for_the_same() -> None:
    command = ["node", "--input-type=module", "--eval", NODE]
    folder = ROOT / "examples" / "verifier-node"
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    proved, told = [1_799_999_990, ["pwd", "otp", "mfa"], "2fa"], 'Bearer error="insufficient_user_authentication"'
    assert json.loads(done.stdout) == [
        proved,
        proved,
        ["acr_too_low", 401, f'{told}, acr_values="phr"'],
        ["sign_in_too_old", 401, f'{told}, acr_values="2fa", max_age="31"'],
        ["acr is 1fa, 2fa or phr", None, None],
        ["maxAge is whole seconds", None, None],
        ["acr_too_low", 401, f'{told}, acr_values="1fa"'],
        ["sign_in_too_old", 401, f'{told}, max_age="999999"'],
    ]
