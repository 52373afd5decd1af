"""The files that pages load: named by what is in them, so that browsers keep them for good."""

from __future__ import annotations

import hashlib
from functools import cache
from http import HTTPStatus
from pathlib import Path

from doorward.api.answers import respond
from doorward.api.routing import Response

_STYLE = Path(__file__).parent / "style.css"


@cache
def style() -> str:
    """Return the style sheet of all pages."""
    return _STYLE.read_text("utf-8")


@cache
def style_name() -> str:
    """Return the name of the style sheet below `/assets`: another text has another name."""
    return f"style-{hashlib.sha256(style().encode('utf-8')).hexdigest()[:16]}.css"


def answer_asset(name: str) -> Response | None:
    """Return a file by its name, or None if there is none.

    A page that an earlier version made asks for the style of then. It gets the one of now, for a short time.
    """
    if not (name.startswith("style-") and name.endswith(".css")):
        return None
    keep = "public, max-age=31536000, immutable" if name == style_name() else "public, max-age=60"
    return respond(HTTPStatus.OK, style(), "text/css; charset=utf-8", {"Cache-Control": keep})


def answer_brand(text: str) -> Response:
    """Return the style sheet of a tenant's colours: browsers keep it for a minute, and see a change soon."""
    return respond(HTTPStatus.OK, text, "text/css; charset=utf-8", {"Cache-Control": "public, max-age=60"})
