"""Keys on their way from pending to gone, on schedule and in an emergency."""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import Any

import pytest

from doorward.errors import Conflict, ForgedRefreshToken, InvalidRequest, InvalidToken, Misconfigured, Unavailable
from doorward.keys.commands import execute
from doorward.keys.life import KeyState
from doorward.keys.mac import decode_mac_keys
from doorward.keys.signing import KeyPairAlgorithm, KeySet, PrivateKeys, PublicKey
from doorward.keys.stores import Secret
from tests.support.fakes import MemoryKeySets, MemorySecrets
from tests.support.world import ACME, DAY_MS, House

DAY = 86_400


def _keys(house: House) -> tuple[PublicKey, ...]:
    assert house.world.key_set is not None
    return house.world.key_set.keys


def _states(house: House) -> list[KeyState]:
    return [key.state for key in _keys(house)]


def _pems(house: House) -> set[str]:
    return set(PrivateKeys.decode(house.world.secrets["signing"]).pems)


def _hours(house: House, count: int) -> None:
    """Let the schedule run for some hours."""
    for _ in range(count):
        house.clock.advance(3600)
        execute(house.rotate_signing_keys, house.rotate_mac_keys, {"detail-type": "Scheduled Event"})


class TestSchedule:
    def test_there_is_always_a_next_key_that_everybody_knows(self, house: House) -> None:
        assert _states(house) == ["active", "pending"]
        assert {key["kid"] for key in house.keyring.key_set().jwks()["keys"]} == {key.kid for key in _keys(house)}

    def test_nothing_moves_before_its_time(self, house: House) -> None:
        before = _keys(house)
        _hours(house, 24 * 90 - 1)
        assert [key.kid for key in _keys(house)] == [key.kid for key in before]

    def test_after_the_period_the_next_key_signs_and_another_is_announced(self, house: House) -> None:
        active, pending = _keys(house)
        _hours(house, 24 * 90)
        assert _states(house) == ["active", "pending", "retiring"]
        assert (_keys(house)[0].kid, _keys(house)[2].kid) == (pending.kid, active.kid)
        house.clock.advance(301)
        assert house.claims(house.sign_in("admin").tokens).kid == pending.kid

    def test_a_retiring_key_lives_until_its_last_token_has_died(self, house: House) -> None:
        _hours(house, 24 * 90 - 1)
        house.clock.advance(3600)
        signer = house.minter.signer
        signer.current()  # an environment that read the keys just before they moved
        house.rotate_signing_keys.advance()
        house.clock.advance(299)
        last = house.sign_in("admin").tokens
        assert house.claims(last).kid == _keys(house)[2].kid
        house.clock.advance(899)
        house.rotate_signing_keys.advance()
        assert house.principal(last)
        house.clock.advance(302)
        house.rotate_signing_keys.advance()
        assert _states(house) == ["active", "pending"]

    def test_a_key_outlives_the_longest_token_that_it_signed_even_if_lifetimes_were_shortened(
        self, house: House
    ) -> None:
        long = replace(
            house.rotate_signing_keys, policy=replace(house.rotate_signing_keys.policy, token_life_ms=DAY_MS)
        )
        long.advance()
        _hours(house, 24 * 90)
        _hours(house, 24)
        assert "retiring" in _states(house)
        _hours(house, 1)
        assert "retiring" not in _states(house)

    def test_a_private_key_is_forgotten_when_nobody_can_sign_with_it(self, house: House) -> None:
        retired = _keys(house)[0].kid
        _hours(house, 24 * 90)
        assert retired in _pems(house)
        _hours(house, 1)
        assert _pems(house) == {key.kid for key in _keys(house) if key.state != "retiring"}

    def test_a_key_that_is_gone_is_kept_for_who_verifies_what_it_witnessed(self, house: House) -> None:
        retired = _keys(house)[0]
        _hours(house, 24 * 90)
        assert house.world.former_keys == {}
        _hours(house, 24)
        ((kid, kept),) = house.world.former_keys.items()
        assert (kid, kept.key.jwk, kept.revoked) == (retired.kid, retired.jwk, False)
        house.rotate_signing_keys.revoke(kid)
        assert house.world.former_keys[kid].revoked

    def test_repeating_a_step_changes_nothing(self, house: House) -> None:
        _hours(house, 24 * 90)
        before = repr((house.world.key_set, house.world.secrets))
        for _ in range(3):
            execute(house.rotate_signing_keys, house.rotate_mac_keys, {})
        assert repr((house.world.key_set, house.world.secrets)) == before

    def test_people_rotate_earlier_but_not_before_the_next_key_was_announced(self, house: House) -> None:
        first = _keys(house)
        house.rotate_signing_keys.advance(due=True)
        assert _keys(house) == first
        house.clock.advance(DAY)
        for _ in range(3):
            house.rotate_signing_keys.advance(due=True)
        assert _states(house) == ["active", "pending", "retiring"]
        assert _keys(house)[0].kid == first[1].kid

    @pytest.mark.standard("RFC 8725 3.2.a")
    @pytest.mark.parametrize("algorithm", ["RS256", "EdDSA"])
    def test_another_algorithm_takes_over_by_a_rotation(self, house: House, algorithm: KeyPairAlgorithm) -> None:
        before = house.sign_in("acme-admin").tokens
        changed = replace(house.rotate_signing_keys, algorithm=algorithm)
        changed.advance()
        assert [key.algorithm for key in _keys(house)] == ["ES256", algorithm]
        house.clock.advance(DAY)
        changed.advance()
        assert [(key.algorithm, key.state) for key in _keys(house)][::2] == [
            (algorithm, "active"),
            ("ES256", "retiring"),
        ]
        house.clock.now_ms -= DAY * 1000 - 301_000
        after = house.sign_in("acme-admin").tokens
        assert house.claims(after).kid == _keys(house)[0].kid
        assert house.principal(before)
        assert house.principal(after)

    def test_a_pending_key_whose_private_half_is_lost_never_signs(self, house: House) -> None:
        active, lost = _keys(house)
        kept = PrivateKeys.decode(house.world.secrets["signing"]).only({active.kid})
        house.world.secrets["signing"] = kept.encode()
        _hours(house, 24 * 90 + 24)
        assert lost.kid not in {key.kid for key in _keys(house)}
        assert {key.kid for key in _keys(house) if key.state != "retiring"} <= _pems(house)

    def test_a_lost_active_half_is_replaced_at_once_and_what_it_signed_stays_good(self, house: House) -> None:
        pair = house.sign_in("acme-admin").tokens
        active, pending = _keys(house)
        house.world.secrets["signing"] = PrivateKeys.decode(house.world.secrets["signing"]).only({pending.kid}).encode()
        house.rotate_signing_keys.advance()
        assert [(key.kid, key.state) for key in _keys(house)][::2] == [
            (pending.kid, "active"),
            (active.kid, "retiring"),
        ]
        house.clock.advance(301)
        assert house.caller("acme-admin")
        assert house.principal(pair)

    def test_a_revocation_never_makes_a_key_active_that_cannot_sign(self, house: House) -> None:
        active, pending = _keys(house)
        house.world.secrets["signing"] = PrivateKeys.decode(house.world.secrets["signing"]).only({active.kid}).encode()
        house.rotate_signing_keys.revoke(active.kid)
        assert pending.kid not in {key.kid for key in _keys(house)}
        assert {key.kid for key in _keys(house)} <= _pems(house)


