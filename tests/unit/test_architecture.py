"""The rooms of the house: what imports what."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

from doorward import model, stores

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "layers" / "shared" / "doorward"

# Lowest first. A room imports only from rooms on lines above its own; rooms of one line do not know each other.
ROOMS = """
errors audit
model
rules settings outbound languages
keys
tokens passkeys
stores
authorization
sessions accounts feed trail
proofs factors webhooks
mail
authorizer verifier demo breaches
aws sockets
api
bootstrap
"""
LEVEL = {room: level for level, line in enumerate(ROOMS.split("\n")) for room in line.split()}
AWS = {
    "boto3",
    "botocore",
    "aws_lambda_powertools",
    "mypy_boto3_dynamodb",
    "mypy_boto3_secretsmanager",
    "mypy_boto3_sesv2",
    "mypy_boto3_apigatewaymanagementapi",
}
PASSKEYS = {"OpenSSL", "cbor2", "pyasn1", "pyasn1_modules", "webauthn"}
FUNCTIONS = sorted(folder.name for folder in (ROOT / "functions").iterdir() if (folder / "app.py").exists())


def _files() -> list[Path]:
    return sorted(PACKAGE.rglob("*.py"))


def _room(file: Path) -> str:
    return file.relative_to(PACKAGE).parts[0].removesuffix(".py")


def _imports(file: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            found |= {name.name for name in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= (
                {f"{node.module}.{name.name}" for name in node.names} if node.module == "doorward" else {node.module}
            )
    return found


PAGES = ROOT / "layers" / "mail" / "doorward_pages"


@pytest.mark.parametrize("file", sorted(PAGES.rglob("*.py")), ids=lambda file: file.name)
def test_pages_know_neither_aws_nor_how_anything_is_wired(file: Path) -> None:
    for imported in _imports(file):
        first, _, rest = imported.partition(".")
        assert first not in AWS
        if first == "doorward":
            assert LEVEL[rest.partition(".")[0]] <= LEVEL["api"]
            assert rest.partition(".")[0] not in {"aws", "bootstrap"}


@pytest.mark.parametrize("file", _files(), ids=lambda file: str(file.relative_to(PACKAGE)))
def test_imports_run_downward_only(file: Path) -> None:
    here = _room(file)
    if here == "__init__":
        return
    for imported in _imports(file):
        first, _, rest = imported.partition(".")
        other = rest.partition(".")[0]
        if first == "doorward" and other != here:
            assert LEVEL[other] < LEVEL[here], f"{here} imports {other}"


@pytest.mark.parametrize("file", _files(), ids=lambda file: str(file.relative_to(PACKAGE)))
def test_only_the_room_aws_knows_the_sdk(file: Path) -> None:
    allowed = AWS if _room(file) == "aws" else set()
    assert not {name.partition(".")[0] for name in _imports(file)} & (AWS - allowed)


@pytest.mark.parametrize("file", _files(), ids=lambda file: str(file.relative_to(PACKAGE)))
def test_only_one_file_knows_what_verifies_passkeys(file: Path) -> None:
    # Its layer is large, slow to import, and there for few functions.
    if file != PACKAGE / "passkeys" / "webauthn.py":
        assert not {name.partition(".")[0] for name in _imports(file)} & PASSKEYS


def test_reading_what_is_asked_and_answered_about_passkeys_imports_nothing_that_verifies_them() -> None:
    code = (
        "import sys, doorward.passkeys.ceremonies, doorward.passkeys.answers, doorward.passkeys.options\n"
        f"print(sorted({PASSKEYS!r} & set(sys.modules)))"
    )
    assert _python(code).strip() == "[]"
    assert _python(code.replace("passkeys.options", "passkeys.webauthn")).strip() == str(sorted(PASSKEYS))


@pytest.mark.parametrize("file", _files(), ids=lambda file: str(file.relative_to(PACKAGE)))
def test_only_three_rooms_open_connections(file: Path) -> None:
    # `outbound` to the internet, `aws` to AWS; `verifier` runs on other people's servers.
    if _room(file) not in {"outbound", "aws", "verifier"}:
        names = {"socket", "ssl", "http.client", "urllib.request", "urllib3", "requests", "asyncio"}
        assert not _imports(file) & names


def test_every_room_has_its_place() -> None:
    assert {_room(file) for file in _files()} - {"__init__"} == set(LEVEL)


def test_every_function_is_one_file_of_thin_handlers() -> None:
    for folder in (ROOT / "functions").iterdir():
        if folder.is_dir() and folder.name != "__pycache__":
            assert {file.name for file in folder.iterdir()} - {"__pycache__"} == {"app.py"}
            tree = ast.parse((folder / "app.py").read_text())
            for node in ast.walk(tree):
                if isinstance(node, ast.FunctionDef) and node.name != "wire":
                    assert (node.end_lineno or 0) - node.lineno < 20, f"{folder.name}.{node.name}"
            assert not {name.partition(".")[0] for name in _imports(folder / "app.py")} & {"boto3", "botocore"}


# Imports each function without what another one brought along of ours; tells what went wrong, by function. One
# interpreter for all: starting one and importing the SDK takes longer than everything else.
IMPORTER = """
import importlib, json, os, socket, sys, traceback

def refuse(*_):
    raise OSError("a function called somebody while it was imported")

