"""What access tokens say beside who, where and with which session: two spellings, and metadata."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import jwt
import pytest

from doorward.authorizer.decide import decide
from doorward.errors import InsufficientScope, InvalidRequest, NotFound
from doorward.keys.signing import KeySet
from doorward.model import PLATFORM, Principal, SignInPolicy, TenantId, TokenPair
from doorward.model.changes import NewUser
from doorward.rules.hook import MAX_CLAIMS_BYTES
from doorward.rules.metadata import MAX_TOKEN_BYTES, check_metadata
from doorward.verifier import Verifier
from tests.support import fronts
from tests.support.people import PASSWORD
from tests.support.world import ACME, GLOBEX, ISSUER, House


def _said(token: str) -> dict[str, Any]:
    return dict(jwt.decode(token, options={"verify_signature": False}))


def _let_say(house: House, *names: str, tenant_id: TenantId = ACME) -> None:
    policy = house.policies.get(tenant_id)
    sign_in = SignInPolicy(token_metadata=names)
    house.policies.change(tenant_id, replace(policy, sign_in=sign_in, version=policy.version + 1))


def _kim(house: House, **metadata: str) -> Principal:
    wanted = NewUser(PASSWORD, username="kim", profile={"metadata": metadata}, tenant_id=ACME)
    house.create_user(house.caller(), wanted)
    return house.caller("kim", PASSWORD)


def _bearer(token: str) -> fronts.Question:
    return fronts.Question({"Authorization": f"Bearer {token}"})


def _sign_in(house: House) -> TokenPair:
    return house.sign_in("kim", PASSWORD).tokens


def test_tokens_spell_who_and_where_twice_unless_the_deployment_wants_one_spelling(house: House) -> None:
    said = _said(house.token("acme-admin"))
    assert (said["userId"], said["tenantId"]) == (said["user_id"], said["tenant_id"])
    assert {"userId", "tenantId"} & set(_said(house.token())) == {"userId"}  # the platform's, in no tenant
    other = House(house.clock, house.world)
    other.minter = replace(other.minter, claim_names="snake_case")
    said = _said(other.token("acme-admin"))
    assert not {"userId", "tenantId"} & set(said)
    assert other.caller("acme-admin").tenant_id == ACME


def test_service_tokens_spell_who_and_where_twice_too(house: House) -> None:
    admin = house.caller("acme-admin")
    said = _said(house.service_tokens.mint(admin, ACME, "ci", None)[0])
    assert (said["userId"], said["tenantId"]) == ("service:ci", "acme")
    house.service_tokens = replace(house.service_tokens, claim_names="snake_case")
    assert not {"userId", "tenantId"} & set(_said(house.service_tokens.mint(admin, ACME, "ci", None)[0]))


def test_a_token_says_the_metadata_that_the_policy_names_and_no_other(house: House) -> None:
    assert _kim(house, plan="gold", salary="high").metadata == {}
    _let_say(house, "plan", "team")
    assert _said(_sign_in(house).access_token)["metadata"] == {"plan": "gold"}
    assert house.caller("kim", PASSWORD).metadata == {"plan": "gold"}
    assert "metadata" not in _said(house.token("acme-admin"))


def test_a_change_of_metadata_is_in_the_next_token_and_refuses_none(house: House) -> None:
    _let_say(house, "plan")
    kim = _kim(house, plan="gold")
    first = _sign_in(house)
    house.change(house.caller("acme-admin"), kim.user_id, metadata={"plan": "silver"})
    assert house.principal(first).metadata == {"plan": "gold"}
    second = house.refresh(first.refresh_token)
    assert house.claims(second).metadata == {"plan": "silver"}
    house.change(house.caller("acme-admin"), kim.user_id, metadata=None)
    assert "metadata" not in _said(house.refresh(second.refresh_token).access_token)


@pytest.mark.standard("RFC 9068 6.a")
def test_tokens_of_another_tenant_say_nothing_that_the_home_tenant_wrote(house: House) -> None:
    kim = _kim(house, plan="gold")
    house.assign.put(house.caller(), kim.user_id, GLOBEX, ("user",))
    for tenant_id in (ACME, GLOBEX):
        _let_say(house, "plan", tenant_id=tenant_id)
    first = _sign_in(house)
    there = house.switch(first.refresh_token, GLOBEX)
    assert house.claims(there).metadata == {}
    assert house.claims(house.switch(there.refresh_token, ACME)).metadata == {"plan": "gold"}
    assert house.claims(house.sign_in("kim", PASSWORD, tenant_id=GLOBEX).tokens).metadata == {}


def test_a_cookies_caller_has_the_metadata_too(house: House) -> None:
    _let_say(house, "plan")
    _kim(house, plan="gold")
    assert house.by_cookie(house.sign_in("kim", PASSWORD).cookie).metadata == {"plan": "gold"}


def test_the_authorizers_context_tells_metadata_as_json_and_both_spellings(house: House) -> None:
    _let_say(house, "plan")
    _kim(house, plan="gœld")
    token = _sign_in(house).access_token
    context = decide(house.authorize, fronts.rest(_bearer(token)))["context"]
    assert json.loads(context["metadata"]) == {"plan": "gœld"}
    assert context["metadata"].isascii()
    assert (context["userId"], context["tenantId"]) == (context["user_id"], context["tenant_id"])
    bare = decide(house.authorize, fronts.rest(_bearer(house.token())))["context"]
    assert (bare["metadata"], bare["ext"], bare["tenantId"]) == ("{}", "{}", "")


def test_the_librarys_principal_has_the_metadata(house: House) -> None:
    _let_say(house, "plan")
    _kim(house, plan="gold")
    jwks = json.dumps(house.keyring.key_set().jwks())
    verifier = Verifier(ISSUER, interval_seconds=None, fetch=lambda *_: (jwks, None), clock=house.clock)
    assert verifier.verify(_sign_in(house).access_token).metadata == {"plan": "gold"}


def test_what_does_not_fit_into_a_token_is_left_out_in_the_policys_order(house: House) -> None:
    metadata = {f"name{number}": "x" * 256 for number in range(4)} | {"last": "y", "odd": "ü" * 256}
    _let_say(house, "odd", "name3", "name0", "name1", "last")
    _kim(house, **metadata)
    found = house.claims(_sign_in(house)).metadata
    assert list(found) == ["name3", "name0", "last"]
    assert len(json.dumps(found)) <= MAX_TOKEN_BYTES


def test_an_access_token_with_all_that_it_may_say_stays_below_4_kb() -> None:
    house = House()
    house.world.key_set = None
    issuer = "https://abcdefghij.execute-api.ap-southeast-2.amazonaws.com/v1"
    replace(house.rotate_signing_keys, algorithm="RS256").add_first(KeySet(issuer, "ownapi", ()))
    house.minter = replace(house.minter, ask=lambda *_: {f"n{number}": "x" * 246 for number in range(4)})
    tenant_id = TenantId("t" * 63)
    house.tenants.create(house.caller(), tenant_id, None)
    _let_say(house, "aa", "bb", "cc", tenant_id=tenant_id)
    wanted = NewUser(
        PASSWORD,
        username=f"{'k' * 60}@{tenant_id}",
        profile={"metadata": dict.fromkeys(("aa", "bb", "cc"), "x" * 244)},
        roles=("admin", "auditor", "editor", "publisher", "user"),
        tenant_id=tenant_id,
    )
    house.create_user(house.caller(), wanted)
    pair = house.sign_in(wanted.username or "", PASSWORD).tokens
    said = _said(pair.access_token)
    assert len(json.dumps(said["metadata"])) > MAX_TOKEN_BYTES - 40
    assert MAX_CLAIMS_BYTES - 10 < len(json.dumps(said["ext"], separators=(",", ":"))) <= MAX_CLAIMS_BYTES
    assert len(pair.access_token) < 4096


def test_metadata_of_the_platform_are_nowhere(house: House) -> None:
    admin = house.world.users[house.caller().user_id]
    house.world.users[admin.id] = replace(admin, metadata={"plan": "gold"})
    claims = house.claims(house.sign_in("admin").tokens)
    assert (claims.tenant_id, claims.metadata) == (PLATFORM, {})


@pytest.mark.parametrize(
    "values",
    [
        {"Plan": "x"},
        {"": "x"},
        {"1plan": "x"},
        {"plan-b": "x"},
        {"p" * 33: "x"},
        {"plan": "x" * 257},
        {"plan": "a\nb"},
        {"plan": "a\0b"},
        {"plan": "\ud800"},
        {f"name{number}": "" for number in range(21)},
    ],
)
def test_metadata_that_break_a_rule_are_refused(values: dict[str, str]) -> None:
    with pytest.raises(InvalidRequest):
        check_metadata(values)


def test_metadata_at_the_bounds_are_taken_in_the_order_of_names() -> None:
    values = {f"name_{number}{'x' * (26 - len(str(number)))}": "ü" * 256 for number in range(19, -1, -1)}
    assert list(check_metadata(values)) == sorted(values)
    assert all(len(name) <= 32 for name in values)


def test_nobody_writes_their_own_metadata_and_a_guest_tenant_neither_reads_nor_writes_any(house: House) -> None:
    kim = _kim(house, plan="gold")
    house.assign.put(house.caller(), kim.user_id, GLOBEX, ("user",))
    with pytest.raises(InsufficientScope):
        house.change(house.caller("kim", PASSWORD), "me", metadata={"plan": "platinum"})
    with pytest.raises(InsufficientScope):
        house.change(house.caller("globex-admin"), kim.user_id, metadata={"plan": "platinum"})
    assert house.world.users[kim.user_id].metadata == {"plan": "gold"}


def test_a_tenants_administrators_change_its_metadata_alone_and_members_do_not(house: House) -> None:
    admin, kim = house.caller("acme-admin"), _kim(house)
    assert house.tenants.change(admin, ACME, {"metadata": {"plan": "gold"}}).metadata == {"plan": "gold"}
    for principal, tenant_id, values in (
        (admin, ACME, {"name": "Acme"}),
        (admin, ACME, {"metadata": {}, "status": "disabled"}),
        (admin, GLOBEX, {"metadata": {}}),
        (kim, ACME, {"metadata": {}}),
    ):
        with pytest.raises(InsufficientScope):
            house.tenants.change(principal, tenant_id, values)
    assert house.tenants.change(house.caller(), ACME, {"metadata": {}}).metadata is None
    with pytest.raises(NotFound):
        house.tenants.change(house.caller(), TenantId("nowhere"), {"metadata": {}})
