"""What every implementation of invitations promises: one acceptance, with what it gives, or nothing at all."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest

from doorward.errors import Conflict, DoorwardError, EmailTaken, InvalidProof
from doorward.model import User, UserRecord
from doorward.model.invitations import Invitation
from doorward.model.proofs import Acceptance, InvitationId, Proof, ProofChanges, ProofId, ProofUse
from doorward.tokens.ids import mint_ulid
from tests.contract.conftest import Stores
from tests.support.makers import ACME, GLOBEX, NOW, by_username, membership, record, tenant, user

WEEK_MS = 7 * 86_400_000


def proof() -> Proof:
    return Proof(
        id=ProofId(mint_ulid()),
        kind="invitation",
        tenant_id=ACME,
        mac_kid="mac-1",
        made_at_ms=NOW,
        expires_at_ms=NOW + WEEK_MS,
    )


def invitation(made: Proof, by: User, **values: Any) -> Invitation:
    defaults: dict[str, Any] = {
        "tenant_id": ACME,
        "id": InvitationId(mint_ulid()),
        "email": "Ann@people.example",
        "folded": "ann@people.example",
        "roles": ("auditor", "user"),
        "made_by": by.id,
        "created_at_ms": NOW,
        "expires_at_ms": NOW + WEEK_MS,
        "proof_id": made.id,
    }
    return Invitation(**{**defaults, **values})


def admin_of(stores: Stores) -> User:
    """Return an administrator of acme, which is made with the administrator."""
    stores.tenants.add(tenant())
    admin = user()
    stores.writer.add(UserRecord(admin, (membership(admin, roles=("admin",)),)), None)
    return admin


def invited(stores: Stores, by: User, **values: Any) -> tuple[Invitation, Proof]:
    made = proof()
    found = invitation(made, by, **values)
    stores.invitations.add(found, made, None)
    return found, made


def accepting(found: Invitation, made: Proof, who: User, by: User, at_ms: int = NOW) -> ProofChanges:
    acceptance = Acceptance(
        tenant_id=found.tenant_id,
        invitation_id=found.id,
        proof_id=made.id,
        accepted_by=who.id,
        made_by=by.id,
        made_by_version=by.version,
        at_ms=at_ms,
    )
    return ProofChanges(ProofUse(made.id, at_ms), accepts=acceptance)


def renewed(stores: Stores, found: Invitation) -> tuple[Invitation, Proof]:
    again = proof()
    after = replace(found, proof_id=again.id, expires_at_ms=found.expires_at_ms + 1000)
    stores.invitations.renew(found, after, again)
    return after, again


def try_all(*calls: Callable[[], object]) -> list[bool]:
    """Make calls at once, and return which of them were not refused."""

    def attempt(call: Callable[[], object]) -> bool:
        try:
            return call() is not False
        except DoorwardError:
            return False

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(attempt, calls))


def test_an_invitation_reads_back_as_it_was_stored(stores: Stores) -> None:
    admin = admin_of(stores)
    found, made = invited(stores, admin)
    other, _ = invited(stores, admin, folded="bob@people.example", locale="de-CH", roles=())
    for each in (found, other):
        assert stores.invitations.get(ACME, each.id) == each
        assert stores.invitations.find(ACME, each.folded) == each
    assert stores.proofs.get(made.id) == made
    assert stores.invitations.get(GLOBEX, found.id) is None
    assert stores.invitations.find(GLOBEX, found.folded) is None
    assert stores.invitations.get(ACME, InvitationId(mint_ulid())) is None


def test_a_list_has_the_tenants_own_and_the_newest_first(stores: Stores) -> None:
    admin = admin_of(stores)
    made = [invited(stores, admin, folded=f"{number}@people.example")[0] for number in range(5)]
    invited(stores, admin, tenant_id=GLOBEX)
    first = stores.invitations.list_by_tenant(ACME, 3, None)
    rest = stores.invitations.list_by_tenant(ACME, 3, first.after)
    assert [*first.records, *rest.records] == made[::-1]
    assert (first.after, rest.after) == (made[2].id, None)


def test_a_long_address_is_found_too(stores: Stores) -> None:
    folded = "\u4e2d" * 300 + "@people.example"
    found, _ = invited(stores, admin_of(stores), folded=folded)
    assert stores.invitations.find(ACME, folded) == found


def test_a_second_invitation_of_an_address_takes_the_place_of_the_first(stores: Stores) -> None:
    admin = admin_of(stores)
    first, old = invited(stores, admin)
    made = proof()
    second = invitation(made, admin, roles=("user",))
    with pytest.raises(Conflict):
        stores.invitations.add(second, made, None)
    assert stores.proofs.get(made.id) is None
    stores.invitations.add(second, made, first)
    assert stores.invitations.get(ACME, first.id) == replace(first, status="revoked")
    assert stores.invitations.find(ACME, first.folded) == second
    member = user(email=first.email)
    with pytest.raises(InvalidProof):
        stores.writer.add(record(member), None, proofs=accepting(first, old, member, admin))
    stores.writer.add(record(member), None, proofs=accepting(second, made, member, admin))
    third_proof = proof()
    third = invitation(third_proof, admin)
    with pytest.raises(Conflict):  # it was pending when it was read
        stores.invitations.add(third, third_proof, second)
    accepted = stores.invitations.find(ACME, first.folded)
    assert accepted == replace(second, status="accepted", accepted_by=member.id)
    stores.invitations.add(third, third_proof, accepted)
    assert stores.invitations.get(ACME, second.id) == accepted


def test_a_new_user_comes_with_the_acceptance_or_not_at_all(stores: Stores) -> None:
    admin = admin_of(stores)
    found, made = invited(stores, admin)
    other = user(email="Ann@people.example")
    stores.writer.add(record(other), None)
    member = user(username="ann", email="ann@people.example")
    with pytest.raises(EmailTaken):
        stores.writer.add(record(member), None, proofs=accepting(found, made, member, admin))
    assert stores.invitations.get(ACME, found.id) == found
    assert stores.proofs.get(made.id) == made
    stores.writer.remove(record(other), [])
    stores.writer.add(record(member), "hash", proofs=accepting(found, made, member, admin))
    assert by_username(stores, "ann") is not None
    accepted = replace(found, status="accepted", accepted_by=member.id)
    assert stores.invitations.get(ACME, found.id) == accepted
    assert stores.proofs.get(made.id) == replace(made, used_at_ms=NOW)


def test_a_user_who_exists_enters_with_the_acceptance_or_not_at_all(stores: Stores) -> None:
    admin = admin_of(stores)
    found, made = invited(stores, admin)
    stores.tenants.add(tenant(GLOBEX))
    member = user((GLOBEX,))
    stores.writer.add(record(member), None)
    entered = replace(member, tenant_ids=(GLOBEX, ACME), version=2)
    stale = record(replace(member, version=7))
    changes = accepting(found, made, member, admin)
    with pytest.raises(Conflict):
        stores.writer.change(stale, record(entered), proofs=changes)
    assert stores.invitations.get(ACME, found.id) == found
    stores.writer.change(record(member), record(entered), proofs=changes)
    assert stores.reader.get(member.id) == record(entered)
    assert stores.invitations.get(ACME, found.id) == replace(found, status="accepted", accepted_by=member.id)


@pytest.mark.parametrize("state", ["revoked", "accepted", "ended", "renewed", "unknown", "another tenant's"])
def test_nobody_enters_by_an_invitation_that_is_dead(stores: Stores, state: str) -> None:
    admin, late = admin_of(stores), 0
    ends_at_ms = NOW + (1000 if state == "ended" else WEEK_MS)  # before its proof does
    where = GLOBEX if state.endswith("'s") else ACME
    found, made = invited(stores, admin, tenant_id=where, expires_at_ms=ends_at_ms)
    member = user(username="late", email=found.email)
    match state:
        case "revoked":
            assert stores.invitations.revoke(ACME, found.id)
        case "accepted":
            first = user()
            stores.writer.add(record(first), None, proofs=accepting(found, made, first, admin))
        case "ended":
            late = 1000
        case "renewed":
            renewed(stores, found)
        case "unknown":
            found = replace(found, id=InvitationId(mint_ulid()))
        case _:
            found = replace(found, tenant_id=ACME)
    with pytest.raises(InvalidProof):
        stores.writer.add(record(member), None, proofs=accepting(found, made, member, admin, NOW + late))
    assert by_username(stores, "late") is None


def test_nobody_enters_by_an_invitation_of_who_was_changed_or_left(stores: Stores) -> None:
    admin = admin_of(stores)
    found, made = invited(stores, admin)
    member = user(username="ann")
    demoted = replace(admin, version=2)
    other = user()
    stores.writer.add(UserRecord(other, (membership(other, roles=("admin",)),)), None)
    before = UserRecord(admin, (membership(admin, roles=("admin",)),))
    stores.writer.change(before, record(demoted))
    with pytest.raises(Conflict):
        stores.writer.add(record(member), None, proofs=accepting(found, made, member, admin))
    stores.writer.remove(record(demoted), [])
    with pytest.raises(Conflict):
        stores.writer.add(record(member), None, proofs=accepting(found, made, member, demoted))
    assert by_username(stores, "ann") is None
    assert stores.invitations.get(ACME, found.id) == found


def test_who_invited_an_address_of_their_own_enters_by_it(stores: Stores) -> None:
    stores.tenants.add(tenant())
    platform = user((), platform_admin=True)
    stores.writer.add(record(platform), None)
    found, made = invited(stores, platform)
    entered = replace(platform, tenant_ids=(ACME,), version=2)
    changes = accepting(found, made, platform, platform)
    stores.writer.change(record(platform), record(entered), proofs=changes)
    assert stores.invitations.get(ACME, found.id) == replace(found, status="accepted", accepted_by=platform.id)


def test_a_renewed_invitation_has_another_proof_and_keeps_its_address(stores: Stores) -> None:
    admin = admin_of(stores)
    found, made = invited(stores, admin)
    after, again = renewed(stores, found)
    assert stores.invitations.find(ACME, found.folded) == after
    late = proof()
    with pytest.raises(Conflict):
        stores.invitations.renew(found, replace(found, proof_id=late.id), late)
    assert stores.proofs.get(late.id) is None
    member = user()
    stores.writer.add(record(member), None, proofs=accepting(after, again, member, admin))
    with pytest.raises(Conflict):
        renewed(stores, after)
    assert made != again


def test_an_invitation_is_revoked_unless_it_was_accepted(stores: Stores) -> None:
    admin = admin_of(stores)
    found, made = invited(stores, admin)
    assert not stores.invitations.revoke(GLOBEX, found.id)
    assert not stores.invitations.revoke(ACME, InvitationId(mint_ulid()))
    assert [stores.invitations.revoke(ACME, found.id) for _ in range(2)] == [True, True]
    assert stores.invitations.get(ACME, found.id) == replace(found, status="revoked")
    with pytest.raises(Conflict):
        renewed(stores, found)
    other, made = invited(stores, admin, folded="bob@people.example")
    member = user()
    stores.writer.add(record(member), None, proofs=accepting(other, made, member, admin))
    assert not stores.invitations.revoke(ACME, other.id)
    assert stores.invitations.get(ACME, other.id) == replace(other, status="accepted", accepted_by=member.id)


@pytest.mark.parametrize("other", ["revoke", "renew", "replace", "demote"])
def test_an_acceptance_and_what_kills_the_invitation_never_both_happen(race_stores: Stores, other: str) -> None:
    stores = race_stores
    admin = admin_of(stores)
    second = user()
    stores.writer.add(UserRecord(second, (membership(second, roles=("admin",)),)), None)
    winners = set()
    for number in range(20):
        found, made = invited(stores, admin, folded=f"{number}@people.example", email=f"{number}@people.example")
        member = user(username=f"user{number}")
        changes = accepting(found, made, member, admin)
        after = replace(admin, version=admin.version + 1)
        again = proof()
        others: dict[str, Callable[[], object]] = {
            "revoke": lambda: stores.invitations.revoke(ACME, found.id),  # noqa: B023 - called in this round
            "renew": lambda: stores.invitations.renew(found, replace(found, proof_id=again.id), again),  # noqa: B023
            "replace": lambda: stores.invitations.add(invitation(again, admin, folded=found.folded), again, found),  # noqa: B023
            "demote": lambda: stores.writer.change(record(admin), record(after)),  # noqa: B023
        }
        accept: Callable[[], object] = lambda: stores.writer.add(record(member), None, proofs=changes)  # noqa: B023, E731
        order = [accept, others[other]] if number % 2 else [others[other], accept]
        results = dict(zip(order, try_all(*order), strict=True))
        accepted, killed = results[accept], results[others[other]]
        if (
            other == "demote"
        ):  # of a user whom nobody else changes: it always happens, and the acceptance only before it
            assert killed
            admin = after
        else:
            assert accepted != killed, (number, results)
        assert (by_username(stores, member.username) is not None) == accepted
        winners.add(accepted)
    assert winners
