"""What only a DynamoDB that is right under concurrency can show."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from typing import Any, TypeVar

import pytest

from doorward.errors import (
    Conflict,
    DoorwardError,
    EmailTaken,
    InvalidProof,
    TenantNotFound,
    Unavailable,
    UsernameTaken,
)
from doorward.keys.life import Policy
from doorward.keys.rotation import RotateSigningKeys
from doorward.keys.signing import KeySet, PrivateKeys
from doorward.model import Cutoff
from doorward.model.factors import FactorChange, Factors, Totp
from doorward.model.proofs import ProofChanges, ProofId
from doorward.rules.finding import Search
from doorward.rules.revocation import MAX_ENTRIES
from doorward.rules.throttles import Counter, Limit
from doorward.tokens.proofs import Notices, once_an_hour
from tests.contract.conftest import Stores
from tests.support.fakes import FakeClock, MemorySecrets, World
from tests.support.makers import ACME, NOW, claims, record, session, tenant, user
from tests.support.makers import epochs_of as _epochs
from tests.support.world import DAY_MS

pytestmark = pytest.mark.race
T = TypeVar("T")
RACERS = 50


def race(run: Callable[[int], T]) -> list[T | DoorwardError]:
    """Run 50 threads at one moment; return what each returned or was refused with."""
    barrier = threading.Barrier(RACERS)
    results: list[T | DoorwardError] = []

    def racer(number: int) -> None:
        barrier.wait()
        try:
            results.append(run(number))
        except DoorwardError as error:
            results.append(error)

    threads = [threading.Thread(target=racer, args=(number,)) for number in range(RACERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(results) == RACERS
    return results


@pytest.mark.standard("ASVS 10.4.5")
def test_one_refresh_token_is_rotated_once(race_stores: Stores) -> None:
    stored = session(user())
    race_stores.sessions.add(stored)
    rotations: list[Any] = race(lambda _: race_stores.sessions.rotate(stored.ref, 0, NOW + 1))
    assert sum(rotation.won for rotation in rotations) == 1
    assert {rotation.session.generation for rotation in rotations} == {1}


@pytest.mark.parametrize("field", ["username", "email"])
def test_one_name_is_given_once(race_stores: Stores, field: str) -> None:
    race_stores.tenants.add(tenant())
    values: dict[str, Any] = {field: {"username": "bob", "email": "bob@acme.example"}[field]}

    def create(_: int) -> str:
        member = user(**values)
        race_stores.writer.add(record(member), "hash")
        return member.id

    results = race(create)
    assert sum(isinstance(result, str) for result in results) == 1
    assert {type(result) for result in results} - {str} == {UsernameTaken if field == "username" else EmailTaken}
    assert len(race_stores.reader.list_by_tenant(ACME, 100, None).records) == 1


def test_sign_ins_at_one_moment_that_tell_of_new_devices_all_begin_and_store_one_notice(race_stores: Stores) -> None:
    owner = user(email="a@acme.example")
    notices = Notices(lambda: NOW, mail_is_on=True)
    sessions = [session(owner) for _ in range(RACERS)]

    def sign_in(number: int) -> ProofId:
        (notice,) = map(once_an_hour, notices("new_device", owner, {"source": f"192.0.2.{number}"}))
        race_stores.sessions.add(sessions[number], ProofChanges(made=(notice,)))
        return notice.id

    (notice_id,) = set(race(sign_in))
    assert isinstance(notice_id, str)
    stored = race_stores.proofs.get(notice_id)
    assert stored is not None
    assert stored.details["source"].startswith("192.0.2.")
    for each in sessions:
        assert race_stores.sessions.get_admission(each.ref).session == each


def test_the_name_of_a_deleted_user_is_given_to_none_of_many_nor_while_the_user_is_deleted(
    race_stores: Stores,
) -> None:
    race_stores.tenants.add(tenant())
    gone, going = user(username="gone"), user(username="going")
    for member in (gone, going):
        race_stores.writer.add(record(member), None)
    race_stores.writer.remove(record(gone), ())

    def run(number: int) -> None:
        if number == 0:
            race_stores.writer.remove(record(going), ())
        else:
            race_stores.writer.add(record(user(username="gone" if number % 2 else "Going")), None)

    results = race(run)
    assert results.count(None) == 1  # the removal
    assert {type(result) for result in results} == {type(None), UsernameTaken}
    assert race_stores.reader.list_by_tenant(ACME, 100, None).records == ()


def test_of_a_deletion_and_changes_at_once_one_wins_and_entries_are_those_of_the_winner(race_stores: Stores) -> None:
    race_stores.tenants.add(tenant())
    member = user(username="bob", display_name="Bob")
    race_stores.writer.add(record(member), None)
    before = record(member)

    def run(number: int) -> str:
        if number % 2:
            race_stores.writer.remove(before, ())
            return ""
        name = f"name{number}"
        race_stores.writer.change(before, replace(before, user=replace(member, display_name=name, version=2)))
        return name

    results = race(run)
    (won,) = (result for result in results if isinstance(result, str))
    assert {type(result) for result in results} == {str, Conflict}
    found = race_stores.reader.find(ACME, Search(name="name"), 100, None).records
    assert [shown.user.display_name for shown in found] == ([won] if won else [])


def test_nobody_is_left_in_a_tenant_that_is_deleted_while_many_enter(race_stores: Stores) -> None:
    race_stores.tenants.add(tenant())
    disabled = replace(tenant(), status="disabled", version=2)
    race_stores.tenants.change(tenant(), disabled, NOW)

    def run(number: int) -> None:
        if number == RACERS // 2:
            race_stores.tenants.begin_removal(disabled, NOW)
        else:
            race_stores.writer.add(record(user()), None)

    results = race(run)
    assert {type(result) for result in results} <= {type(None), TenantNotFound, Unavailable}
    inside = len(race_stores.reader.list_by_tenant(ACME, 100, None).records)
    assert inside == results.count(None) - 1
    with pytest.raises(TenantNotFound):
        race_stores.writer.add(record(user()), None)


@pytest.mark.standard("ASVS 6.3.1")
def test_a_throttle_lets_exactly_its_limit_through(race_stores: Stores) -> None:
    counter = Counter("name", {"pair": Limit(10, NOW), "in_all": Limit(100, NOW)})
    results = race(lambda _: race_stores.attempts.count(counter))
    assert results.count(None) == 10


def test_revocations_at_once_are_all_kept(race_stores: Stores) -> None:
    race_stores.tenants.add(tenant())
    owner, half = user(), MAX_ENTRIES // 2  # one more entry would be a cutoff
    sessions = [session(owner) for _ in range(half)]
    for stored in sessions:
        race_stores.sessions.add(stored)

    def revoke(number: int) -> None:
        if number < half:
            race_stores.sessions.revoke(sessions[number].ref, NOW)
        elif number < 2 * half:
            race_stores.revocations.revoke_token(claims(owner, str(number)), NOW)

    assert race(revoke) == [None] * RACERS
    state = race_stores.revocation_reader.get(ACME, owner.id).user
    assert state.sessions == {stored.ref.session_id for stored in sessions}
    assert state.tokens == {str(number) for number in range(half, 2 * half)}


def test_epochs_only_rise(race_stores: Stores) -> None:
    owner = user()

    def cut_off(number: int) -> None:
        race_stores.revocations.cut_off([Cutoff(ACME, owner.id, 1000 + number, ends_sessions=False)], NOW)

    results = race(cut_off)
    assert {type(result) for result in results} <= {type(None), Conflict}
    assert _epochs(race_stores, [ACME], owner.id) == {ACME: 1049}


def test_one_of_many_changes_from_one_reading_wins(race_stores: Stores) -> None:
    race_stores.tenants.add(tenant())
    member = user()
    race_stores.writer.add(record(member), None)
    before = record(member)

    def change(number: int) -> None:
        race_stores.writer.change(before, replace(before, user=replace(member, display_name=str(number), version=2)))

    results = race(change)
    assert results.count(None) == 1
    assert {type(result) for result in results} == {type(None), Conflict}


@pytest.mark.parametrize("command", ["rotate", "revoke"])
def test_rotations_at_once_leave_one_active_key_and_lose_none(race_stores: Stores, command: str) -> None:
    secrets = MemorySecrets(World())  # safe under threads; Secrets Manager promises the same (test_secrets.py)
    policy = Policy(90 * DAY_MS, DAY_MS, DAY_MS, 300_000)
    clock = FakeClock()
    signing = RotateSigningKeys(
        race_stores.key_sets, secrets, "signing", race_stores.key_revocations, policy, "ES256", clock
    )
    signing.add_first(KeySet("https://id.example", "api", ()))
    first = race_stores.key_sets.get()
    clock.advance(86_400)

    def rotate(_: int) -> None:
        if command == "revoke":
            signing.revoke(first.active().kid)
        else:
            signing.advance(due=True)

    found = race(rotate)
    assert None in found
    assert {type(one) for one in found} <= {type(None), Conflict}
    after = race_stores.key_sets.get()
    signs = [key for key in after.keys if key.state == "active"]
    assert [key.kid for key in signs] == [first.keys[1].kid]
    private = PrivateKeys.decode(secrets.get("signing").text).pems
    assert {key.kid for key in after.keys if key.state != "retiring"} <= set(private)
    if command == "rotate":
        assert first.keys[0].kid in {key.kid for key in after.keys}
        assert first.keys[0].kid in private


@pytest.mark.standard("ASVS 6.5.1")
def test_one_code_opens_one_session_however_many_ask(race_stores: Stores) -> None:
    kim = user()
    held = Factors(totp=Totp("sealed", NOW, last_step=1), version=1)
    race_stores.sessions.add(session(kim), ProofChanges(factors=FactorChange(user_id=kim.id, after=held, at_ms=NOW)))
    after = replace(held, totp=Totp("sealed", NOW, last_step=2), version=2)
    used = ProofChanges(factors=FactorChange(user_id=kim.id, after=after, at_ms=NOW))

    def begin(_: int) -> str:
        own = session(kim)
        race_stores.sessions.add(own, used)
        return own.ref.session_id

    results = race(begin)
    winners = [result for result in results if isinstance(result, str)]
    assert len(winners) == 1
    assert {type(result) for result in results if not isinstance(result, str)} <= {InvalidProof, Unavailable}
    assert race_stores.factors.get(kim.id) == after


def test_one_answer_of_a_passkey_opens_one_session_although_the_passkey_counts_nothing(race_stores: Stores) -> None:
    kim = user()

    def begin(_: int) -> str:
        # Each reads the factors as they are, and changes them: the challenge alone stands between them.
        for _ in range(RACERS):
            version = race_stores.factors.get(kim.id).version + 1
            change = FactorChange(user_id=kim.id, after=Factors(version=version), at_ms=NOW, challenge_id="one")
            try:
                race_stores.sessions.add(session(kim), ProofChanges(factors=change))
            except InvalidProof:
                continue
            return "won"
        raise InvalidProof

    results = race(begin)
    assert sum(result == "won" for result in results) == 1


def test_one_of_many_step_ups_of_a_session_wins(race_stores: Stores) -> None:
    stored = session(user())
    race_stores.sessions.add(stored)

    def step_up(number: int) -> bool:
        raised = replace(stored, generation=2, rotated_at_ms=NOW + number, amr=("otp", "mfa"), authenticated_at_ms=NOW)
        return race_stores.sessions.step_up(stored, raised)

    assert sum(won is True for won in race(step_up)) == 1
