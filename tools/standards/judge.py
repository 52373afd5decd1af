"""Whether what the catalogues claim is shown by tests."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping

from tools.standards.catalogue import Requirement, Standard
from tools.standards.marks import Marks


def shown_by(marks: Marks) -> Mapping[str, tuple[str, ...]]:
    """Return the tests that show each requirement, by its name."""
    found: dict[str, list[str]] = {}
    for marked in marks.marked:
        for name in marked.names:
            found.setdefault(name, []).append(marked.test)
    return {name: tuple(tests) for name, tests in found.items()}


def faults(standards: Iterable[Standard], marks: Marks) -> list[str]:
    """Return what claims more than there is, a line each.

    Args:
        standards: the catalogues.
        marks: what tests say that they show.
    """
    requirements = [requirement for standard in standards for requirement in standard.requirements()]
    known, shown = Counter(requirement.name for requirement in requirements), shown_by(marks)
    return [
        *marks.faults,
        *(f"{name}: the catalogue has it {times} times" for name, times in known.items() if times > 1),
        *(f"{name}: no standard has it, and {tests[0]} says so" for name, tests in shown.items() if name not in known),
        *(f"{marked.test}: shows nothing, for it has {marked.off}" for marked in marks.marked if marked.off),
        *(fault for requirement in requirements for fault in _of(requirement, shown.get(requirement.name, ()))),
    ]


def _of(requirement: Requirement, tests: tuple[str, ...]) -> Iterator[str]:
    if requirement.state == "met" and not tests:
        yield f"{requirement.name}: said to be met, and no test shows it"
    if requirement.state != "met" and tests:
        yield f"{requirement.name}: said to be {requirement.state}, and {tests[0]} shows that it is met"
    if requirement.state != "met" and not requirement.reason:
        yield f"{requirement.name}: {requirement.state}, and nobody says why"
    if not requirement.words:
        yield f"{requirement.name}: nobody says what is asked"
