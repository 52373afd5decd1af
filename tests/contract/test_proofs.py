"""What every implementation of proofs promises: a proof is used once, together with what it allows, or not at all."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from doorward.errors import Conflict, EmailTaken, InvalidProof, Unavailable
from doorward.model.proofs import Proof, ProofChanges, ProofId, ProofUse
from doorward.rules.proofs import CODE_SECONDS, MAX_TRIES
from doorward.tokens.ids import mint_ulid
from tests.contract.conftest import Stores
from tests.support.makers import ACME, NOW, record, session, tenant, user

HOUR_MS = 3_600_000


def proof(**values: Any) -> Proof:
    defaults: dict[str, Any] = {
        "id": ProofId(mint_ulid()),
        "kind": "password_reset",
        "tenant_id": ACME,
        "mac_kid": "mac-1",
        "made_at_ms": NOW,
        "expires_at_ms": NOW + HOUR_MS,
    }
    return Proof(**{**defaults, **values})


def used(which: Proof, at_ms: int = NOW) -> ProofChanges:
    return ProofChanges(used=ProofUse(which.id, at_ms))


def test_a_proof_reads_back_as_it_was_stored(stores: Stores) -> None:
    plain = proof()
    full = proof(
        kind="invitation",
        email="ann@acme.example",
        username="ann",
        address="Ann@Acme.example",
        user_id="u",
        locale="de-CH",
        roles=("admin", "user"),
        made_by="v",
        details={"display_name": 'Änn "<b>'},
        mails=False,
    )
    for each in (plain, full):
        stores.proofs.add(each)
        assert stores.proofs.get(each.id) == each
    assert stores.proofs.get(ProofId("none")) is None


def test_a_proof_is_stored_with_the_notices_of_it(stores: Stores) -> None:
    made, told = proof(), proof(kind="email_change_asked", mac_kid="")
    stores.proofs.add(made, told=(told,))
    assert [stores.proofs.get(each.id) for each in (made, told)] == [made, told]


def test_a_code_can_be_tried_five_times(stores: Stores) -> None:
    made = proof()
    stores.proofs.add(made)
    for count in range(1, MAX_TRIES + 1):
        assert stores.proofs.count_try(made.id, NOW) == replace(made, tries=count)
    assert stores.proofs.count_try(made.id, NOW) is None
    assert stores.proofs.get(made.id) == replace(made, tries=MAX_TRIES)


@pytest.mark.parametrize("state", ["unknown", "used", "ended", "code too old"])
def test_a_code_that_works_no_longer_is_not_tried(stores: Stores, state: str) -> None:
    made = proof(expires_at_ms=NOW + (1000 if state == "ended" else HOUR_MS))
    if state != "unknown":
        stores.proofs.add(made)
    if state == "used":
        stores.sessions.add(session(user()), used(made))
    late = {"ended": 1000, "code too old": CODE_SECONDS * 1000}.get(state, 0)
    assert stores.proofs.count_try(made.id, NOW + late) is None
    found = stores.proofs.get(made.id)
    assert found is None if state == "unknown" else found is not None and found.tries == 0


def test_a_proof_is_used_once_and_with_what_it_allows(stores: Stores) -> None:
    made, first, second = proof(), session(user()), session(user())
    stores.proofs.add(made)
    notice = proof(kind="new_device")
    stores.sessions.add(first, ProofChanges(ProofUse(made.id, NOW + 5), (notice,)))
    assert stores.proofs.get(made.id) == replace(made, used_at_ms=NOW + 5)
    assert stores.proofs.get(notice.id) == notice
    with pytest.raises(InvalidProof):
        stores.sessions.add(second, used(made))
    assert stores.sessions.get_admission(first.ref).session == first
    assert stores.sessions.get_admission(second.ref).session is None


@pytest.mark.parametrize("state", ["unknown", "used", "ended"])
def test_a_dead_proof_changes_no_user(stores: Stores, state: str) -> None:
    stores.tenants.add(tenant())
    made, member, other = proof(expires_at_ms=NOW + 1000), user(), user()
    stores.writer.add(record(member), "hash")
    if state != "unknown":
        stores.proofs.add(made)
    if state == "used":
        stores.sessions.add(session(member), used(made))
    dead = used(made, NOW + (1000 if state == "ended" else 0))
    changed = record(replace(member, version=2))
    with pytest.raises(InvalidProof):
        stores.writer.change(record(member), changed, password_hash="new", proofs=dead)
    with pytest.raises(InvalidProof):
        stores.writer.add(record(other), "hash", proofs=dead)
    with pytest.raises(InvalidProof):
        stores.writer.remove(record(member), (), proofs=dead)
    assert stores.reader.get(member.id) == record(member)
    assert stores.reader.get_password_hash(member.id) == "hash"
    assert stores.reader.get(other.id) is None


def test_what_a_proof_allows_and_fails_leaves_the_proof(stores: Stores) -> None:
    stores.tenants.add(tenant())
    made, notice = proof(), proof(kind="password_changed")
    member, other = user(email="ann@acme.example"), user(email="Ann@acme.example")
    stores.proofs.add(made)
    stores.writer.add(record(member), None)
    changes = ProofChanges(ProofUse(made.id, NOW), (notice,))
    with pytest.raises(EmailTaken):
        stores.writer.add(record(other), None, proofs=changes)
    late = record(replace(member, version=7))
    with pytest.raises(Conflict):
        stores.writer.change(late, late, proofs=changes)
    assert stores.proofs.get(made.id) == made
    assert stores.proofs.get(notice.id) is None
    stores.writer.change(record(member), record(replace(member, version=2)), proofs=changes)
    assert stores.proofs.get(made.id) == replace(made, used_at_ms=NOW)


def test_a_mail_is_taken_by_one_sender(stores: Stores) -> None:
    made = proof()
    stores.proofs.add(made)
    assert stores.proofs.begin_mail(made.id, NOW) == made
    with pytest.raises(Unavailable):
        stores.proofs.begin_mail(made.id, NOW + 59_000)
    assert stores.proofs.begin_mail(made.id, NOW + 61_000) == made  # the first sender died
    stores.proofs.release_mail(made.id)
    assert stores.proofs.begin_mail(made.id, NOW + 62_000) == made
    stores.proofs.end_mail(made.id, NOW + 63_000)
    assert stores.proofs.begin_mail(made.id, NOW + HOUR_MS) is None
    assert stores.proofs.begin_mail(ProofId("none"), NOW) is None
    stores.proofs.end_mail(ProofId("none"), NOW)
    stores.proofs.release_mail(ProofId("none"))
    assert stores.proofs.get(ProofId("none")) is None
