"""scripts/audit.py: what it appends, what it verifies, and with which status it ends."""

from __future__ import annotations

import io
import json
import os
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import boto3
import jwt
import pytest

from doorward.aws.dynamodb.client import BotoDatabase, connect
from doorward.aws.dynamodb.keys import DynamoKeySets
from doorward.keys.signing import FormerKey, generate_key
from doorward.tokens.checkpoints import TYPE
from scripts import audit
from tests.support.deployment import Deployment, Stack

pytestmark = pytest.mark.usefixtures("clouds")

Run = Callable[..., tuple[int, str]]


class Clouds:
    """What the script asks CloudFormation and Lambda, answered by a deployment."""

    def __init__(self, stack: Stack, deployment: Deployment) -> None:
        self.outputs = {**stack.outputs, "ChainAuditFunction": "chain-audit"}
        self.deployment = deployment
        self.failing = False

    def describe_stacks(self, StackName: str) -> dict[str, Any]:  # noqa: N803 - boto3's own name
        return {
            "Stacks": [{"Outputs": [{"OutputKey": key, "OutputValue": text} for key, text in self.outputs.items()]}]
        }

    def invoke(self, FunctionName: str, Payload: bytes) -> dict[str, Any]:  # noqa: N803
        assert FunctionName == "chain-audit"
        if self.failing:
            return {"FunctionError": "Unhandled", "Payload": io.BytesIO(b"{}")}
        answer = self.deployment.raw("chain_audit", json.loads(Payload))
        return {"Payload": io.BytesIO(json.dumps(answer).encode())}


@pytest.fixture
def clouds(stack: Stack, deployment: Deployment, monkeypatch: pytest.MonkeyPatch) -> Clouds:
    found = Clouds(stack, deployment)
    monkeypatch.setattr(audit, "boto3", SimpleNamespace(client=lambda _: found))
    return found


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    def call(*words: str) -> tuple[int, str]:
        capsys.readouterr()
        return audit.main(list(words)), capsys.readouterr().out

    return call


def _table() -> Any:
    return boto3.resource("dynamodb").Table(os.environ["AUDIT_TABLE"])


def _kept(prefix: str) -> list[dict[str, Any]]:
    return [item for item in _table().scan()["Items"] if str(item["pk"]).startswith(prefix)]


def _head() -> dict[str, Any]:
    (head,) = (item for item in _kept("chain#acme") if item["sk"] == "head")
    return head


def _forge(kid: str) -> None:
    """Sign the checkpoint of the head anew, with a key of one's own, and name another one."""
    claims = jwt.decode(_head()["checkpoint"], options={"verify_signature": False})
    _, pem = generate_key("ES256", 0)
    _table().put_item(Item={**_head(), "checkpoint": jwt.encode(claims, pem, "ES256", {"typ": TYPE, "kid": kid})})


def test_what_waits_is_appended_and_then_the_trail_is_whole(deployment: Deployment, run: Run) -> None:
    deployment.sign_in("acme-admin")
    waiting = len(_kept("act#"))
    assert waiting
    assert run("chain") == (0, f"{waiting} acts were waiting\n")
    assert _kept("act#") == []
    status, text = run("verify")
    assert (status, "acme: 1 records, 0 findings, 0 checkpoints not verified" in text) == (0, True), text


