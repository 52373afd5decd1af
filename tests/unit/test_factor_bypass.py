"""Every way that could end in a session, for somebody whose second factor must be proved: none leads around it.

A way either ends in no session, or in one that is good for nothing but proving or enrolling the factor.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

import pytest

from doorward.accounts.invitations import NewInvitation
from doorward.authorization import RequestCredentials
from doorward.errors import InvalidCredentials, InvalidGrant, InvalidToken, SecondFactorRequired
from doorward.model import IntrospectedToken, Principal, TokenPair, UserId
from doorward.proofs.invited import NewMember
from doorward.sessions.begin import Client, SignedIn
from doorward.sessions.introspect import Introspect
from doorward.sockets.connect import Connect
from tests.support.factors import App, FactorHouse
from tests.support.fakes import MemorySockets
from tests.support.mailed import NEW_PASSWORD, Mailed
from tests.support.people import PASSWORD
from tests.support.world import ACME, AUDIENCE, GLOBEX, HERE, ORIGIN

EMAIL = "kim@people.example"


@pytest.fixture
def house() -> FactorHouse:
    found = FactorHouse()
    kim = found.add_user("kim", email=EMAIL)
    found.assign.put(found.caller(), kim.user_id, GLOBEX, ("user",))
    user = found.world.users[kim.user_id]
    found.world.users[kim.user_id] = replace(user, email_verified_at_ms=1)
    return found


@pytest.fixture
def mailed(house: FactorHouse) -> Mailed:
    return Mailed(house)


def _by_code(house: FactorHouse, mailed: Mailed, client: Client) -> SignedIn:
    house.ask(methods=["password", "email_code"])
    challenge_id = mailed.ask("email_code", EMAIL)
    found: SignedIn = mailed.code.confirm(mailed.presented(challenge_id, "code"), client)
    return found


def _by_link(house: FactorHouse, mailed: Mailed, client: Client) -> SignedIn:
    house.ask(methods=["password", "email_code"])
    challenge_id = mailed.ask("email_code", EMAIL)
    found: SignedIn = mailed.code.confirm(mailed.presented(challenge_id, "token", with_challenge=True), client)
    return found


def _after_reset(house: FactorHouse, mailed: Mailed, client: Client) -> SignedIn:
    mailed.reset.confirm(mailed.presented(mailed.ask("password_reset", EMAIL), "token"), NEW_PASSWORD)
    house.clock.advance(1)
    return house.log_in(replace(house.credentials("kim", client), password=NEW_PASSWORD))


def _after_an_administrators_password(house: FactorHouse, _: Mailed, client: Client) -> SignedIn:
    house.change(house.caller(), _kim(house), password=NEW_PASSWORD)
    house.clock.advance(1)
    return house.log_in(replace(house.credentials("kim", client), password=NEW_PASSWORD))


def _by_name(house: FactorHouse, _: Mailed, client: Client) -> SignedIn:
    return house.log_in(house.credentials("kim", client))


def _by_address(house: FactorHouse, _: Mailed, client: Client) -> SignedIn:
    return house.log_in(replace(house.credentials("kim", client), username=None, email=EMAIL, tenant_id=ACME))


def _to_the_other_tenant(house: FactorHouse, _: Mailed, client: Client) -> SignedIn:
    return house.log_in(replace(house.credentials("kim", client), tenant_id=GLOBEX))


WAYS: Mapping[str, Callable[[FactorHouse, Mailed, Client], SignedIn]] = {
    "password and user name": _by_name,
    "password and address": _by_address,
    "password, another tenant": _to_the_other_tenant,
    "code by mail": _by_code,
    "link by mail": _by_link,
    "password that was reset by mail": _after_reset,
}
# The password that an administrator set must be changed first, which restricts a session by itself.
MORE = {"password that an administrator set": _after_an_administrators_password}
CLIENTS = {
    "plain": Client(HERE),
    "a browser": Client(HERE, wants_cookie=True, cookie_alone=True),
    "a named client": Client(HERE, client_id="their-app"),
}


def _kim(house: FactorHouse) -> UserId:
    return next(user.id for user in house.world.users.values() if user.username == "kim")


@pytest.mark.standard("ASVS 6.3.4", "ASVS 6.4.3")
@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize("way", [*WAYS, *MORE])
def test_no_way_of_signing_in_leads_around_a_factor_that_is_there(
    house: FactorHouse, mailed: Mailed, way: str, client: str
) -> None:
    house.with_app("kim")
    sessions = set(house.world.sessions)
    with pytest.raises(SecondFactorRequired):
        {**WAYS, **MORE}[way](house, mailed, CLIENTS[client])
    assert {ref for ref in set(house.world.sessions) - sessions if ref.user_id == _kim(house)} == set()


@pytest.mark.standard("ASVS 6.3.4")
@pytest.mark.parametrize("way", WAYS)
def test_whoever_needs_a_factor_and_has_none_enters_to_enrol_one_and_for_nothing_else(
    house: FactorHouse, mailed: Mailed, way: str
) -> None:
    for tenant_id in (ACME, GLOBEX):
        house.ask(tenant_id, second_factor="required")
    signed_in = WAYS[way](house, mailed, Client(HERE, wants_cookie=True))
    _is_restricted(house, signed_in.tokens)
    assert house.by_cookie(signed_in.cookie).restriction == "second_factor_required"


@pytest.mark.parametrize("way", ["sign-up", "invitation"])
def test_a_new_user_enters_to_enrol_one_and_for_nothing_else(house: FactorHouse, mailed: Mailed, way: str) -> None:
    house.ask(second_factor="required", sign_up="open")
    if way == "sign-up":
        challenge_id = mailed.ask("sign_up", "ann@people.example")
        signed_in = mailed.sign_up.confirm(mailed.presented(challenge_id, "code"), NEW_PASSWORD, "ann", Client(HERE))
    else:
        sent = house.invite.make(house.caller("acme-admin"), ACME, NewInvitation("ann@people.example", deliver="link"))
        signed_in = house.accept.as_new_user(sent.token or "", ACME, NewMember(Client(HERE), NEW_PASSWORD, "ann"))
    _is_restricted(house, signed_in.tokens)


def _is_restricted(house: FactorHouse, tokens: TokenPair) -> None:
    assert house.principal(tokens).restriction == "second_factor_required"
    assert house.claims(tokens).second_factor_required
    assert house.principal(house.refresh(tokens.refresh_token)).restriction == "second_factor_required"
    assert _introspected(house, tokens) is None
    with pytest.raises(InvalidToken):
        _connect(house, tokens)


def _introspected(house: FactorHouse, tokens: TokenPair) -> IntrospectedToken | None:
    introspect = Introspect(
        house.sessions, house.revocations, house.keyring, house.refresh_tokens, AUDIENCE, house.clock
    )
    return introspect(house.caller(), tokens.access_token)


def _connect(house: FactorHouse, tokens: TokenPair) -> object:
    connect = Connect(
        sockets=MemorySockets(house.world),
        keyring=house.keyring,
        revocations=house.revocations,
        sessions=house.sessions,
        audience=AUDIENCE,
        allowed_origins=(ORIGIN,),
        clock=house.clock,
    )
    credentials = RequestCredentials("GET", "/", authorization=(f"Bearer {tokens.access_token}",))
    return connect("connection", None, credentials)


class TestSessionsFromBefore:
    """Sessions that began before the factor was asked for, or before there was one."""

    @pytest.fixture
    def old(self, house: FactorHouse) -> SignedIn:
        return house.sign_in("kim", PASSWORD)

    @pytest.fixture(params=["enrolled elsewhere", "asked of all", "asked of administrators"])
    def change(self, request: pytest.FixtureRequest, house: FactorHouse, old: SignedIn) -> str:
        del old
        if request.param == "enrolled elsewhere":
            house.with_app("kim")
        elif request.param == "asked of all":
            house.ask(second_factor="required")
        else:
            house.ask(second_factor="admins")
            house.change(house.caller(), _kim(house), roles=("admin",))
        house.clock.advance(11)
        return str(request.param)

    def test_the_next_refresh_is_good_for_nothing_else(self, house: FactorHouse, old: SignedIn, change: str) -> None:
        del change
        _is_restricted(house, house.refresh(old.tokens.refresh_token))

    def test_the_cookie_is_good_for_nothing_else_at_once(self, house: FactorHouse, old: SignedIn, change: str) -> None:
        del change
        assert house.by_cookie(old.cookie).restriction == "second_factor_required"
        assert house.principal(house.exchange(old.cookie or "")).restriction == "second_factor_required"

    def test_a_step_up_frees_the_session(self, house: FactorHouse, old: SignedIn, change: str) -> None:
        kim = house.by_cookie(old.cookie)
        if change == "enrolled elsewhere":
            (held,) = (held for user_id, held in house.world.factors.items() if user_id == kim.user_id)
            assert held.totp is not None
            app = App(house.clock, house.secrets.open(kim.user_id, held.totp.sealed_secret))
            raised = _step_up(house, kim, app)
        else:
            raised = house.enrol_app(kim)[1].raised.tokens
        assert house.principal(raised).restriction is None


def _step_up(house: FactorHouse, kim: Principal, app: App) -> TokenPair:
    from doorward.factors.prove import PresentedFactor

    return house.step_up(kim, PresentedFactor(totp=app.code()), None, HERE).tokens


class TestOtherTenants:
    """A session of a tenant that asks for less is no way into one that asks for more."""

    @pytest.fixture
    def lax(self, house: FactorHouse) -> SignedIn:
        house.ask(ACME, second_factor="off")
        app = house.enrol_app(house.caller("kim", PASSWORD, tenant_id=GLOBEX))
        del app
        house.clock.advance(60)
        return house.sign_in("kim", PASSWORD)

    def test_a_switch_is_refused_and_the_session_is_still_good(self, house: FactorHouse, lax: SignedIn) -> None:
        with pytest.raises(InvalidGrant) as refused:
            house.switch(lax.tokens.refresh_token, GLOBEX)
        assert refused.value.reason == "second_factor_required"
        assert house.principal(house.refresh(lax.tokens.refresh_token)).restriction is None

    def test_the_cookie_leads_there_no_more_than_the_token(self, house: FactorHouse, lax: SignedIn) -> None:
        with pytest.raises(InvalidGrant):
            house.exchange(lax.cookie or "", GLOBEX)

    def test_who_has_none_enters_to_enrol_one(self, house: FactorHouse) -> None:
        house.ask(GLOBEX, second_factor="required")
        signed_in = house.sign_in("kim", PASSWORD)
        _is_restricted(house, house.switch(signed_in.tokens.refresh_token, GLOBEX))

    def test_a_session_there_from_before_is_good_for_nothing_else(self, house: FactorHouse) -> None:
        signed_in = house.sign_in("kim", PASSWORD)
        there = house.switch(signed_in.tokens.refresh_token, GLOBEX)
        house.ask(GLOBEX, second_factor="required")
        house.clock.advance(11)
        _is_restricted(house, house.refresh(there.refresh_token))


class TestPlatformAdministrators:
    """They need a factor wherever they are, unless the deployment is a developer's."""

    @pytest.fixture
    def house(self) -> FactorHouse:
        return FactorHouse(platform_factor="required")

    def test_without_one_they_can_enrol_one_and_nothing_else(self, house: FactorHouse) -> None:
        admin = house.caller()
        assert admin.restriction == "second_factor_required"
        _, enrolled = house.enrol_app(admin)
        assert house.principal(enrolled.raised.tokens).restriction is None

    def test_no_policy_of_a_tenant_frees_them(self, house: FactorHouse) -> None:
        boss = house.principal(house.enrol_app(house.caller())[1].raised.tokens)
        house.clock.advance(60)
        house.assign.put(boss, boss.user_id, ACME, ("admin",))
        house.ask(ACME, second_factor="off")
        with pytest.raises(SecondFactorRequired):
            house.sign_in("admin", tenant_id=ACME)


