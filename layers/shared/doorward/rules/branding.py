"""What the pages of a tenant may look like: texts that stay texts, and colours that everybody can read."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import fields
from math import floor

from doorward.errors import InvalidRequest
from doorward.model import Branding
from doorward.rules.names import check_display_name

MAX_NAME = 80
MAX_SUPPORT = 200
LEAST_CONTRAST = 4.5
"""Of text, at any size (WCAG 2.2, success criterion 1.4.3)."""

GROUNDS: Mapping[str, tuple[str, str]] = {"accent": ("#ffffff", "#ffffff"), "accent_dark": ("#121212", "#121212")}
"""For each colour the background that links of the colour stand on, and the colour of text on buttons.

They are those of the pages' style sheet.
"""

_COLOUR = re.compile(r"#[0-9a-f]{6}")


def check_branding(values: Mapping[str, str | None]) -> Branding | None:
    """Return a branding fit to be stored; None if it says nothing.

    Args:
        values: member to text; None or an empty text for none.

    Raises:
        InvalidRequest, UnacceptableName: a text is too long or has characters that do not show, or a colour is none or
            is too hard to read.
    """
    given = {field.name: values.get(field.name) for field in fields(Branding)}
    checked = {name: _CHECKS[name](name, text) for name, text in given.items() if text}
    return Branding(**checked) if checked else None


def contrast(one: str, other: str) -> float:
    """Return the contrast of two colours, 1 to 21.

    Source: WCAG 2.2, "contrast ratio".
    """
    darker, lighter = sorted(map(_luminance, (one, other)))
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(colour: str) -> float:
    """Return the relative luminance of a colour, 0 to 1 (WCAG 2.2, "relative luminance")."""
    parts = (int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5))
    linear = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)  # noqa: PLR2004
    return sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def _colour(name: str, text: str) -> str:
    colour = text.strip().lower()
    if not _COLOUR.fullmatch(colour):
        raise InvalidRequest(f"{name} is a colour such as #0b57d0.")
    ratio = min(contrast(colour, ground) for ground in GROUNDS[name])
    if ratio < LEAST_CONTRAST:
        shown = floor(ratio * 100) / 100  # rounded up, it could look like enough
        ground = GROUNDS[name][0]
        raise InvalidRequest(f"{name} has a contrast of {shown:.2f}:1 to {ground}; it needs {LEAST_CONTRAST}:1.")
    return colour


def _line(name: str, text: str) -> str:
    line, most = check_display_name(text), MAX_NAME if name == "name" else MAX_SUPPORT
    if len(line) > most:
        raise InvalidRequest(f"{name} has at most {most} characters.")
    return line


_CHECKS = {"name": _line, "accent": _colour, "accent_dark": _colour, "support": _line}
