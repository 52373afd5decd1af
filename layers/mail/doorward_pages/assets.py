"""The files that pages load: named by what is in them, so that browsers keep them for good."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cache
from http import HTTPStatus
from pathlib import Path

from doorward.api.answers import respond
from doorward.api.routing import Response

_FOLDER = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Asset:
    """A file of this package that pages load."""

    file: str
    media_type: str

    @property
    def stem(self) -> str:
        """What its names begin with, in every version."""
        return f"{Path(self.file).stem}-"

    @property
    def suffix(self) -> str:
        """What its names end with."""
        return Path(self.file).suffix


_STYLE = Asset("style.css", "text/css; charset=utf-8")
_SCRIPT = Asset("passkeys.js", "text/javascript; charset=utf-8")


@cache
def text_of(asset: Asset) -> str:
    """Return what is in a file."""
    return (_FOLDER / asset.file).read_text("utf-8")


@cache
def name_of(asset: Asset) -> str:
    """Return the name of a file below `/assets`: another text has another name."""
    return f"{asset.stem}{hashlib.sha256(text_of(asset).encode('utf-8')).hexdigest()[:16]}{asset.suffix}"


def style() -> str:
    """Return the style sheet of all pages."""
    return text_of(_STYLE)


def style_name() -> str:
    """Return the name of the style sheet below `/assets`."""
    return name_of(_STYLE)


def script_name() -> str:
    """Return the name of the script of passkeys below `/assets`."""
    return name_of(_SCRIPT)


def answer_asset(name: str) -> Response | None:
    """Return a file by its name, or None if there is none.

    A page that an earlier version made asks for the file of then. It gets the one of now, for a short time.
    """
    for asset in (_STYLE, _SCRIPT):
        if name.startswith(asset.stem) and name.endswith(asset.suffix):
            keep = "public, max-age=31536000, immutable" if name == name_of(asset) else "public, max-age=60"
            return respond(HTTPStatus.OK, text_of(asset), asset.media_type, {"Cache-Control": keep})
    return None


def answer_brand(text: str) -> Response:
    """Return the style sheet of a tenant's colours: browsers keep it for a minute, and see a change soon."""
    return respond(HTTPStatus.OK, text, "text/css; charset=utf-8", {"Cache-Control": "public, max-age=60"})
