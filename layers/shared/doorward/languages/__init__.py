"""What people read, in their language: one catalogue of messages a language, and which language it is."""

from __future__ import annotations

import ast
import gettext
import re
from functools import cache
from pathlib import Path

DEFAULT = "en"
LANGUAGES = (DEFAULT, "de", "fr", "es")
"""The messages stand in English in the code, so the English catalogue only lists them."""

_MAX_HEADER = 500
_RANGE = re.compile(r"([A-Za-z]{1,8}(?:-[A-Za-z0-9]{1,8}){0,8})(?:\s*;\s*q=([01](?:\.[0-9]{0,3})?))?", re.ASCII)


def best_language(*locales: str | None) -> str:
    """Return the first language that there is a catalogue for, or English.

    Args:
        locales: language tags such as `de-CH` (RFC 5646), the one that counts most first; None where nobody said any.
    """
    spoken = (locale.partition("-")[0].lower() for locale in locales if locale)
    return next((language for language in spoken if language in LANGUAGES), DEFAULT)


def accepted_language(header: str) -> str:
    """Return the language that a browser's header Accept-Language prefers of those that there are, or English.

    Whoever sends a request chooses this text; only its first ranges count, and those that are none are left out.
    Source: RFC 9110 section 12.5.4.
    """
    ranges: list[tuple[float, str]] = []
    for text in header[:_MAX_HEADER].split(","):
        match = _RANGE.fullmatch(text.strip())
        weight = float(match[2] or 1) if match else 0.0
        if match and weight:
            ranges.append((weight, match[1]))
    return best_language(*(tag for _, tag in sorted(ranges, key=lambda one: -one[0])))


@cache
def translations(language: str) -> gettext.NullTranslations:
    """Return the messages of a language; a message that is not translated stays English."""
    return Messages(read_catalogue((Path(__file__).parent / f"{language}.po").read_text("utf-8")))


class Messages(gettext.NullTranslations):
    """Translates messages of a catalogue that is in memory."""

    def __init__(self, catalogue: dict[str, str]) -> None:
        """Take each message with its translation; an empty one means that there is none."""
        super().__init__()
        self._catalogue = catalogue

    def gettext(self, message: str) -> str:
        """Return the translation of a message."""
        return self._catalogue.get(message) or message


def read_catalogue(text: str) -> dict[str, str]:
    """Return the messages of a file in gettext's form PO, without its header.

    A message is a `msgid` and a `msgstr`, each with quoted lines. There are no plurals and no contexts, for no message
    needs them; so the files need not be compiled.

    Raises:
        ValueError: a line is of no known form.

    Source: GNU gettext, "The Format of PO Files".
    """
    found: dict[str, str] = {}
    parts: dict[str, str] = {}
    keyword = ""
    for line in [*text.splitlines(), ""]:
        if line.startswith("#"):
            continue
        if not line:
            if parts.get("msgid"):
                found[parts["msgid"]] = parts["msgstr"]
            parts, keyword = {}, ""
            continue
        word, _, quoted = line.rpartition(" ") if line.startswith('"') else line.partition(" ")
        if not line.startswith('"'):
            keyword = word
        literal = line if line.startswith('"') else quoted
        if keyword not in {"msgid", "msgstr"} or literal[:1] != '"' or literal[-1:] != '"':
            raise ValueError(f"no line of a catalogue: {line}")
        parts[keyword] = parts.get(keyword, "") + ast.literal_eval(literal)
    return found
