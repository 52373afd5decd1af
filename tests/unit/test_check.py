"""What `make check` finds in what is shipped, and what it does not."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Sequence
from importlib.metadata import Distribution, PathDistribution
from pathlib import Path

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from tests.support.template import ROOT
from tools.check import __main__ as command
from tools.check import bills, holes, licences, packages, searched
from tools.check.leaked import Known, KnownSecrets, known_secrets, secrets_of

# Planted in parts, so that `make check` does not find them here.
AWS_KEY = "AKIA" + "Q3EGRV6TNM4CZX7P"
PRIVATE_KEY = f"-----BEGIN {'PRIVATE'} KEY-----\nMC4CAQAwBQYDK2VwBCIEIA\n-----END {'PRIVATE'} KEY-----\n"
HASH = "0" * 64
NOTHING_KNOWN = KnownSecrets((), ())


def _distribution(folder: Path, name: str, *lines: str) -> Distribution:
    place = folder / f"{name}-1.0.dist-info"
    place.mkdir()
    (place / "METADATA").write_text("\n".join(["Metadata-Version: 2.4", f"Name: {name}", "Version: 1.0", *lines, ""]))
    return PathDistribution(place)


def _pin(name: str, version: str = "1.0") -> packages.Pin:
    return packages.Pin(name, version, (HASH,))


@pytest.mark.parametrize(
    "line",
    [
        "License-Expression: GPL-3.0-only",
        "License-Expression: MIT AND AGPL-3.0-or-later",
        "License-Expression: MIT WITH Classpath-exception-2.0",
        "License-Expression: Apache-2.0 OR",
        "License: whatever you like",
        "License: GPLv3\nClassifier: License :: OSI Approved :: MIT License",
        "Classifier: License :: OSI Approved :: GNU General Public License v3 (GPLv3)",
        "Summary: no licence at all",
    ],
)
def test_a_licence_that_is_not_accepted_is_found(tmp_path: Path, line: str) -> None:
    found = licences.judge([_pin("planted")], {"planted": _distribution(tmp_path, "planted", line)})
    assert len(found) == 1
    assert found[0].startswith("planted 1.0: ")


@pytest.mark.parametrize(
    "line",
    [
        "License-Expression: Apache-2.0 OR GPL-3.0-only",
        "License-Expression: (MIT AND ISC) OR GPL-2.0-only",
        "License: MIT",
        "Classifier: License :: OSI Approved :: BSD License",
    ],
)
def test_a_licence_that_is_accepted_or_may_be_chosen_is_not_found(tmp_path: Path, line: str) -> None:
    assert licences.judge([_pin("planted")], {"planted": _distribution(tmp_path, "planted", line)}) == []


def test_a_package_of_which_another_version_is_installed_has_no_known_licence(tmp_path: Path) -> None:
    installed = {"planted": _distribution(tmp_path, "planted", "License: MIT")}
    assert licences.judge([_pin("planted", "2.0")], installed) == [
        "planted 2.0: not installed here, so its licence is not known"
    ]
    assert len(licences.judge([_pin("absent")], installed)) == 1


def test_a_package_without_a_hash_or_without_one_version_is_found() -> None:
    good = f"# a list\ngood==1.0 \\\n    --hash=sha256:{HASH}\n    # via x\n"
    text = f"{good}bare==2.0 ; python_version < '3.13'\nloose>=1\n-e ./here\n"
    pins, found = packages.pins_of(text, "list.txt")
    assert found == [
        "list.txt: bare==2.0 has no hash",
        "list.txt: loose>=1 is not pinned to one version",
        "list.txt: -e is not pinned to one version",
    ]
    assert pins == [_pin("good"), packages.Pin("bare", "2.0", ())]


def test_the_layers_and_the_library_ship_pinned_packages_of_accepted_licences() -> None:
    installed = packages.installed_in()
    shipped, found = packages.layers()
    library, wrong = packages.library(installed)
    assert [*found, *wrong] == []
    assert {one.name for one in shipped} == {
        f"layer-{file.parent.name}" for file in (ROOT / "layers").glob("*/Makefile")
    }
    assert {pin.name for pin in library.pins} >= {"pyjwt", "cryptography", "cffi", "pycparser"}
    assert licences.judge([pin for one in [*shipped, library] for pin in one.pins], installed) == []


def test_a_bill_says_name_version_hashes_and_licence_of_each_package(tmp_path: Path) -> None:
    installed = packages.installed_in()
    library, _ = packages.library(installed)
    told = bills.write(library, installed, tmp_path / "sbom").read_text()
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(told) is None
    parts = {part["name"]: part for part in json.loads(told)["components"]}
    assert set(parts) == {pin.name for pin in library.pins}
    for pin in library.pins:
        assert parts[pin.name]["version"] == pin.version
        assert {one["content"] for one in parts[pin.name]["hashes"]} == set(pin.hashes)
        assert parts[pin.name]["licenses"]
    needed = {one["ref"]: one.get("dependsOn", []) for one in json.loads(told)["dependencies"]}
    assert parts["cffi"]["bom-ref"] in needed[parts["cryptography"]["bom-ref"]]


@pytest.mark.parametrize(
    ("text", "kind"),
    [(f"key = {AWS_KEY!r}\n", "AWS Access Key"), (PRIVATE_KEY, "Private Key")],
    ids=["an access key", "a private key"],
)
@pytest.mark.parametrize("path", ["functions/app.py", "tests/unit/x.py", "docs/feed/vectors.json"])
def test_a_secret_is_found_wherever_it_is_and_is_not_told(tmp_path: Path, path: str, text: str, kind: str) -> None:
    file = tmp_path / path
    file.parent.mkdir(parents=True)
    file.write_text(f"first line\n{text}")
    assert searched.search_tree(tmp_path, [path], known_secrets()) == [f"{path}:2: {kind}"]


def test_what_looks_drawn_by_chance_is_found_in_code_alone() -> None:
    line = 'salt = "' + "q8Zr2LxT0vNc7YwKd5" + 'Bj1HsMf4Gp9Ea6"'
    assert list(secrets_of(line, "layers/shared/x.py", known_secrets())) == ["Base64 High Entropy String"]
    assert list(secrets_of(line, "tests/unit/x.py", known_secrets())) == []


def _commit(folder: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        (folder / name).write_text(text)
    options = ["-c", "user.name=x", "-c", "user.email=x@y.example", "-c", "commit.gpgsign=false"]
    for words in (["init", "--quiet"], ["add", "."], ["commit", "--quiet", "--message", "x"]):
        subprocess.run(["git", "-C", str(folder), *options, *words], check=True, capture_output=True)


def test_a_secret_that_was_removed_is_found_in_the_history(tmp_path: Path) -> None:
    _commit(tmp_path, {"a key": PRIVATE_KEY})
    _commit(tmp_path, {"a key": "nothing\n"})
    assert searched.search_tree(tmp_path, searched.tracked(tmp_path), NOTHING_KNOWN) == []
    found, versions = searched.search_history(tmp_path, NOTHING_KNOWN)
    assert versions == 2
    assert len(found) == 1
    assert found[0].startswith("history, a key in ")
    assert found[0].endswith(": Private Key")


def test_a_value_that_is_known_in_one_file_is_found_in_another(tmp_path: Path) -> None:
    _commit(tmp_path, {"a": f"{AWS_KEY}\n", "b": f"{AWS_KEY}\nand more\n", "c": f"and\n{AWS_KEY}\n"})
    known = KnownSecrets((Known("made up", paths=("[ac]",)),), ())
    found, versions = searched.search_history(tmp_path, known)
    assert (len(found), versions) == (1, 3)
    assert found[0].startswith("history, b in ")


def test_files_that_need_no_secret_have_none() -> None:
    paths = ["Makefile", "samconfig.toml", "tools/check/leaked.py", "local/dynamodb.py", "tests/unit/test_check.py"]
    assert searched.search_tree(ROOT, paths, known_secrets()) == []
    assert searched.search_tree(ROOT, ["local/dynamodb.py"], NOTHING_KNOWN) != []


@pytest.mark.parametrize("entry", ['reason = ""\npaths = ["x"]', 'reason = "all is well"\nkind = "Private Key"'])
def test_the_list_of_known_secrets_takes_no_entry_without_a_reason_or_for_everything(
    tmp_path: Path, entry: str
) -> None:
    file = tmp_path / "known.toml"
    file.write_text(f"[[known]]\n{entry}\n[[drawn]]\npaths = []\nreason = 'x'\n")
    with pytest.raises(ValueError, match="an entry needs a reason"):
        known_secrets(file)


HOLE = {"name": "a", "version": "1", "vulns": [{"id": "CVE-1", "fix_versions": ["2"]}]}
TOLD = "a 1: CVE-1, mended in 2"
SOUND = {"name": "b", "version": "1", "vulns": []}
SKIPPED = {"name": "c", "skip_reason": "not there"}


@pytest.mark.parametrize(
    ("answers", "findings", "unknown"),
    [
        ({"pypi": [HOLE, SOUND]}, [TOLD], []),
        ({"pypi": [SOUND, SKIPPED], "osv": [HOLE, SOUND]}, [TOLD], []),
        ({"pypi": [HOLE, SKIPPED]}, [TOLD], ["c"]),
        ({"pypi": [SOUND, SKIPPED]}, [], ["c"]),
        ({"pypi": [SKIPPED]}, [], ["1 packages, no source of pip-audit knows them"]),
        ({"osv": [SOUND]}, [], []),
        ({}, [], ["1 requirements files, no source of pip-audit answered"]),
    ],
)
def test_a_vulnerability_is_found_and_what_could_not_be_asked_is_told(
    answers: dict[str, list[object]], findings: list[str], unknown: list[str]
) -> None:
    def ask(source: str, files: Sequence[Path]) -> str:
        return json.dumps({"dependencies": answers[source]}) if source in answers else "not reached"

    assert holes.known([Path("x")], ask) == (findings, unknown)


@pytest.mark.parametrize("piece", ["shipped", "vulnerable", "secret", None])
def test_any_finding_fails_the_command_and_is_told_in_one_line(
    piece: str | None, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("shipped", "vulnerable", "secret"):
        found = [f"{name} is bad"] if name == piece else []
        monkeypatch.setattr(command, name, lambda found=found, **options: found)
    assert command.main([]) == (1 if piece else 0)
    told = capsys.readouterr().out.splitlines()
    assert told == ([f"found: {piece} is bad", "check: 1 found"] if piece else ["check: 0 found"])


def test_what_cannot_be_asked_is_a_finding_when_strict_and_a_line_otherwise(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(holes, "pip_audit", lambda source, files: "")
    assert len(command.vulnerable(strict=True)) == 1
    assert capsys.readouterr().out == ""
    assert command.vulnerable(strict=False) == []
    assert "known vulnerabilities not checked: " in capsys.readouterr().out
