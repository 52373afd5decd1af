"""What auditors read in docs/authentication.md and docs/authorization.md is what the code does."""

from __future__ import annotations

import re
from collections.abc import Collection
from pathlib import Path

import pytest

from doorward.accounts.access import words_about
from doorward.errors import WeakPassword
from doorward.model import TenantId, User, UserId, UserRecord
from doorward.rules import proofs, throttles
from doorward.rules.factors import DANGEROUS_SECONDS, RECENT_SECONDS
from doorward.rules.fields import CREDENTIAL, MEMBERSHIP, TENANT, USER, Relation
from doorward.rules.passwords import check_new_password
from doorward.settings import Settings
from tests.support.deployment import openapi
from tests.support.template import template
from tests.support.world import House

DOCS = Path(__file__).resolve().parents[2] / "docs"


def _section(page: str, heading: str) -> str:
    text = (DOCS / page).read_text("utf-8")
    found = re.search(rf"^## {re.escape(heading)}$(.*?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL)
    assert found, heading
    return found[1]


def _rows(section: str) -> list[list[str]]:
    """Return the cells of a table, without its head."""
    lines = [line for line in section.splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in line.strip("| ").split(" | ")] for line in lines[2:]]


def _members(schema: str) -> set[str]:
    found = openapi()["components"]["schemas"][schema.rpartition("/")[2]]
    return set(found.get("properties", {}))


def _with_tokens() -> set[str]:
    """Return the operations that answer with an access token, those within a tenant by their path outside."""
    found = set()
    for path, item in openapi()["paths"].items():
        for operation in (one for one in item.values() if isinstance(one, dict)):
            contents = [
                each for answer in operation["responses"].values() for each in answer.get("content", {}).values()
            ]
            if any(
                "access_token" in _members(each["schema"].get("$ref", ""))
                for each in contents
                if "$ref" in each["schema"]
            ):
                found.add(path)
    return {
        path.removeprefix("/api/{tenantId}") if path.startswith("/api/{tenantId}/auth/") else path for path in found
    }


@pytest.mark.standard("ASVS 6.1.3", "ASVS 6.3.4")
def test_the_ways_in_are_all_operations_that_answer_with_a_token() -> None:
    named = set(re.findall(r"`POST (/\S+)`", _section("authentication.md", "Ways in")))
    assert {path.removeprefix("/api/{tenantId}") for path in named} == _with_tokens()


@pytest.mark.standard("ASVS 6.1.1")
def test_the_limits_of_tries_are_those_of_the_code() -> None:
    settings, rows = Settings(), _rows(_section("authentication.md", "Limits of tries"))
    window = f" in {settings.throttle_window_seconds} seconds"
    assert [row[1] for row in rows] == [
        f"{settings.throttle_per_pair}{window}",
        f"{settings.throttle_per_account}{window}",
        f"{settings.throttle_per_source}{window}",
        str(settings.throttle_per_source_day),
        str(throttles.MAX_FAILURES),
        str(proofs.MAX_TRIES),
        str(throttles.CODES_A_DAY),
        str(throttles.MAILS_AN_HOUR),
        str(throttles.MAILS_FROM_SOURCE),
    ]
    for name in re.findall(r"`THROTTLE_(\w+)`", _section("authentication.md", "Limits of tries")):
        assert hasattr(settings, f"throttle_{name.lower()}"), name


@pytest.mark.standard("ASVS 6.1.2", "ASVS 6.2.11")
def test_the_words_that_no_password_is_made_of_are_the_documented_ones() -> None:
    told = _section("authentication.md", "Words that no password is made of")
    words = {
        "the user name": "zanzibar.quokka",
        "the e-mail address": "marmalade@tangerine.example",
        "the name\nthat is shown": "Ottoline Featherstone",
        "the ids of the user's tenants": "wolverhampton",
        "`doorward`": "doorward",
    }
    user = User(
        id=UserId("01BOB"),
        username=words["the user name"],
        email=words["the e-mail address"],
        display_name=words["the name\nthat is shown"],
        locale=None,
        status="active",
        tenant_ids=(TenantId(words["the ids of the user's tenants"]),),
        platform_admin=False,
        password_change_required=False,
        created_at_ms=0,
        updated_at_ms=0,
        version=1,
    )
    about = words_about(UserRecord(user, ()))
    for name, word in words.items():
        assert name in told
        with pytest.raises(WeakPassword):
            check_new_password(f"{word.upper()}1", about)
    assert len(about) == len(words) - 1
    check_new_password("zebra sings at 4 o'clock", about)


@pytest.mark.standard("ASVS 7.1.1")
def test_the_lives_of_sessions_are_those_of_the_code() -> None:
    settings, section = Settings(), _section("authentication.md", "How long a session lives")
    lives = [settings.refresh_ttl_seconds, settings.access_ttl_seconds, DANGEROUS_SECONDS, RECENT_SECONDS]
    assert [row[1] for row in _rows(section)] == [f"{seconds} seconds" for seconds in lives]
    parameters = template()["Parameters"]
    assert parameters["RefreshTokenTtlSeconds"]["Default"] == lives[0]
    assert parameters["AccessTokenTtlSeconds"]["Default"] == lives[1]
    assert "There is no limit of inactivity" in section


@pytest.mark.standard("ASVS 7.1.2")
def test_somebody_may_have_any_number_of_sessions_as_documented() -> None:
    assert "As many sessions as somebody wants" in _section("authentication.md", "How long a session lives")
    house = House()
    sessions = [house.sign_in("acme-admin").tokens for _ in range(120)]
    assert len({house.principal(pair).session_id for pair in sessions}) == len(sessions)


@pytest.mark.standard("ASVS 8.1.1")
def test_each_operation_says_who_may_call_it_on_the_page_too() -> None:
    page = (DOCS / "api.md").read_text("utf-8")
    for path, item in openapi()["paths"].items():
        for method, operation in ((name, one) for name, one in item.items() if name != "parameters"):
            who = re.fullmatch(r"Who: (.{5,})\.", operation["description"])
            assert who, path
            told = page.partition(f"\n### {method.upper()} {path}\n")[2].partition("\n```")[0]
            assert who[1] in " ".join(told.split()), path
    named = _rows(_section("authorization.md", "Operations"))
    assert [row[0].partition(" (")[0] for row in named][1:5] == [
        "a member of a tenant",
        "a service of a tenant",
        "an administrator of a tenant",
        "an administrator of the platform",
    ]


def _who(relations: Collection[Relation]) -> str:
    return ", ".join(relation.name.lower() for relation in Relation if relation in relations) or "nobody"


@pytest.mark.standard("ASVS 8.1.2")
def test_the_table_of_fields_is_what_the_code_declares() -> None:
    tables = {"user": USER, "membership": MEMBERSHIP, "credential": CREDENTIAL, "tenant": TENANT}
    assert _rows(_section("authorization.md", "Fields")) == [
        [f"`{kind}.{name}`", _who(field.seen_by), _who(field.changed_by)]
        for kind, fields in tables.items()
        for name, field in fields.items()
    ]
    asked = {name for fields in tables.values() for name, field in fields.items() if field.needs_password}
    assert f"the fields `{'` and `'.join(sorted(asked))}`" in _section("authorization.md", "Fields")
