"""What links and codes do: sign up, set a password, sign in, verify and change an address. And what they never do."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from doorward.errors import (
    DoorwardError,
    EmailTaken,
    InsufficientScope,
    InvalidCredentials,
    InvalidGrant,
    InvalidProof,
    InvalidRequest,
    InvalidToken,
    NotFound,
    SignUpClosed,
    TooManyAttempts,
    UsernameTaken,
    WeakPassword,
    WrongPassword,
)
from doorward.model import PLATFORM, SignInPolicy, TenantId, TenantPolicy, UserId
from doorward.model.proofs import Proof, ProofId
from doorward.proofs.check import Presented
from doorward.sessions.begin import Client
from doorward.sessions.naming import name_of
from doorward.tokens.proofs import Notices
from tests.support.mailed import HERE, NEW_PASSWORD, Mailed
from tests.support.people import PASSWORD
from tests.support.world import ACME, GLOBEX, House, changed

ANN = "Ann@people.example"


@pytest.fixture
def house() -> House:
    return House()


@pytest.fixture
def mailed(house: House) -> Mailed:
    return Mailed(house)


def _fails(act: Callable[[], object]) -> str:
    with pytest.raises(DoorwardError) as caught:
        act()
    return caught.value.reason


class TestAsking:
    @pytest.mark.parametrize("flow", ["sign_up", "password_reset", "email_code"])
    def test_known_and_unknown_addresses_write_the_same(self, house: House, mailed: Mailed, flow: str) -> None:
        house.add_user("ann", email=ANN)
        mailed.allow(ACME, sign_up="open", sign_in=SignInPolicy(methods=("email_code",)))
        known = mailed.ask(flow, ANN)
        unknown = mailed.ask(flow, "nobody@people.example")
        proofs = [mailed.proof(challenge_id) for challenge_id in (known, unknown)]
        first, second = (replace(proof, id=ProofId(""), email="", address=None) for proof in proofs)
        assert first == second
        assert len(known) == len(unknown)

    def test_ten_mails_an_hour_go_to_one_name_whoever_asks(self, house: House, mailed: Mailed) -> None:
        for number in range(10):
            mailed.reset.ask(name_of(None, ANN, ACME), f"203.0.113.{number}")
        with pytest.raises(TooManyAttempts):
            mailed.reset.ask(name_of(None, ANN.upper(), ACME), "203.0.113.99")
        house.clock.advance(3600)
        mailed.reset.ask(name_of(None, ANN, ACME), "203.0.113.99")

    def test_sixty_mails_an_hour_go_out_for_one_source(self, mailed: Mailed) -> None:
        for number in range(60):
            mailed.reset.ask(name_of(None, f"{number}@people.example", ACME), "203.0.113.1")
        with pytest.raises(TooManyAttempts):
            mailed.reset.ask(name_of(None, "last@people.example", ACME), "203.0.113.1")
        mailed.reset.ask(name_of(None, "last@people.example", ACME), "203.0.113.2")

    def test_an_address_without_a_tenant_is_refused(self) -> None:
        with pytest.raises(InvalidRequest):
            name_of(None, ANN, None)


class TestProofs:
    @pytest.mark.standard("ASVS 6.5.1")
    @pytest.mark.parametrize("by", ["token", "code"])
    def test_a_proof_works_once(self, house: House, mailed: Mailed, by: str) -> None:
        house.add_user("ann", email=ANN)
        presented = mailed.presented(mailed.ask("password_reset", ANN), by)
        mailed.reset.confirm(presented, NEW_PASSWORD)
        assert _fails(lambda: mailed.reset.confirm(presented, "another good password")) in {
            "used_or_ended",
            "code_works_no_longer",
        }
        house.caller("ann", NEW_PASSWORD)

    @pytest.mark.standard("ASVS 6.6.3")
    def test_the_fifth_wrong_code_ends_the_code_but_not_the_link(self, house: House, mailed: Mailed) -> None:
        house.add_user("ann", email=ANN)
        challenge_id = mailed.ask("password_reset", ANN)
        right = mailed.presented(challenge_id, "code")
        for _ in range(5):
            assert _fails(lambda: mailed.reset.confirm(mailed.wrong(right), NEW_PASSWORD)) == "wrong_code"
        assert _fails(lambda: mailed.reset.confirm(right, NEW_PASSWORD)) == "code_works_no_longer"
        mailed.reset.confirm(mailed.presented(challenge_id, "token"), NEW_PASSWORD)

    @pytest.mark.standard("ASVS 6.6.3")
    def test_twenty_wrong_codes_a_day_turn_the_codes_of_a_name_off_and_not_its_links(
        self, house: House, mailed: Mailed
    ) -> None:
        house.add_user("ann", email=ANN)
        for _ in range(4):
            right = mailed.presented(mailed.ask("password_reset", ANN), "code")
            wrong = mailed.wrong(right)
            for _ in range(5):
                with pytest.raises(InvalidProof):
                    mailed.reset.confirm(wrong, NEW_PASSWORD)
        challenge_id = mailed.ask("password_reset", ANN)
        right = mailed.presented(challenge_id, "code")
        assert _fails(lambda: mailed.reset.confirm(right, NEW_PASSWORD)) == "too_many_wrong_codes"
        mailed.reset.confirm(mailed.presented(challenge_id, "token"), NEW_PASSWORD)

    def test_a_source_without_mails_left_fills_no_name(self, mailed: Mailed) -> None:
        for number in range(60):
            mailed.reset.ask(name_of(None, f"{number}@people.example", ACME), "203.0.113.1")
        for _ in range(20):
            with pytest.raises(TooManyAttempts):
                mailed.reset.ask(name_of(None, ANN, ACME), "203.0.113.1")
        mailed.reset.ask(name_of(None, ANN, ACME), "203.0.113.2")

    def test_a_code_ends_after_ten_minutes_and_a_reset_link_after_an_hour(self, house: House, mailed: Mailed) -> None:
        house.add_user("ann", email=ANN)
        challenge_id = mailed.ask("password_reset", ANN)
        house.clock.advance(600)
        late = mailed.presented(challenge_id, "code")
        assert _fails(lambda: mailed.reset.confirm(late, NEW_PASSWORD)) == "code_works_no_longer"
        house.clock.advance(3000)
        late = mailed.presented(challenge_id, "token")
        assert _fails(lambda: mailed.reset.confirm(late, NEW_PASSWORD)) == "used_or_ended"

    @pytest.mark.parametrize(
        ("change", "reason"),
        [
            (lambda text: text[:-1] + ("A" if text[-1] != "A" else "B"), "forged_proof"),
            (lambda text: text[:-1], "malformed_proof"),
            (lambda text: text.replace("password_reset", "verify_email"), "proof_of_another_kind"),
            (lambda text: text.replace("dwp1", "dwc1"), "malformed_proof"),
            (lambda _: "", "malformed_proof"),
            (lambda _: "x" * 10_000, "malformed_proof"),
        ],
    )
    def test_altered_tokens_cost_no_read(
        self, house: House, mailed: Mailed, change: Callable[[str], str], reason: str
    ) -> None:
        house.add_user("ann", email=ANN)
        token = mailed.presented(mailed.ask("password_reset", ANN), "token").token or ""
        house.world.proofs.clear()
        assert _fails(lambda: mailed.reset.confirm(Presented(change(token)), NEW_PASSWORD)) == reason

    @pytest.mark.standard("ASVS 6.6.2")
    def test_a_challenge_id_is_no_token_and_works_in_its_own_flow_alone(self, house: House, mailed: Mailed) -> None:
        house.add_user("ann", email=ANN)
        challenge_id = mailed.ask("password_reset", ANN)
        code = mailed.presented(challenge_id, "code").code
        assert _fails(lambda: mailed.reset.confirm(Presented(challenge_id), NEW_PASSWORD)) == "malformed_proof"
        with pytest.raises(InvalidProof):
            mailed.code.confirm(Presented(None, challenge_id, code), Client(HERE))
        other = mailed.ask("password_reset", ANN)
        assert _fails(lambda: mailed.reset.confirm(Presented(None, other, code), NEW_PASSWORD)) == "wrong_code"

    @pytest.mark.standard("ASVS 6.6.2")
    def test_a_proof_of_one_tenant_is_none_in_another(self, house: House, mailed: Mailed) -> None:
        house.add_user("ann", email=ANN)
        presented = replace(mailed.presented(mailed.ask("password_reset", ANN), "token"), tenant_id=GLOBEX)
        assert _fails(lambda: mailed.reset.confirm(presented, NEW_PASSWORD)) == "another_tenant"
        mailed.reset.confirm(replace(presented, tenant_id=ACME), NEW_PASSWORD)

    def test_the_code_of_a_proof_is_not_in_the_store(self, house: House, mailed: Mailed) -> None:
        house.add_user("ann", email=ANN)
        presented = mailed.presented(mailed.ask("password_reset", ANN), "code")
        stored = repr(house.world.proofs)
        token = mailed.house.proof_texts.token(mailed.proof(presented.challenge_id or ""))
        assert (presented.code or "") not in stored.replace(str(house.clock()), "")
        assert token.rpartition(".")[2] not in stored


class TestSignUp:
    def test_nobody_exists_before_the_address_is_proved(self, house: House, mailed: Mailed) -> None:
        mailed.allow(ACME, sign_up="open")
        before = len(house.world.users)
        challenge_id = mailed.ask("sign_up", ANN)
        assert len(house.world.users) == before
        signed_in = mailed.sign_up.confirm(mailed.presented(challenge_id, "code"), NEW_PASSWORD, "ann", Client(HERE))
        caller = house.principal(signed_in.tokens)
        assert (caller.username, caller.tenant_id, sorted(caller.roles)) == ("ann@acme", ACME, ["user"])
        user = house.world.users[caller.user_id]
        assert (user.email, user.email_verified_at_ms) == (ANN, house.clock())
        assert house.caller("ann@acme", NEW_PASSWORD).user_id == caller.user_id

    def test_a_taken_address_looks_the_same_and_gets_nobody_in(self, house: House, mailed: Mailed) -> None:
        house.add_user("ann", email=ANN)
        mailed.allow(ACME, sign_up="open")
        presented = mailed.presented(mailed.ask("sign_up", ANN), "token")
        assert _fails(lambda: mailed.sign_up.confirm(presented, NEW_PASSWORD, None, Client(HERE))) == "email_taken"
        house.caller("ann", PASSWORD)

    @pytest.mark.parametrize(
        ("policy", "address", "allowed"),
        [
            (TenantPolicy(), ANN, False),
            (TenantPolicy(sign_up="invited"), ANN, False),
            (TenantPolicy(sign_up="domain", domains=("people.example",)), "ann@PEOPLE.example", True),
            (TenantPolicy(sign_up="domain", domains=("people.example",)), "ann@people.example.evil.example", False),
            (TenantPolicy(sign_up="domain", domains=("people.example",)), "people.example@evil.example", False),
            (TenantPolicy(sign_up="domain"), ANN, False),
            (TenantPolicy(sign_up="open"), ANN, True),
        ],
    )
    def test_the_policy_says_who_may_sign_up(
        self, mailed: Mailed, policy: TenantPolicy, address: str, *, allowed: bool
    ) -> None:
        mailed.set_policy(ACME, policy)
        if allowed:
            mailed.sign_up.ask(ACME, address, HERE)
            return
        with pytest.raises(SignUpClosed):
            mailed.sign_up.ask(ACME, address, HERE)

    def test_a_tenant_that_does_not_exist_is_closed(self, mailed: Mailed) -> None:
        with pytest.raises(SignUpClosed):
            mailed.sign_up.ask(TenantId("nowhere"), ANN, HERE)

    def test_a_tenant_that_closes_or_is_disabled_lets_nobody_finish(self, house: House, mailed: Mailed) -> None:
        mailed.allow(ACME, sign_up="open")
        presented = mailed.presented(mailed.ask("sign_up", ANN), "token")
        mailed.allow(ACME, sign_up="closed")
        confirm = lambda: mailed.sign_up.confirm(presented, NEW_PASSWORD, None, Client(HERE))  # noqa: E731
        assert _fails(confirm) == "sign_up_closed"
        mailed.allow(ACME, sign_up="open")
        house.tenants.change(house.caller(), ACME, {"status": "disabled"})
        assert _fails(confirm) == "tenant_disabled"

    @pytest.mark.standard("ASVS 6.2.4", "ASVS 6.2.11")
    def test_who_chooses_badly_chooses_again(self, house: House, mailed: Mailed) -> None:
        house.add_user("kim@acme")
        mailed.allow(ACME, sign_up="open", least_password_length=21)
        presented = mailed.presented(mailed.ask("sign_up", ANN), "token")
        for password, name, error in [
            (NEW_PASSWORD, "ann", WeakPassword),
            ("ann@people.example-1", "ann", WeakPassword),
            (NEW_PASSWORD * 2, "kim", UsernameTaken),
        ]:
            with pytest.raises(error):
                mailed.sign_up.confirm(presented, password, name, Client(HERE))
        mailed.sign_up.confirm(presented, NEW_PASSWORD * 2, "ann", Client(HERE))

    def test_the_same_address_can_sign_up_in_two_tenants(self, house: House, mailed: Mailed) -> None:
        for tenant_id in (ACME, GLOBEX):
            mailed.allow(tenant_id, sign_up="open")
            presented = mailed.presented(mailed.sign_up.ask(tenant_id, ANN, HERE), "token")
            mailed.sign_up.confirm(presented, NEW_PASSWORD, None, Client(HERE))
        assert len(house.users.list_by_address("ann@people.example")) == 2


class TestPasswordReset:
    @pytest.mark.standard("ASVS 6.4.3", "ASVS 7.4.3")
    def test_it_ends_all_sessions_and_kills_other_proofs(self, house: House, mailed: Mailed) -> None:
        house.add_user("ann", email=ANN)
        session = house.sign_in("ann", PASSWORD)
        first, second = mailed.ask("password_reset", ANN), mailed.ask("password_reset", ANN)
        mailed.reset.confirm(mailed.presented(second, "code"), NEW_PASSWORD)
        with pytest.raises(InvalidToken):
            house.principal(session.tokens)
        with pytest.raises(InvalidGrant):
            house.refresh(session.tokens.refresh_token)
        with pytest.raises(InvalidCredentials):
            house.sign_in("ann", PASSWORD)
        presented = mailed.presented(first, "token")
        assert _fails(lambda: mailed.reset.confirm(presented, "another good password")) == "not_for_this_user"
        caller = house.caller("ann", NEW_PASSWORD)
        assert house.world.users[caller.user_id].email_verified_at_ms == house.clock()
        assert [proof.kind for proof in mailed.notices()] == ["password_changed"]

    def test_by_user_name_it_is_the_tenants_own_name_first(self, house: House, mailed: Mailed) -> None:
        house.add_user("kim", email="kim@people.example")
        house.add_user("kim@acme", email="other@people.example")
        challenge_id = mailed.reset.ask(name_of("kim", None, ACME), HERE)
        mailed.reset.confirm(mailed.presented(challenge_id, "token"), NEW_PASSWORD)
        house.caller("kim@acme", NEW_PASSWORD)
        house.caller("kim", PASSWORD)

    @pytest.mark.parametrize("who", ["unknown", "disabled", "without an address"])
    def test_a_proof_of_nobody_proves_nothing(self, house: House, mailed: Mailed, who: str) -> None:
        ann = house.add_user("ann", email=None if who == "without an address" else ANN)
        if who == "disabled":
            house.change(house.caller(), ann.user_id, status="disabled")
        name = name_of("nobody" if who == "unknown" else "ann", None, None)
        presented = mailed.presented(mailed.reset.ask(name, HERE), "token")
        assert _fails(lambda: mailed.reset.confirm(presented, NEW_PASSWORD)) == "not_for_this_user"

    def test_an_administrator_of_one_tenant_opens_no_other_by_an_address(self, house: House, mailed: Mailed) -> None:
        ann = house.add_user("ann", email=ANN)
        house.assign.put(house.caller(), ann.user_id, GLOBEX, ("user",))
        house.change(house.caller("acme-admin"), ann.user_id, email="thief@acme.example")
        presented = mailed.presented(mailed.ask("password_reset", "thief@acme.example"), "token")
        assert _fails(lambda: mailed.reset.confirm(presented, NEW_PASSWORD)) == "not_for_this_user"
        house.caller("ann", PASSWORD)

    @pytest.mark.standard("ASVS 6.2.4")
    def test_a_weak_password_leaves_the_proof(self, house: House, mailed: Mailed) -> None:
        house.add_user("ann", email=ANN)
        presented = mailed.presented(mailed.ask("password_reset", ANN), "token")
        with pytest.raises(WeakPassword):
            mailed.reset.confirm(presented, "password1")
        mailed.reset.confirm(presented, NEW_PASSWORD)

    def test_it_lets_in_again_whom_guessers_locked_out(self, house: House, mailed: Mailed) -> None:
        ann = house.add_user("ann", email=ANN)
        house.world.attempts[f"failures#{ann.user_id}"] = {"failures": 100}
        with pytest.raises(InvalidCredentials):
            house.sign_in("ann", PASSWORD, source="198.51.100.1")
        mailed.reset.confirm(mailed.presented(mailed.ask("password_reset", ANN), "token"), NEW_PASSWORD)
        house.caller("ann", NEW_PASSWORD, source="198.51.100.1")


class TestResetByAnAdministrator:
    def test_the_administrator_passes_a_link_on_and_learns_no_password(self, house: House, mailed: Mailed) -> None:
        ann = house.add_user("ann")
        token = mailed.reset.ask.for_user(house.caller("acme-admin"), ann.user_id, HERE, as_link=True)
        assert not mailed.last().mails
        mailed.reset.confirm(Presented(token), NEW_PASSWORD)
        caller = house.caller("ann", NEW_PASSWORD)
        assert house.world.users[caller.user_id].email_verified_at_ms is None

    def test_who_may_not_set_a_password_may_not_pass_a_link_on(self, house: House, mailed: Mailed) -> None:
        ann = house.add_user("ann", email=ANN)
        ask, admin = mailed.reset.ask.for_user, house.caller("acme-admin")
        with pytest.raises(NotFound):
            ask(house.caller("globex-admin"), ann.user_id, HERE, as_link=True)
        with pytest.raises(InsufficientScope):
            ask(house.caller("ann", PASSWORD), house.caller().user_id, HERE, as_link=True)
        with pytest.raises(InvalidRequest):
            ask(admin, "me", HERE, as_link=True)
        token = ask(admin, ann.user_id, HERE, as_link=True)
        platform = ask(house.caller(), ann.user_id, HERE, as_link=True)
        house.assign.put(house.caller(), ann.user_id, GLOBEX, ("user",))
        with pytest.raises(InsufficientScope):
            ask(admin, ann.user_id, HERE, as_link=True)
        assert _fails(lambda: mailed.reset.confirm(Presented(token), NEW_PASSWORD)) == "not_for_this_user"
        mailed.reset.confirm(Presented(platform), NEW_PASSWORD)

    def test_what_cannot_be_mailed_is_refused(self, house: House, mailed: Mailed) -> None:
        ann = house.add_user("ann")
        with pytest.raises(InvalidRequest):
            mailed.reset.ask.for_user(house.caller("acme-admin"), ann.user_id, HERE, as_link=False)

    def test_a_link_dies_with_the_rights_of_who_made_it(self, house: House, mailed: Mailed) -> None:
        ann = house.add_user("ann")
        eve = house.add_user("eve", roles=("admin",))
        token = mailed.reset.ask.for_user(eve, ann.user_id, HERE, as_link=True)
        house.change(house.caller(), eve.user_id, roles=("user",))
        assert _fails(lambda: mailed.reset.confirm(Presented(token), NEW_PASSWORD)) == "not_for_this_user"

    def test_ten_mails_an_hour_go_to_one_user_whichever_administrator_asks(self, house: House, mailed: Mailed) -> None:
        ann, admin = house.add_user("ann", email=ANN), house.caller("acme-admin")
        for _ in range(10):
            mailed.reset.ask.for_user(admin, ann.user_id, HERE, as_link=False)
        with pytest.raises(TooManyAttempts):
            mailed.reset.ask.for_user(admin, ann.user_id, HERE, as_link=False)
        assert mailed.reset.ask.for_user(admin, ann.user_id, HERE, as_link=True)

    def test_an_address_of_an_administrator_opens_nothing_when_the_user_moves_on(
        self, house: House, mailed: Mailed
    ) -> None:
        ann = house.add_user("ann")
        house.change(house.caller("acme-admin"), ann.user_id, email="evil@acme.example")
        house.clock.advance(1)
        mailed.reset.confirm(mailed.presented(mailed.ask("password_reset", "evil@acme.example"), "token"), NEW_PASSWORD)
        house.clock.advance(1)
        house.assign.put(house.caller(), ann.user_id, GLOBEX, ("admin",))
        both = mailed.presented(mailed.ask("password_reset", "evil@acme.example"), "token")
        assert _fails(lambda: mailed.reset.confirm(both, "a third good password")) == "not_for_this_user"
        house.assign.remove(house.caller(), ann.user_id, ACME)
        moved = mailed.presented(mailed.ask("password_reset", "evil@acme.example", GLOBEX), "token")
        assert _fails(lambda: mailed.reset.confirm(moved, "a third good password")) == "not_for_this_user"
        caller = house.caller("ann", NEW_PASSWORD)
        mailed.verify.confirm(mailed.presented(mailed.verify.ask(caller, HERE), "code"))
        proved = mailed.presented(mailed.ask("password_reset", "evil@acme.example", GLOBEX), "token")
        mailed.reset.confirm(proved, "a third good password")


class TestVerification:
    def test_an_address_is_verified_by_its_reader(self, house: House, mailed: Mailed) -> None:
        ann = house.add_user("ann", email=ANN)
        mailed.verify.confirm(mailed.presented(mailed.verify.ask(ann, HERE), "code"))
        assert house.world.users[ann.user_id].email_verified_at_ms == house.clock()
        house.principal(house.sign_in("ann", PASSWORD).tokens)

    def test_a_changed_address_is_no_longer_verified(self, house: House, mailed: Mailed) -> None:
        ann = house.add_user("ann", email=ANN)
        presented = mailed.presented(mailed.verify.ask(ann, HERE), "token")
        house.change(house.caller("acme-admin"), ann.user_id, email="other@people.example")
        assert _fails(lambda: mailed.verify.confirm(presented)) == "another_address"
        assert house.world.users[ann.user_id].email_verified_at_ms is None

    def test_who_has_no_address_cannot_verify_it(self, house: House, mailed: Mailed) -> None:
        with pytest.raises(InvalidRequest):
            mailed.verify.ask(house.add_user("ann"), HERE)


class TestEmailCode:
    @pytest.fixture
    def ann(self, house: House, mailed: Mailed) -> UserId:
        mailed.allow(ACME, sign_in=SignInPolicy(methods=("password", "email_code")))
        ann = house.add_user("ann", email=ANN)
        mailed.verify.confirm(mailed.presented(mailed.verify.ask(ann, HERE), "code"))
        return ann.user_id

    @pytest.mark.parametrize("by", ["token", "code"])
    def test_a_verified_reader_signs_in(self, house: House, mailed: Mailed, ann: UserId, by: str) -> None:
        presented = mailed.presented(mailed.ask("email_code", ANN), by, with_challenge=True)
        signed_in = mailed.code.confirm(presented, Client(HERE, wants_cookie=True))
        assert house.principal(signed_in.tokens).user_id == ann
        assert house.by_cookie(signed_in.cookie).user_id == ann
        with pytest.raises(InvalidProof):
            mailed.code.confirm(presented, Client(HERE))

    @pytest.mark.standard("ASVS 6.6.2")
    def test_a_link_signs_nobody_in_elsewhere(self, mailed: Mailed, ann: UserId) -> None:
        del ann
        first, second = mailed.ask("email_code", ANN), mailed.ask("email_code", ANN)
        token = mailed.presented(first, "token").token
        assert _fails(lambda: mailed.code.confirm(Presented(token), Client(HERE))) == "malformed_proof"
        assert _fails(lambda: mailed.code.confirm(Presented(token, second), Client(HERE))) == "another_browser"

    @pytest.mark.parametrize("why", ["policy", "unverified", "disabled", "no member", "tenant disabled"])
    def test_who_may_not_sign_in_so_does_not(self, house: House, mailed: Mailed, ann: UserId, why: str) -> None:
        presented = mailed.presented(mailed.ask("email_code", ANN), "code")
        if why == "policy":
            mailed.allow(ACME, sign_in=SignInPolicy())
        if why == "unverified":
            house.world.users[ann] = replace(house.world.users[ann], email_verified_at_ms=None)
        if why == "disabled":
            house.change(house.caller(), ann, status="disabled")
        if why == "no member":
            house.assign.remove(house.caller(), ann, ACME)
        if why == "tenant disabled":
            house.tenants.change(house.caller(), ACME, {"status": "disabled"})
        with pytest.raises(InvalidProof):
            mailed.code.confirm(presented, Client(HERE))

    def test_a_code_that_a_reset_overtakes_begins_no_session(self, house: House, mailed: Mailed, ann: UserId) -> None:
        del ann
        presented = mailed.presented(mailed.ask("email_code", ANN), "code")
        reset = mailed.presented(mailed.ask("password_reset", ANN), "code")
        find = mailed.code.confirm.find

        def slowly(proof: Proof) -> object:
            found = find(proof)
            house.clock.advance(1)
            mailed.reset.confirm(reset, NEW_PASSWORD)
            return found

        late = replace(mailed.code.confirm, find=slowly)
        assert _fails(lambda: late(presented, Client(HERE))) == "changed_meanwhile"

    def test_a_switch_leads_into_no_tenant_that_asks_for_another_way(self, house: House, mailed: Mailed) -> None:
        kim = house.add_user("kim")
        house.assign.put(house.caller(), kim.user_id, GLOBEX, ("user",))
        mailed.allow(GLOBEX, sign_in=SignInPolicy(methods=("email_code",)))
        tokens = house.sign_in("kim", PASSWORD).tokens
        assert _fails(lambda: house.switch(tokens.refresh_token, GLOBEX)) == "other_method"
        house.refresh(tokens.refresh_token)

    def test_where_the_policy_has_no_passwords_a_right_one_is_a_wrong_one(
        self, house: House, mailed: Mailed, ann: UserId
    ) -> None:
        del ann
        mailed.allow(ACME, sign_in=SignInPolicy(methods=("email_code",)))
        assert _fails(lambda: house.sign_in("ann", PASSWORD)) == "password_not_allowed"

    def test_a_session_lives_as_long_as_the_policy_says(self, house: House, mailed: Mailed, ann: UserId) -> None:
        del ann
        mailed.allow(ACME, sign_in=SignInPolicy(session_seconds=600))
        assert house.sign_in("ann", PASSWORD).tokens.refresh_expires_in == 600


class TestEmailChange:
    NEW = "New@people.example"

    def ann(self, house: House, mailed: Mailed) -> UserId:
        """A user who proved the address."""
        ann = house.add_user("ann", email=ANN)
        mailed.verify.confirm(mailed.presented(mailed.verify.ask(ann, HERE), "code"))
        house.clock.advance(1)
        return ann.user_id

    def ask(self, house: House, mailed: Mailed, password: str = PASSWORD) -> str:
        return str(mailed.change.ask(house.caller("ann", password), self.NEW, password, HERE))

    def test_the_new_address_is_taken_when_it_is_proved(self, house: House, mailed: Mailed) -> None:
        ann = house.add_user("ann", email=ANN)
        challenge_id = self.ask(house, mailed)
        assert house.world.users[ann.user_id].email == ANN
        assert [proof.kind for proof in mailed.notices()] == ["email_change_asked"]
        mailed.change.confirm(mailed.presented(challenge_id, "code"))
        user = house.world.users[ann.user_id]
        assert (user.email, user.email_verified_at_ms) == (self.NEW, house.clock())
        house.principal(house.sign_in("ann", PASSWORD).tokens)

    def test_the_old_address_undoes_it_and_ends_everything(self, house: House, mailed: Mailed) -> None:
        ann_id = self.ann(house, mailed)
        mailed.change.confirm(mailed.presented(self.ask(house, mailed), "code"))
        undo = mailed.of_kind("email_undo")
        assert undo.address == ANN
        thief = house.sign_in("ann", PASSWORD)
        house.change(house.principal(thief.tokens), "me", password=NEW_PASSWORD, current_password=PASSWORD)
        house.clock.advance(2 * 86_400)
        mailed.change.undo(mailed.token_of(undo))
        assert house.world.users[ann_id].email == ANN
        for password in (PASSWORD, NEW_PASSWORD):
            with pytest.raises(InvalidCredentials):
                house.sign_in("ann", password)
        with pytest.raises(InvalidToken):
            house.principal(thief.tokens)
        mailed.reset.confirm(mailed.token_of(mailed.of_kind("password_reset")), "a third good password")
        house.caller("ann", "a third good password")

    def test_a_thief_who_moves_on_cannot_undo_the_undoing(self, house: House, mailed: Mailed) -> None:
        ann_id = self.ann(house, mailed)
        mailed.change.confirm(mailed.presented(self.ask(house, mailed), "code"))
        owners = mailed.of_kind("email_undo")
        house.clock.advance(60)
        again = mailed.change.ask(house.caller("ann", PASSWORD), "third@thief.example", PASSWORD, HERE)
        mailed.change.confirm(mailed.presented(again, "code"))
        thiefs = mailed.of_kind("email_undo")
        assert thiefs.address == self.NEW
        house.clock.advance(60)
        mailed.change.undo(mailed.token_of(owners))
        assert _fails(lambda: mailed.change.undo(mailed.token_of(thiefs))) == "not_for_this_user"
        assert house.world.users[ann_id].email == ANN

    def test_a_taken_address_is_refused_only_to_its_reader(self, house: House, mailed: Mailed) -> None:
        house.add_user("ann", email=ANN)
        house.add_user("bob", email=self.NEW)
        challenge_id = self.ask(house, mailed)
        assert _fails(lambda: mailed.change.confirm(mailed.presented(challenge_id, "code"))) == "email_taken"

    def test_an_old_address_that_somebody_took_does_not_come_back(self, house: House, mailed: Mailed) -> None:
        self.ann(house, mailed)
        mailed.change.confirm(mailed.presented(self.ask(house, mailed), "code"))
        house.add_user("bob", email=ANN)
        with pytest.raises(EmailTaken):
            mailed.change.undo(mailed.token_of(mailed.of_kind("email_undo")))

    def test_a_stolen_session_changes_no_address(self, house: House, mailed: Mailed) -> None:
        ann = house.add_user("ann", email=ANN)
        with pytest.raises(WrongPassword):
            mailed.change.ask(ann, self.NEW, "a wrong password", HERE)
        assert not house.world.proofs
        with pytest.raises(InvalidRequest):
            mailed.change.ask(ann, ANN, PASSWORD, HERE)

    def test_where_mail_is_on_nobody_writes_their_own_address(self, house: House) -> None:
        ann = house.add_user("ann", email=ANN)
        change = replace(house.change_user, notices=Notices(house.clock, mail_is_on=True))
        wanted = changed(email=self.NEW, current_password=PASSWORD)
        with pytest.raises(InvalidRequest):
            change(ann, "me", wanted)
        with pytest.raises(InvalidRequest):  # without an address there would be nothing to undo
            change(ann, "me", changed(email=None, current_password=PASSWORD))
        change(house.caller("acme-admin"), ann.user_id, changed(email=self.NEW))

    def test_a_thief_who_undoes_first_kills_no_link_of_the_owner(self, house: House, mailed: Mailed) -> None:
        ann_id = self.ann(house, mailed)
        mailed.change.confirm(mailed.presented(self.ask(house, mailed), "code"))
        owners = mailed.of_kind("email_undo")
        house.clock.advance(60)
        again = mailed.change.ask(house.caller("ann", PASSWORD), "third@thief.example", PASSWORD, HERE)
        mailed.change.confirm(mailed.presented(again, "code"))
        thiefs = mailed.of_kind("email_undo")
        house.clock.advance(60)
        mailed.change.undo(mailed.token_of(thiefs))
        house.clock.advance(60)
        mailed.change.undo(mailed.token_of(owners))
        assert house.world.users[ann_id].email == ANN

    @pytest.mark.parametrize("by", ["acme-admin", "admin"])
    def test_an_address_that_the_user_never_proved_undoes_nothing(self, house: House, mailed: Mailed, by: str) -> None:
        ann = house.add_user("ann")
        house.change(house.caller(by), ann.user_id, email="typed@wrong.example")
        house.clock.advance(1)
        reset = mailed.presented(mailed.ask("password_reset", "typed@wrong.example"), "token")
        mailed.reset.confirm(reset, NEW_PASSWORD)
        house.clock.advance(1)
        mailed.change.confirm(mailed.presented(self.ask(house, mailed, NEW_PASSWORD), "code"))
        undone = [proof for proof in house.world.proofs.values() if proof.kind == "email_undo"]
        assert len(undone) == (0 if by == "acme-admin" else 1)

    def test_a_password_that_is_changed_while_it_is_proved_kills_the_proof(self, house: House, mailed: Mailed) -> None:
        ann = house.add_user("ann", email=ANN)
        prove = mailed.change.ask.prove

        def slowly(*arguments: str) -> None:
            prove(*arguments)
            house.clock.advance(1)
            house.change(house.caller(), ann.user_id, password=NEW_PASSWORD)

        challenge_id = replace(mailed.change.ask, prove=slowly)(ann, self.NEW, PASSWORD, HERE)
        assert _fails(lambda: mailed.change.confirm(mailed.presented(challenge_id, "code"))) == "not_for_this_user"


class TestChangesThatAreTold:
    @pytest.mark.parametrize(
        ("by", "values", "kinds"),
        [
            ("me", {"password": NEW_PASSWORD, "current_password": PASSWORD}, ["password_changed"]),
            ("admin", {"password": NEW_PASSWORD}, ["password_changed"]),
            ("admin", {"email": "other@people.example"}, ["email_changed"]),
            ("admin", {"email": ANN.upper()}, []),
            ("admin", {"email": None, "password": NEW_PASSWORD}, ["password_changed", "email_changed"]),
            ("admin", {"display_name": "Ann"}, []),
        ],
    )
    def test_the_address_that_was_there_hears_of_a_new_password_or_address(
        self, house: House, mailed: Mailed, by: str, values: dict[str, str | None], kinds: list[str]
    ) -> None:
        ann = house.add_user("ann", email=ANN)
        change = replace(house.change_user, notices=Notices(house.clock, mail_is_on=True))
        change(ann if by == "me" else house.caller("acme-admin"), ann.user_id, changed(**values))
        assert [(proof.kind, proof.address) for proof in mailed.notices()] == [(kind, ANN) for kind in kinds]

    def test_nothing_is_told_of_a_change_that_failed(self, house: House, mailed: Mailed) -> None:
        ann = house.add_user("ann", email=ANN)
        house.add_user("bob", email="bob@people.example")
        change = replace(house.change_user, notices=Notices(house.clock, mail_is_on=True))
        with pytest.raises(EmailTaken):
            change(house.caller("acme-admin"), ann.user_id, changed(email="bob@people.example"))
        assert mailed.notices() == []


class TestFindTenants:
    def test_it_stores_a_proof_that_nobody_can_use(self, house: House, mailed: Mailed) -> None:
        mailed.find(ANN, HERE)
        (proof,) = house.world.proofs.values()
        assert (proof.kind, proof.tenant_id, proof.email, proof.address) == (
            "find_tenants",
            PLATFORM,
            "ann@people.example",
            ANN,
        )


def test_a_proof_whose_key_is_gone_proves_nothing(house: House, mailed: Mailed) -> None:
    house.add_user("ann", email=ANN)
    challenge_id = mailed.ask("password_reset", ANN)
    code = mailed.presented(challenge_id, "code")
    proof: Proof = mailed.proof(challenge_id)
    house.world.proofs[proof.id] = replace(proof, mac_kid="mac-gone")
    assert _fails(lambda: mailed.reset.confirm(code, NEW_PASSWORD)) == "mac_key_gone"
