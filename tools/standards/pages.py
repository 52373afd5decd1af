"""The pages in docs/standards."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from tools.standards.catalogue import STATES, Requirement, Standard

_MADE = "Made by `make standards` from tools/standards/catalogues and the marks on tests; a test compares."

_HOW_TO_READ = """\
- **Met** means that at least one test shows it. The test carries the mark `standard` with the requirement's number.
  Tests below `e2e/` run on a local cloud (`make e2e`), all others in `make test`. A mark on a test that never runs is
  an error.
- **Not applicable** means that Doorward has nothing that the requirement is about. A test that shows it is an error.
- **Not met** is meant as it stands: also where most of it is met, or where a setting meets it that is not the default.
- What is asked is in words of ours, and shorter than the standard. Decide by its own text, which each page links.
- Doorward is a part of your application. What your application does with it, a standard asks of you.
""".splitlines()


def pages(standards: Iterable[Standard], shown: Mapping[str, tuple[str, ...]]) -> dict[str, str]:
    """Return the text of each page by its file's name.

    Args:
        standards: the catalogues.
        shown: the tests that show each requirement, by its name.
    """
    standards = tuple(standards)
    return {"README.md": _index(standards), **{f"{each.page}.md": _page(each, shown) for each in standards}}


def summary(standard: Standard) -> str:
    """Return one line: how many requirements are met, not applicable and not met."""
    return ", ".join(f"{state} {standard.count(state)}" for state in STATES)


def _index(standards: tuple[Standard, ...]) -> str:
    rows = [
        f"| [{each.title}]({each.page}.md) | {' | '.join(str(each.count(state)) for state in STATES)} |"
        for each in standards
    ]
    return "\n".join(
        [
            "# Standards",
            "",
            _MADE,
            "",
            f"| standard | {' | '.join(STATES)} |",
            f"| --- |{' ---: |' * len(STATES)}",
            *rows,
            "",
            *_HOW_TO_READ,
            "",
        ]
    )


def _page(standard: Standard, shown: Mapping[str, tuple[str, ...]]) -> str:
    lines = [
        f"# {standard.title}",
        "",
        _MADE,
        "",
        f"**{summary(standard)}.** {standard.scope} The text itself: <{standard.source}>.",
    ]
    for section in standard.sections:
        lines += ["", f"## {section.title}", "", "| | asked | in our words | state | shown by, or why |"]
        lines += ["| --- | --- | --- | --- | --- |"]
        lines += [_row(each, shown.get(each.name, ())) for each in section.requirements]
    return "\n".join([*lines, ""])


def _row(requirement: Requirement, tests: tuple[str, ...]) -> str:
    state = requirement.state if requirement.state == "met" else f"**{requirement.state}**"
    told = [*([requirement.reason] if requirement.reason else []), *(f"`{test}`" for test in tests)]
    cells = (requirement.number, requirement.level, requirement.words, state, "<br>".join(told))
    return f"| {' | '.join(cells)} |"
