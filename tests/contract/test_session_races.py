"""Sessions, revocations, throttles, tickets and keys when many use or change them at once."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from doorward.errors import Conflict, DoorwardError
from doorward.keys.life import Policy
from doorward.keys.rotation import RotateSigningKeys
from doorward.keys.signing import KeySet, PrivateKeys
from doorward.model import AccessTokenClaims, Cutoff, Session, SocketTicket, User
from doorward.model.proofs import ProofChanges, ProofId
from doorward.rules.revocation import MAX_ENTRIES, denial_reason
from doorward.rules.throttles import Counter, Limit
from doorward.tokens.ids import mint_ulid
from doorward.tokens.proofs import Notices, once_an_hour
from tests.contract.conftest import Stores
from tests.contract.test_sockets import a_ticket
from tests.support.fakes import FakeClock, MemorySecrets, World
from tests.support.makers import ACME, GLOBEX, NOW, claims, session, tenant, user
from tests.support.makers import epochs_of as _epochs
from tests.support.races import RACERS, kinds, race, rounds
from tests.support.world import DAY_MS

pytestmark = pytest.mark.race


def _stored(stores: Stores, owner: User | None = None) -> Session:
    stored = session(owner or user())
    stores.sessions.add(stored)
    return stored


def test_one_refresh_token_is_rotated_once(race_stores: Stores) -> None:
    for _ in rounds():
        stored = _stored(race_stores)
        rotations: list[Any] = race(lambda _: race_stores.sessions.rotate(stored.ref, 0, NOW + 1))  # noqa: B023 - called in this round
        assert sum(rotation.won for rotation in rotations) == 1
        assert {rotation.session.generation for rotation in rotations} == {1}


def test_one_refresh_token_is_spent_on_one_switch(race_stores: Stores) -> None:
    for _ in rounds():
        owner = user((ACME, GLOBEX))
        old = _stored(race_stores, owner)

        def switch(number: int, old: Session = old, owner: User = owner) -> str | None:
            new = session(owner, GLOBEX, ref=replace(old.ref, tenant_id=GLOBEX), source=str(number))
            return str(number) if race_stores.sessions.switch(old, new, NOW + 1) else None

        (won,) = (result for result in race(switch) if result is not None)
        spent = race_stores.sessions.get_admission(old.ref).session
        there = race_stores.sessions.get_admission(replace(old.ref, tenant_id=GLOBEX)).session
        assert spent is not None
        assert there is not None
        assert (spent.generation, spent.switched_to, there.source) == (1, GLOBEX, won)


def test_of_a_refresh_and_a_switch_at_once_one_spends_the_token(race_stores: Stores) -> None:
    for _ in rounds():
        owner = user((ACME, GLOBEX))
        old = _stored(race_stores, owner)
        new = session(owner, GLOBEX, ref=replace(old.ref, tenant_id=GLOBEX))

        def spend(number: int, old: Session = old, new: Session = new) -> bool:
            if number % 2:
                return race_stores.sessions.switch(old, new, NOW + 1)
            return race_stores.sessions.rotate(old.ref, 0, NOW + 1).won

        assert race(spend).count(True) == 1
        spent = race_stores.sessions.get_admission(old.ref).session
        there = race_stores.sessions.get_admission(new.ref).session
        assert spent is not None
        assert (spent.generation, spent.switched_to is None) == (1, there is None)


def test_one_of_many_step_ups_of_a_session_wins(race_stores: Stores) -> None:
    for _ in rounds():
        stored = _stored(race_stores)

        def step_up(number: int, stored: Session = stored) -> bool:
            raised = replace(
                stored, generation=2, rotated_at_ms=NOW + number, amr=("otp", "mfa"), authenticated_at_ms=NOW
            )
            return race_stores.sessions.step_up(stored, raised)

        assert race(step_up).count(True) == 1


def test_a_session_that_ends_while_it_is_refreshed_stays_ended(race_stores: Stores) -> None:
    for _ in rounds():
        stored = _stored(race_stores)

        def run(number: int, stored: Session = stored) -> bool:
            if number % 10 == 0:
                return race_stores.sessions.end_family(stored.ref, NOW + 1)
            return race_stores.sessions.rotate(stored.ref, 0, NOW + 1).won

        results = race(run)
        assert sum(results[at] is True for at in range(RACERS)) <= 2  # one end and one refresh
        ended = race_stores.sessions.get_admission(stored.ref).session
        assert ended is not None
        assert ended.revoked_at_ms == NOW + 1


def test_sign_ins_at_one_moment_that_tell_of_new_devices_all_begin_and_store_one_notice(race_stores: Stores) -> None:
    for _ in rounds():
        owner = user(email="a@acme.example")
        notices = Notices(lambda: NOW, mail_is_on=True)
        sessions = [session(owner) for _ in range(RACERS)]

        def sign_in(
            number: int, owner: User = owner, notices: Notices = notices, sessions: list[Session] = sessions
        ) -> ProofId:
            (notice,) = map(once_an_hour, notices("new_device", owner, {"source": f"192.0.2.{number}"}))
            race_stores.sessions.add(sessions[number], ProofChanges(made=(notice,)))
            return notice.id

        (notice_id,) = set(race(sign_in))
        assert isinstance(notice_id, str)
        stored = race_stores.proofs.get(notice_id)
        assert stored is not None
        assert stored.details["source"].startswith("192.0.2.")
        assert all(race_stores.sessions.get_admission(each.ref).session == each for each in sessions)


def test_a_throttle_lets_exactly_its_limit_through(race_stores: Stores) -> None:
    for _ in rounds():
        counter = Counter(f"name#{mint_ulid()}", {"pair": Limit(10, NOW), "in_all": Limit(100, NOW)})
        results = race(lambda _: race_stores.attempts.count(counter))  # noqa: B023 - called in this round
        assert results.count(None) == 10


def test_failures_at_once_are_all_counted(race_stores: Stores) -> None:
    for _ in rounds():
        key = f"failures#{mint_ulid()}"
        results = race(lambda _: race_stores.attempts.add_failure(key, NOW // 1000))  # noqa: B023 - called in this round
        assert sorted(results, key=str) == sorted(range(1, RACERS + 1), key=str)


def test_one_ticket_opens_one_socket(race_stores: Stores) -> None:
    for _ in rounds():
        ticket: SocketTicket = a_ticket()
        race_stores.sockets.add_ticket(ticket)
        results = race(lambda _: race_stores.sockets.take_ticket(ticket.ticket_hash))  # noqa: B023 - called in this round
        assert results.count(ticket) == 1
        assert results.count(None) == RACERS - 1


def test_revocations_at_once_are_all_kept(race_stores: Stores) -> None:
    race_stores.tenants.add(tenant())
    for _ in rounds():
        owner, half = user(), MAX_ENTRIES // 2  # one more entry would be a cutoff
        sessions = [_stored(race_stores, owner) for _ in range(half)]

        def revoke(number: int, owner: User = owner, sessions: list[Session] = sessions) -> None:
            if number < len(sessions):
                race_stores.sessions.revoke(sessions[number].ref, NOW)
            elif number < 2 * len(sessions):
                race_stores.revocations.revoke_token(claims(owner, str(number)), NOW)

        assert race(revoke) == [None] * RACERS
        state = race_stores.revocation_reader.get(ACME, owner.id).user
        assert state.sessions == {stored.ref.session_id for stored in sessions}
        assert state.tokens == {str(number) for number in range(half, 2 * half)}


def test_revocations_at_once_that_meet_the_bound_are_all_refused_and_nobody_is_sent_away(race_stores: Stores) -> None:
    race_stores.tenants.add(tenant())
    for _ in rounds():
        owner = user()
        held = [claims(owner, f"token-{number}") for number in range(RACERS)]

        def revoke(number: int, held: list[AccessTokenClaims] = held) -> None:
            race_stores.revocations.revoke_token(held[number], NOW)

        assert race(revoke) == [None] * RACERS
        found = race_stores.revocation_reader.get(ACME, owner.id)
        assert all(denial_reason(each, found) for each in held)
        assert len(found.user.tokens) <= MAX_ENTRIES


def test_epochs_only_rise(race_stores: Stores) -> None:
    for _ in rounds():
        owner = user()

        def cut_off(number: int, owner: User = owner) -> None:
            race_stores.revocations.cut_off([Cutoff(ACME, owner.id, 1000 + number, ends_sessions=False)], NOW)

        assert kinds(race(cut_off)) <= {type(None), Conflict}
        assert _epochs(race_stores, [ACME], owner.id) == {ACME: 1049}


@pytest.mark.parametrize("command", ["rotate", "revoke"])
def test_rotations_at_once_leave_one_active_key_and_lose_none(race_stores: Stores, command: str) -> None:
    secrets = MemorySecrets(World())  # safe under threads; Secrets Manager promises the same (test_secrets.py)
    policy, clock = Policy(90 * DAY_MS, DAY_MS, DAY_MS, 300_000), FakeClock()
    signing = RotateSigningKeys(
        race_stores.key_sets, secrets, "signing", race_stores.key_revocations, policy, "ES256", clock
    )
    signing.add_first(KeySet("https://id.example", "api", ()))
    for _ in rounds():
        before = race_stores.key_sets.get()
        clock.advance(2 * 86_400)

        def rotate(_: int, before: KeySet = before) -> None:
            if command == "revoke":
                signing.revoke(before.active().kid)
            else:
                signing.advance(due=True)

        _check_rotation(race_stores, secrets, before, race(rotate), keeps=command == "rotate")


def _check_rotation(
    stores: Stores, secrets: MemorySecrets, before: KeySet, found: list[DoorwardError | None], *, keeps: bool
) -> None:
    assert None in found
    assert kinds(found) <= {type(None), Conflict}
    after = stores.key_sets.get()
    (pending,) = (key.kid for key in before.keys if key.state == "pending")
    assert [key.kid for key in after.keys if key.state == "active"] == [pending]
    private = PrivateKeys.decode(secrets.get("signing").text).pems
    assert {key.kid for key in after.keys if key.state != "retiring"} <= set(private)
    if keeps:
        assert before.active().kid in {key.kid for key in after.keys} & set(private)
