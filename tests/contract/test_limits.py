"""How many revocations one user can have: on a DynamoDB that knows its own limits."""

from __future__ import annotations

from dataclasses import replace

import pytest

from doorward.model import service_user_id
from doorward.rules.revocation import MAX_ENTRIES, MAX_SERVICE_ENTRIES
from tests.contract.conftest import Stores
from tests.support.makers import ACME, NOW, claims, session, tenant, user

pytestmark = pytest.mark.race


def test_many_revocations_become_a_cutoff_and_never_stop_working(race_stores: Stores) -> None:
    race_stores.tenants.add(tenant())
    owner = user()
    for number in range(2 * MAX_ENTRIES + 5):
        race_stores.revocations.revoke_token(claims(owner, str(number)), NOW)
    state = race_stores.revocation_reader.get(ACME, owner.id).user
    assert state.min_epoch >= NOW
    assert len(state.tokens) <= MAX_ENTRIES
    stored = session(owner)
    race_stores.sessions.add(stored)
    assert race_stores.sessions.revoke(stored.ref, NOW)


def test_dead_entries_make_room_when_the_bound_is_met(race_stores: Stores) -> None:
    race_stores.tenants.add(tenant())
    owner = user()
    for number in range(MAX_ENTRIES):
        race_stores.revocations.revoke_token(claims(owner, str(number)), NOW)
    later = NOW + 7_200_000
    left = []
    for _ in range(4):
        stored = session(owner)
        race_stores.sessions.add(stored)
        race_stores.sessions.revoke(stored.ref, later)
        left.append(len(race_stores.revocation_reader.get(ACME, owner.id).user.tokens))
    assert left == [0, 0, 0, 0]
    assert race_stores.revocation_reader.get(ACME, owner.id).user.min_epoch == 0


def test_a_service_keeps_more_entries_since_nobody_can_refresh_what_a_cutoff_ends(race_stores: Stores) -> None:
    race_stores.tenants.add(tenant())
    robot = replace(user(), id=service_user_id("robot"))
    for number in range(MAX_SERVICE_ENTRIES):
        race_stores.revocations.revoke_token(claims(robot, str(number)), NOW)
    state = race_stores.revocation_reader.get(ACME, robot.id).user
    assert (len(state.tokens), state.min_epoch) == (MAX_SERVICE_ENTRIES, 0)
    race_stores.revocations.revoke_token(claims(robot, "one more"), NOW)
    assert race_stores.revocation_reader.get(ACME, robot.id).user.min_epoch >= NOW
