"""What every implementation of second factors promises: a factor is used once, together with what it allows."""

from __future__ import annotations

from dataclasses import replace

import pytest

from doorward.errors import InvalidProof
from doorward.model import UserId
from doorward.model.factors import CredentialId, FactorChange, Factors, Passkey, RecoveryCodes, Totp
from doorward.model.proofs import NO_PROOFS, ProofChanges, ProofUse
from tests.contract.conftest import Stores
from tests.contract.test_proofs import proof
from tests.support.makers import NOW, record, session, tenant, user

FULL = Factors(
    totp=Totp("sealed", NOW, 59_999_999, NOW),
    pending_totp=Totp("pending", NOW),
    recovery=RecoveryCodes(("a", "b"), NOW),
    passkeys=(
        Passkey(
            id=CredentialId("AxD2"),
            rp_id="example.com",
            public_key="pQEC",
            sign_count=7,
            name='Läptop "<b>',
            backed_up=True,
            created_at_ms=NOW,
            transports=("internal", "hybrid"),
            aaguid="ea9b8d66-4d01-1d21-3ce4-b6b48cb575d4",
            last_used_at_ms=NOW,
        ),
    ),
    version=1,
)


def change(user_id: UserId, after: Factors, challenge_id: str | None = None) -> ProofChanges:
    return ProofChanges(factors=FactorChange(user_id=user_id, after=after, at_ms=NOW, challenge_id=challenge_id))


def test_factors_read_back_as_they_were_stored(stores: Stores) -> None:
    kim = user()
    assert stores.factors.get(kim.id) == Factors()
    stores.sessions.add(session(kim), change(kim.id, FULL))
    assert stores.factors.get(kim.id) == FULL
    assert stores.factors.get(UserId("nobody")) == Factors()


@pytest.mark.parametrize("version", [1, 3])
def test_a_use_of_factors_that_were_changed_meanwhile_opens_nothing(stores: Stores, version: int) -> None:
    kim = user()
    stores.sessions.add(session(kim), change(kim.id, FULL))
    late = session(kim)
    with pytest.raises(InvalidProof):
        stores.sessions.add(late, change(kim.id, replace(FULL, totp=None, version=version)))
    assert stores.sessions.get_admission(late.ref).session is None
    assert stores.factors.get(kim.id) == FULL


def test_a_challenge_is_answered_once_whatever_became_of_the_factors(stores: Stores) -> None:
    kim = user()
    stores.sessions.add(session(kim), change(kim.id, FULL, "one"))
    late = session(kim)
    with pytest.raises(InvalidProof):
        stores.sessions.add(late, change(kim.id, replace(FULL, version=2), "one"))
    assert stores.sessions.get_admission(late.ref).session is None
    stores.sessions.add(late, change(kim.id, replace(FULL, version=2), "two"))


def test_a_sign_in_uses_its_challenge_and_its_factor_or_neither(stores: Stores) -> None:
    kim, waits = user(), proof(kind="second_factor", mails=False)
    stores.proofs.add(waits)
    stores.sessions.add(session(kim), change(kim.id, FULL))
    both = replace(change(kim.id, replace(FULL, version=9)), used=ProofUse(waits.id, NOW))
    with pytest.raises(InvalidProof):
        stores.sessions.add(session(kim), both)
    found = stores.proofs.get(waits.id)
    assert found is not None
    assert found.used_at_ms is None
    stores.sessions.add(
        session(kim),
        replace(change(kim.id, replace(FULL, version=2)), used=ProofUse(waits.id, NOW)),
    )
    with pytest.raises(InvalidProof):
        stores.sessions.add(
            session(kim),
            replace(change(kim.id, replace(FULL, version=3)), used=ProofUse(waits.id, NOW)),
        )
    assert stores.factors.get(kim.id).version == 2


def test_a_user_and_the_factors_change_together(stores: Stores) -> None:
    kim = user()
    stores.tenants.add(tenant())
    stores.writer.add(record(kim), None)
    after = replace(kim, factors=("totp",), factors_from_ms=NOW, version=kim.version + 1)
    stores.writer.change(record(kim), record(after), proofs=change(kim.id, FULL))
    found = stores.reader.get(kim.id)
    assert found is not None
    assert found.user == after
    late = replace(after, factors=(), version=after.version + 1)
    with pytest.raises(InvalidProof):
        stores.writer.change(record(after), record(late), proofs=change(kim.id, replace(FULL, version=5)))
    assert stores.factors.get(kim.id) == FULL


def test_with_a_user_go_the_factors(stores: Stores) -> None:
    kim = user()
    stores.tenants.add(tenant())
    stores.writer.add(record(kim), None)
    stores.sessions.add(session(kim), change(kim.id, FULL))
    stores.writer.remove(record(kim), ())
    assert stores.factors.get(kim.id) == Factors()


def test_a_proof_is_used_for_a_challenge_or_there_is_none(stores: Stores) -> None:
    code, waits = proof(kind="email_code"), proof(kind="second_factor", mails=False)
    stores.proofs.add(code)
    stores.proofs.add(waits, ProofUse(code.id, NOW))
    late = proof(kind="second_factor", mails=False)
    with pytest.raises(InvalidProof):
        stores.proofs.add(late, ProofUse(code.id, NOW))
    assert stores.proofs.get(late.id) is None
    assert stores.proofs.get(waits.id) == waits


def test_a_session_is_raised_once_from_one_reading_and_with_what_was_proved(stores: Stores) -> None:
    kim = user()
    stored = session(kim)
    stores.sessions.add(stored, change(kim.id, FULL))
    raised = replace(
        stored,
        generation=2,
        rotated_at_ms=NOW + 1,
        cookie_hash="another",
        amr=("pwd", "otp", "mfa"),
        authenticated_at_ms=NOW + 1,
    )
    assert not stores.sessions.step_up(stored, raised, change(kim.id, replace(FULL, version=9)))
    assert stores.sessions.get_admission(stored.ref).session == stored
    assert stores.sessions.step_up(stored, raised, change(kim.id, replace(FULL, version=2)))
    assert stores.sessions.get_admission(stored.ref).session == raised
    assert not stores.sessions.step_up(stored, raised, NO_PROOFS)
    assert stores.factors.get(kim.id).version == 2


@pytest.mark.parametrize("state", ["ended", "over", "unknown"])
def test_no_session_is_raised_that_does_not_live(stores: Stores, state: str) -> None:
    stored = session(user())
    if state != "unknown":
        stores.sessions.add(stored)
    if state == "ended":
        stores.sessions.revoke(stored.ref, NOW)
    at_ms = stored.expires_at_ms if state == "over" else NOW + 1
    raised = replace(stored, generation=2, rotated_at_ms=at_ms, amr=("otp", "mfa"), authenticated_at_ms=at_ms)
    assert not stores.sessions.step_up(stored, raised)
