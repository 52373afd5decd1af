"""The audit trail as pages, for the administrators of a tenant and of the platform."""

from __future__ import annotations

import re
from datetime import timedelta
from html import unescape

import pytest

from doorward.model import PLATFORM
from tests.functions.test_admin_pages import EVIL, Browser, said
from tests.functions.test_audit_trail import NOON, forget, happened
from tests.functions.test_matrix import Stage
from tests.functions.test_pages import heading
from tests.support.deployment import Answer, Deployment

PATH = "/admin/t/acme/audit"


@pytest.fixture
def stage(deployment: Deployment) -> Stage:
    return Stage(deployment)


@pytest.fixture
def admin(deployment: Deployment) -> Browser:
    """The browser of the administrator of acme, whose trail is empty."""
    browser = Browser(deployment, "acme-admin", "admin123")
    forget(deployment)
    return browser


def rows(answer: Answer) -> list[list[str]]:
    """Return the cells of the rows of a page, as text."""
    assert answer["statusCode"] == 200, answer["body"]
    found = re.findall(r"<tr>\n<th scope=\"row\">(.*?)</tr>", answer["body"], re.DOTALL)
    return [[unescape(re.sub(r"<[^>]+>", "", cell)).strip() for cell in row.split("<td>")] for row in found]


def test_an_administrator_sees_what_happened_in_plain_words_the_newest_first(stage: Stage, admin: Browser) -> None:
    kim = stage.make_user("acme", "kim")
    stage.deployment.sign_in("kim", "wrong")
    stage.make_user("globex", "zoltan")
    stage.deployment.chain()
    page = admin.get(PATH)
    failed, created = rows(page)
    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC", failed[0])
    assert failed[1].startswith("Somebody did not prove who they are.")
    assert "reason: wrong_password" in failed[1]
    assert failed[2:5] == ["refused", "not known", "kim"]
    assert created[1:5] == ["An administrator created a user.", "done", "admin", "kim"]
    assert f'<a href="../../../admin/t/acme/members/{kim}">kim</a>' in page["body"]
    assert "zoltan" not in page["body"]
    assert "The trail counts 2 records." in page["body"]


def test_the_page_of_a_member_leads_to_what_concerns_that_member(stage: Stage, admin: Browser) -> None:
    kim = stage.make_user("acme", "kim")
    ada = stage.make_user("acme", "ada")
    happened(NOON, "user_changed", actor_id=kim, target_id=ada)
    stage.deployment.chain()
    (link,) = re.findall(r'href="([^"]+audit\?person=[^"]+)"', admin.get(f"/admin/t/acme/members/{kim}")["body"])
    assert link == f"../../../../admin/t/acme/audit?person={kim}"
    assert [row[3:5] for row in rows(admin.get(PATH, person=kim))] == [["admin", "kim"], ["kim", "ada"]]
    assert [row[4] for row in rows(admin.get(PATH, person="ada", event="user_created"))] == ["ada"]


def test_the_page_finds_by_event_person_and_outcome_and_says_so_again(deployment: Deployment, admin: Browser) -> None:
    happened(NOON, "signed_in", actor_id="k", actor_name="kim", target_id="k", target_name="kim")
    happened(NOON, "sign_in_failed", outcome="failure", target_id="k", target_name="kim")
    happened(NOON, "user_created", actor_id="a", actor_name="ada", target_id="k", target_name="kim")
    deployment.chain()
    for query, count in (
        ({"event": "signed_in"}, 1),
        ({"person": " kim "}, 3),
        ({"person": "ada"}, 1),
        ({"person": "k", "outcome": "failure"}, 1),
        ({"event": "", "person": "", "outcome": ""}, 3),
        ({"person": "nobody"}, 0),
    ):
        assert len(rows(admin.get(PATH, **query))) == count, query
    page = admin.get(PATH, event="signed_in", person=EVIL, outcome="success")["body"]
    assert '<option value="signed_in" selected>' in page
    assert '<option value="success" selected>' in page
    assert EVIL in unescape(page)
    assert "<b>" not in page
    assert "Nothing was found on this page." in page


def test_a_question_that_makes_no_sense_is_shown_again(admin: Browser) -> None:
    for query in ({"event": "odd"}, {"outcome": "odd"}, {"cursor": "x"}):
        answer = admin.get(PATH, **query)
        assert (answer["statusCode"], bool(said(answer))) == (400, True), query


def test_the_next_page_goes_on_with_the_same_question(deployment: Deployment, admin: Browser) -> None:
    for second in range(60):
        happened(NOON + timedelta(seconds=second), ("signed_in", "signed_out")[second % 2])
    deployment.chain()
    first = admin.get(PATH, event="signed_in")
    assert len(rows(first)) == 25
    (more,) = re.findall(r'href="\?([^"]+)" rel="next"', first["body"])
    query = dict(part.split("=", 1) for part in unescape(more).replace("%3D", "=").split("&"))
    second_page = admin.get(PATH, **query)
    assert len(rows(second_page)) == 5
    assert 'rel="next"' not in second_page["body"]
    shown = [row[0] for row in rows(first) + rows(second_page)]
    assert shown == sorted(shown, reverse=True)
    assert len(set(shown)) == 30
    assert admin.get(PATH, cursor=query["cursor"])["statusCode"] == 400


def test_the_platform_has_a_trail_of_its_own(deployment: Deployment, admin: Browser) -> None:
    platform = Browser(deployment, "admin", "admin123")
    forget(deployment)
    happened(NOON, "key_changed", PLATFORM, details={"kid": "k1"})
    happened(NOON, "signed_in", actor_id="01JD8M3Q6W5ZK3V0Y2T7R9XA4B", actor_name="kim")
    deployment.chain()
    page = platform.get("/admin/audit")
    assert heading(page) == "Audit trail of the platform"
    assert [row[1] for row in rows(page)] == ["A signing key or MAC key moved to another state.kid: k1"]
    assert [row[3] for row in rows(platform.get(PATH))] == ["kim"]
    assert admin.get("/admin/audit")["statusCode"] == 403
    assert 'href="../admin/audit" aria-current="page"' in page["body"]


def test_what_somebody_calls_themselves_stays_text_in_the_trail(deployment: Deployment, admin: Browser) -> None:
    happened(NOON, actor_id=EVIL, actor_name=EVIL, user_agent=EVIL, source=EVIL, details={EVIL: EVIL})
    deployment.chain()
    page = admin.get(PATH)["body"]
    assert ("<b>" in page, EVIL in unescape(page)) == (False, True)
