"""The pages in docs/standards claim no more than tests show, and whoever makes them claim more is told."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.tally import count
from tools.standards.catalogue import STATES, read_catalogues
from tools.standards.judge import faults, shown_by
from tools.standards.marks import read_marks
from tools.standards.pages import pages
from tools.standards.report import found_faults, summaries

MET = 'id = "1.1"\nlevel = 1\nwords = "Doors have locks."'
OTHER = 'id = "1.2"\nlevel = 2\nwords = "Windows have bars."'
SHOWN = '@pytest.mark.standard("HOUSE 1.1")\ndef test_doors() -> None: ...\n'

Judge = Callable[..., list[str]]


def test_the_pages_say_what_catalogues_and_tests_say() -> None:
    assert found_faults() == []
    for standard in read_catalogues():
        for state in STATES:
            count(f"requirements of standards {state}", standard.count(state))


def test_a_summary_counts_every_requirement() -> None:
    standards = read_catalogues()
    assert len(standards) == len(summaries()) == 6
    for standard, line in zip(standards, summaries(), strict=True):
        assert line.startswith(f"{standard.title}: met ")
        numbers = [int(part.rpartition(" ")[2]) for part in line.rpartition(": ")[2].split(", ")]
        assert sum(numbers) == len(list(standard.requirements()))
    (asvs,) = (standard for standard in standards if standard.name == "ASVS")
    assert len(list(asvs.requirements())) == 96  # of levels 1 and 2 in V6 to V10


def _catalogue(folder: Path, *requirements: str) -> Path:
    head = 'name = "HOUSE"\ntitle = "Houses"\nsource = "x"\nscope = "All."\n[[section]]\ntitle = "1"\n'
    rows = "".join(f"[[section.requirement]]\n{requirement}\n" for requirement in requirements)
    folder.mkdir(exist_ok=True)
    (folder / "house.toml").write_text(head + rows)
    return folder


@pytest.fixture
def judge(tmp_path: Path) -> Judge:
    def found(test: str, *requirements: str, file: str = "unit/test_house.py") -> list[str]:
        place = tmp_path / "tests" / file
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(f"import pytest\n\n{test}")
        return faults(
            read_catalogues(_catalogue(tmp_path / "catalogues", *requirements)), read_marks(tmp_path / "tests")
        )

    return found


def test_what_is_met_and_shown_is_right(judge: Judge) -> None:
    assert judge(SHOWN, MET) == []
    assert judge(f"class TestDoors:\n    {SHOWN.replace(chr(10), chr(10) + '    ')}", MET) == []
    assert judge(SHOWN, MET, f'{OTHER}\nnot_met = "They cost too much."') == []
    assert judge(f'@pytest.mark.skipif(at_night(), reason="dark")\n{SHOWN}', MET) == []


def test_what_nobody_shows_is_not_met(judge: Judge) -> None:
    assert judge(SHOWN, MET, OTHER) == ["HOUSE 1.2: said to be met, and no test shows it"]


@pytest.mark.parametrize("state", ["not_applicable", "not_met"])
def test_what_somebody_shows_is_neither_inapplicable_nor_unmet(judge: Judge, state: str) -> None:
    (fault,) = judge(SHOWN, f'{MET}\n{state} = "There are no doors."')
    assert "unit/test_house::test_doors shows that it is met" in fault


def test_a_mark_that_names_nothing_known_is_told(judge: Judge) -> None:
    assert judge(SHOWN.replace('"HOUSE 1.1"', '"HOUSE 1.1", "HOUSE 9"'), MET) == [
        "HOUSE 9: no standard has it, and unit/test_house::test_doors says so"
    ]


@pytest.mark.parametrize(
    "off",
    [
        "@pytest.mark.skip\n",
        '@pytest.mark.skip(reason="later")\n',
        "@pytest.mark.xfail\n",
        '@pytest.mark.xfail(at_night(), reason="dark")\n',
        '@pytest.mark.skipif(True, reason="always")\n',
        "pytestmark = pytest.mark.skip\n",
        "pytestmark = [pytest.mark.race, pytest.mark.skip]\n",
    ],
)
def test_a_test_that_never_runs_shows_nothing(judge: Judge, off: str) -> None:
    (fault,) = judge(off + SHOWN, MET)
    assert fault.startswith("unit/test_house::test_doors: shows nothing, for it has ")


def test_a_test_that_skips_itself_or_stands_in_a_class_that_is_skipped_shows_nothing(judge: Judge) -> None:
    skipping = SHOWN.replace("...", 'pytest.skip("later")')
    indented = SHOWN.replace("\n", "\n    ")
    for test in (skipping, f"@pytest.mark.skip\nclass TestDoors:\n    {indented}"):
        (fault,) = judge(test, MET)
        assert "shows nothing, for it has " in fault


@pytest.mark.parametrize(
    "test",
    [
        SHOWN.replace("test_doors", "doors"),
        f"class Doors:\n    {SHOWN.replace(chr(10), chr(10) + '    ')}",
        'pytestmark = pytest.mark.standard("HOUSE 1.1")\n',
        'ALL = [pytest.param(1, marks=pytest.mark.standard("HOUSE 1.1"))]\n',
        '@pytest.mark.standard("HOUSE 1.1")\nclass TestDoors:\n    def test_doors(self) -> None: ...\n',
    ],
)
def test_a_mark_where_nobody_reads_it_is_told(judge: Judge, test: str) -> None:
    found = judge(test, MET)
    assert "unit/test_house: a mark stands above a test that pytest finds, and nowhere else" in found


def test_a_mark_in_a_file_that_pytest_does_not_read_is_told(judge: Judge) -> None:
    assert judge(SHOWN, MET, file="support/house.py") == [
        "support/house: a mark stands above a test that pytest finds, and nowhere else"
    ]


@pytest.mark.parametrize("given", ["", "1.1", "NAME", '"HOUSE 1.1", NAME'])
def test_a_mark_names_requirements_as_texts(judge: Judge, given: str) -> None:
    found = judge(SHOWN.replace('"HOUSE 1.1"', given), MET)
    assert "unit/test_house::test_doors: a mark names requirements as texts, at least one" in found


def test_a_requirement_is_there_once_in_words_and_with_a_reason(judge: Judge) -> None:
    assert judge(SHOWN, MET, MET) == ["HOUSE 1.1: the catalogue has it 2 times"]
    assert judge(SHOWN, MET, f'{OTHER}\nnot_met = ""') == ["HOUSE 1.2: not met, and nobody says why"]
    assert judge(SHOWN, MET.replace("Doors have locks.", "")) == ["HOUSE 1.1: nobody says what is asked"]


@pytest.mark.parametrize("more", ['not_mett = "x"', 'not_met = "x"\nnot_applicable = "x"', 'not_met = "x"\nnote = "x"'])
def test_a_catalogue_says_one_thing_that_somebody_reads(judge: Judge, more: str) -> None:
    with pytest.raises(ValueError, match=r"HOUSE 1\.1"):
        judge("", f"{MET}\n{more}")


def test_a_page_names_tests_and_reasons(tmp_path: Path) -> None:
    standards = read_catalogues(_catalogue(tmp_path, f'{MET}\nnote = "Of steel."', f'{OTHER}\nnot_met = "Too dear."'))
    (tmp_path / "test_x.py").write_text(f"import pytest\n\n{SHOWN}")
    made = pages(standards, shown_by(read_marks(tmp_path)))
    assert "| 1.1 | 1 | Doors have locks. | met | Of steel.<br>`test_x::test_doors` |" in made["house.md"]
    assert "| 1.2 | 2 | Windows have bars. | **not met** | Too dear. |" in made["house.md"]
    assert "| [Houses](house.md) | 1 | 0 | 1 |" in made["README.md"]