def test_what_waits_for_more_than_an_hour_is_told(
    deployment: Deployment, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    deployment.sign_in("acme-admin")
    monkeypatch.setattr(audit, "clock", lambda: time.time_ns() // 1_000_000 + 3_700_000)
    status, text = run("verify")
    assert (status, "wait for more than an hour" in text) == (1, True), text


def test_a_record_that_was_altered_is_named(deployment: Deployment, run: Run) -> None:
    deployment.sign_in("acme-admin")
    deployment.chain()
    (record,) = _kept("tenant#acme#")
    _table().put_item(Item={**record, "source": "192.0.2.99"})
    status, text = run("verify", "--tenant", "acme")
    assert (status, f"acme: altered: record 1 ({record['audit_id']})" in text) == (1, True), text


def test_a_head_whose_checkpoint_tells_of_another_place_is_named(deployment: Deployment, run: Run) -> None:
    for _ in range(2):
        deployment.sign_in("acme-admin")
        deployment.chain()
    first, last = sorted(_kept("tenant#acme#"), key=lambda item: item["chain_number"])
    head = _head()
    _table().delete_item(Key={"pk": last["pk"], "sk": last["sk"]})
    _table().put_item(Item={**head, "chain_number": 1, "chain_hash": first["chain_hash"]})
    status, text = run("verify", "--tenant", "acme")
    assert (status, "the checkpoint at 1 tells of acme at 2" in text) == (1, True), text


def test_a_head_that_a_stranger_signed_is_told_whatever_key_it_names(deployment: Deployment, run: Run) -> None:
    deployment.sign_in("acme-admin")
    deployment.chain()
    _forge(generate_key("ES256", 0)[0].kid)
    status, text = run("verify", "--tenant", "acme")
    assert (status, "is not signed by this deployment (unknown_kid)" in text) == (1, True), text


def test_a_tenant_in_which_nothing_happens_stays_whole_when_its_key_is_gone(deployment: Deployment, run: Run) -> None:
    deployment.sign_in("acme-admin")
    deployment.chain()
    key_sets = DynamoKeySets(BotoDatabase(connect()), os.environ["SIGNING_KEYS_TABLE"])
    before = key_sets.get()
    gone, rest = before.active(), [replace(key, state="active") for key in before.keys if key.state == "pending"]
    key_sets.change(replace(before, keys=tuple(rest), version=before.version + 1), [FormerKey(gone, revoked=False)])
    assert run("verify", "--tenant", "acme") == (0, "acme: 1 records, 0 findings, 0 checkpoints not verified\n")
    _forge(gone.kid)
    assert run("verify", "--tenant", "acme")[0] == 1


def test_what_a_revoked_key_signed_is_told_and_is_no_finding(deployment: Deployment, run: Run) -> None:
    deployment.sign_in("acme-admin")
    deployment.chain()
    kid = jwt.get_unverified_header(_head()["checkpoint"])["kid"]
    deployment.raw("rotate_keys", {"command": "revoke", "kid": kid})
    assert run("verify", "--tenant", "acme") == (0, "acme: 1 records, 0 findings, 2 checkpoints not verified\n")
    _forge(kid)  # nobody names that key but who has it
    assert run("verify", "--tenant", "acme")[0] == 1


def test_a_checkpoint_that_was_kept_is_compared(deployment: Deployment, run: Run, tmp_path: Path) -> None:
    deployment.sign_in("acme-admin")
    deployment.chain()
    head = _head()
    kept = tmp_path / "acme.jws"
    kept.write_text(head["checkpoint"])
    assert run("verify", "--checkpoint", str(kept))[0] == 0
    for item in _kept("chain#acme") + _kept("tenant#acme#"):
        _table().delete_item(Key={"pk": item["pk"], "sk": item["sk"]})
    status, text = run("verify", "--tenant", "acme", "--checkpoint", str(kept))
    assert (status, "contradicted: record 1" in text) == (1, True), text


def test_a_checkpoint_that_nobody_signed_is_refused(deployment: Deployment, run: Run, tmp_path: Path) -> None:
    deployment.sign_in("acme-admin")
    deployment.chain()
    kept = tmp_path / "acme.jws"
    kept.write_text("not.a.checkpoint")
    status, text = run("verify", "--checkpoint", str(kept))
    assert (status, text.startswith("not done: ")) == (1, True), text


def test_a_function_that_fails_and_a_stack_of_before_are_told(deployment: Deployment, clouds: Clouds, run: Run) -> None:
    deployment.sign_in("acme-admin")
    clouds.failing = True
    assert run("chain") == (1, "not done: the function failed; its log says why\n")
    del clouds.outputs["AuditTable"]
    assert run("verify") == (1, "not done: the stack doorward is no Doorward of this version\n")


def test_a_tenant_in_which_nothing_happened_has_a_trail_that_is_whole(run: Run) -> None:
    assert run("verify", "--tenant", "globex") == (0, "globex: 0 records, 0 findings, 0 checkpoints not verified\n")
