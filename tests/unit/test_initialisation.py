"""Making a deployment ready, again and again."""

from __future__ import annotations

import json
from typing import Any

import pytest

from doorward.errors import Conflict, InvalidRequest
from doorward.keys.signing import KeySet
from scripts import initialize_security
from tests.support.fakes import MemoryKeySets
from tests.support.world import ISSUER, House


def test_it_makes_keys_the_administrator_and_tenants(house: House) -> None:
    assert house.sign_in("admin").tokens
    assert house.sign_in("acme-admin").tokens
    assert json.loads(house.world.secrets["signing"])["keys"]


def test_repeating_it_changes_nothing(house: House) -> None:
    before = repr((house.world.secrets, house.world.key_set, house.world.users, house.world.hashes))
    house.initialise.keys(ISSUER, "ownapi")
    assert house.initialise.administrator(development=True) is None
    assert house.initialise.tenant("acme", development=False) is None
    assert repr((house.world.secrets, house.world.key_set, house.world.users, house.world.hashes)) == before


@pytest.mark.standard("ASVS 6.4.1")
def test_on_a_deployment_the_password_is_random_and_must_be_changed(house: House) -> None:
    made = house.initialise.tenant("initech", development=False)
    assert made is not None
    assert made.must_change
    assert len(made.password) >= 24
    assert house.caller("initech-admin", made.password).restriction == "password_change_required"
    assert made.password not in "".join(house.reported)


def test_a_new_issuer_is_taken_over_without_new_keys(house: House) -> None:
    kids = {key.kid for key in house.keyring.key_set().keys}
    house.initialise.keys("https://login.example", "ownapi")
    assert house.world.key_set is not None
    assert house.world.key_set.issuer == "https://login.example"
    assert {key.kid for key in house.world.key_set.keys} == kids


def test_key_pairs_are_made_where_a_shared_secret_signed_before(house: House) -> None:
    house.world.key_set = KeySet(ISSUER, "ownapi", (), 1)
    house.initialise.keys(ISSUER, "ownapi")
    assert [key.state for key in house.world.key_set.keys] == ["active", "pending"]


def test_a_killed_run_is_completed_by_the_next(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    house.world.key_set = None
    secrets = house.world.secrets["signing"]
    monkeypatch.setattr(MemoryKeySets, "change", _killed)
    with pytest.raises(KeyboardInterrupt):
        house.initialise.keys(ISSUER, "ownapi")
    monkeypatch.undo()
    house.initialise.keys(ISSUER, "ownapi")
    assert house.sign_in("admin").tokens
    assert house.world.secrets["signing"] != secrets


def _killed(*_: object) -> None:
    raise KeyboardInterrupt


def test_two_at_once_cannot_both_write_the_key_set(house: House) -> None:
    current = house.keyring.key_set()
    with pytest.raises(Conflict):
        house.rotate_signing_keys.key_sets.change(KeySet(ISSUER, "", current.keys, current.version))


def test_a_tenant_id_must_be_a_slug(house: House) -> None:
    with pytest.raises(InvalidRequest):
        house.initialise.tenant("Not A Slug", development=True)


@pytest.mark.parametrize("variables", [{}, {"AWS_ENDPOINT_URL_DYNAMODB": "http://127.0.0.1:1"}])
def test_the_development_password_is_refused_away_from_this_machine(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], variables: dict[str, Any]
) -> None:
    for name in ("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_DYNAMODB"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert initialize_security.main(["--development"]) == 2
    assert "refused" in capsys.readouterr().out
