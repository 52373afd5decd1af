"""Which mail comes of which proof, to whom, and in which words."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from doorward.mail.sender import Mail
from doorward.model import PLATFORM, TenantId
from doorward.model.proofs import ProofKind, ProofUse
from doorward.rules.proofs import CODE_SECONDS
from tests.support.post import LINK_URL, MAIL_FROM, Post
from tests.support.world import ACME, DAY_MS, GLOBEX

ANN = "ann@people.example"
KIM = "kim@people.example"


@pytest.fixture
def post() -> Post:
    return Post()


def links(mail: Mail) -> list[str]:
    return re.findall(r"https?://\S+", mail.text)


def codes(mail: Mail) -> list[str]:
    return re.findall(r"^ {4}(\d{6})$", mail.text, re.MULTILINE)


def only(mails: list[Mail]) -> Mail:
    (mail,) = mails
    return mail


class TestSignUp:
    def test_a_new_address_gets_link_and_code(self, post: Post) -> None:
        proof = post.asked("sign_up", email=ANN, address="Ann@People.example", details={"display_name": "Ann <b>"})
        mail = only(post.sent(proof))
        assert mail.to == "Ann@people.example"
        assert codes(mail) == [post.texts.code(proof)]
        (link,) = links(mail)
        assert urlsplit(link)._replace(query="").geturl() == f"{LINK_URL}/sign-up"
        assert parse_qs(urlsplit(link).query) == {"token": [post.texts.token(proof)], "tenant": ["acme"]}
        assert post.texts.read_token(parse_qs(urlsplit(link).query)["token"][0], "sign_up") == proof.id

    def test_the_name_of_who_signs_up_is_in_no_mail(self, post: Post) -> None:
        proof = post.asked("sign_up", email=ANN, address=ANN, details={"display_name": "visit evil.example"})
        mail = only(post.sent(proof))
        assert "evil" not in mail.text + mail.html + mail.subject + mail.sender

    @pytest.mark.parametrize("status", ["active", "disabled"])
    def test_a_taken_address_is_told_without_link_and_code(self, post: Post, status: str) -> None:
        post.add_user("ann", ANN, status=status)
        mail = only(post.sent(post.asked("sign_up", email=ANN, address="ANN@people.example")))
        assert (links(mail), codes(mail)) == ([], [])
        assert "already have an account" in mail.subject

    def test_an_address_that_is_taken_elsewhere_is_new_here(self, post: Post) -> None:
        post.add_user("ann", ANN, tenant_id=GLOBEX)
        assert codes(only(post.sent(post.asked("sign_up", email=ANN, address=ANN))))


class TestPasswordReset:
    def test_it_goes_to_the_users_own_address_whatever_was_typed(self, post: Post) -> None:
        post.add_user("ann", "Ann@people.example")
        mail = only(post.sent(post.asked("password_reset", email=ANN, address="thief@evil.example")))
        assert mail.to == "Ann@people.example"
        assert len(links(mail)) == len(codes(mail)) == 1

    def test_a_user_name_will_do(self, post: Post) -> None:
        post.add_user("ann", ANN)
        assert only(post.sent(post.asked("password_reset", username="ann"))).to == ANN

    def test_nobody_is_mailed_who_is_unknown(self, post: Post) -> None:
        assert post.sent(post.asked("password_reset", email=ANN, address=ANN)) == []

    @pytest.mark.parametrize(
        "changes",
        [
            {"status": "disabled"},
            {"email": None},
            {"proofs_from_ms": 9_999_999_999_999},
            {"tenant_ids": (ACME, GLOBEX)},
            {"platform_admin": True},
        ],
    )
    def test_nobody_is_mailed_who_is_disabled_or_whose_address_may_be_somebody_elses(
        self, post: Post, changes: dict[str, Any]
    ) -> None:
        post.add_user("ann", ANN, **changes)
        assert post.sent(post.asked("password_reset", email=ANN)) == []

    def test_a_proved_address_is_mailed_in_several_tenants_too(self, post: Post) -> None:
        post.add_user("ann", ANN, tenant_ids=(ACME, GLOBEX), email_verified_at_ms=1)
        assert len(post.sent(post.asked("password_reset", email=ANN))) == 1

    def test_nobody_is_mailed_who_is_disabled_in_the_tenant(self, post: Post) -> None:
        user_id = post.add_user("ann", ANN)
        memberships = post.house.world.memberships
        memberships[ACME, user_id] = replace(memberships[ACME, user_id], status="disabled")
        assert post.sent(post.asked("password_reset", email=ANN)) == []

    def test_nobody_is_mailed_in_a_tenant_that_is_disabled_or_not_there(self, post: Post) -> None:
        post.add_user("ann", ANN)
        tenants = post.house.world.tenants
        tenants[ACME] = replace(tenants[ACME], status="disabled")
        assert post.sent(post.asked("password_reset", email=ANN)) == []
        assert post.sent(post.asked("sign_up", TenantId("nowhere"), email=KIM, address=KIM)) == []


class TestEmailCode:
    def test_the_code_comes_first(self, post: Post) -> None:
        post.decide(methods=("password", "email_code"))
        post.add_user("ann", ANN, email_verified_at_ms=1)
        proof = post.asked("email_code", email=ANN)
        mail = only(post.sent(proof))
        assert mail.text.index(post.texts.code(proof)) < mail.text.index(LINK_URL)
        assert "only in the browser" in " ".join(mail.text.split())
        assert mail.html.index(post.texts.code(proof)) < mail.html.index(LINK_URL)

    @pytest.mark.parametrize("methods", [("password",), ("password", "email_code")])
    @pytest.mark.parametrize("verified_at_ms", [None, 1])
    def test_it_goes_to_proved_addresses_alone_and_where_the_tenant_allows_it(
        self, post: Post, methods: tuple[str, ...], verified_at_ms: int | None
    ) -> None:
        post.decide(methods=methods)
        post.add_user("ann", ANN, email_verified_at_ms=verified_at_ms)
        allowed = "email_code" in methods and verified_at_ms is not None
        assert len(post.sent(post.asked("email_code", email=ANN))) == allowed

    def test_a_code_that_is_nearly_over_is_not_sent(self, post: Post) -> None:
        post.decide(methods=("email_code",))
        post.add_user("ann", ANN, email_verified_at_ms=1)
        proof = post.asked("email_code", email=ANN)
        post.house.clock.advance(CODE_SECONDS - 10)
        assert post.sent(proof) == []


class TestOthers:
    def test_an_address_is_verified_by_its_own_mail(self, post: Post) -> None:
        user_id = post.add_user("ann", ANN)
        mail = only(post.sent(post.asked("verify_email", user_id=user_id)))
        assert (mail.to, len(links(mail)), len(codes(mail))) == (ANN, 1, 1)
        assert post.sent(post.asked("verify_email", user_id=user_id, address=KIM)) == []

    def test_finding_tenants_lists_where_the_user_and_the_tenant_are_active(self, post: Post) -> None:
        post.add_user("ann", ANN)
        post.add_user("anna", ANN, tenant_id=GLOBEX)
        proof = post.asked("find_tenants", PLATFORM, email=ANN, address=ANN)
        mail = only(post.sent(proof))
        assert re.findall(r"^- .*\((\w+)\)$", mail.text, re.MULTILINE) == ["acme", "globex"]
        assert (links(mail), codes(mail)) == ([], [])
        tenants = post.house.world.tenants
        tenants[ACME] = replace(tenants[ACME], status="disabled")
        mail = only(post.sent(post.asked("find_tenants", PLATFORM, email=ANN, address=ANN)))
        assert "acme" not in mail.text
        tenants[GLOBEX] = replace(tenants[GLOBEX], status="disabled")
        assert post.sent(post.asked("find_tenants", PLATFORM, email=ANN, address=ANN)) == []

    def test_a_changed_address_is_proved_by_the_new_one_and_undone_from_the_old_one(self, post: Post) -> None:
        user_id = post.add_user("ann", ANN)
        change = only(post.sent(post.asked("email_change", user_id=user_id, address=KIM)))
        assert (change.to, len(links(change)), len(codes(change))) == (KIM, 1, 1)
        undo = only(post.sent(post.asked("email_undo", user_id=user_id, address="old@people.example")))
        assert (undo.to, len(links(undo)), len(codes(undo))) == ("old@people.example", 1, 0)
        assert "old@people.example" in undo.text
        assert ANN not in undo.text

    def test_an_invitation_names_tenant_and_inviter_and_no_roles(self, post: Post) -> None:
        admin = post.add_user("boss", None, display_name="Béa Boss")
        mail = only(post.sent(post.asked("invitation", address=KIM, made_by=admin, roles=("secret-role",))))
        assert "Béa Boss" in mail.text
        assert "secret-role" not in mail.text + mail.html
        assert (len(links(mail)), codes(mail)) == (1, [])

    @pytest.mark.parametrize("name", ["see evil.example", "https://evil", "a@b", None, "\n\t"])
    def test_a_name_that_looks_like_a_link_is_left_out(self, post: Post, name: str | None) -> None:
        admin = post.add_user("boss", None, display_name=name)
        mail = only(post.sent(post.asked("invitation", address=KIM, made_by=admin)))
        assert "evil" not in mail.text + mail.html
        assert "You are invited to join" in mail.text

    def test_a_notice_tells_where_from_in_words_of_our_own(self, post: Post) -> None:
        user_id = post.add_user("ann", ANN)
        user = post.house.world.users[user_id]
        seen = {"source": "192.0.2.7", "user_agent": "Firefox/1 Windows; your account is locked: http://evil.example"}
        (notice,) = post.notices("new_device", user, seen)
        post.proofs.add(notice)
        mail = only(post.sent(notice))
        assert "192.0.2.7" in mail.text
        assert "Firefox, Windows" in mail.text
        assert "evil" not in mail.text + mail.html
        assert (mail.to, links(mail), codes(mail)) == (ANN, [], [])

    def test_a_notice_is_sent_though_its_user_is_gone(self, post: Post) -> None:
        user_id = post.add_user("ann", ANN)
        (notice,) = post.notices("account_deleted", post.house.world.users.pop(user_id))
        post.proofs.add(notice)
        assert only(post.sent(notice)).to == ANN

    def test_a_change_of_factors_is_told_in_its_own_words(self, post: Post) -> None:
        user = post.house.world.users[post.add_user("ann", ANN)]
        (notice,) = post.notices("factors_changed", user, {"change": "passkey_registered"})
        post.proofs.add(notice)
        mail = only(post.sent(notice))
        assert mail.subject == "The second factors of your account were changed"
        assert "A passkey was added" in mail.text

    @pytest.mark.parametrize("source", ["", "evil.example", "1.2.3.4 http://evil.example"])
    def test_an_address_that_is_none_is_left_out(self, post: Post, source: str) -> None:
        user = post.house.world.users[post.add_user("ann", ANN)]
        (notice,) = post.notices("password_changed", user, {"source": source})
        post.proofs.add(notice)
        assert "Internet address" not in only(post.sent(notice)).text


class TestWhatIsOver:
    @pytest.mark.parametrize("kind", ["sign_up", "find_tenants", "email_change", "email_undo", "invitation"])
    def test_what_has_no_address_goes_nowhere(self, post: Post, kind: ProofKind) -> None:
        user_id = post.add_user("ann", ANN)
        assert post.sent(post.asked(kind, user_id=user_id)) == []

    @pytest.mark.parametrize("kind", ["verify_email", "email_change", "email_undo"])
    def test_nobody_is_asked_to_prove_anything_for_a_user_who_is_disabled(self, post: Post, kind: ProofKind) -> None:
        user_id = post.add_user("ann", ANN, status="disabled")
        assert post.sent(post.asked(kind, user_id=user_id, address=ANN)) == []

    def test_a_change_of_the_password_kills_what_was_asked_before_but_not_the_undoing(self, post: Post) -> None:
        user_id = post.add_user("ann", ANN)
        proofs = [post.asked(kind, user_id=user_id, address=ANN) for kind in ("verify_email", "email_undo")]
        users = post.house.world.users
        users[user_id] = replace(users[user_id], proofs_from_ms=post.house.clock() + 1)
        assert [len(post.sent(proof)) for proof in proofs] == [0, 1]

    def test_who_hands_out_the_link_wants_no_mail(self, post: Post) -> None:
        assert post.sent(post.asked("invitation", address=KIM, mails=False)) == []

    def test_a_used_or_ended_proof_sends_nothing(self, post: Post) -> None:
        used, ended = (post.asked("sign_up", address=ANN) for _ in range(2))
        post.house.world.proofs[used.id] = replace(used, used_at_ms=ProofUse(used.id, 1).at_ms)
        assert post.sent(used) == []
        post.house.clock.advance(DAY_MS / 1000)
        assert post.sent(ended) == []

    def test_a_late_mail_has_the_link_alone(self, post: Post) -> None:
        proof = post.asked("sign_up", address=ANN)
        post.house.clock.advance(CODE_SECONDS - 20)
        mail = only(post.sent(proof))
        assert (len(links(mail)), codes(mail)) == (1, [])

    def test_a_mail_says_how_long_its_code_still_works(self, post: Post) -> None:
        proof = post.asked("sign_up", address=ANN)
        post.house.clock.advance(240)
        assert "works for 6 min" in only(post.sent(proof)).text


class TestHeaders:
    def test_a_mail_says_of_whom_it_is(self, post: Post) -> None:
        user_id = post.add_user("ann", ANN)
        mail = only(post.sent(post.asked("password_reset", email=ANN)))
        assert mail.sender.endswith(f"<{MAIL_FROM}>")
        assert mail.reply_to is None
        assert mail.tags == {"kind": "password_reset", "tenant": "acme", "user": user_id}

    def test_the_tenants_names_come_first(self, post: Post) -> None:
        post.reply_to = "help@id.example"
        assert only(post.sent(post.asked("sign_up", address=ANN))).reply_to == "help@id.example"
        post.decide(mail_from_name="Acme Help", mail_reply_to="help@acme.example")
        mail = only(post.sent(post.asked("sign_up", address=ANN)))
        assert (mail.sender, mail.reply_to) == (f"Acme Help <{MAIL_FROM}>", "help@acme.example")
        post.decide(mail_reply_to="Help <help@acme.example>")
        assert only(post.sent(post.asked("sign_up", address=ANN))).reply_to == "help@id.example"

    @pytest.mark.parametrize(
        ("asked", "own", "decided", "word"),
        [
            (None, None, None, "password"),
            ("it", None, None, "password"),
            ("it", "de-CH", "fr", "Passwort"),
            (None, None, "fr", "mot de passe"),
            ("es-MX", "de", "fr", "contraseña"),
        ],
    )
    def test_the_language_is_the_one_that_was_asked_for_or_the_users_or_the_tenants(
        self, post: Post, asked: str | None, own: str | None, decided: str | None, word: str
    ) -> None:
        post.decide(locale=decided)
        post.add_user("ann", ANN, locale=own)
        assert word in only(post.sent(post.asked("password_reset", email=ANN, locale=asked))).text
