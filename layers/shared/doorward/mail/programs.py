"""What kind of program somebody used, in words of our own: what it says of itself may be a text from a thief."""

from __future__ import annotations

import re

# The first that fits counts: most browsers also claim to be the ones that stand further down.
_PROGRAMS = (
    ("Edg(e|A|iOS)?/", "Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser/", "Samsung Internet"),
    ("Firefox/|FxiOS/", "Firefox"),
    ("Chrome/|CriOS/", "Chrome"),
    ("Safari/", "Safari"),
    ("curl/", "curl"),
    ("python|aiohttp|httpx", "Python"),
)
_SYSTEMS = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("Mac OS X|Macintosh", "macOS"),
    ("CrOS", "ChromeOS"),
    ("Linux", "Linux"),
)


def program_name(user_agent: str | None) -> str | None:
    """Return a name such as `Firefox, Windows`; None if the program is of no known kind."""
    found = [_first(names, user_agent or "") for names in (_PROGRAMS, _SYSTEMS)]
    return ", ".join(name for name in found if name) or None


def _first(names: tuple[tuple[str, str], ...], text: str) -> str | None:
    return next((name for pattern, name in names if re.search(pattern, text, re.IGNORECASE)), None)
