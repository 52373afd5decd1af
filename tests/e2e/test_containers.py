"""Every sample event through the real `sam local`, in containers of the runtime's own Python."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import groupby
from pathlib import Path
from typing import Any

import pytest
import requests

from local.emulator import is_taken
from tests.functions.test_events import AUTHORIZER, EXPECTED, OTHERS
from tests.support.cloud import EMULATOR_PORT, ROOT, Cloud
from tests.support.template import folder_of, layers_of, read, resources

SAM = ROOT / ".local" / "sam" / "bin" / "sam"
EVENTS = sorted((ROOT / "events").glob("*.json"))
BY_COMMAND = (
    "authorizer_garbage",
    "login_username",
    "users_list",
    "service_tokens_foreign",
    "close_sockets_revoked",
    "send_mail_gone",
    "links_dead",
    "well_known_jwks",
    "pages_sign_in",
    "second_factor_forged",
    "factors_anonymous",
    "factor_pages_anonymous",
    "second_factor_pages_reloaded",
    "admin_pages_anonymous",
    "tenant_pages_anonymous",
)
"""Events for `sam local invoke` itself, one for each set of layers.

The others go through `sam local start-lambda`: it starts a container once for each function, and itself once for all.
"""
UNREAD = ("Events", "Policies")
FUNCTION, LAYER = ("AWS::Serverless::Function", "AWS::Serverless::LayerVersion")
START_SECONDS = 120
END_SECONDS = 60
"""How long sam may take to end its containers. With many it hangs; then `local/containers stop` ends them."""

pytestmark = pytest.mark.skipif("DOCKER_HOST" not in os.environ, reason="DOCKER_HOST is not set: no container engine")


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory, cloud: Cloud) -> Path:
    """The stack built for containers, its functions led to the tables and secrets of the running cloud.

    All that `sam local invoke` does not read is left out: otherwise it takes some ten seconds to read the template. The
    layers are named as AWS names them, and are where sam keeps those that it fetched from there. Of layers of the
    template sam builds an image for each function and at each start; so it builds one for each set of layers.
    Beside it is `own.json`, with the layers of the template, for the function that signs in.
    """
    folder = tmp_path_factory.mktemp("containers")
    path = f"{ROOT / '.local' / 'uv' / 'bin'}{os.pathsep}{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path, "ARCHITECTURE": "x86_64"}
    command = [str(SAM), "build", "--build-dir", str(folder)]
    subprocess.run(command, cwd=ROOT, env=environment, check=True, capture_output=True)
    local = folder / "local.json"
    local.write_text(_described(folder, cloud))
    return local


def _described(folder: Path, cloud: Cloud) -> str:
    """Return what `sam local` has to know of the built stack."""
    described = read(folder / "template.yaml")
    del described["Outputs"]
    layers = {name: one for name, one in described["Resources"].items() if one["Type"] == LAYER}
    functions = {name: one for name, one in described["Resources"].items() if one["Type"] == FUNCTION}
    outputs = {**cloud.outputs, "SocketApi": cloud.outputs["SocketApiId"]}
    for function in functions.values():
        function["Properties"] = {name: one for name, one in function["Properties"].items() if name not in UNREAD}
        wanted = function["Properties"]["Environment"]["Variables"]
        references = {key: value.get("Ref") for key, value in wanted.items()}
        known = {key: outputs[name] for key, name in references.items() if name in outputs}
        # `sam local` passes on only what the template declares.
        known |= {"DEMO_ENABLED": "true", "SOCKET_URL": "wss://sockets.example"}
        known["AWS_ENDPOINT_URL"] = f"http://host.containers.internal:{EMULATOR_PORT}"
        function["Properties"]["Environment"]["Variables"] = known
    own = {**described, "Resources": {**layers, "LoginFunction": functions["LoginFunction"]}}
    (folder / "own.json").write_text(json.dumps(own))
    text = json.dumps({**described, "Resources": functions})
    for name in layers:
        text = text.replace(json.dumps({"Ref": name}), json.dumps(_fetched(folder, name)))
    return text


def _fetched(folder: Path, name: str) -> str:
    """Put a layer where sam keeps what it fetched; return its ARN, which says what is in it, for images stay."""
    digest = hashlib.sha256()
    for file in sorted(file for file in (folder / name).rglob("*") if file.is_file()):
        digest.update(f"{file.relative_to(folder)} {hashlib.sha256(file.read_bytes()).hexdigest()}\n".encode())
    version = int(digest.hexdigest()[:12], 16)
    arn = f"arn:aws:lambda:us-east-1:123456789012:layer:{name}:{version}"
    kept = f"{name}-{version}-{hashlib.sha256(arn.encode()).hexdigest()[:10]}"
    shutil.copytree(folder / name, folder / "layers" / kept)
    return arn


@pytest.fixture(scope="module")
def lambdas(built: Path, cloud: Cloud) -> Iterator[str]:
    """The URL of Lambda's own API for the functions in containers."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    log = built.with_name("start-lambda.log")
    with log.open("w") as output:
        command = _local(built, "start-lambda", "--port", str(port), "--warm-containers", "LAZY")
        environment = _environment(cloud)
        process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=output, stderr=subprocess.STDOUT)
    try:
        deadline = time.monotonic() + START_SECONDS
        while not is_taken(port):
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.2)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()  # it ends the containers; a program that runs in the background may ignore SIGINT
        try:
            process.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@pytest.fixture(scope="module")
