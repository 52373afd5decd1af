"""The commands of the README and of docs/using.md do what these say."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.support.cloud import ROOT, Cloud

README, USING = (ROOT / "README.md").read_text(), (ROOT / "docs" / "using.md").read_text()
SHELL = re.findall(r"^```sh\n(.*?)^```", README + USING, re.MULTILINE | re.DOTALL)
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("examples/*.md")])
BASES = (ROOT, ROOT / "layers" / "shared" / "doorward", ROOT / "layers" / "shared", ROOT / "tests")
# Run by .ci/run, by the fixture `cloud`, or by a test that has to prepare something.
ELSEWHERE = {"make run\n", "make test\n"}


def _run(script: str, cloud: Cloud, cwd: Path = ROOT, **variables: str) -> str:
    text = script.replace("http://localhost:8080", cloud.url)
    environment = {**cloud.variables(), **variables}
    command = ["bash", "-euo", "pipefail", "-c", text]
    done = subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def _block(part: str) -> str:
    found: list[str] = [block for block in SHELL if part in block]
    assert len(found) == 1, part
    return found[0]


def _anchors(text: str) -> set[str]:
    """Return the anchors that GitHub makes of a page's headings."""
    headings = re.findall(r"^#+ (.+)$", re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)|^\[[^\]]+\]: (\S+)", page.read_text(), re.MULTILINE):
        path, _, anchor = "".join(target).partition("#")
        if path.startswith("https:"):
            continue
        found = (page.parent / path).resolve() if path else page
        assert found.exists(), target
        assert not anchor or anchor in _anchors(found.read_text()), target


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_path_that_is_named_is_there(page: Path) -> None:
    """Small letters and a slash make a path; it begins here, in the package, or in the tests."""
    prose = re.sub(r"^ *```.*?^ *```", "", page.read_text(), flags=re.MULTILINE | re.DOTALL)
    words = [word for span in re.findall(r"`([^`]+)`", prose) for word in span.split()]
    named = [word for word in words if re.fullmatch(r"[a-z0-9_.-]+/[a-z0-9_./-]*(?:\.[a-z]+|/)", word)]
    named += [f"{name}.py" for name in re.findall(r"(?:unit|contract|functions|e2e)/test_\w+\b(?!\.py)", prose)]
    for name in named:
        if name.startswith(".local/"):
            continue  # of a running local cloud
        assert any((base / name).exists() for base in BASES), name


def test_every_block_is_run_somewhere() -> None:
    tested = {
        _block(part)
        for part in (
            "localhost:8080/auth/login",
            "acme/auth/login",
            "sam deploy --guided",
            "X PATCH",
            "north south",
            "explain.py",
        )
    }
    assert set(SHELL) == tested | ELSEWHERE


def test_the_first_request_gets_the_answer_that_is_shown(cloud: Cloud) -> None:
    answer = json.loads(_run(_block("localhost:8080/auth/login"), cloud))
    (shown,) = re.findall(r"^```json\n(.*?)^```", README, re.MULTILINE | re.DOTALL)
    assert set(json.loads(shown)) == set(answer)


def test_the_example_of_use_runs_to_its_end(cloud: Cloud) -> None:
    output = _run(_block("acme/auth/login"), cloud)
    assert '"username":"acme-admin"' in output
    assert '"email":"bob@acme.example"' in output or "email_taken" in output
    assert '"refresh_token":"dwr1.acme.' in output


def _answers(output: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in output.splitlines()]


def test_the_example_of_tenants_ends_with_a_refusal(cloud: Cloud) -> None:
    north, _, south, _, kim, token, refused = _answers(_run(_block("north south"), cloud))
    assert (north["id"], south["id"], token["name"]) == ("north", "south", "nightly-report")
    assert {member["tenant_id"]: member["roles"] for member in kim["tenants"]} == {
        "north": ["user"],
        "south": ["auditor"],
    }
    assert refused["code"] == "not_found"


def test_initialisation_with_nothing_but_the_layers_requirements(cloud: Cloud, tmp_path: Path) -> None:
    commands = [line for line in _block("sam deploy --guided").splitlines() if not line.startswith("sam ")]
    script = "\n".join(commands).replace(".local/deploy", str(tmp_path / "venv"))
    output = _run(script.replace("--tenant acme", "--tenant umbrella"), cloud)
    found = re.search(r"user umbrella-admin made, password (\S+)  \(shown once", output)
    assert found, output
    token = cloud.token("umbrella-admin", found[1])
    change = _block("X PATCH").replace("the one shown", found[1])
    assert '"password_change_required":false' in _run(change, cloud, BASE_URL=cloud.url, access_token=token)


def test_the_operators_commands_run(cloud: Cloud) -> None:
    token = cloud.token("acme-admin")
    output = _run(_block("explain.py").replace(".local/deploy/bin/python", sys.executable), cloud, access_token=token)
    assert "signing key RS256" in output
    assert output.endswith("accepted: the authorizer would let it in now\n")


def test_the_authorizer_is_exported_as_the_readme_imports_it(cloud: Cloud) -> None:
    assert "!ImportValue doorward-AuthorizerArn" in README
    assert ":function:doorward-AuthorizerFunction" in cloud.outputs["AuthorizerArn"]
