"""Flat bodies, declared once and checked with the standard library.

The functions that people wait for read and write bodies of a few texts. Importing pydantic for these would be half of
their cold start (docs/decisions/0019). Tests compare what is accepted, and what is said of the rest, with pydantic.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Self

from doorward.errors import InvalidRequest

RULES = "rules"
"""Under this name the metadata of a dataclass's field has the rules of the member."""

_LONGEST = 256


@dataclass(frozen=True, slots=True)
class Rules:
    """What a member's text must be.

    Args:
        most: its most characters, of which it has one at least; None if `check` alone decides.
        is_object: whether it is no text, but an object that only a library understands.
        check: raises an error for a text that is not acceptable: ValueError, or one of Doorward's.
        description: what the API's description says of it.
    """

    most: int | None = _LONGEST
    check: Callable[[str], object] | None = None
    description: str = ""
    is_object: bool = False


def needed(most: int = _LONGEST) -> Any:  # noqa: ANN401 - as dataclasses.field
    """Return a member that a body must have."""
    return dataclasses.field(metadata={RULES: Rules(most)})


def needed_object(description: str) -> Any:  # noqa: ANN401 - as dataclasses.field
    """Return a member that a body must have, and that is an object which only a library understands."""
    return dataclasses.field(metadata={RULES: Rules(None, None, description, is_object=True)})


def optional_object(description: str) -> Any:  # noqa: ANN401 - as dataclasses.field
    """Return such a member that may be absent or null."""
    return dataclasses.field(default=None, metadata={RULES: Rules(None, None, description, is_object=True)})


def optional(description: str = "", check: Callable[[str], object] | None = None, most: int | None = _LONGEST) -> Any:  # noqa: ANN401 - as dataclasses.field
    """Return a member that may be absent or null."""
    return dataclasses.field(default=None, metadata={RULES: Rules(most, check, description)})


@dataclass(frozen=True, slots=True, kw_only=True)
class FlatRequest:
    """A body of texts and of objects for a library: no other types, no unknown members."""

    def require_sense(self) -> None:
        """Make sure that the members make sense together.

        Raises:
            ValueError: they do not.
        """

    @classmethod
    def require_kind(cls, members: Mapping[str, object]) -> None:
        """Make sure, before anything else, that the members are for this body."""

    @classmethod
    def names(cls) -> frozenset[str]:
        """Return the names of the members."""
        return frozenset(_rules(cls))  # type: ignore[arg-type] # a class can be hashed

    @classmethod
    def of_json(cls, body: bytes) -> Self:
        """Return the body of a JSON text.

        Raises:
            InvalidRequest: the text is no JSON, or the members are not acceptable.
        """
        try:
            members = json.loads(body.decode("utf-8"))
            if b"\\ud" in body.lower():
                json.dumps(members, ensure_ascii=False).encode("utf-8")  # half of a character is none
        except (ValueError, RecursionError) as error:
            raise unacceptable("", "it is no valid JSON") from error
        return cls.of_members(members)

    @classmethod
    def of_members(cls, members: object) -> Self:
        """Return the body of some members.

        Raises:
            InvalidRequest: they are not acceptable. The text names the first that is not, but never its value.
        """
        if not isinstance(members, dict):
            raise unacceptable("", "Input should be an object")
        cls.require_kind(members)
        rules = _rules(cls)  # type: ignore[arg-type] # a class can be hashed
        problems = [(name, problem) for name, rule in rules.items() if (problem := _problem(rule, members, name))]
        problems += [(str(name), "Extra inputs are not permitted") for name in members if name not in rules]
        if problems:
            raise unacceptable(*problems[0])
        try:
            found = cls(**members)
            found.require_sense()
        except ValueError as error:
            raise unacceptable("", str(error)) from error
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class FlatResponse:
    """A body whose members are plain values, lists of texts or of such bodies, or objects of plain values.

    Members that are None are left out.
    """

    def to_json(self) -> str:
        """Return the body as JSON."""
        return json.dumps(self.members(), ensure_ascii=False, separators=(",", ":"), default=FlatResponse.members)

    def members(self) -> dict[str, object]:
        """Return the members that the body has."""
        names = (field.name for field in dataclasses.fields(self))
        return {name: value for name in names if (value := getattr(self, name)) is not None}


def unacceptable(place: str, message: str) -> InvalidRequest:
    """Return the error that says what is wrong with a body: the member, and a sentence without its full stop."""
    return InvalidRequest(f"The body is not acceptable: {place[:100] + ': ' if place else ''}{message}.")


@cache
def _rules(body: Any) -> Mapping[str, tuple[Rules, bool]]:  # noqa: ANN401 - a class
    fields = dataclasses.fields(body)
    return {field.name: (field.metadata[RULES], field.default is dataclasses.MISSING) for field in fields}


def _problem(rule: tuple[Rules, bool], members: Mapping[str, object], name: str) -> str | None:
    rules, is_needed = rule
    value = members.get(name)
    if value is None and not is_needed:
        return None
    return _problem_of(value, rules) if name in members else "Field required"


def _problem_of(value: object, rules: Rules) -> str | None:
    if rules.is_object:
        return None if isinstance(value, dict) else "Input should be a valid dictionary"
    if not isinstance(value, str):
        return "Input should be a valid string"
    if rules.most is not None and not 1 <= len(value) <= rules.most:
        return f"String should have at {f'most {rules.most} characters' if value else 'least 1 character'}"
    try:
        if rules.check is not None:
            rules.check(value)
    except ValueError as error:
        return str(error)
    return None