class TestMacKeys:
    def test_they_pass_through_the_same_states(self, house: House) -> None:
        before = house.sign_in("admin").tokens.refresh_token
        _hours(house, 24 * 90)
        keys = decode_mac_keys(house.world.secrets["mac"])
        assert [key.state for key in keys] == ["active", "pending", "retiring"]
        assert house.refresh_tokens.read(before)
        _hours(house, 25)
        assert [key.state for key in decode_mac_keys(house.world.secrets["mac"])] == ["active", "pending"]
        with pytest.raises(ForgedRefreshToken):
            house.refresh_tokens.read(before)

    def test_a_refresh_token_of_the_next_key_is_known_everywhere_before_it_is_minted(self, house: House) -> None:
        early = house.refresh_tokens
        house.sign_in("admin")
        early.mint(_ref(house), 0)
        house.clock.advance(DAY)
        early.mint(_ref(house), 0)
        house.rotate_mac_keys.advance(due=True)
        del house.__dict__["refresh_tokens"]
        late = house.refresh_tokens.mint(_ref(house), 1)
        assert early.read(late).generation == 1

    def test_a_revoked_one_is_of_no_use_after_the_cache(self, house: House) -> None:
        token = house.sign_in("admin").tokens.refresh_token
        kid = decode_mac_keys(house.world.secrets["mac"])[0].kid
        shown = execute(house.rotate_signing_keys, house.rotate_mac_keys, {"command": "revoke", "kid": kid})
        assert kid not in {key["kid"] for key in shown["mac"]}
        house.clock.advance(300)
        with pytest.raises(ForgedRefreshToken):
            house.refresh_tokens.read(token)


def _ref(house: House) -> Any:
    return next(iter(house.world.sessions))


