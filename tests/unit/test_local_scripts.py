"""What the scripts say when they cannot do their work: one line, no traceback."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto import mock_aws

from scripts import (
    audit,
    breached_passwords,
    explain,
    from_0_1,
    initialize_security,
    rotate_keys,
    spread_markers,
    tend_users,
)

ROOT = Path(__file__).resolve().parents[2]
REQUEST_ID = "00000000-0000-4000-8000-000000000000"
SCRIPTS: list[tuple[Any, list[str]]] = [
    (initialize_security, []),
    (rotate_keys, []),
    (explain, [REQUEST_ID]),
    (breached_passwords, ["list"]),
    (audit, ["verify"]),
    (from_0_1, []),
    (spread_markers, ["40"]),
    (tend_users, []),
]
BY_NAME = pytest.mark.parametrize(("script", "arguments"), SCRIPTS, ids=lambda found: getattr(found, "__name__", ""))


@BY_NAME
@pytest.mark.parametrize(
    ("region", "told"), [({}, "region"), ({"AWS_REGION": "x", "AWS_DEFAULT_REGION": "x"}, "credentials")]
)
def test_without_a_region_or_credentials(script: Any, arguments: list[str], region: dict[str, str], told: str) -> None:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    nowhere = {"AWS_EC2_METADATA_DISABLED": "true", "AWS_CONFIG_FILE": os.devnull, "HOME": os.devnull}
    done = subprocess.run(
        [sys.executable, script.__file__, *arguments],
        env={**kept, **nowhere, "AWS_SHARED_CREDENTIALS_FILE": os.devnull, **region},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    (line,) = (done.stdout + done.stderr).splitlines()
    assert (done.returncode, line.partition(":")[0]) == (1, "not done")
    assert told in line


@BY_NAME
def test_without_the_stack(
    script: Any, arguments: list[str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    _pretend(monkeypatch)
    with mock_aws():
        assert script.main([*arguments, "--stack", "nosuch"]) == 1
    (line,) = capsys.readouterr().out.splitlines()
    assert line.startswith("not done: ")
    assert "nosuch" in line


@pytest.mark.parametrize(("script", "arguments"), [*SCRIPTS[:2], (explain, ["a.b.c"]), *SCRIPTS[3:]])
def test_with_the_stack_of_something_else(
    script: Any, arguments: list[str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    _pretend(monkeypatch)
    template = '{"Resources": {"Queue": {"Type": "AWS::SQS::Queue"}}}'
    with mock_aws():
        boto3.client("cloudformation").create_stack(StackName="other", TemplateBody=template)
        assert script.main([*arguments, "--stack", "other"]) == 1
    (line,) = capsys.readouterr().out.splitlines()
    assert line.startswith("not done: the stack other is no Doorward")


@pytest.mark.parametrize(
    ("pasted", "kind"),
    [
        ("dwr1.acme.x.y.0.z", "a refresh token"),
        ("dws1.acme.x", "a session cookie"),
        ("__Host-doorward=dws1.a", "a session cookie"),
    ],
)
def test_explain_says_what_a_pasted_secret_is(pasted: str, kind: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert explain.main([pasted]) == 1
    (line,) = capsys.readouterr().out.splitlines()
    assert line.startswith(f"this is {kind}")
    assert "x.y" not in line


def test_explain_claims_no_more_than_it_found(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    _pretend(monkeypatch)
    template = '{"Resources": {"Group": {"Type": "AWS::Logs::LogGroup", "Properties": {"LogGroupName": "g"}}}}'
    with mock_aws():
        boto3.client("cloudformation").create_stack(StackName="doorward", TemplateBody=template)
        assert explain.main([REQUEST_ID]) == 1
    (line,) = capsys.readouterr().out.splitlines()
    assert line.endswith("in the last 24 hours: no refusal was found")


def _pretend(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "x")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