class TestGrace:
    def test_people_may_go_on_for_the_days_of_grace_and_no_longer(self, house: FactorHouse) -> None:
        house.ask(second_factor="required", second_factor_grace_days=7)
        house.clock.advance(7 * 86_400 - 1)
        assert house.caller("kim", PASSWORD).restriction is None
        house.clock.advance(1)
        assert house.caller("kim", PASSWORD).restriction == "second_factor_required"

    def test_it_begins_again_for_who_joins_later(self, house: FactorHouse) -> None:
        house.ask(second_factor="required", second_factor_grace_days=7)
        house.clock.advance(30 * 86_400)
        house.add_user("ann")
        assert house.caller("ann", PASSWORD).restriction is None

    def test_it_frees_nobody_from_a_factor_that_is_there(self, house: FactorHouse) -> None:
        house.with_app("kim")
        house.ask(second_factor="required", second_factor_grace_days=7)
        with pytest.raises(SecondFactorRequired):
            house.sign_in("kim", PASSWORD)

    def test_after_an_administrators_reset_there_is_a_day_and_no_grace(self, house: FactorHouse) -> None:
        house.with_app("kim")
        house.ask(second_factor="required", second_factor_grace_days=60)
        house.reset(house.caller(), _kim(house))
        assert house.caller("kim", PASSWORD).restriction == "second_factor_required"
        house.clock.advance(86_400)
        with pytest.raises(InvalidCredentials):
            house.sign_in("kim", PASSWORD)


def test_a_restricted_session_joins_no_tenant(house: FactorHouse) -> None:
    house.ask(second_factor="required")
    sent = house.invite.make(house.caller("globex-admin"), GLOBEX, NewInvitation("x@people.example", deliver="link"))
    bearer = f"Bearer {house.sign_in('kim', PASSWORD).tokens.access_token}"
    from doorward.errors import EnrolmentRequired

    with pytest.raises(EnrolmentRequired):
        house.accept.as_user(sent.token or "", None, RequestCredentials("POST", "/", authorization=(bearer,)))