def answers(built: Path, lambdas: str, cloud: Cloud) -> dict[str, dict[str, Any]]:
    """What each event was answered; two functions at a time, for each has seconds to start."""
    others = [file for file in EVENTS if file.stem not in BY_COMMAND]
    groups = [list(files) for _, files in groupby(others, _function)]
    with ThreadPoolExecutor(2) as pool:
        warm = pool.map(lambda files: [(file.stem, _ask(lambdas, file)) for file in files], groups)
        found = [answer for answers in warm for answer in answers]
        found += pool.map(lambda stem: (stem, _invoke(built, ROOT / "events" / f"{stem}.json", cloud)), BY_COMMAND)
    return dict(found)


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


def test_a_function_runs_with_the_layers_of_the_template(built: Path, cloud: Cloud) -> None:
    answer = _invoke(built.with_name("own.json"), ROOT / "events" / "login_username.json", cloud)
    assert answer["statusCode"] == EXPECTED["login_username"][0], answer


def _function(file: Path) -> str:
    """Return the function that an event is for."""
    functions = {folder_of(name): name for name in resources("AWS::Serverless::Function")}
    return functions[max((name for name in functions if file.stem.startswith(f"{name}_")), key=len)]


def _local(built: Path, *command: str) -> list[str]:
    options = ["--template", str(built), "--skip-pull-image", "--layer-cache-basedir", str(built.with_name("layers"))]
    options += ["--parameter-overrides", "Architecture=x86_64"]
    return [str(SAM), "local", *command, *options]


def _environment(cloud: Cloud) -> dict[str, str]:
    # sam asks AWS first who it is, and that nobody answers may take one try.
    hasty = {"AWS_MAX_ATTEMPTS": "1", "AWS_EC2_METADATA_DISABLED": "true"}
    return {**os.environ, **cloud.credentials, **hasty, "SAM_CLI_TELEMETRY": "0"}


def _ask(lambdas: str, file: Path) -> dict[str, Any]:
    url = f"{lambdas}/2015-03-31/functions/{_function(file)}/invocations"
    answer: dict[str, Any] = requests.post(url, data=file.read_bytes(), timeout=120).json()
    return answer


def _invoke(built: Path, file: Path, cloud: Cloud) -> dict[str, Any]:
    command = _local(built, "invoke", _function(file), "--event", str(file))
    done = subprocess.run(command, cwd=ROOT, env=_environment(cloud), capture_output=True, text=True, check=False)
    lines = [line for line in done.stdout.splitlines() if line.startswith("{")]
    assert lines, done.stdout + done.stderr[-2000:]
    answer: dict[str, Any] = json.loads(lines[-1])
    return answer


def test_the_command_sees_each_set_of_layers() -> None:
    wanted = {tuple(layers_of(name)) for name in resources("AWS::Serverless::Function")}
    assert {tuple(layers_of(_function(Path(f"{stem}.json")))) for stem in BY_COMMAND} == wanted
