"""The mail that tells a user of a sign-in on a device that was not known."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from doorward.errors import InvalidCredentials
from doorward.model import SessionId, SessionRef, Subject
from doorward.model.proofs import Proof, ProofChanges, ProofUse
from doorward.rules.names import is_ulid
from doorward.sessions.begin import Client, SignedIn
from doorward.sessions.login import Credentials
from doorward.tokens.ids import derived_ulid, mint_ulid
from doorward.tokens.proofs import MintProofs, once_an_hour
from tests.support.people import PASSWORD
from tests.support.world import ACME, GLOBEX, House

HERE, THERE = "192.0.2.1", "203.0.113.9"


@pytest.fixture
def mailing(house: House) -> House:
    """A house where mail is on, with the user kim of acme, who has an address."""
    house.mail_is_on = True
    house.add_user("kim", email="kim@acme.example")
    house.world.proofs.clear()
    house.clock.advance(3600)
    return house


def _sign_in(house: House, source: str = HERE, **client: Any) -> SignedIn:
    return house.log_in(Credentials(PASSWORD, Client(source, **client), username="kim"))


def _notices(house: House) -> list[Proof]:
    return list(house.world.proofs.values())


def test_a_sign_in_on_an_unknown_device_is_told_with_where_it_came_from(mailing: House) -> None:
    _sign_in(mailing, THERE, user_agent="curl/8")
    (notice,) = _notices(mailing)
    assert (notice.kind, notice.address, notice.tenant_id) == ("new_device", "kim@acme.example", ACME)
    assert notice.details == {"source": THERE, "user_agent": "curl/8"}
    assert notice.made_at_ms == mailing.clock()


def test_a_client_that_does_not_say_what_it_is_is_told_too(mailing: House) -> None:
    _sign_in(mailing)
    assert _notices(mailing)[0].details == {"source": HERE}


def test_a_notice_goes_out_in_the_name_of_the_tenant_that_was_entered(mailing: House) -> None:
    kim = mailing.look_up.one(mailing.caller("kim", PASSWORD), "me").user
    mailing.assign.put(mailing.caller(), kim.id, GLOBEX, ("user",))
    mailing.clock.advance(3600)
    mailing.world.proofs.clear()
    mailing.sign_in("kim", PASSWORD, tenant_id=GLOBEX)
    assert [notice.tenant_id for notice in _notices(mailing)] == [GLOBEX]


def test_a_known_device_is_not_told(mailing: House) -> None:
    known = _sign_in(mailing).device_token
    mailing.world.proofs.clear()
    mailing.clock.advance(7200)
    _sign_in(mailing, THERE, device_token=known)
    assert _notices(mailing) == []


def test_another_users_device_is_not_known(mailing: House) -> None:
    eve = mailing.add_user("eve")
    stranger = mailing.devices.mint(eve.user_id, None)
    _sign_in(mailing, device_token=stranger)
    assert len(_notices(mailing)) == 1


def test_where_mail_is_off_nothing_is_stored(mailing: House) -> None:
    quiet = House(mailing.clock, mailing.world)
    _sign_in(quiet)
    assert _notices(quiet) == []


def test_who_has_no_address_is_told_nothing(mailing: House) -> None:
    mailing.add_user("lee")
    assert not [notice for notice in _notices(mailing) if notice.address is None]
    assert _notices(mailing) == []


def test_a_failed_sign_in_is_not_told(mailing: House) -> None:
    with pytest.raises(InvalidCredentials):
        mailing.log_in(Credentials("wrong", Client(HERE), username="kim"))
    assert _notices(mailing) == []


def test_there_is_one_notice_a_user_and_hour(mailing: House) -> None:
    mailing.clock.now_ms = mailing.clock.now_ms // 3_600_000 * 3_600_000
    _sign_in(mailing, HERE)
    mailing.clock.advance(3599)
    _sign_in(mailing, THERE)
    assert len(_notices(mailing)) == 1
    mailing.clock.advance(1)
    _sign_in(mailing, THERE)
    assert len(_notices(mailing)) == 2


def test_the_notices_of_two_users_are_two(mailing: House) -> None:
    mailing.add_user("lee", email="lee@acme.example")
    _sign_in(mailing)
    assert sorted(str(notice.address) for notice in _notices(mailing)) == ["kim@acme.example", "lee@acme.example"]


def test_the_first_sign_in_is_not_told_and_a_proof_is_used_with_either(mailing: House) -> None:
    kim = mailing.caller("kim", PASSWORD)
    mailing.world.proofs.clear()
    mint = MintProofs(mailing.proof_texts, mailing.clock)
    for first in (True, False):
        proof = mint("email_code", ACME)
        mailing.proofs.add(proof)
        ref = SessionRef(ACME, kim.user_id, SessionId(mint_ulid()))
        subject = Subject(ref.user_id, kim.username, ref.tenant_id, ("user",), ref.session_id)
        admission = mailing.sessions.get_admission(ref)
        proofs = ProofChanges(ProofUse(proof.id, mailing.clock()))
        mailing.begin_session(admission, subject, Client(HERE), proofs=proofs, first=first)
        assert mailing.world.proofs[proof.id].used_at_ms == mailing.clock()
        told = [notice.kind for notice in _notices(mailing) if notice.kind == "new_device"]
        assert told == ([] if first else ["new_device"])


def test_a_derived_id_is_of_its_time_and_name_alone() -> None:
    found = derived_ulid(1_800_000_000_000, "a")
    assert is_ulid(found)
    assert found == derived_ulid(1_800_000_000_000, "a")
    assert found[:10] == derived_ulid(1_800_000_000_000, "b")[:10]
    assert found != derived_ulid(1_800_000_000_000, "b")
    assert found < derived_ulid(1_800_000_000_001, "a")


def test_notices_of_two_kinds_in_one_hour_are_two(mailing: House) -> None:
    _sign_in(mailing)
    (notice,) = _notices(mailing)
    assert once_an_hour(notice) == notice
    assert once_an_hour(replace(notice, kind="password_changed")).id != notice.id
