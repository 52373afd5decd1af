"""Invitations: who may make them, what they give, and when they are dead."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import pytest

from doorward.accounts.invitations import Delivery, NewInvitation, SentInvitation
from doorward.authorization import RequestCredentials
from doorward.errors import (
    AlreadyMember,
    Conflict,
    CrossSiteRequest,
    DoorwardError,
    EmailTaken,
    InsufficientScope,
    InvalidProof,
    InvalidRequest,
    InvalidToken,
    MissingCredentials,
    NotFound,
    PasswordChangeRequired,
    TooManyAttempts,
    UnacceptableName,
    UsernameTaken,
    WeakPassword,
)
from doorward.model import Membership, Principal, SignInPolicy, TenantId, TenantPolicy, UserId, UserRecord
from doorward.model.proofs import Proof
from doorward.proofs.invited import NewMember
from doorward.rules.throttles import INVITATIONS_AN_HOUR, INVITATIONS_TO_ONE
from doorward.sessions.begin import Client, SignedIn
from doorward.tokens.cookie import COOKIE_NAME
from doorward.tokens.ids import mint_ulid
from tests.support.people import PASSWORD
from tests.support.world import ACME, GLOBEX, HERE, House

WEEK = 7 * 86_400
ADDRESS = "Ann@people.example"


def invite(
    house: House,
    by: Principal | None = None,
    email: str = ADDRESS,
    *,
    tenant_id: TenantId = ACME,
    deliver: Delivery = "link",
    **rest: Any,
) -> SentInvitation:
    return house.invite.make(by or house.caller("acme-admin"), tenant_id, NewInvitation(email, deliver=deliver, **rest))


def token_of(sent: SentInvitation) -> str:
    assert sent.token is not None
    return sent.token


def mailed(house: House, sent: SentInvitation) -> str:
    """Return the token that the mail of an invitation holds."""
    proof = house.world.proofs[sent.invitation.proof_id]
    assert proof.mails
    return house.proof_texts.token(proof)


def sign_up(house: House, token: str, tenant_id: TenantId | None = None, **rest: Any) -> SignedIn:
    client = Client(HERE, wants_cookie=tenant_id is None)
    return house.accept.as_new_user(token, tenant_id, NewMember(client, **{"password": PASSWORD, **rest}))


def join(
    house: House, token: str, username: str, password: str = PASSWORD, tenant_id: TenantId | None = None
) -> Membership:
    bearer = f"Bearer {house.token(username, password)}"
    return house.accept.as_user(token, tenant_id, RequestCredentials("POST", "/", authorization=(bearer,)))


def member_of(house: House, signed_in: SignedIn) -> UserRecord:
    record = house.users.get(house.claims(signed_in.tokens).user_id)
    assert record is not None
    return record


def another_admin(house: House, username: str = "boss") -> Principal:
    return house.add_user(username, roles=("admin",))


def refused(house: House, token: str, tenant_id: TenantId | None = None) -> str:
    """Return why a token opens nothing, to somebody new and to a user."""
    stored = house.world.copy()
    reasons = set()
    visitor = house.token("globex-admin")
    credentials = RequestCredentials("POST", "/", authorization=(f"Bearer {visitor}",))
    calls: tuple[Callable[[], object], ...] = (
        lambda: sign_up(house, token, tenant_id),
        lambda: house.accept.as_user(token, tenant_id, credentials),
    )
    for call in calls:
        with pytest.raises(InvalidProof) as error:
            call()
        assert error.value.detail == InvalidProof.default_detail
        reasons.add(error.value.reason)
    assert house.world.memberships == stored.memberships
    assert house.world.users == stored.users
    (reason,) = reasons
    return reason


class TestMaking:
    def test_an_administrator_gets_the_invitation_and_a_link_only_if_nothing_is_mailed(self, house: House) -> None:
        admin = house.caller("acme-admin")
        by_mail = invite(house, admin, roles=("auditor", "user"), locale="de-ch", deliver="mail")
        found = by_mail.invitation
        assert (found.email, found.folded, found.roles, found.locale) == (
            ADDRESS,
            ADDRESS.lower(),
            ("auditor", "user"),
            "de-CH",
        )
        assert (found.status, found.made_by, found.created_at_ms) == ("pending", admin.user_id, house.clock())
        assert found.expires_at_ms == house.clock() + WEEK * 1000
        assert by_mail.token is None
        proof = house.world.proofs[found.proof_id]
        assert (proof.mails, proof.address, proof.email) == (True, ADDRESS, ADDRESS.lower())
        assert (proof.made_by, proof.tenant_id, proof.locale) == (admin.user_id, ACME, "de-CH")
        assert proof.details == {"invitation_id": found.id}
        by_link = invite(house, admin, "bob@people.example")
        assert by_link.invitation.roles == ("user",)
        assert not house.world.proofs[by_link.invitation.proof_id].mails
        assert house.proof_texts.read_token(token_of(by_link), "invitation") == by_link.invitation.proof_id

    def test_where_mail_is_off_the_link_is_the_only_way(self, house: House) -> None:
        silent = replace(house.invite, mail_is_on=False)
        admin = house.caller("acme-admin")
        assert silent.make(admin, ACME, NewInvitation(ADDRESS)).token
        assert silent.make(admin, ACME, NewInvitation(ADDRESS, deliver="link")).token
        with pytest.raises(InvalidRequest):
            silent.make(admin, ACME, NewInvitation(ADDRESS, deliver="mail"))
        (listed, *_) = silent.many(admin, ACME, 10, None).records
        assert silent.resend(admin, ACME, listed.id).token
        with pytest.raises(InvalidRequest):
            silent.resend(admin, ACME, listed.id, "mail")
        assert not any(proof.mails for proof in house.world.proofs.values())

    def test_who_does_not_administer_the_tenant_does_nothing_with_its_invitations(self, house: House) -> None:
        sent = invite(house)
        member, neighbour = house.add_user("kim"), house.caller("globex-admin")
        stored = house.world.copy()
        for caller, error in ((member, InsufficientScope), (neighbour, NotFound)):
            with pytest.raises(error):
                invite(house, caller)
            with pytest.raises(error):
                house.invite.many(caller, ACME, 5, None)
            for use in (house.invite.resend, house.invite.revoke):
                with pytest.raises(error):
                    use(caller, ACME, sent.invitation.id)
        # By the neighbour's own path, another's invitation is the same as none.
        for use in (house.invite.resend, house.invite.revoke):
            with pytest.raises(NotFound):
                use(neighbour, GLOBEX, sent.invitation.id)
        assert house.invite.many(neighbour, GLOBEX, 5, None).records == ()
        assert house.world.invitations == stored.invitations
        assert house.world.proofs == stored.proofs

    @pytest.mark.parametrize(
        "guessed", ["01M81HV2TRPXK019YWDYF7T8BY", "0" * 26, "x", "", "invitation#1", "../x", "é" * 500]
    )
    def test_an_id_that_is_guessed_is_the_id_of_nothing(self, house: House, guessed: str) -> None:
        for use in (house.invite.resend, house.invite.revoke):
            with pytest.raises(NotFound):
                use(house.caller("acme-admin"), ACME, guessed)

    def test_a_platform_administrator_invites_to_tenants_that_are_there_and_active(self, house: House) -> None:
        platform = house.caller()
        assert invite(house, platform).invitation.made_by == platform.user_id
        with pytest.raises(NotFound):
            invite(house, platform, tenant_id=TenantId("nowhere"))
        house.tenants.change(platform, ACME, {"status": "disabled"})
        with pytest.raises(NotFound):
            invite(house, platform, "bob@people.example")

    @pytest.mark.parametrize(
        "wanted",
        [
            {"email": "nobody"},
            {"email": "a@b.example\r\nBcc: v@c.example"},
            {"email": "a@b.example,v@c.example"},
            {"email": "x<v@c.example>"},
            {"email": "\u0430nn@people.example"},
            {"email": "a" * 10_000 + "@b.example"},
            {"roles": ("platform_admin",)},
            {"roles": ("service",)},
            {"roles": ("Admin",)},
            {"roles": tuple(f"r{number}" for number in range(21))},
            {"locale": "not a language"},
        ],
        ids=str,
    )
    def test_what_breaks_a_rule_is_refused_and_costs_nothing(self, house: House, wanted: dict[str, Any]) -> None:
        with pytest.raises(InvalidRequest):
            invite(house, **wanted)
        assert house.world.invitations == {}
        assert not any(key.startswith("invit") for key in house.world.attempts)

    def test_a_members_address_is_not_invited(self, house: House) -> None:
        house.add_user("ann", email="ANN@people.example")
        house.add_user("bob", GLOBEX, email="bob@people.example")
        with pytest.raises(EmailTaken):
            invite(house)
        assert invite(house, email="bob@people.example")  # a member elsewhere, of whom nobody here learns

    def test_a_second_invitation_of_an_address_kills_the_first(self, house: House) -> None:
        first = invite(house, roles=("admin",))
        second = invite(house, email="ANN@people.example", roles=("user",))
        assert refused(house, token_of(first)) == "not_pending"
        listed = house.invite.many(house.caller("acme-admin"), ACME, 10, None).records
        assert [(one.id, one.status) for one in listed] == [
            (second.invitation.id, "pending"),
            (first.invitation.id, "revoked"),
        ]
        assert member_of(house, sign_up(house, token_of(second))).memberships[0].roles == ("user",)

    def test_a_tenant_sends_so_many_an_hour_and_so_many_to_one_address(self, house: House) -> None:
        admin, neighbour = house.caller("acme-admin"), house.caller("globex-admin")
        sent = invite(house, admin)
        for _ in range(INVITATIONS_TO_ONE - 1):
            sent = house.invite.resend(admin, ACME, sent.invitation.id, "link")
        with pytest.raises(TooManyAttempts):
            invite(house, admin)
        with pytest.raises(TooManyAttempts):
            house.invite.resend(admin, ACME, sent.invitation.id)
        assert member_of(house, sign_up(house, token_of(sent)))  # what is refused kills nothing
        house.clock.advance(3600)
        for number in range(INVITATIONS_AN_HOUR):
            invite(house, admin, f"{number}@people.example")
        with pytest.raises(TooManyAttempts) as error:
            invite(house, admin, "one-more@people.example")
        assert 0 < error.value.retry_after_seconds <= 3600
        assert invite(house, neighbour, tenant_id=GLOBEX)  # another tenant is not concerned
        house.clock.advance(3600)
        assert invite(house, None, "one-more@people.example")


class TestSomebodyNew:
    def test_who_accepts_is_a_member_with_the_roles_and_signed_in(self, house: House) -> None:
        sent = invite(house, roles=("auditor",), locale="de-CH", deliver="mail")
        house.clock.advance(60)
        signed_in = sign_up(house, mailed(house, sent), username="ann", display_name="Ann A.")
        user, (member,) = (record := member_of(house, signed_in)).user, record.memberships
        assert (user.username, user.email, user.display_name, user.locale) == ("ann@acme", ADDRESS, "Ann A.", "de-CH")
        assert (user.tenant_ids, user.platform_admin, user.password_change_required) == ((ACME,), False, False)
        assert (member.tenant_id, member.roles, member.status) == (ACME, ("auditor",), "active")
        assert house.claims(signed_in.tokens).subject.roles == ("auditor",)
        assert house.by_cookie(signed_in.cookie).user_id == user.id
        assert house.caller("ann", PASSWORD, tenant_id=ACME).user_id == user.id
        accepted = house.world.invitations[ACME, sent.invitation.id]
        assert (accepted.status, accepted.accepted_by) == ("accepted", user.id)
        assert refused(house, mailed(house, sent)) == "used_or_ended"

    def test_an_address_is_proved_by_a_mail_and_not_by_a_link_that_an_administrator_hands_over(
        self, house: House
    ) -> None:
        by_mail = sign_up(house, mailed(house, invite(house, deliver="mail")))
        by_link = sign_up(house, token_of(invite(house, email="bob@people.example")))
        assert member_of(house, by_mail).user.email_verified_at_ms == house.clock()
        assert member_of(house, by_link).user.email_verified_at_ms is None

    def test_the_tenants_own_path_takes_the_tenants_own_invitations_and_sets_no_cookie(self, house: House) -> None:
        token = token_of(invite(house))
        assert refused(house, token, GLOBEX) == "another_tenant"
        assert sign_up(house, token, ACME).cookie is None

    @pytest.mark.standard("ASVS 6.2.4", "ASVS 6.2.11")
    @pytest.mark.parametrize(
        ("member", "error"),
        [
            ({"password": None}, InvalidRequest),
            ({"password": "password"}, WeakPassword),
            ({"password": "annpeopleexample"}, WeakPassword),
            ({"username": "a b"}, UnacceptableName),
            ({"username": "ann@globex"}, UnacceptableName),
            ({"username": "acme-boss"}, UsernameTaken),
            ({"display_name": "\u202e"}, UnacceptableName),
        ],
    )
    def test_what_breaks_a_rule_leaves_the_invitation_to_be_accepted_rightly(
        self, house: House, member: dict[str, Any], error: type[DoorwardError]
    ) -> None:
        house.add_user("acme-boss@acme")
        token = token_of(invite(house))
        with pytest.raises(error):
            sign_up(house, token, **member)
        assert sign_up(house, token)

    def test_without_a_name_the_id_is_the_name(self, house: House) -> None:
        user = member_of(house, sign_up(house, token_of(invite(house)))).user
        assert user.username == user.id

    def test_an_address_that_somebody_took_meanwhile_is_not_given_again(self, house: House) -> None:
        token = token_of(invite(house))
        house.add_user("ann", email=ADDRESS)
        with pytest.raises(EmailTaken):
            sign_up(house, token)

    def test_where_nobody_signs_in_with_a_password_nobody_chooses_one(self, house: House) -> None:
        policy = TenantPolicy(sign_in=SignInPolicy(methods=("email_code",)), version=1)
        token = token_of(invite(house))
        house.policies.change(ACME, policy)
        with pytest.raises(InvalidRequest):
            sign_up(house, token)
        user = member_of(house, sign_up(house, token, password=None)).user
        assert house.users.get_password_hash(user.id) is None

    def test_a_password_is_as_long_as_the_tenant_asks(self, house: House) -> None:
        token = token_of(invite(house))
        house.policies.change(ACME, TenantPolicy(least_password_length=len(PASSWORD) + 1, version=1))
        with pytest.raises(WeakPassword):
            sign_up(house, token)
        assert sign_up(house, token, password=f"{PASSWORD}!")

    def test_no_event_and_no_text_holds_the_token_or_the_password(
        self, house: House, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level(logging.INFO)
        sent = invite(house)
        token = token_of(sent)
        sign_up(house, token)
        refused(house, token)
        events = [vars(line)["audit"] for line in caplog.records if hasattr(line, "audit")]
        names = {found["event"] for found in events}
        assert {"invitation_made", "invitation_accepted", "proof_refused", "signed_in"} <= names
        assert token not in str(events)
        assert token.rpartition(".")[2] not in str(events)
        assert PASSWORD not in str(events)
        assert ADDRESS.lower() not in str(events).lower()


class TestAUserWhoExists:
    def test_who_accepts_enters_with_the_roles_and_switches_there(self, house: House) -> None:
        kim = house.add_user("kim", GLOBEX, email="kim@people.example")
        there = house.sign_in("kim", PASSWORD)
        sent = invite(house, roles=("auditor",))
        membership = join(house, token_of(sent), "kim")
        assert (membership.tenant_id, membership.roles) == (ACME, ("auditor",))
        record = house.users.get(kim.user_id)
        assert record is not None
        assert record.user.tenant_ids == (GLOBEX, ACME)
        assert record.user.email == "kim@people.example"  # whoever holds the link enters, with their own address
        assert house.claims(house.switch(there.tokens.refresh_token, ACME)).subject.roles == ("auditor",)
        assert house.world.invitations[ACME, sent.invitation.id].accepted_by == kim.user_id
        assert refused(house, token_of(sent)) == "used_or_ended"

    def test_a_mail_to_the_users_own_address_proves_it_and_no_other_does(self, house: House) -> None:
        verified = {}
        for name, email, deliver in (
            ("own", "Own@people.example", "mail"),
            ("link", "link@people.example", "link"),
            ("other", "somebody@people.example", "mail"),
        ):
            who = house.add_user(name, GLOBEX, email=f"{name}@people.example")
            sent = invite(house, email=email, deliver=deliver)  # type: ignore[arg-type] # of a table
            join(house, house.proof_texts.token(house.world.proofs[sent.invitation.proof_id]), name)
            verified[name] = house.world.users[who.user_id].email_verified_at_ms
        assert verified == {"own": house.clock(), "link": None, "other": None}

    def test_a_member_stays_what_they_are(self, house: House) -> None:
        kim = house.add_user("kim")
        token = token_of(invite(house, roles=("admin",)))
        with pytest.raises(AlreadyMember):
            join(house, token, "kim")
        record = house.users.get(kim.user_id)
        assert record is not None
        assert record.memberships[0].roles == ("user",)
        assert sign_up(house, token)  # for somebody else it is still open

    def test_a_user_has_twenty_tenants_at_most(self, house: House) -> None:
        kim = house.add_user("kim", GLOBEX)
        platform = house.caller()
        for number in range(19):
            house.tenants.create(platform, TenantId(f"t{number}"), None)
            house.assign.put(platform, kim.user_id, TenantId(f"t{number}"), ("user",))
        with pytest.raises(InvalidRequest, match="20 tenants"):
            join(house, token_of(invite(house)), "kim")

    def test_an_address_that_another_member_has_keeps_its_user_out(self, house: House) -> None:
        house.add_user("first", email="kim@people.example")
        house.add_user("kim", GLOBEX, email="kim@people.example")
        with pytest.raises(EmailTaken):
            join(house, token_of(invite(house)), "kim")

    def test_tokens_of_a_membership_before_stay_dead(self, house: House) -> None:
        kim = house.add_user("kim", GLOBEX)
        house.assign.put(house.caller(), kim.user_id, ACME, ("admin",))
        old = house.sign_in("kim", PASSWORD, tenant_id=ACME).tokens
        house.assign.remove(house.caller(), kim.user_id, ACME)
        join(house, token_of(invite(house)), "kim")
        with pytest.raises(InvalidToken):
            house.principal(old)

    def test_a_cookie_recognises_nobody(self, house: House) -> None:
        house.add_user("kim", GLOBEX)
        cookie = f"{COOKIE_NAME}={house.sign_in('kim', PASSWORD).cookie}"
        token = token_of(invite(house))
        for path in ("/auth/invitations/accept", "/api/acme/auth/invitations/accept"):
            credentials = RequestCredentials(
                "POST", path, cookie=(cookie,), origin="https://id.example", host="id.example"
            )
            with pytest.raises(MissingCredentials):
                house.accept.as_user(token, None, credentials)

    def test_who_is_signed_in_on_a_page_of_ours_enters_by_the_same_rules(self, house: House) -> None:
        kim = house.add_user("kim", GLOBEX)
        cookie = house.sign_in("kim", PASSWORD).cookie
        token = token_of(invite(house, roles=("auditor",)))
        with pytest.raises(CrossSiteRequest):
            house.accept.join(token, None, house.by_cookie(cookie, "POST", fetch_site="cross-site"))
        with pytest.raises(InvalidProof):
            house.accept.join(token, GLOBEX, kim)
        membership = house.accept.join(token, None, house.by_cookie(cookie))
        assert (membership.tenant_id, membership.user_id, membership.roles) == (ACME, kim.user_id, ("auditor",))
        with pytest.raises(InvalidProof):
            house.accept.join(token, None, house.by_cookie(cookie))
        with pytest.raises(AlreadyMember):
            house.accept.join(token_of(invite(house, email="else@people.example")), None, house.by_cookie(cookie))
        house.add_user("lee", GLOBEX, password_change_required=True)
        forced = house.by_cookie(house.sign_in("lee", PASSWORD).cookie)
        with pytest.raises(PasswordChangeRequired):
            house.accept.join(token_of(invite(house, email="lee@people.example")), None, forced)

    def test_who_may_not_act_does_not_enter(self, house: House) -> None:
        token = token_of(invite(house))
        text, _ = house.service_tokens.mint(house.caller("globex-admin"), GLOBEX, "ci", None)
        with pytest.raises(InsufficientScope):
            house.accept.as_user(token, None, RequestCredentials("POST", "/", authorization=(f"Bearer {text}",)))
        for bad in ("Bearer x", "Basic YTpi", "Bearer "):
            with pytest.raises((InvalidToken, MissingCredentials)):
                house.accept.as_user(token, None, RequestCredentials("POST", "/", authorization=(bad,)))
        house.add_user("kim", GLOBEX, password_change_required=True)
        with pytest.raises(PasswordChangeRequired):
            join(house, token, "kim")
        house.add_user("lee", GLOBEX)
        credentials = RequestCredentials("POST", "/", authorization=(f"Bearer {house.token('lee', PASSWORD)}",))
        (lee,) = (user for user in house.world.users.values() if user.username == "lee")
        house.world.users[lee.id] = replace(lee, status="disabled")  # at the same moment: no token was cut off yet
        with pytest.raises(InvalidToken):
            house.accept.as_user(token, None, credentials)
        del house.world.users[lee.id]
        with pytest.raises(InvalidToken):
            house.accept.as_user(token, None, credentials)
        assert sign_up(house, token)


class TestDeadOnes:
    def test_one_that_has_ended(self, house: House) -> None:
        sent = invite(house)
        house.clock.advance(WEEK - 1)
        again = invite(house, email="bob@people.example")
        house.clock.advance(1)
        assert refused(house, token_of(sent)) == "used_or_ended"
        assert sign_up(house, token_of(again))

    def test_one_that_was_revoked_and_revoking_again_is_nothing(self, house: House) -> None:
        sent, admin = invite(house), house.caller("acme-admin")
        for _ in range(2):
            house.invite.revoke(admin, ACME, sent.invitation.id)
        assert refused(house, token_of(sent)) == "not_pending"
        with pytest.raises(NotFound):
            house.invite.resend(admin, ACME, sent.invitation.id)

    def test_one_that_was_accepted_is_neither_revoked_nor_sent_again(self, house: House) -> None:
        sent, admin = invite(house), house.caller("acme-admin")
        sign_up(house, token_of(sent))
        for use in (house.invite.resend, house.invite.revoke):
            with pytest.raises(NotFound):
                use(admin, ACME, sent.invitation.id)

    def test_the_links_before_the_one_that_was_sent_last(self, house: House) -> None:
        first = invite(house)
        house.clock.advance(WEEK + 60)  # one that has ended can be sent again
        admin = house.caller("acme-admin")
        second = house.invite.resend(admin, ACME, first.invitation.id, "link")
        third = house.invite.resend(admin, ACME, first.invitation.id, "mail")
        assert third.token is None
        assert third.invitation.expires_at_ms == house.clock() + WEEK * 1000
        assert refused(house, token_of(first)) == "used_or_ended"
        assert refused(house, token_of(second)) == "not_pending"
        assert member_of(house, sign_up(house, mailed(house, third))).user.email == ADDRESS

    @pytest.mark.parametrize("end", ["demoted", "disabled", "disabled here", "removed", "deleted"])
    def test_a_leavers(self, house: House, end: str) -> None:
        boss, platform = another_admin(house), house.caller()
        sent = invite(house, boss, roles=("admin",))
        match end:
            case "demoted":
                house.change(platform, boss.user_id, roles=("user",))
            case "disabled":
                house.change(platform, boss.user_id, status="disabled")
            case "disabled here":
                house.assign.put(platform, boss.user_id, GLOBEX, ("admin",))
                member = house.world.memberships[ACME, boss.user_id]
                house.world.memberships[ACME, boss.user_id] = replace(member, status="disabled")
            case "removed":
                house.assign.remove(platform, boss.user_id, ACME)
            case _:
                house.delete_user(platform, boss.user_id)
        assert refused(house, token_of(sent)) == "inviter_is_no_administrator"
        # Whoever sends it again stands for it from then on.
        again = house.invite.resend(house.caller("acme-admin"), ACME, sent.invitation.id, "link")
        assert again.invitation.made_by == house.caller("acme-admin").user_id
        assert refused(house, token_of(sent)) == "not_pending"
        assert sign_up(house, token_of(again))

    def test_a_platform_administrators_who_is_one_no_longer(self, house: House) -> None:
        platform = house.caller()
        sent = invite(house, platform)
        user = house.world.users[platform.user_id]
        house.world.users[platform.user_id] = replace(user, platform_admin=False)
        assert refused(house, token_of(sent)) == "inviter_is_no_administrator"
        house.world.users[platform.user_id] = replace(user, status="disabled")
        assert refused(house, token_of(sent)) == "inviter_is_no_administrator"
        house.world.users[platform.user_id] = user
        assert sign_up(house, token_of(sent))

    def test_who_leaves_between_the_read_and_the_write_lets_nobody_in(self, house: House) -> None:
        kim, accept = house.add_user("kim", GLOBEX), house.accept
        for name, enter in (("boss", sign_up), ("chief", lambda house, token: join(house, token, "kim"))):
            leaver = another_admin(house, name)
            token = token_of(invite(house, leaver))
            house.accept = replace(accept, users=_Leaving(house, leaver))  # type: ignore[arg-type] # it reads one
            before = len(house.world.memberships)
            with pytest.raises(Conflict):
                enter(house, token)
            assert len(house.world.memberships) == before
            house.accept = accept
            assert refused(house, token) == "inviter_is_no_administrator"
        assert (ACME, kim.user_id) not in house.world.memberships

    def test_a_disabled_tenants(self, house: House) -> None:
        sent = invite(house)
        house.tenants.change(house.caller(), ACME, {"status": "disabled"})
        assert refused(house, token_of(sent)) == "tenant_is_not_active"
        house.tenants.change(house.caller(), ACME, {"status": "active"})
        assert sign_up(house, token_of(sent))

    def test_one_that_is_of_another_kind_or_of_no_invitation(self, house: House) -> None:
        sent = invite(house)
        proof = house.world.proofs[sent.invitation.proof_id]
        reset = house.invite.mint("password_reset", ACME, email="ann@people.example")
        house.proofs.add(reset)
        assert refused(house, house.proof_texts.token(reset)) == "proof_of_another_kind"
        assert refused(house, house.proof_texts.challenge_id(proof)) == "malformed_proof"
        for details in ({}, {"invitation_id": mint_ulid()}, {"invitation_id": "x"}):
            house.world.proofs[proof.id] = replace(proof, details=details)
            assert refused(house, token_of(sent)) == "not_pending"

    def test_the_code_beside_a_link_accepts_nothing(self, house: House) -> None:
        proof = house.world.proofs[invite(house).invitation.proof_id]
        assert refused(house, house.proof_texts.code(proof)) == "malformed_proof"

    def test_a_token_that_was_altered_is_refused_before_anything_is_read(self, house: House) -> None:
        token = token_of(invite(house))
        nobody: Any = _Untouchable()
        house.accept = replace(house.accept, check=replace(house.accept.check, proofs=nobody), users=nobody)
        kind, key, mac = "invitation", *token.split(".")[2:]
        flipped = ("A" if mac[5] != "A" else "B").join((mac[:5], mac[6:]))
        for text in (
            token[:-1],
            token[1:],
            f"{token}A",
            f"dwp1.{kind}.{mint_ulid()}.{mac}",
            f"dwp1.{kind}.{key}.{flipped}",
            f"dwp1.password_reset.{key}.{mac}",
            f"dwc1.{kind}.{key}.{mac}",
            f"{token}\n",
            token.lower(),
            "",
            "x" * 10_000,
        ):
            with pytest.raises(InvalidProof):
                sign_up(house, text)
            with pytest.raises(InvalidProof):
                house.accept.as_user(text, None, RequestCredentials("POST", "/", authorization=("Bearer x",)))


@dataclass
class _Leaving:
    """Users of whom one is demoted as soon as somebody has read them."""

    house: House
    leaver: Principal

    def get(self, user_id: UserId) -> UserRecord | None:
        found = self.house.users.get(user_id)
        if user_id == self.leaver.user_id:
            self.house.change(self.house.caller(), user_id, roles=("user",))
        return found


class _Untouchable:
    """A store that nobody may ask."""

    def get(self, _: Any) -> Proof | UserRecord | None:
        raise AssertionError("something was read")
