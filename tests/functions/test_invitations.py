"""Invitations as administrators, invited people and strangers see them."""

from __future__ import annotations

import json
import logging
from typing import Any

import boto3
import pytest

from tests.support.deployment import Answer, Deployment, event, parsed
from tests.support.full import also_when_full
from tests.support.people import PASSWORD, bearer

LISTED = "/api/acme/invitations"
ACCEPT = "/auth/invitations/accept"
IN_TENANT = "/api/acme/auth/invitations/accept"
ADDRESS = "ann@people.example"


def invite(deployment: Deployment, context: dict[str, str] | None = None, path: str = LISTED, **body: Any) -> Answer:
    context = context or deployment.context("acme-admin")
    return deployment.call("invitations", "POST", path, {"email": ADDRESS, "deliver": "link", **body}, context=context)


def token(deployment: Deployment, **body: Any) -> str:
    return str(invite(deployment, **body)["json"]["token"])


def accept(
    deployment: Deployment, text: str, path: str = ACCEPT, headers: dict[str, str] | None = None, **body: Any
) -> Answer:
    return deployment.call("invitations", "POST", path, {"token": text, **body}, headers=headers)


def set_cookies(answer: Answer) -> list[str]:
    found: list[str] = answer["multiValueHeaders"].get("Set-Cookie", [])
    return found


def test_an_invitation_is_made_listed_sent_again_and_revoked(deployment: Deployment) -> None:
    admin = deployment.context("acme-admin")
    made = invite(deployment, admin, email="Ann@People.example", roles=["auditor"], locale="de-ch")
    found = made["json"]
    assert made["statusCode"] == 201
    assert made["headers"]["Location"] == f"{LISTED}/{found['id']}"
    assert made["headers"]["Cache-Control"] == "no-store"
    assert (found["email"], found["roles"], found["locale"]) == ("Ann@People.example", ["auditor"], "de-CH")
    assert (found["status"], found["invited_by"]) == ("pending", admin["user_id"])
    assert found["token"].startswith("dwp1.invitation.")
    for number in range(3):
        invite(deployment, admin, email=f"{number}@people.example")
    first = deployment.call("invitations", "GET", LISTED, context=admin, query={"limit": "3"})["json"]
    query = {"cursor": first["next_cursor"]}
    rest = deployment.call("invitations", "GET", LISTED, context=admin, query=query)["json"]
    assert [item["email"] for item in first["items"] + rest["items"]] == [
        "2@people.example",
        "1@people.example",
        "0@people.example",
        "Ann@People.example",
    ]
    assert not any("token" in item for item in first["items"] + rest["items"])
    path = f"{LISTED}/{found['id']}"
    again = deployment.call("invitations", "POST", f"{path}/resend", {"deliver": "link"}, context=admin)
    assert (again["statusCode"], again["json"]["id"]) == (200, found["id"])
    assert again["json"]["token"] != found["token"]
    assert accept(deployment, found["token"], password=PASSWORD)["json"]["code"] == "invalid_proof"
    for _ in range(2):
        assert deployment.call("invitations", "DELETE", path, context=admin)["statusCode"] == 204
    assert accept(deployment, again["json"]["token"], password=PASSWORD)["json"]["code"] == "invalid_proof"
    gone = deployment.call("invitations", "POST", f"{path}/resend", context=admin)
    assert (gone["statusCode"], gone["json"]["code"]) == (404, "not_found")


def test_where_mail_is_on_nobody_sees_a_token_but_who_asks_for_a_link(deployment: Deployment) -> None:
    admin = deployment.context("acme-admin")
    made = [invite(deployment, admin, deliver=deliver)["json"] for deliver in (None, "mail")]
    assert not any("token" in each for each in made)
    path = f"{LISTED}/{made[1]['id']}/resend"
    assert "token" not in deployment.call("invitations", "POST", path, context=admin)["json"]
    assert deployment.call("invitations", "POST", path, {"deliver": "link"}, context=admin)["json"]["token"]
    items = [item for item in _proofs() if item["kind"]["S"] == "invitation"]
    assert sorted(item["mails"]["BOOL"] for item in items) == [False, True, True, True]
    assert {item["address"]["S"] for item in items} == {ADDRESS}


