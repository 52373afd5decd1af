"""The tutorial does what it says: its blocks run in their order, in one shell."""

from __future__ import annotations

import itertools
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.support.cloud import ROOT, Cloud

BLOCK = re.compile(r"^```(\w+)\n(.*?)^```", re.MULTILINE | re.DOTALL)
BLOCKS: list[tuple[str, str]] = BLOCK.findall((ROOT / "docs" / "tutorial.md").read_text())
# Run by the fixture `cloud`.
ELSEWHERE = "make run\n"
MARK = "---- block {} ----"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder that looks like the repository; what `pip install` leaves behind stays in it."""
    found = tmp_path_factory.mktemp("tutorial") / "doorward"
    found.mkdir()
    (found / ".local").symlink_to(ROOT / ".local")
    for name in ("pyproject.toml", "README.md"):
        shutil.copy(ROOT / name, found)
    ignored = shutil.ignore_patterns("__pycache__", "*.egg-info")
    shutil.copytree(ROOT / "layers" / "shared", found / "layers" / "shared", ignore=ignored)
    return found


def _script(cloud: Cloud) -> str:
    """Return one script of all blocks: shell as it stands, files as they are saved."""
    lines = []
    for number, (language, block) in enumerate(BLOCKS):
        text = block.replace("http://localhost:8080", cloud.url).replace("http://localhost:4566", cloud.endpoint)
        text = text.replace('"$DOORWARD/.local/aws.env"', f'"{cloud.state}/aws.env"')
        lines.append(f"echo '{MARK.format(number)}'")
        if language == "sh" and block != ELSEWHERE:
            lines.append(text)
        elif language in {"python", "yaml"}:
            name = re.match(r"# (\S+)\n", block)
            assert name, f"a file without its name in the first line: {block}"
            lines.append(f"cat > {name[1]} <<'END-OF-FILE'\n{text}END-OF-FILE")
    return "\n".join(lines)


def _shown(output: str, number: int) -> str:
    begin, end = (output.index(MARK.format(at)) for at in (number, number + 1))
    return output[begin:end].partition("\n")[2]


def test_every_block_is_a_command_a_file_or_an_answer() -> None:
    assert {language for language, _ in BLOCKS} == {"sh", "python", "yaml", "text"}
    for (before, _), (language, _) in itertools.pairwise(BLOCKS):
        assert language != "text" or before == "sh", "an answer follows the command that gave it"


def test_the_tutorial_runs_to_its_end_and_shows_what_it_says(cloud: Cloud, folder: Path) -> None:
    command = ["bash", "-euo", "pipefail", "-c", _script(cloud)]
    done = subprocess.run(
        command, cwd=folder, env=cloud.variables(), capture_output=True, text=True, check=False, timeout=300
    )
    assert done.returncode == 0, done.stdout + done.stderr
    for number, (language, block) in enumerate(BLOCKS):
        if language == "text":
            assert _shown(done.stdout, number - 1) == block
