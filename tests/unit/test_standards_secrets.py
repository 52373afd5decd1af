"""What standards ask of passwords, codes and secrets, where no other test shows it."""

from __future__ import annotations

import ast
import itertools
import math
import re
import string
from collections.abc import Callable
from pathlib import Path

import pytest

from doorward.errors import InvalidCredentials
from doorward.factors import recovery, totp
from doorward.tokens.cookie import mint_cookie, read_cookie
from doorward_pages.render import TEMPLATES
from tests.support.deployment import openapi
from tests.support.mailed import Mailed
from tests.support.people import PASSWORD
from tests.support.world import ACME, House

ROOT = Path(__file__).resolve().parents[2]
YEAR_SECONDS = 31_536_000


@pytest.fixture
def house() -> House:
    return House()


class TestPasswords:
    @pytest.mark.standard("ASVS 6.2.10")
    def test_one_stays_good_for_years(self, house: House) -> None:
        house.add_user("kim")
        for _ in range(10):
            house.clock.advance(YEAR_SECONDS)
            assert house.caller("kim", PASSWORD).restriction is None

    @pytest.mark.standard("ASVS 6.2.6", "ASVS 6.2.7")
    def test_each_field_for_one_is_masked_and_open_to_managers_and_to_pasting(self) -> None:
        fields = [
            field
            for file in TEMPLATES.rglob("*.jinja")
            for field in re.findall(r"<input[^>]*>", file.read_text("utf-8"))
            if "password" in (re.search(r'name="(\w+)"', field) or [""])[0] and 'type="checkbox"' not in field
        ]
        assert len(fields) >= 6
        for field in fields:
            assert 'type="password"' in field, field
            assert re.search(r'autocomplete="(current|new)-password"', field), field
        pages = [file.read_text("utf-8") for file in TEMPLATES.rglob("*.jinja")]
        assert not [page for page in pages if re.search(r'\son\w+="', page)]
        scripts = [file.read_text("utf-8") for file in TEMPLATES.parent.glob("*.js")]
        listened = {event for script in scripts for event in re.findall(r'addEventListener\("(\w+)"', script)}
        assert listened == {"submit"}

    @pytest.mark.standard("ASVS 6.4.1")
    def test_one_that_the_system_makes_is_random_and_obeys_the_rules_and_is_not_kept(self, house: House) -> None:
        made = [house.initialise.tenant(name, development=False) for name in ("initech", "umbrella")]
        passwords = {first.password for first in made if first is not None}
        assert len(passwords) == len(made)
        for first in made:
            assert first is not None
            house.judge(first.password, [first.username])
            assert house.caller(first.username, first.password).restriction == "password_change_required"
        house.clock.advance(72 * 3600 + 1)
        for first in made:
            assert first is not None
            with pytest.raises(InvalidCredentials) as caught:
                house.sign_in(first.username, first.password)
            assert caught.value.reason == "one_time_password_expired"

    @pytest.mark.standard("ASVS 6.4.2")
    def test_nobody_is_asked_a_question_or_given_a_hint(self) -> None:
        members = {
            name for schema in openapi()["components"]["schemas"].values() for name in schema.get("properties", {})
        }
        assert {name for name in members if re.search(r"hint|question|answer", name)} == {"token_type_hint"}
        names = {
            name
            for file in TEMPLATES.rglob("*.jinja")
            for name in re.findall(r'<(?:input|select|textarea)[^>]* name="(\w+)"', file.read_text("utf-8"))
        }
        assert "password" in names
        assert not {name for name in names if re.search(r"hint|question|answer", name)}


def _imports(file: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            found.add((node.module or "").partition(".")[0])
    return found


class TestRandomness:
    @pytest.mark.standard("ASVS 6.5.3", "ASVS 7.2.3")
    def test_only_pauses_come_from_a_generator_that_is_unfit_for_secrets(self) -> None:
        files = [
            file for folder in ("layers/shared", "layers/mail", "functions") for file in (ROOT / folder).rglob("*.py")
        ]
        assert len(files) > 200
        assert [file.name for file in files if "random" in _imports(file)] == [
            "retries.py",
            "app.py",  # of deliver_webhooks
        ]

    @pytest.mark.standard("ASVS 6.5.3", "ASVS 6.5.4")
    @pytest.mark.parametrize("make", [lambda: recovery.new_codes()[0], lambda: totp.written_secret(totp.new_secret())])
    def test_a_recovery_code_and_an_apps_secret_have_all_digits_in_all_places(self, make: Callable[[], str]) -> None:
        made = [make() for _ in range(1000)]
        assert len(set(made)) == len(made)
        alphabet = set(string.ascii_uppercase + "234567")
        assert all(set(place) == alphabet for place in itertools.zip_longest(*made))
        assert len(made[0]) * math.log2(len(alphabet)) >= 50

    @pytest.mark.standard("ASVS 6.5.4")
    def test_a_mailed_code_has_six_digits_and_each_is_another(self, house: House) -> None:
        mailed = Mailed(house)
        codes = []
        for number in range(200):
            house.clock.advance(60)
            challenge_id = mailed.ask("password_reset", f"ann{number}@people.example", ACME)
            codes.append(mailed.presented(challenge_id, "code").code or "")
        assert all(re.fullmatch(r"[0-9]{6}", code) for code in codes)
        assert len(set(codes)) > 190
        assert {code[0] for code in codes} == set(string.digits)

    @pytest.mark.standard("ASVS 7.2.3")
    def test_a_sessions_cookie_has_256_random_bits(self, house: House) -> None:
        ref, _ = read_cookie(house.sign_in("acme-admin").cookie or "")
        secrets = [mint_cookie(ref)[0].rpartition(".")[2] for _ in range(1000)]
        assert len(set(secrets)) == len(secrets)
        assert {len(secret) for secret in secrets} == {43}  # of base64url: 256 bits and a little