def test_where_mail_is_off_the_link_is_the_only_way(deployment: Deployment, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MAIL_FROM", "")
    admin = deployment.context("acme-admin")
    refused = invite(deployment, admin, deliver="mail")
    assert (refused["statusCode"], refused["json"]["code"]) == (400, "invalid_request")
    made = invite(deployment, admin, deliver=None)["json"]
    again = deployment.call("invitations", "POST", f"{LISTED}/{made['id']}/resend", context=admin)["json"]
    assert made["token"] != again["token"]
    assert accept(deployment, again["token"], password=PASSWORD)["statusCode"] == 201


def _proofs() -> list[dict[str, Any]]:
    client = boto3.client("dynamodb")
    (table,) = (name for name in client.list_tables()["TableNames"] if "ProofsTable" in name)
    found: list[dict[str, Any]] = client.scan(TableName=table)["Items"]
    return found


def test_somebody_new_is_signed_in_with_a_cookie_on_the_root_and_without_one_in_the_tenant(
    deployment: Deployment,
) -> None:
    first = accept(deployment, token(deployment, roles=["admin"]), password=PASSWORD, username="ann")
    assert first["statusCode"] == 201
    assert [cookie.partition("=")[0] for cookie in set_cookies(first)] == ["__Host-doorward", "__Host-doorward-device"]
    context = deployment.authorize(bearer(first["json"]["access_token"])).context
    assert (context["sub"], context["tenant_id"], context["roles"]) == ("ann@acme", "acme", "admin")
    cookie = set_cookies(first)[0].partition(";")[0]
    assert deployment.authorize({"Cookie": cookie}).allowed
    second = accept(deployment, token(deployment, email="bob@people.example"), IN_TENANT, password=PASSWORD)
    assert (second["statusCode"], set_cookies(second)) == (201, [])
    assert deployment.call("refresh", "POST", "/auth/refresh", {"refresh_token": second["json"]["refresh_token"]})
    told = {item["kind"]["S"] for item in _proofs() if item["address"]["S"] in {ADDRESS, "bob@people.example"}}
    assert told == {"invitation"}  # to somebody new every device is new
    for name in ("ann@acme", "ann"):
        body = {"username": name, "password": PASSWORD}
        assert deployment.call("login", "POST", "/api/acme/auth/login", body)["statusCode"] == 200
    me = deployment.call("users", "GET", "/users/me", context=context)["json"]
    assert "email_verified_at" not in me  # the administrator handed the link over
    listed = deployment.call("invitations", "GET", LISTED, context=context)["json"]["items"]
    assert [item["status"] for item in listed] == ["accepted", "accepted"]
    assert listed[1]["accepted_by"] == me["id"]


def test_a_user_who_exists_enters_and_switches_by_refresh(deployment: Deployment) -> None:
    signed_in = deployment.sign_in("globex-admin")["json"]
    text = token(deployment, roles=["auditor"])
    joined = accept(deployment, text, headers=bearer(signed_in["access_token"]))
    assert (joined["statusCode"], joined["json"]) == (200, {"tenant_id": "acme", "roles": ["auditor"]})
    assert set_cookies(joined) == []
    switch = {"refresh_token": signed_in["refresh_token"], "tenant_id": "acme"}
    switched = deployment.call("refresh", "POST", "/auth/refresh", switch)["json"]
    assert deployment.authorize(bearer(switched["access_token"])).context["roles"] == "auditor"
    again = token(deployment, email="other@people.example")
    member = accept(deployment, again, IN_TENANT, headers=bearer(switched["access_token"]))
    assert (member["statusCode"], member["json"]["code"]) == (409, "already_member")


def test_who_sends_an_access_token_is_no_new_user(deployment: Deployment) -> None:
    text, access = token(deployment), deployment.token("globex-admin")
    both = accept(deployment, text, headers=bearer(access), password=PASSWORD)
    assert (both["statusCode"], both["json"]["code"]) == (400, "invalid_request")
    for header, code in (
        ("Bearer x", "invalid_token"),
        ("Bearer", "invalid_token"),
        ("Basic eDp5", "missing_credentials"),
    ):
        for path in (ACCEPT, IN_TENANT):
            answer = accept(deployment, text, path, {"Authorization": header})
            assert (answer["statusCode"], answer["json"]["code"]) == (401, code), header
            assert answer["headers"]["WWW-Authenticate"].startswith("Bearer")
    nobody = accept(deployment, text)
    assert (nobody["statusCode"], nobody["json"]["code"]) == (400, "invalid_request")
    assert accept(deployment, text, headers=bearer(access))["statusCode"] == 200


@also_when_full
def test_a_cookie_makes_no_member_and_its_session_ends_when_somebody_new_begins_another(
    deployment: Deployment,
) -> None:
    visitor = deployment.sign_in("globex-admin")
    cookie = {"Cookie": set_cookies(visitor)[0].partition(";")[0]}
    text = token(deployment)
    alone = accept(deployment, text, headers=cookie)
    assert (alone["statusCode"], alone["json"]["code"]) == (400, "invalid_request")
    assert deployment.authorize(cookie).allowed
    new = accept(deployment, text, headers=cookie, password=PASSWORD)
    assert new["statusCode"] == 201
    assert deployment.authorize(bearer(new["json"]["access_token"])).context["tenant_id"] == "acme"
    assert not deployment.authorize(cookie).allowed


def test_a_page_of_another_site_begins_no_web_session(deployment: Deployment) -> None:
    text = token(deployment)
    for headers in ({"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}):
        answer = accept(deployment, text, headers=headers, password=PASSWORD)
        assert (answer["statusCode"], answer["json"]["code"]) == (403, "cross_site_request")
    assert accept(deployment, text, headers={"Origin": "https://app.example"}, password=PASSWORD)["statusCode"] == 201


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS"])
def test_whoever_only_follows_the_link_changes_nothing(deployment: Deployment, method: str) -> None:
    text = token(deployment)
    for path in (ACCEPT, IN_TENANT):
        sent = event("login_username")
        sent.update(httpMethod=method, path=path, resource=path, queryStringParameters={"token": text})
        answer = parsed(deployment.raw("invitations", sent))
        assert answer["statusCode"] == (204 if method == "OPTIONS" else 405)
    assert accept(deployment, text, password=PASSWORD)["statusCode"] == 201


def test_every_wrong_token_gets_the_same_answer_and_a_forged_one_costs_no_read(deployment: Deployment) -> None:
    admin = deployment.context("acme-admin")
    good = token(deployment)
    revoked = invite(deployment, admin, email="bob@people.example")["json"]
    deployment.call("invitations", "DELETE", f"{LISTED}/{revoked['id']}", context=admin)
    globex = invite(deployment, deployment.context("globex-admin"), "/api/globex/invitations")["json"]["token"]
    body: dict[str, Any] = {"password": PASSWORD}
    bodies = {
        json.dumps({**accept(deployment, text, path, **body)["json"], "request_id": ""})
        for text, path in ((revoked["token"], ACCEPT), (globex, IN_TENANT), (good[:-1], ACCEPT), ("x", IN_TENANT))
    }
    assert len(bodies) == 1
    caller = bearer(deployment.token("globex-admin"))
    deployment.count()
    for text in (good[:-2] + "AA", good.replace("invitation", "sign_up"), good.replace("dwp1", "dwc1"), "x" * 200):
        for answer in (accept(deployment, text, **body), accept(deployment, text, IN_TENANT, caller)):
            assert (answer["statusCode"], answer["json"]["code"]) == (400, "invalid_proof")
    assert deployment.count() == []
    assert accept(deployment, good, **body)["statusCode"] == 201


@pytest.mark.parametrize(
    "body",
    [
        {"email": None},
        {"email": ""},
        {"email": "nobody"},
        {"email": "a" * 10_240 + "@people.example"},
        {"email": "a@b.example\r\nBcc: victim@c.example"},
        {"email": "a@b.example\nX: y"},
        {"email": "a@b.example,victim@c.example"},
        {"email": "Ann <ann@people.example>"},
        {"email": ["a@b.example"]},
        {"email": "nul\0@b.example"},
        {"email": "\u0430nn@people.example"},
        {"roles": ["platform_admin"]},
        {"roles": ["service"]},
        {"roles": "admin"},
        {"roles": ["x"] * 21},
        {"roles": [1]},
        {"locale": "x" * 100},
        {"deliver": "pigeon"},
        {"made_by": "x"},
        {"id": "x"},
        {"token": "x"},
    ],
    ids=str,
)
def test_a_bad_invitation_writes_nothing(deployment: Deployment, body: dict[str, Any]) -> None:
    admin = deployment.context("acme-admin")
    deployment.count()
    answer = invite(deployment, admin, **body)
    assert (answer["statusCode"], answer["json"]["code"]) in {(400, "invalid_request"), (400, "unacceptable_name")}
    assert deployment.count() == []


def test_members_are_not_invited_and_the_second_of_two_invitations_counts(deployment: Deployment) -> None:
    admin = deployment.context("acme-admin")
    taken = invite(deployment, admin, email="Admin@acme.example")
    assert (taken["statusCode"], taken["json"]["code"]) == (409, "email_taken")
    first, second = token(deployment), token(deployment)
    assert accept(deployment, first, password=PASSWORD)["json"]["code"] == "invalid_proof"
    assert accept(deployment, second, password=PASSWORD)["statusCode"] == 201
    assert invite(deployment, admin)["json"]["code"] == "email_taken"


def test_a_tenant_is_no_cannon_for_mails(deployment: Deployment) -> None:
    admin = deployment.context("acme-admin")
    statuses = [invite(deployment, admin)["statusCode"] for _ in range(11)]
    assert statuses == [*[201] * 10, 429]
    refused = invite(deployment, admin)
    assert refused["json"]["code"] == "too_many_attempts"
    assert int(refused["headers"]["Retry-After"]) > 0
    neighbour = deployment.context("globex-admin")
    assert invite(deployment, neighbour, "/api/globex/invitations")["statusCode"] == 201


def test_a_leavers_invitation_opens_nothing(deployment: Deployment) -> None:
    platform = deployment.context()
    body = {"username": "boss", "password": PASSWORD, "tenant_id": "acme", "roles": ["admin"]}
    path = deployment.call("users", "POST", "/users", body, context=platform)["headers"]["Location"]
    text = invite(deployment, deployment.context("boss", PASSWORD), roles=["admin"])["json"]["token"]
    deployment.call("users", "DELETE", path, context=platform)
    answer = accept(deployment, text, password=PASSWORD)
    assert (answer["statusCode"], answer["json"]["code"]) == (400, "invalid_proof")


def test_no_log_holds_a_token_an_address_or_a_password(
    deployment: Deployment, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, "doorward")
    text = token(deployment)
    accept(deployment, text, password="short")
    accept(deployment, text, password=PASSWORD)
    accept(deployment, text, password=PASSWORD)
    logged = "".join(str(line.__dict__) for line in caplog.records if line.name.startswith("doorward"))
    assert "invitation_accepted" in logged
    for secret in (text, text.rpartition(".")[2], PASSWORD, ADDRESS):
        assert secret not in logged
