"""The report of assurance says what the proofs found, and can say that they found something."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tools.assurance import __main__ as assurance
from tools.assurance.pieces import PIECES, Piece
from tools.assurance.report import DRILLS, REPORT, RESULTS, render

ROOT = Path(__file__).resolve().parents[2]
TELLS = "import os; open(os.environ['DOORWARD_TALLY'], 'a').write('faults injected\\t3\\nfaults injected\\t4\\n')"


def _read(name: object) -> dict[str, dict[str, object]]:
    file = ROOT / str(name)
    return dict(json.loads(file.read_text())) if file.exists() else {}


def test_the_page_is_what_the_results_say() -> None:
    assert (ROOT / REPORT).read_text() == render(_read(RESULTS), _read(DRILLS))


def test_every_command_is_a_target_of_the_makefile() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    for piece in PIECES:
        assert piece.command.split()[1] in targets, piece.command


def test_a_piece_tells_what_its_command_counted() -> None:
    result = assurance.run(Piece("faults", "x", f'python3 -c "{TELLS}"'))
    assert (result.passed, result.figures) == (True, {"faults injected": 7})


def test_a_command_that_fails_is_told_on_the_page() -> None:
    result = assurance.run(Piece("faults", "x", "python3 -c 'raise SystemExit(3)'"))
    assert not result.passed
    kept = {"faults": {"passed": False, "figures": {}, "day": "d", "commit": "c", "seconds": 1}}
    assert "**something**" in render(kept, {})


def test_a_drill_that_failed_says_at_what() -> None:
    drill = {
        "passed": False,
        "checks": {"an old cookie works": False},
        "at": "t",
        "commit": "c",
        "requests": 5,
        "refused": 2,
        "base": "b",
    }
    assert "| upgrade from b | 5 | 2 | **failed**: an old cookie works | t, c |" in render({}, {"upgrade": drill})


def test_a_proof_that_nobody_knows_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        assurance.main(["no-such-proof"])
    assert "no proof is called no-such-proof" in capsys.readouterr().err
