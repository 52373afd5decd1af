"""Every sample event through the real `sam local invoke`, in containers of the runtime's own Python."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import boto3
import pytest

from tests.e2e.conftest import EMULATOR_PORT, ROOT, Cloud
from tests.functions.test_events import EXPECTED
from tests.template import resources, template

EVENTS = sorted((ROOT / "events").glob("*.json"))

pytestmark = pytest.mark.skipif("DOCKER_HOST" not in os.environ, reason="DOCKER_HOST is not set: no container engine")


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory, cloud: Cloud) -> tuple[Path, Path]:
    """The stack built for containers, and the environment that leads its functions to the emulator."""
    folder = tmp_path_factory.mktemp("containers")
    sam = ROOT / ".local" / "sam" / "bin" / "sam"
    path = f"{ROOT / '.local' / 'uv' / 'bin'}{os.pathsep}{os.environ['PATH']}"
    command = [str(sam), "build", "--build-dir", str(folder / "build")]
    subprocess.run(
        command, cwd=ROOT, env={**os.environ, "PATH": path, "ARCHITECTURE": "x86_64"}, check=True, capture_output=True
    )
    client = boto3.client(
        "cloudformation",
        endpoint_url=cloud.endpoint,
        region_name="us-east-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
    )
    found = client.describe_stack_resources(StackName="doorward")["StackResources"]
    physical = {item["LogicalResourceId"]: item["PhysicalResourceId"] for item in found}
    host = f"http://host.containers.internal:{EMULATOR_PORT}"
    variables = {}
    for name, function in resources("AWS::Serverless::Function").items():
        wanted = function["Properties"]["Environment"]["Variables"]
        variables[name] = {key: physical[value["Ref"]] for key, value in wanted.items() if value["Ref"] in physical}
        variables[name]["AWS_ENDPOINT_URL"] = host
    (folder / "variables.json").write_text(json.dumps(variables))
    return folder / "build" / "template.yaml", folder / "variables.json"


@pytest.mark.parametrize("file", EVENTS, ids=lambda file: file.stem)
def test_an_event_invokes(built: tuple[Path, Path], file: Path) -> None:
    answer = _invoke(built, file)
    if file.stem == "authorizer_missing":
        assert answer["errorMessage"] == "Unauthorized"
    elif file.stem == "authorizer_garbage":
        assert answer.get("errorMessage") == "Unauthorized" or "policyDocument" in answer
    else:
        status, code = EXPECTED[file.stem]
        # The tables are the running cloud's, where this user may exist already.
        assert answer["statusCode"] in {status, 409 if file.stem == "users_create" else status}, answer
        if code is not None:
            assert json.loads(answer["body"])["code"] == code


def _invoke(built: tuple[Path, Path], file: Path) -> dict[str, Any]:
    name = max((name for name in _functions() if file.stem.startswith(f"{name}_")), key=len)
    command = [
        shutil.which("sam") or str(ROOT / ".local" / "sam" / "bin" / "sam"),
        "local",
        "invoke",
        _functions()[name],
    ]
    command += ["--template", str(built[0]), "--event", str(file), "--env-vars", str(built[1]), "--skip-pull-image"]
    command += ["--parameter-overrides", "Architecture=x86_64"]
    credentials = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_DEFAULT_REGION": "us-east-1"}
    environment = {**os.environ, **credentials, "SAM_CLI_TELEMETRY": "0"}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    lines = [line for line in done.stdout.splitlines() if line.startswith("{")]
    assert lines, done.stdout + done.stderr[-2000:]
    answer: dict[str, Any] = json.loads(lines[-1])
    return answer


def _functions() -> dict[str, str]:
    assert template()
    return {
        "".join(f"_{c.lower()}" if c.isupper() else c for c in name.removesuffix("Function")).lstrip("_"): name
        for name in resources("AWS::Serverless::Function")
    }
