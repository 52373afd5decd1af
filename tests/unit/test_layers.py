"""What the layers promise: which packages are in which, and which functions have which."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path

import markupsafe._speedups
import pytest

from layers.strip import strip, stripped
from tests.support.template import ROOT, folder_of, layers_of, resources

LAYERS = {
    name: ROOT / item["Properties"]["ContentUri"] for name, item in resources("AWS::Serverless::LayerVersion").items()
}
FUNCTIONS = sorted(resources("AWS::Serverless::Function"))
NEVER = {"pycparser"}
"""What others require, and no function imports: cffi's parser of C."""


def _packages(file: Path) -> set[str]:
    """Return the packages of a locked list, each with its version, without those for Pythons before the runtime's."""
    before = re.escape(" ; python_full_version < '3.13'")
    return set(re.findall(rf"^([\w.-]+==[\w.]+)(?![\w.]|{before})", file.read_text(), re.MULTILINE))


def test_a_layer_is_one_folder_with_requirements_of_its_own() -> None:
    assert set(LAYERS.values()) == {file.parent for file in (ROOT / "layers").glob("*/requirements.txt")}


def test_every_package_is_in_one_layer_at_the_version_that_the_scripts_have() -> None:
    parts = [_packages(folder / "requirements.txt") for folder in LAYERS.values()]
    together = {
        package
        for package in _packages(ROOT / "layers" / "requirements.txt")
        if package.partition("==")[0] not in NEVER
    }
    assert sorted(package for part in parts for package in part) == sorted(together)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_has_layers_that_are_there_and_no_more_than_lambda_allows(name: str) -> None:
    found = layers_of(name)
    assert set(found) <= set(LAYERS)
    assert len(found) == len(set(found)) <= 5


def test_the_authorizer_has_the_shared_layer_alone() -> None:
    assert layers_of("AuthorizerFunction") == ["SharedLayer"]


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_that_verifies_passkeys_has_their_layer(name: str) -> None:
    code = (ROOT / "functions" / folder_of(name) / "app.py").read_text()
    assert "PasskeysLayer" in layers_of(name) or not re.search(r"FactorParts|passkeys\.webauthn|import webauthn", code)


def test_the_sdk_knows_the_services_that_are_called() -> None:
    code = "\n".join(file.read_text() for file in (LAYERS["SharedLayer"] / "doorward").rglob("*.py"))
    listed = re.search(r"^SERVICES := (.+)$", (LAYERS["SdkLayer"] / "Makefile").read_text(), re.MULTILINE)
    assert listed
    assert set(listed[1].split()) == set(re.findall(r'boto3\.client\(\s*"(\w+)"', code))


def test_a_library_without_its_symbols_is_smaller_and_still_loads(tmp_path: Path) -> None:
    whole = Path(markupsafe._speedups.__file__)
    copy = tmp_path / whole.name
    copy.write_bytes(stripped(whole.read_bytes()))
    assert copy.stat().st_size < whole.stat().st_size
    spec = importlib.util.spec_from_file_location("markupsafe._speedups", copy)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert module._escape_inner("<") == "&lt;"
    assert stripped(copy.read_bytes()) == copy.read_bytes()


def test_stripping_leaves_the_installers_cache_alone(tmp_path: Path) -> None:
    # Installers link files out of their cache. Whoever wrote into one would end the programs that have it in memory.
    cached, installed = tmp_path / "cached.so", tmp_path / "installed.so"
    cached.write_bytes(Path(markupsafe._speedups.__file__).read_bytes())
    cached.chmod(0o755)
    installed.hardlink_to(cached)
    before = cached.read_bytes()
    strip(installed)
    assert cached.read_bytes() == before
    assert installed.read_bytes() == stripped(before)
    assert installed.stat().st_mode == cached.stat().st_mode
    assert [file.name for file in sorted(tmp_path.iterdir())] == ["cached.so", "installed.so"]


def test_what_is_no_library_of_linux_stays_as_it_is() -> None:
    assert stripped(b"\xcf\xfa\xed\xfe of macOS") == b"\xcf\xfa\xed\xfe of macOS"
