"""A proof becomes a mail: through the table's stream, the function with its own role, and the emulator's SES."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from doorward.aws.dynamodb.client import BotoDatabase
from doorward.aws.dynamodb.proofs import DynamoProofs
from doorward.keys.mac import MacKeyring
from doorward.model import TenantId
from doorward.model.proofs import Proof
from doorward.tokens.proofs import MintProofs, ProofTexts
from tests.support.cloud import PATIENCE_SECONDS, ROOT, Cloud
from tests.support.deployment import event
from tests.support.mails import mails_to, wait_for

ACME = TenantId("acme")


def now_ms() -> int:
    return time.time_ns() // 1_000_000


@pytest.fixture(scope="module")
def texts(cloud: Cloud) -> ProofTexts:
    secrets, secret_id = cloud.client("secretsmanager"), cloud.outputs["RefreshMacSecret"]
    return ProofTexts(MacKeyring(lambda: secrets.get_secret_value(SecretId=secret_id)["SecretString"], now_ms))


def ask(cloud: Cloud, texts: ProofTexts, kind: Any, **rest: Any) -> Proof:
    """Store a proof as the functions do."""
    proof = MintProofs(texts, now_ms)(kind, ACME, **rest)
    DynamoProofs(BotoDatabase(cloud.client("dynamodb")), cloud.outputs["ProofsTable"]).add(proof)
    return proof


def test_a_new_proof_becomes_one_mail_in_the_language_that_was_asked_for(cloud: Cloud, texts: ProofTexts) -> None:
    proof = ask(cloud, texts, "sign_up", address="new@people.example", locale="fr-CA")
    (mail,) = wait_for(lambda: mails_to(cloud, "new@people.example"))
    assert mail["Source"] == "acme <doorward@localhost.example>"
    assert mail["Subject"] == "Confirmez votre adresse pour acme"
    assert re.findall(r"^ {4}(\d{6})$", mail["BodyText"], re.MULTILINE) == [texts.code(proof)]
    (link,) = re.findall(r"https?://\S+", mail["BodyText"])
    assert link.startswith(f"{cloud.url}/links/sign-up?")
    assert parse_qs(urlsplit(link).query) == {"token": [texts.token(proof)], "tenant": ["acme"]}
    assert texts.code(proof) in mail["BodyHtml"]


def test_only_a_user_who_is_there_gets_a_new_password(cloud: Cloud, texts: ProofTexts) -> None:
    made = cloud.call(
        "POST",
        "/users",
        cloud.token("acme-admin"),
        json={"username": "mailed", "email": "mailed@people.example", "password": "correct horse battery"},
    )
    assert made.status_code == 201, made.text
    ask(cloud, texts, "password_reset", email="nobody@people.example", address="nobody@people.example")
    proof = ask(cloud, texts, "password_reset", email="mailed@people.example", address="mailed@people.example")
    (mail,) = wait_for(lambda: mails_to(cloud, "mailed@people.example"))
    assert texts.code(proof) in mail["BodyText"]
    assert mails_to(cloud, "nobody@people.example") == []
    ask(cloud, texts, "find_tenants", email="mailed@people.example", address="mailed@people.example")
    found = wait_for(lambda: mails_to(cloud, "mailed@people.example")[1:])[0]
    assert "(acme)" in found["BodyText"]
    _come_back(cloud, made.json()["id"])


def _come_back(cloud: Cloud, user_id: str) -> None:
    """Tell of a mail that came back. The emulator's SES tells nothing, and nobody else may speak for `aws.ses`."""
    told = event("mail_feedback_bounced")
    resources = cloud.client("cloudformation").describe_stack_resources(StackName="doorward")["StackResources"]
    ids = {item["LogicalResourceId"]: item["PhysicalResourceId"] for item in resources}
    detail = told["detail"]
    detail["mail"]["tags"] |= {"user": [user_id], "ses:configuration-set": [ids["MailConfigurationSet"]]}
    detail["mail"] |= {"destination": ["mailed@people.example"], "timestamp": "2099-01-01T00:00:00.000Z"}
    events = cloud.client("events")
    (rule,) = (found for found in events.list_rules()["Rules"] if "aws.ses" in found.get("EventPattern", ""))
    pattern = rule["EventPattern"]
    assert events.test_event_pattern(EventPattern=pattern, Event=json.dumps(told))["Result"]
    answer = cloud.client("lambda").invoke(FunctionName=ids["MailFeedbackFunction"], Payload=json.dumps(told))
    assert json.load(answer["Payload"]) == {"marked": True}
    shown = cloud.call("GET", f"/users/{user_id}", cloud.token("acme-admin")).json()
    assert shown["email_state"] == "bounced"
    detail["mail"]["tags"]["ses:configuration-set"] = ["another"]
    assert not events.test_event_pattern(EventPattern=pattern, Event=json.dumps(told))["Result"]


def test_make_mail_and_the_fronts_page_show_what_was_sent(cloud: Cloud, texts: ProofTexts) -> None:
    proof = ask(cloud, texts, "sign_up", address="shown@people.example")
    wait_for(lambda: mails_to(cloud, "shown@people.example"))
    page = requests.get(f"{cloud.url}/_mail", timeout=PATIENCE_SECONDS)
    assert texts.code(proof) in page.text
    assert f'href="{cloud.url}/links/sign-up?token={texts.token(proof)}&amp;tenant=acme"' in page.text
    assert requests.get(f"{cloud.url}/_mail", headers={"Host": "evil.example"}, timeout=20).status_code == 403
    environment = {**os.environ, "DOORWARD_STATE": str(cloud.state)}
    command = [sys.executable, "-m", "local.mail"]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True)
    assert texts.token(proof) in done.stdout
    assert done.stdout.index("new@people.example") < done.stdout.index("shown@people.example")
