"""The list of broken defences is about the code that is there."""

from __future__ import annotations

from pathlib import Path

import pytest

from tools.mutants.defences import MUTANTS, Mutant

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_each_mutant_breaks_one_place_and_names_tests_that_are_there(mutant: Mutant) -> None:
    assert (ROOT / mutant.file).read_text().count(mutant.before) == 1
    assert mutant.before != mutant.after
    assert all((ROOT / name.partition("::")[0]).exists() for name in mutant.tests.split())


def test_there_are_thirty_defences_at_least_and_no_name_twice() -> None:
    assert len({mutant.name for mutant in MUTANTS}) == len(MUTANTS) >= 30