class TestEmergency:
    def test_tokens_of_a_revoked_key_are_refused_by_the_next_request(self, house: House) -> None:
        pair = house.sign_in("acme-admin").tokens
        house.rotate_signing_keys.revoke(house.claims(pair).kid)
        with pytest.raises(InvalidToken):
            house.principal(pair)

    def test_the_next_key_signs_at_once_everywhere_and_every_cache_knows_it(self, house: House) -> None:
        pair = house.sign_in("acme-admin").tokens
        active, pending = _keys(house)
        house.rotate_signing_keys.revoke(active.kid)
        again = house.refresh(pair.refresh_token)
        assert house.claims(again).kid == pending.kid
        assert house.principal(again)
        token, _ = house.service_tokens.mint(house.principal(again), ACME, "ci", None)
        assert token
        assert _states(house) == ["active", "pending"]
        assert active.kid not in _pems(house)

    def test_both_keys_can_be_revoked_one_after_the_other(self, house: House) -> None:
        pair = house.sign_in("acme-admin").tokens
        for key in _keys(house):
            house.rotate_signing_keys.revoke(key.kid)
        again = house.refresh(pair.refresh_token)
        assert house.principal(again)
        assert house.claims(again).kid not in house.world.revoked_kids

    def test_a_revoked_pending_key_is_replaced_and_the_active_one_stays(self, house: House) -> None:
        active, pending = _keys(house)
        house.rotate_signing_keys.revoke(pending.kid)
        assert _keys(house)[0].kid == active.kid
        assert pending.kid not in {key.kid for key in _keys(house)}
        assert _states(house) == ["active", "pending"]
        assert house.world.former_keys == {}  # the key signed nothing

    def test_a_revoked_key_is_kept_as_one_that_witnesses_nothing(self, house: House) -> None:
        active, _ = _keys(house)
        house.rotate_signing_keys.revoke(active.kid)
        assert {kid: kept.revoked for kid, kept in house.world.former_keys.items()} == {active.kid: True}

    def test_a_key_is_refused_even_if_no_successor_can_be_made(
        self, house: House, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def down(*_: object) -> None:
            raise Unavailable(reason="secretsmanager:down")

        pair = house.sign_in("acme-admin").tokens
        monkeypatch.setattr(MemorySecrets, "get", down)
        with pytest.raises(Unavailable):
            execute(
                house.rotate_signing_keys,
                house.rotate_mac_keys,
                {"command": "revoke", "kid": house.claims(pair).kid},
            )
        with pytest.raises(InvalidToken):
            house.principal(pair)

    def test_a_mistyped_key_is_said_to_be_none(self, house: House) -> None:
        for kid in ("mac-0123456789abcdef", "typo", "mac-typo"):
            with pytest.raises(InvalidRequest):
                execute(house.rotate_signing_keys, house.rotate_mac_keys, {"command": "revoke", "kid": kid})
        assert not house.world.revoked_kids

    def test_while_no_successor_is_stored_nobody_signs_with_a_revoked_key(self, house: House) -> None:
        house.world.revoked_kids.add(_keys(house)[0].kid)
        with pytest.raises(Unavailable):
            house.sign_in("admin")

    def test_a_revocation_killed_half_way_is_completed_by_the_next(
        self, house: House, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        pair = house.sign_in("acme-admin").tokens
        kid = house.claims(pair).kid
        monkeypatch.setattr(type(house.revocations), "revoke_key", _killed)
        with pytest.raises(KeyboardInterrupt):
            house.rotate_signing_keys.revoke(kid)
        monkeypatch.undo()
        house.rotate_signing_keys.revoke(kid)
        assert house.world.revoked_kids == {kid}
        assert _states(house) == ["active", "pending"]


def _killed(*_: object) -> None:
    raise KeyboardInterrupt


class TestAccidents:
    @pytest.mark.parametrize("victim", ["secret", "key set", "forgetting"])
    def test_a_step_killed_half_way_is_completed_by_the_next(
        self, house: House, monkeypatch: pytest.MonkeyPatch, victim: str
    ) -> None:
        before = house.sign_in("acme-admin").tokens
        house.clock.advance(DAY)
        if victim == "forgetting":
            _hours(house, 24 * 90)
            house.clock.advance(700)
            monkeypatch.setattr(MemorySecrets, "change", _killed)
        elif victim == "secret":
            monkeypatch.setattr(MemorySecrets, "change", _killed)
        else:
            monkeypatch.setattr(MemoryKeySets, "change", _killed)
        with pytest.raises(KeyboardInterrupt):
            house.rotate_signing_keys.advance(due=True)
        monkeypatch.undo()
        house.rotate_signing_keys.advance(due=True)
        assert _states(house)[:2] == ["active", "pending"]
        assert {key.kid for key in _keys(house)[:2]} <= _pems(house)
        house.clock.now_ms -= DAY * 1000
        assert victim == "forgetting" or house.claims(before)

    def test_a_private_key_that_was_never_published_is_forgotten_later(
        self, house: House, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        house.clock.advance(DAY)
        monkeypatch.setattr(MemoryKeySets, "change", _killed)
        with pytest.raises(KeyboardInterrupt):
            house.rotate_signing_keys.advance(due=True)
        monkeypatch.undo()
        assert len(_pems(house)) == 3
        _hours(house, 2)
        assert _pems(house) == {key.kid for key in _keys(house)}

    def test_a_secret_read_while_its_key_retired_is_no_failure(self, house: House) -> None:
        house.minter.signer.issuer  # noqa: B018 - reads the keys, but no private one yet
        house.clock.advance(DAY)
        house.rotate_signing_keys.advance(due=True)
        house.clock.advance(601)
        house.rotate_signing_keys.advance()
        house.clock.now_ms -= (DAY + 400) * 1000
        assert house.minter.signer.current().kid == _keys(house)[0].kid

    def test_who_always_loses_says_so(self, house: House, monkeypatch: pytest.MonkeyPatch) -> None:
        def lose(*_: object) -> None:
            raise Conflict

        monkeypatch.setattr(MemoryKeySets, "change", lose)
        house.clock.advance(DAY)
        with pytest.raises(Conflict):
            house.rotate_signing_keys.advance(due=True)

    def test_a_secret_is_replaced_only_as_it_was_seen(self, house: House) -> None:
        secrets = MemorySecrets(house.world)
        seen = secrets.get("signing")
        secrets.change("signing", seen.text or "", seen)
        for stale in (seen, Secret()):
            with pytest.raises(Conflict):
                secrets.change("signing", "x", stale)


@pytest.mark.parametrize("command", ["rotate", "revoke"])
def test_rotations_at_the_same_moment_leave_one_active_key_and_lose_none(house: House, command: str) -> None:
    house.clock.advance(DAY)
    active, pending = _keys(house)
    event = {"command": command, "kid": active.kid}
    barrier, failures = threading.Barrier(20), []

    def run() -> None:
        barrier.wait()
        try:
            execute(house.rotate_signing_keys, house.rotate_mac_keys, event)
        except Conflict as error:
            failures.append(error)

    threads = [threading.Thread(target=run) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [state for state in _states(house) if state != "retiring"] == ["active", "pending"]
    assert _keys(house)[0].kid == pending.kid
    assert {key.kid for key in _keys(house)[:2]} <= _pems(house)
    assert len(decode_mac_keys(house.world.secrets["mac"])) in {2, 3}


class TestCommands:
    def test_the_answer_names_keys_states_and_times_but_no_secret(self, house: House) -> None:
        shown = execute(house.rotate_signing_keys, house.rotate_mac_keys, {"command": "advance"})
        assert [key["state"] for key in shown["signing"]] == ["active", "pending"]
        assert shown["signing"][0]["algorithm"] == "ES256"
        assert shown["mac"][0]["since"].endswith("Z")
        assert "PRIVATE" not in str(shown)
        assert decode_mac_keys(house.world.secrets["mac"])[0].key not in str(shown)

    def test_a_deployment_without_keys_has_nothing_to_rotate(self, house: House) -> None:
        house.world.key_set = None
        assert execute(house.rotate_signing_keys, house.rotate_mac_keys, {}) == {"signing": [], "mac": []}

    @pytest.mark.parametrize("event", [{"command": "x"}, {"command": "revoke"}, {"command": "revoke", "kid": "a b"}])
    def test_anything_else_is_refused(self, house: House, event: dict[str, Any]) -> None:
        with pytest.raises(InvalidRequest):
            execute(house.rotate_signing_keys, house.rotate_mac_keys, event)

    def test_a_shared_secret_needs_no_signing_keys(self, house: House) -> None:
        house.world.key_set = None
        shared = replace(house.rotate_signing_keys, algorithm=None)
        shared.add_first(KeySet("https://id.example", "api", ()))
        assert shared.advance() == ()
        assert _keys(house) == ()
        house.rotate_signing_keys.advance()  # back to key pairs
        assert _states(house) == ["active", "pending"]


def test_a_signer_whose_secret_was_emptied_says_so(house: House) -> None:
    house.world.secrets["signing"] = "{}"
    with pytest.raises(Misconfigured):
        house.sign_in("admin")
