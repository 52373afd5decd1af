"""Proofs, factors and invitations when many use one of them at once."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from doorward.errors import Conflict, InvalidProof, Unavailable
from doorward.model import TenantId, User, UserId, UserRecord
from doorward.model.factors import CredentialId, FactorChange, Factors, Passkey, RecoveryCodes, Totp
from doorward.model.invitations import Invitation
from doorward.model.proofs import Acceptance, InvitationId, Proof, ProofChanges, ProofId, ProofKind, ProofUse
from doorward.rules.proofs import MAX_TRIES
from doorward.tokens.ids import mint_ulid
from tests.contract.conftest import Stores
from tests.support.makers import ACME, NOW, membership, record, session, user
from tests.support.races import RACERS, kinds, new_tenant, race, rounds

pytestmark = pytest.mark.race
PASSKEY = Passkey(
    id=CredentialId("c"),
    rp_id="example",
    public_key="key",
    sign_count=7,
    name="Laptop",
    backed_up=False,
    created_at_ms=NOW,
)
HELD = Factors(
    totp=Totp("sealed", NOW, last_step=1), recovery=RecoveryCodes(("a", "b"), NOW), passkeys=(PASSKEY,), version=1
)
USED = {
    "totp": replace(HELD, totp=Totp("sealed", NOW, last_step=2), version=2),
    "recovery code": replace(HELD, recovery=RecoveryCodes(("b",), NOW), version=2),
    "passkey": replace(HELD, passkeys=(replace(PASSKEY, sign_count=8),), version=2),
}


def _proof(stores: Stores, kind: ProofKind = "password_reset", tenant_id: TenantId = ACME) -> Proof:
    made = Proof(
        id=ProofId(mint_ulid()),
        kind=kind,
        tenant_id=tenant_id,
        mac_kid="mac-1",
        made_at_ms=NOW,
        expires_at_ms=NOW + 3_600_000,
    )
    if kind != "invitation":
        stores.proofs.add(made)
    return made


def _change(user_id: UserId, after: Factors, challenge_id: str | None = None) -> ProofChanges:
    return ProofChanges(factors=FactorChange(user_id=user_id, after=after, at_ms=NOW, challenge_id=challenge_id))


def test_one_proof_opens_one_session(race_stores: Stores) -> None:
    for _ in rounds():
        used = ProofChanges(ProofUse(_proof(race_stores, "email_code").id, NOW))
        sessions = [session(user()) for _ in range(RACERS)]
        results = race(lambda number: race_stores.sessions.add(sessions[number], used))  # noqa: B023 - called in this round
        assert results.count(None) == 1
        assert kinds(results) <= {type(None), InvalidProof, Unavailable}
        begun = [race_stores.sessions.get_admission(each.ref).session for each in sessions]
        assert sum(each is not None for each in begun) == 1


def test_one_proof_sets_one_password(race_stores: Stores) -> None:
    for _ in rounds():
        made, before = _proof(race_stores), record(user((new_tenant(race_stores),)))
        race_stores.writer.add(before, "old")

        def reset(number: int, made: Proof = made, before: UserRecord = before) -> str:
            after = replace(before, user=replace(before.user, version=2))
            used = ProofChanges(ProofUse(made.id, NOW))
            race_stores.writer.change(before, after, password_hash=str(number), proofs=used)
            return str(number)

        results = race(reset)
        (won,) = (result for result in results if isinstance(result, str))
        assert kinds(results) <= {str, InvalidProof, Conflict}
        assert race_stores.reader.get_password_hash(before.user.id) == won


def test_of_many_codes_at_once_five_are_looked_at(race_stores: Stores) -> None:
    for _ in rounds():
        made = _proof(race_stores, "email_code")
        results = race(lambda _: race_stores.proofs.count_try(made.id, NOW + 1))  # noqa: B023 - called in this round
        assert results.count(None) == RACERS - MAX_TRIES
        stored = race_stores.proofs.get(made.id)
        assert stored is not None
        assert stored.tries == MAX_TRIES


def test_one_mail_has_one_sender(race_stores: Stores) -> None:
    for _ in rounds():
        made = _proof(race_stores)
        results = race(lambda _: race_stores.proofs.begin_mail(made.id, NOW))  # noqa: B023 - called in this round
        assert results.count(made) == 1
        assert kinds(results) == {Proof, Unavailable}


@pytest.mark.parametrize("factor", USED)
def test_one_factor_opens_one_session_however_many_ask(race_stores: Stores, factor: str) -> None:
    for _ in rounds():
        kim = user()
        race_stores.sessions.add(session(kim), _change(kim.id, HELD))
        used = _change(kim.id, USED[factor])

        def begin(_: int, kim: User = kim, used: ProofChanges = used) -> str:
            own = session(kim)
            race_stores.sessions.add(own, used)
            return own.ref.session_id

        results = race(begin)
        assert sum(isinstance(result, str) for result in results) == 1
        assert kinds(results) <= {str, InvalidProof, Unavailable}
        assert race_stores.factors.get(kim.id) == USED[factor]


def test_one_code_raises_one_session_however_many_ask(race_stores: Stores) -> None:
    for _ in rounds():
        kim = user()
        race_stores.sessions.add(session(kim), _change(kim.id, HELD))
        sessions = [session(kim) for _ in range(RACERS)]
        for each in sessions:
            race_stores.sessions.add(each)
        used = _change(kim.id, USED["totp"])

        def step_up(number: int, sessions: list[Any] = sessions, used: ProofChanges = used) -> bool:
            raised = replace(sessions[number], generation=2, amr=("otp", "mfa"), authenticated_at_ms=NOW)
            return race_stores.sessions.step_up(sessions[number], raised, used)

        results = race(step_up)
        assert results.count(True) == 1
        stored = [race_stores.sessions.get_admission(each.ref).session for each in sessions]
        assert sum(each is not None and each.generation == 2 for each in stored) == 1


def test_one_answer_of_a_passkey_opens_one_session_although_the_passkey_counts_nothing(race_stores: Stores) -> None:
    for _ in rounds():
        challenge_id = mint_ulid()

        def begin(_: int, challenge_id: str = challenge_id) -> None:
            kim = user()  # each changes other factors: the challenge alone stands between them
            race_stores.sessions.add(session(kim), _change(kim.id, Factors(version=1), challenge_id))

        results = race(begin)
        assert results.count(None) == 1
        assert kinds(results) <= {type(None), InvalidProof, Unavailable}


def _invitation(by: User, made: Proof) -> Invitation:
    return Invitation(
        tenant_id=made.tenant_id,
        id=InvitationId(mint_ulid()),
        email="ann@people.example",
        folded="ann@people.example",
        roles=("user",),
        made_by=by.id,
        created_at_ms=NOW,
        expires_at_ms=NOW + 3_600_000,
        proof_id=made.id,
    )


def _admin(stores: Stores, tenant_id: TenantId) -> User:
    admin = user((tenant_id,))
    stores.writer.add(UserRecord(admin, (membership(admin, tenant_id, ("admin",)),)), None)
    return admin


def test_one_invitation_lets_one_of_many_in(race_stores: Stores) -> None:
    for _ in rounds():
        tenant_id = new_tenant(race_stores)
        admin, made = _admin(race_stores, tenant_id), _proof(race_stores, "invitation", tenant_id)
        found = _invitation(admin, made)
        race_stores.invitations.add(found, made, None)
        accepted = {"tenant_id": tenant_id, "invitation_id": found.id, "proof_id": made.id, "made_by": admin.id}

        def accept(_: int, tenant_id: TenantId = tenant_id, accepted: Any = accepted) -> UserId:
            ann = user((tenant_id,))
            by = Acceptance(**accepted, made_by_version=1, accepted_by=ann.id, at_ms=NOW)
            used = ProofChanges(ProofUse(by.proof_id, NOW), accepts=by)
            race_stores.writer.add(record(ann), None, proofs=used)
            return ann.id

        results = race(accept)
        (won,) = (result for result in results if isinstance(result, str))
        assert kinds(results) <= {str, InvalidProof, Conflict, Unavailable}
        inside = {one.user.id for one in race_stores.reader.list_by_tenant(tenant_id, 100, None).records}
        assert inside == {admin.id, won}


def test_one_address_has_one_pending_invitation_however_many_invite_it(race_stores: Stores) -> None:
    for _ in rounds():
        tenant_id = new_tenant(race_stores)
        admin = _admin(race_stores, tenant_id)

        def invite(_: int, tenant_id: TenantId = tenant_id, admin: User = admin) -> str:
            made = _proof(race_stores, "invitation", tenant_id)
            found = _invitation(admin, made)
            race_stores.invitations.add(found, made, None)
            return found.id

        results = race(invite)
        (won,) = (result for result in results if isinstance(result, str))
        assert kinds(results) <= {str, Conflict}
        listed = race_stores.invitations.list_by_tenant(tenant_id, 100, None).records
        assert [(one.id, one.status) for one in listed] == [(won, "pending")]
