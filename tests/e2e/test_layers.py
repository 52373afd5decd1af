"""The layers as they are built for AWS: compiled, small; and each function with its own layers alone."""

from __future__ import annotations

import io
import json
import os
import re
import struct
import subprocess
import zipfile
from pathlib import Path

import pytest

from tests.support.cloud import ROOT, Cloud
from tests.support.template import folder_of, layers_of, resources

LAYERS = resources("AWS::Serverless::LayerVersion")
FUNCTIONS = sorted(resources("AWS::Serverless::Function"))
MIB = 2**20
MAGIC = (3571).to_bytes(2, "little") + b"\r\n"  # of Python 3.13
UNCHECKED = 0b01  # PEP 552: by hash, and the source is not looked at

IMPORTER = """
import importlib, json, sys
sys.path[:0] = json.loads(sys.argv[2])
importlib.import_module(f"functions.{sys.argv[1]}.app")
if {"doorward.accounts.create", "doorward.accounts.change"} & set(sys.modules):
    import confusable_homoglyphs.confusables, zxcvbn
    importlib.import_module("doorward.breaches.common").CommonPasswords().count(bytes(20))
if "boto3" in sys.modules:
    for service in sys.argv[3:]:
        sys.modules["boto3"].client(service, region_name="us-east-1")
"""


def _make(name: str, folder: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    """Build a layer as SAM does."""
    source = ROOT / LAYERS[name]["Properties"]["ContentUri"]
    path = os.pathsep.join([str(ROOT / ".local" / "uv" / "bin"), os.environ["PATH"]])
    environment = {**os.environ, "PATH": path, "ARTIFACTS_DIR": str(folder), **variables}
    command = ["make", "--silent", "--makefile", str(source / "Makefile"), f"build-{name}"]
    return subprocess.run(command, cwd=source, env=environment, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def built(cloud: Cloud, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The folder of each layer, built for arm64; `cloud` has installed uv."""
    found = {}
    for name in LAYERS:
        found[name] = tmp_path_factory.mktemp(name)
        done = _make(name, found[name], ARCHITECTURE="arm64")
        if "is needed to compile" in done.stderr:
            pytest.skip(done.stderr.partition("\n")[0])
        assert done.returncode == 0, done.stderr
    return found


@pytest.mark.parametrize("name", sorted(LAYERS))
def test_everything_is_compiled_for_the_runtime_and_never_looked_at_again(built: dict[str, Path], name: str) -> None:
    sources = list((built[name] / "python").rglob("*.py"))
    assert sources
    for source in sources:
        compiled = source.parent / "__pycache__" / f"{source.stem}.cpython-313.pyc"
        magic, flags = struct.unpack("<4sI", compiled.read_bytes()[:8])
        assert (magic, flags) == (MAGIC, UNCHECKED), compiled


@pytest.fixture(scope="module")
def sizes(built: dict[str, Path]) -> dict[str, int]:
    """The zipped bytes of each layer."""
    found = {name: _zipped(folder) for name, folder in built.items()}
    print("\nlayers, MiB zipped for arm64:", {name: round(size / MIB, 1) for name, size in found.items()})
    return found


def _zipped(folder: Path) -> int:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in folder.rglob("*"):
            archive.write(file, file.relative_to(folder))
    return len(content.getvalue())


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_functions_layers_are_small(sizes: dict[str, int], function: str) -> None:
    found = layers_of(function)
    largest: float = 6 if function == "AuthorizerFunction" else 14 if "SdkLayer" in found else 10
    # The lists of words that judge passwords and names are what is large in the layer of accounts.
    largest = 10.5 if "AccountsLayer" in found and "SdkLayer" not in found else largest
    assert sum(sizes[name] for name in found) <= largest * MIB


def test_signing_in_is_small_but_for_the_sdk(sizes: dict[str, int]) -> None:
    assert sum(sizes[name] for name in layers_of("LoginFunction") if name != "SdkLayer") <= 10 * MIB


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_function_imports_with_its_own_layers_alone(cloud: Cloud, function: str) -> None:
    folders = [*(str(cloud.state / "build" / name / "python") for name in layers_of(function)), str(ROOT)]
    # -I and -S: no packages of this machine's.
    command = [str(ROOT / ".local" / "local" / "bin" / "python"), "-I", "-S", "-c", IMPORTER]
    command += [folder_of(function), json.dumps(folders), *_services()]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def _services() -> list[str]:
    makefile = (ROOT / LAYERS["SdkLayer"]["Properties"]["ContentUri"] / "Makefile").read_text()
    listed = re.search(r"^SERVICES := (.+)$", makefile, re.MULTILINE)
    assert listed
    return str(listed[1]).split()


def test_a_build_without_the_runtimes_python_says_in_one_line_what_to_install(cloud: Cloud, tmp_path: Path) -> None:
    done = _make("SharedLayer", tmp_path, ARCHITECTURE="arm64", PYTHON_VERSION="3.99")
    told, *makes = done.stderr.splitlines()
    assert told == "doorward: Python 3.99 is needed to compile the layers: uv python install 3.99"
    assert all(re.match(r"make(\[\d+\])?: ", line) for line in makes)
    assert not (tmp_path / "python").exists()
