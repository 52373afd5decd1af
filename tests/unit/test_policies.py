"""What a tenant decides for itself: who reads and changes it, which values it takes, and where it holds."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

import pytest

from doorward.accounts.policies import AdministerPolicies
from doorward.api.bodies.policy import ChangePolicyRequest, PolicyResponse
from doorward.errors import Conflict, InsufficientScope, InvalidCredentials, InvalidGrant, InvalidRequest, NotFound
from doorward.model import Branding, SignInPolicy, TenantId, TenantPolicy
from doorward.rules.policy import MEMBERS, Bounds, changed_policy, value_of
from tests.support.fake_proofs import MemoryPolicies
from tests.support.fakes import MemoryTenants
from tests.support.people import PASSWORD
from tests.support.world import ACME, GLOBEX, House

NOW_MS = 1_800_000_000_000
BOUNDS = Bounds(session_seconds=86_400, mail_is_on=True)

GOOD: Mapping[str, list[tuple[Any, Any]]] = {
    "sign_up": [(text, text) for text in ("closed", "invited", "open")],
    "domains": [
        (["Acme.Example", " acme.example", "b.example"], ("acme.example", "b.example")),
        (["bücher.example", "xn--bcher-kva.example"], ("bücher.example",)),
        ([f"d{number}.example" for number in range(50)], tuple(sorted(f"d{number}.example" for number in range(50)))),
        ([], ()),
    ],
    "methods": [
        (["password"], ("password",)),
        (["email_code", "password", "password"], ("password", "email_code")),
        (["email_code"], ("email_code",)),
    ],
    "second_factor": [(text, text) for text in ("off", "optional", "admins", "required")],
    "second_factor_grace_days": [(0, 0), (60, 60)],
    "remember_device_days": [(0, 0), (90, 90)],
    "session_seconds": [(60, 60), (86_400, 86_400)],
    "least_password_length": [(8, 8), (64, 64)],
    "locale": [("DE-ch", "de-CH")],
    "mail_from_name": [(" Acmé & Söhne ", "Acmé & Söhne"), ("x" * 64, "x" * 64)],
    "mail_reply_to": [("Help@acme.example", "Help@acme.example")],
    "branding": [
        (
            {"name": " Acmé & Söhne ", "accent": "#B3261E", "accent_dark": " #f2b8b5 ", "support": "<b>help</b>"},
            Branding(name="Acmé & Söhne", accent="#b3261e", accent_dark="#f2b8b5", support="<b>help</b>"),
        ),
        ({"name": "x" * 80, "support": "x" * 200}, Branding(name="x" * 80, support="x" * 200)),
        ({"accent": "#767676", "name": None}, Branding(accent="#767676")),
        ({}, None),
        ({"name": None}, None),
    ],
    "audit_retention_days": [(1, 1), (3650, 3650)],
    "token_metadata": [(["plan", "team", "plan"], ("plan", "team")), ([], ())],
}
BAD: Mapping[str, list[Any]] = {
    "sign_up": ["everybody", "", 1, ["open"]],
    "domains": [
        ["acme"],
        ["a@acme.example"],
        ["*.example"],
        ["acme.example/x"],
        ["acme.example, b.example"],
        ["https://acme.example"],
        [""],
        ["a..example"],
        ["x" * 260 + ".example"],
        [f"d{number}.example" for number in range(51)],
        "acme.example",
    ],
    "methods": [[], ["passkey"], [""], "password", [None]],
    "second_factor": ["on", "", True, ["required"]],
    "second_factor_grace_days": [-1, 61, "1", 1.5, True],
    "remember_device_days": [-1, 91, "1", 1.5, True],
    "session_seconds": [59, 86_401, 0, -1, 3600.5, "3600", True],
    "least_password_length": [7, 65, "8", False],
    "audit_retention_days": [0, 3651, -1, "30", 1.5, True],
    "locale": ["deutsch!", ""],
    "mail_from_name": ["", "  ", "a\nb", "a\r\nBcc: x@y.example", "a\u2028b", "a\u202eb", "x" * 65],
    "mail_reply_to": [
        "nobody",
        "a@b.example, c@d.example",
        "Kim <kim@acme.example>",
        "a@b.example\r\nBcc: c@d.example",
        '"a"@b.example',
        "",
    ],
    "branding": [
        "Acme",
        ["Acme"],
        {"logo": "x"},
        {"name": ""},
        {"name": " "},
        {"name": "x" * 81},
        {"name": "a\nb"},
        {"name": "a\u202eb"},
        {"name": 1},
        {"support": "x" * 201},
        {"support": "a\r\nb"},
        *(
            {"accent": text}
            for text in ("red", "#fff", "#12345g", "#0b57d0; }", "0b57d0", "#0b57d0ff", "#777777", "#ffffff")
        ),
        *({"accent_dark": text} for text in ("#747474", "#121212", "#0b57d0", "url(x)")),
    ],
    "token_metadata": [["Plan"], [""], [f"name{number}" for number in range(21)], "plan"],
}


def _changed(before: TenantPolicy | None = None, bounds: Bounds = BOUNDS, **sent: Any) -> TenantPolicy:
    """Return a policy after a request, as its body and the rules take it."""
    values = ChangePolicyRequest.of_json(json.dumps(sent).encode()).values()
    return changed_policy(before or TenantPolicy(), values, bounds, NOW_MS)


def test_every_member_is_declared_and_shown_and_accepted() -> None:
    declared = {field.name for kind in (TenantPolicy, SignInPolicy) for field in fields(kind)} - {
        "sign_in",
        "version",
        "second_factor_from_ms",
    }
    assert set(MEMBERS) == declared == set(PolicyResponse.model_fields) == set(ChangePolicyRequest.model_fields)
    assert declared == set(GOOD) == set(BAD)


@pytest.mark.parametrize(("name", "value", "stored"), [(name, *pair) for name in GOOD for pair in GOOD[name]])
def test_a_value_is_stored_in_its_checked_form_and_null_gives_the_default_back(
    name: str, value: Any, stored: Any
) -> None:
    after = _changed(**{name: value})
    assert (value_of(after, name), after.version) == (stored, 1)
    assert all(value_of(after, other) == value_of(TenantPolicy(), other) for other in MEMBERS if other != name)
    nothing: dict[str, Any] = {name: None}
    assert value_of(_changed(after, **nothing), name) == value_of(TenantPolicy(), name)


@pytest.mark.parametrize(("name", "value"), [(name, value) for name in BAD for value in BAD[name]])
def test_a_value_that_breaks_a_rule_is_refused(name: str, value: Any) -> None:
    with pytest.raises(InvalidRequest):
        _changed(**{name: value})


@pytest.mark.parametrize("sent", [{}, {"version": 3}, {"sign_in": {}}, {"branding": "x"}])
def test_a_request_names_members_and_nothing_else(sent: dict[str, Any]) -> None:
    with pytest.raises(InvalidRequest):
        _changed(**sent)


def test_the_days_of_grace_begin_when_more_is_asked_of_people() -> None:
    after = _changed(second_factor="required")
    assert after.sign_in.second_factor_from_ms == NOW_MS
    assert _changed(after, session_seconds=60).sign_in.second_factor_from_ms == NOW_MS
    assert _changed(session_seconds=60).sign_in.second_factor_from_ms == 0


def test_a_deployment_without_mail_has_no_codes_by_mail() -> None:
    without = Bounds(session_seconds=86_400, mail_is_on=False)
    for methods in (["email_code"], ["password", "email_code"]):
        with pytest.raises(InvalidRequest, match="sends no mail"):
            _changed(bounds=without, methods=methods)
    assert _changed(bounds=without, methods=["password"]).sign_in == SignInPolicy()


def test_signing_up_by_domain_needs_a_domain_in_whichever_order() -> None:
    with pytest.raises(InvalidRequest):
        _changed(sign_up="domain")
    by_domain = _changed(sign_up="domain", domains=["acme.example"])
    assert by_domain.sign_up == "domain"
    none: tuple[list[str] | None, ...] = ([], None)
    for domains in none:
        with pytest.raises(InvalidRequest):
            _changed(by_domain, domains=domains)


@pytest.fixture
def administer(house: House) -> AdministerPolicies:
    return AdministerPolicies(house.policies, MemoryTenants(house.world), BOUNDS, house.clock)


def test_only_the_tenants_administrators_and_the_platforms_read_and_change_a_policy(
    house: House, administer: AdministerPolicies
) -> None:
    kim, admin, platform = house.add_user("kim"), house.caller("acme-admin"), house.caller()
    for principal, tenant_id, error in (
        (kim, ACME, InsufficientScope),
        (kim, GLOBEX, NotFound),
        (admin, GLOBEX, NotFound),
        (admin, TenantId("nowhere"), NotFound),
        (platform, TenantId("nowhere"), NotFound),
    ):
        with pytest.raises(error):
            administer.get(principal, tenant_id)
        with pytest.raises(error):
            administer.change(principal, tenant_id, {"sign_up": "open"})
    assert administer.change(admin, ACME, {"sign_up": "open"}).sign_up == "open"
    assert administer.get(platform, ACME).sign_up == "open"
    assert administer.change(platform, GLOBEX, {"sign_up": "invited"}).version == 1
    assert administer.get(admin, ACME) == TenantPolicy(sign_up="open", version=1)


def test_a_change_is_in_the_log_with_the_names_of_the_members(
    house: House, administer: AdministerPolicies, caplog: pytest.LogCaptureFixture
) -> None:
    admin = house.caller("acme-admin")
    caplog.set_level(logging.INFO)
    administer.change(admin, ACME, {"sign_up": "open", "mail_reply_to": "help@acme.example"})
    events = [vars(line).get("audit", {}) for line in caplog.records]
    (found,) = [event for event in events if event.get("event") == "policy_changed"]
    expected = {"tenant_id": ACME, "by": admin.user_id, "members": "mail_reply_to,sign_up"}
    assert expected.items() <= found.items()
    assert "help@acme.example" not in str(found)


@dataclass
class Raced:
    """Policies of which somebody else changes one whenever it was read."""

    policies: MemoryPolicies

    def get(self, tenant_id: TenantId) -> TenantPolicy:
        found = self.policies.get(tenant_id)
        self.policies.change(tenant_id, replace(found, sign_up="open", version=found.version + 1))
        return found

    def change(self, tenant_id: TenantId, after: TenantPolicy) -> None:
        self.policies.change(tenant_id, after)


def test_of_two_changes_at_the_same_moment_one_is_refused(house: House, administer: AdministerPolicies) -> None:
    raced = replace(administer, policies=Raced(house.policies))
    with pytest.raises(Conflict):
        raced.change(house.caller("acme-admin"), ACME, {"sign_up": "invited"})
    assert house.policies.get(ACME).sign_up == "open"


def test_a_tenant_without_the_method_password_takes_none(house: House, administer: AdministerPolicies) -> None:
    house.add_user("kim")
    administer.change(house.caller(), ACME, {"methods": ("email_code",)})
    with pytest.raises(InvalidCredentials):
        house.sign_in("kim", PASSWORD)
    assert house.sign_in("globex-admin").tokens
    administer.change(house.caller(), ACME, {"methods": None})
    assert house.sign_in("kim", PASSWORD).tokens


@pytest.mark.standard("ASVS 7.3.2")
def test_sessions_are_as_short_as_the_tenant_wants(house: House, administer: AdministerPolicies) -> None:
    administer.change(house.caller(), ACME, {"session_seconds": 600})
    pair = house.sign_in("acme-admin").tokens
    assert (pair.refresh_expires_in, pair.expires_in) == (600, 600)
    assert house.sign_in("globex-admin").tokens.refresh_expires_in == 86_400
    house.clock.advance(300)
    pair = house.refresh(pair.refresh_token)
    assert (pair.refresh_expires_in, pair.expires_in) == (300, 300)
    house.clock.advance(300)
    with pytest.raises(InvalidGrant):
        house.refresh(pair.refresh_token)


def test_a_tenant_that_shortens_its_sessions_shortens_those_that_live(
    house: House, administer: AdministerPolicies
) -> None:
    signed_in = house.sign_in("acme-admin")
    pair = signed_in.tokens
    house.clock.advance(3_000)
    administer.change(house.caller(), ACME, {"session_seconds": 3_600})
    pair = house.refresh(pair.refresh_token)
    assert (pair.refresh_expires_in, pair.expires_in) == (600, 600)
    assert house.by_cookie(signed_in.cookie)
    house.clock.advance(600)
    with pytest.raises(InvalidGrant):
        house.refresh(pair.refresh_token)
    administer.change(house.caller(), ACME, {"session_seconds": None})
    assert house.refresh(pair.refresh_token)


def test_a_switch_into_a_tenant_with_shorter_sessions_gives_no_longer_one_and_spends_nothing_if_it_is_over(
    house: House, administer: AdministerPolicies
) -> None:
    kim = house.add_user("kim")
    house.assign.put(house.caller(), kim.user_id, GLOBEX, ("user",))
    administer.change(house.caller(), GLOBEX, {"session_seconds": 600})
    pair = house.sign_in("kim", PASSWORD).tokens
    house.clock.advance(500)
    there = house.switch(pair.refresh_token, GLOBEX)
    assert (there.refresh_expires_in, there.expires_in) == (100, 100)
    pair = house.sign_in("kim", PASSWORD).tokens
    house.clock.advance(700)
    with pytest.raises(InvalidGrant, match="sign in to it"):
        house.switch(pair.refresh_token, GLOBEX)
    assert house.refresh(pair.refresh_token)