socket.socket.connect = socket.getaddrinfo = refuse
problems = {}
for name in sys.argv[1:]:
    for module in [module for module in sys.modules if module.partition(".")[0] in {"doorward", "functions"}]:
        del sys.modules[module]
    try:
        importlib.import_module(f"functions.{name}.app")
    except Exception:
        problems[name] = traceback.format_exc()
print(json.dumps(problems))
"""


@pytest.fixture(scope="module")
def problems() -> dict[str, str]:
    """What went wrong when the functions were imported where there is no environment, by function."""
    found: dict[str, str] = json.loads(_python(IMPORTER, *FUNCTIONS))
    return found


def _python(code: str, *arguments: str) -> str:
    path = ":".join(map(str, (ROOT, *(ROOT / "layers" / name for name in ("shared", "mail", "accounts")))))
    command = [sys.executable, "-c", code, *arguments]
    return subprocess.run(command, env={"PYTHONPATH": path}, stdout=subprocess.PIPE, text=True, check=True).stdout


@pytest.mark.parametrize("function", FUNCTIONS)
def test_importing_a_function_reads_no_environment_and_calls_nobody(problems: dict[str, str], function: str) -> None:
    assert function not in problems, problems[function]


def test_the_authorizer_imports_no_sdk_no_pydantic_and_no_event_handler() -> None:
    code = (
        "import sys, functions.authorizer.app\n"
        "from doorward.settings import Settings\n"
        "import os\n"
        "os.environ.update(AWS_REGION='x', AWS_ACCESS_KEY_ID='x', AWS_SECRET_ACCESS_KEY='x')\n"
        "functions.authorizer.app.wire(Settings(revocations_table='r', signing_keys_table='k'))\n"
        "bad = {'boto3', 'botocore', 'pydantic', 'aws_lambda_powertools', 'aws_xray_sdk', 'ulid', 'argon2'}\n"
        "bad |= {f'doorward.{room}' for room in ('model.feed', 'model.sockets', 'stores.feed', 'stores.sockets')}\n"
        "print(sorted(bad & set(sys.modules)))"
    )
    assert _python(code).strip() == "[]"


# People wait for these, so they reach AWS without an SDK. Wired, because some imports come only then.
WAITED_FOR = (
    "audit",
    "authorizer",
    "introspect",
    "login",
    "logout",
    "refresh",
    "revocations",
    "revoke",
    "socket_ticket",
    "sockets",
    "user_sessions",
    "well_known",
)
WIRER = """
import importlib, json, os, sys
from doorward.settings import Settings

os.environ.update(AWS_REGION="x", AWS_ACCESS_KEY_ID="x", AWS_SECRET_ACCESS_KEY="x")
names = [name for name in Settings.__dataclass_fields__ if name.endswith(("_table", "_id", "_url", "_bucket"))]
settings = Settings(**dict.fromkeys(names, "x"))
found = {}
for name in sys.argv[1:]:
    importlib.import_module(f"functions.{name}.app").wire(settings)
    found[name] = sorted(sys.modules)
print(json.dumps(found))
"""


def test_the_functions_that_people_wait_for_import_no_sdk_and_no_pydantic() -> None:
    loaded: dict[str, list[str]] = json.loads(_python(WIRER, *WAITED_FOR))
    dear = {"boto3", "botocore", "urllib3", "aws_lambda_powertools", "pydantic", *PASSKEYS}
    guilty = [name for name in WAITED_FOR if dear & set(loaded[name])]
    assert guilty == [], f"{guilty[0]} is the first to import {dear & set(loaded[guilty[0]])}"


LATE = """
import sys
import doorward.bootstrap.late
import jwt
assert "cryptography.x509.name" not in sys.modules
from cryptography import x509
from cryptography.x509.oid import NameOID
name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "here")])
import cryptography.x509 as again
assert isinstance(name, again.Name) and jwt.algorithms.x509.Name is again.Name
print("there")
"""


def test_what_no_sign_in_needs_is_imported_late_and_is_whole_when_it_is_asked_for() -> None:
    assert _python(LATE).strip() == "there"


@pytest.mark.parametrize("name", WAITED_FOR)
def test_each_of_them_starts_without_certificates(name: str) -> None:
    loaded: dict[str, list[str]] = json.loads(_python(WIRER, name))
    assert "cryptography.x509.name" not in loaded[name], (
        f"functions/{name}/app.py: import doorward.bootstrap.late first"
    )


def test_only_signing_in_imports_argon2_of_them() -> None:
    others = [name for name in WAITED_FOR if name != "login"]
    loaded: dict[str, list[str]] = json.loads(_python(WIRER, *others))
    assert not {"argon2", "zxcvbn", "confusable_homoglyphs"} & set(loaded[others[-1]])


@pytest.mark.parametrize("room", [model, stores])
def test_what_is_imported_late_is_there_and_nothing_else_is(room: ModuleType) -> None:
    for name in room.__all__:
        assert getattr(room, name) is not None
    with pytest.raises(AttributeError):
        _ = room.nothing


@pytest.mark.parametrize("file", _files(), ids=lambda file: str(file.relative_to(PACKAGE)))
def test_files_and_functions_stay_small(file: Path) -> None:
    text = file.read_text()
    assert text.count("\n") <= 250
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef) and node.body:
            first = node.body[1].lineno if ast.get_docstring(node) and len(node.body) > 1 else node.body[0].lineno
            assert (node.end_lineno or 0) - first <= 40, node.name
