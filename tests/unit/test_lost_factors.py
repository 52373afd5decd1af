"""Second factors that somebody lost: who takes them away, and which changes of factors a mail tells of."""

from __future__ import annotations

from dataclasses import replace

import pytest

from doorward.accounts.recover import RecoverAdministrator
from doorward.errors import NotFound
from doorward.factors.keep import KeepFactors
from doorward.model import PLATFORM, UserId
from doorward.model.factors import Factors, Totp
from tests.support.fake_proofs import MemoryFactors
from tests.support.fakes import MemoryDirectory
from tests.support.world import House


def _enrolled(house: House, username: str) -> UserId:
    """Give a user an authenticator app, and return who that is."""
    (user,) = (each for each in house.world.users.values() if each.username == username)
    house.world.factors[user.id] = Factors(totp=Totp("sealed", 0), version=1)
    house.world.users[user.id] = replace(user, factors=("totp",))
    return user.id


def _recover(house: House) -> RecoverAdministrator:
    return RecoverAdministrator(
        MemoryDirectory(house.world),
        house.users,
        house.users,
        house.revocations,
        house.attempts,
        MemoryFactors(house.world),
        house.hasher,
        house.clock,
    )


def test_recovering_an_administrator_takes_the_second_factors_away(house: House) -> None:
    user_id = _enrolled(house, "admin")
    made = _recover(house)("admin")
    assert house.world.factors[user_id] == Factors(version=2)
    user = house.world.users[user_id]
    assert (user.factors, user.factors_reset_at_ms) == ((), house.clock())
    # Nothing but the one-time password is asked for, and nothing but another password may be set with it.
    caller = house.caller("admin", made.password)
    assert (caller.tenant_id, caller.restriction) == (PLATFORM, "password_change_required")


def test_the_factors_of_nobody_but_a_platform_administrator_are_taken_away_so(house: House) -> None:
    user_id = _enrolled(house, "acme-admin")
    with pytest.raises(NotFound):
        _recover(house)("acme-admin")
    assert house.world.factors[user_id].totp is not None


@pytest.mark.parametrize(
    ("change", "mails"),
    [
        ("totp_begun", 0),
        ("passkey_renamed", 0),
        ("totp_enrolled", 1),
        ("passkey_registered", 1),
        ("recovery_codes_renewed", 1),
        ("totp_removed", 1),
        ("recovery_codes_removed", 1),
        ("passkey_removed", 1),
    ],
)
def test_a_change_is_mailed_if_it_changes_what_lets_somebody_in(house: House, change: str, mails: int) -> None:
    house.mail_is_on = True
    kim = house.add_user("kim", email="kim@acme.example")
    house.world.proofs.clear()
    keep = KeepFactors(house.users, house.users, MemoryFactors(house.world), house.notices, house.clock)
    before = house.users.get(kim.user_id)
    assert before is not None
    keep.store(before, Factors(totp=Totp("sealed", 0)), change)
    assert [(proof.kind, proof.details) for proof in house.world.proofs.values()] == [
        ("factors_changed", {"change": change})
    ] * mails
