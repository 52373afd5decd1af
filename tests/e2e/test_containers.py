"""Every sample event through the real `sam local invoke`, in containers of the runtime's own Python."""

from __future__ import annotations

import json
import os
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from tests.functions.test_events import AUTHORIZER, EXPECTED, OTHERS
from tests.support.cloud import EMULATOR_PORT, ROOT, Cloud
from tests.support.template import folder_of, read, resources

SAM = ROOT / ".local" / "sam" / "bin" / "sam"
EVENTS = sorted((ROOT / "events").glob("*.json"))

pytestmark = pytest.mark.skipif("DOCKER_HOST" not in os.environ, reason="DOCKER_HOST is not set: no container engine")


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory, cloud: Cloud) -> Path:
    """The stack built for containers, its functions led to the tables and secrets of the running cloud."""
    folder = tmp_path_factory.mktemp("containers")
    path = f"{ROOT / '.local' / 'uv' / 'bin'}{os.pathsep}{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path, "ARCHITECTURE": "x86_64"}
    command = [str(SAM), "build", "--build-dir", str(folder)]
    subprocess.run(command, cwd=ROOT, env=environment, check=True, capture_output=True)
    described = read(folder / "template.yaml")
    for function in described["Resources"].values():
        if function["Type"] == "AWS::Serverless::Function":
            wanted = function["Properties"]["Environment"]["Variables"]
            outputs = {**cloud.outputs, "SocketApi": cloud.outputs["SocketApiId"]}
            references = {key: value.get("Ref") for key, value in wanted.items()}
            known = {key: outputs[name] for key, name in references.items() if name in outputs}
            # `sam local` passes on only what the template declares.
            known |= {"DEMO_ENABLED": "true", "SOCKET_URL": "wss://sockets.example"}
            known["AWS_ENDPOINT_URL"] = f"http://host.containers.internal:{EMULATOR_PORT}"
            function["Properties"]["Environment"]["Variables"] = known
    local = folder / "local.json"
    local.write_text(json.dumps(described))
    return local


@pytest.fixture(scope="module")
def answers(built: Path, cloud: Cloud) -> dict[str, dict[str, Any]]:
    """What each event was answered; three containers at a time, for most of an invoke is waiting."""
    with ThreadPoolExecutor(3) as pool:
        return dict(
            zip(
                (file.stem for file in EVENTS),
                pool.map(lambda file: _invoke(built, file, cloud.credentials), EVENTS),
                strict=True,
            )
        )


@pytest.mark.parametrize("file", EVENTS, ids=lambda file: file.stem)
def test_an_event_invokes(answers: dict[str, dict[str, Any]], file: Path) -> None:
    answer = answers[file.stem]
    if file.stem in AUTHORIZER:
        # The running cloud's own API has another id than the event's, and to any other API the authorizer throws.
        assert answer["errorMessage"] == "Unauthorized"
    elif file.stem in OTHERS:
        assert "errorMessage" not in answer, answer
    else:
        status, code = EXPECTED[file.stem]
        # The tables are the running cloud's, where this user may exist already.
        assert answer["statusCode"] in {status, 409 if file.stem == "users_create" else status}, answer
        if code is not None:
            assert json.loads(answer["body"])["code"] == code


def _invoke(built: Path, file: Path, credentials: dict[str, str]) -> dict[str, Any]:
    functions = {folder_of(name): name for name in resources("AWS::Serverless::Function")}
    name = max((name for name in functions if file.stem.startswith(f"{name}_")), key=len)
    command = [str(SAM), "local", "invoke", functions[name]]
    command += ["--template", str(built), "--event", str(file), "--skip-pull-image"]
    command += ["--parameter-overrides", "Architecture=x86_64"]
    # sam asks AWS first who it is, and that nobody answers may take one try.
    hasty = {"AWS_MAX_ATTEMPTS": "1", "AWS_EC2_METADATA_DISABLED": "true"}
    environment = {**os.environ, **credentials, **hasty, "SAM_CLI_TELEMETRY": "0"}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    lines = [line for line in done.stdout.splitlines() if line.startswith("{")]
    assert lines, done.stdout + done.stderr[-2000:]
    answer: dict[str, Any] = json.loads(lines[-1])
    return answer
