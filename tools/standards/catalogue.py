"""What standards ask: the catalogues, one file a standard."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

CATALOGUES = Path(__file__).parent / "catalogues"

State = Literal["met", "not applicable", "not met"]
STATES: tuple[State, ...] = ("met", "not applicable", "not met")

_REASONS: dict[str, State] = {"not_applicable": "not applicable", "not_met": "not met"}
_MEMBERS = frozenset({"id", "level", "words", "note", *_REASONS})


@dataclass(frozen=True, slots=True)
class Requirement:
    """One thing that a standard asks.

    Args:
        standard: the short name of the standard, such as `ASVS`.
        number: its place there, such as `6.2.1`.
        level: how much it is asked for, in the standard's own terms: `1`, `MUST`.
        words: what is asked, in words of ours.
        state: what Doorward does of it.
        reason: why it is not applicable or not met; for one that is met, what to know besides, or nothing.
    """

    standard: str
    number: str
    level: str
    words: str
    state: State
    reason: str = ""

    @property
    def name(self) -> str:
        """The name by which tests say that they show the requirement, such as `ASVS 6.2.1`."""
        return f"{self.standard} {self.number}"


@dataclass(frozen=True, slots=True)
class Section:
    """Requirements that stand together."""

    title: str
    requirements: tuple[Requirement, ...]


@dataclass(frozen=True, slots=True)
class Standard:
    """One standard.

    Args:
        name: the short name, such as `ASVS`.
        page: the name of its page in docs/standards, without the ending.
        title: what people call it.
        source: where its text is.
        scope: which part of it is here, and how its parts are numbered.
        sections: the requirements.
    """

    name: str
    page: str
    title: str
    source: str
    scope: str
    sections: tuple[Section, ...]

    def requirements(self) -> Iterator[Requirement]:
        """Yield all requirements, in their order."""
        for section in self.sections:
            yield from section.requirements

    def count(self, state: State) -> int:
        """Return how many requirements are in a state."""
        return sum(requirement.state == state for requirement in self.requirements())


def read_catalogues(folder: Path = CATALOGUES) -> tuple[Standard, ...]:
    """Return the standards, in the order of their files' names.

    Raises:
        ValueError: a requirement lacks something, or says what nobody reads.
    """
    return tuple(_standard(file) for file in sorted(folder.glob("*.toml")))


def _standard(file: Path) -> Standard:
    found = tomllib.loads(file.read_text("utf-8"))
    name = found["name"]
    sections = tuple(
        Section(section["title"], tuple(_requirement(name, one) for one in section["requirement"]))
        for section in found["section"]
    )
    return Standard(name, file.stem, found["title"], found["source"], _one_line(found["scope"]), sections)


def _requirement(standard: str, found: dict[str, Any]) -> Requirement:
    reasons = [member for member in _REASONS if member in found]
    if not found.keys() <= _MEMBERS or len(reasons) > 1 or (reasons and "note" in found):
        raise ValueError(f"{standard} {found.get('id')}: {sorted(found)}")
    state: State = _REASONS[reasons[0]] if reasons else "met"
    reason = found[reasons[0]] if reasons else found.get("note", "")
    level, words = str(found["level"]), _one_line(found["words"])
    return Requirement(standard, found["id"], level, words, state, _one_line(reason))


def _one_line(text: str) -> str:
    return " ".join(text.split())
