"""What the deployed stack was made of, so that a deploy does no more than it must."""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path

from local.here import Place
from local.tools import ROOT, STATE

_STAMP = STATE / "deployed"
_COMMON = ("template.yaml", "samconfig.toml", "functions/Makefile", "layers", "requirements/local.txt", "local")


@dataclass(frozen=True, slots=True)
class Deployed:
    """What the last deploy made of what.

    Args:
        common: the digest of all that is no function's own code.
        functions: the digest of each function's own code, by its folder.
        api_id: of the stack's API.
        socket_api_id: of its WebSocket API.
        pushed: folders whose code CloudFormation does not know yet.
    """

    common: str
    functions: dict[str, str]
    api_id: str = ""
    socket_api_id: str = ""
    pushed: list[str] = field(default_factory=list)

    def write(self) -> None:
        """Remember this."""
        unfinished = _STAMP.with_suffix(".part")
        unfinished.write_text(json.dumps(asdict(self)))
        unfinished.rename(_STAMP)


def last() -> Deployed | None:
    """Return what was deployed last, if it is known."""
    try:
        return Deployed(**json.loads(_STAMP.read_text()))
    except (OSError, ValueError, TypeError):
        return None


def ids() -> tuple[str, str]:
    """Return the ids of the deployed API and WebSocket API; no id that is any while they are not known."""
    found = last()
    return (found.api_id, found.socket_api_id) if found else ("none", "")


def now(place: Place) -> Deployed:
    """Return what a deploy to a place would be made of now."""
    common = hashlib.sha256(f"{place.url} {place.origin} {sys.version}".encode())
    _digest(common, (ROOT / source for source in _COMMON))
    functions = {}
    for folder in sorted(file.parent for file in (ROOT / "functions").glob("*/app.py")):
        digest = hashlib.sha256()
        _digest(digest, [folder])
        functions[folder.name] = digest.hexdigest()
    return Deployed(common.hexdigest(), functions)


def _digest(digest: hashlib._Hash, sources: Iterable[Path]) -> None:
    for path in sources:
        files = [path] if path.is_file() else sorted(file for file in path.rglob("*") if _counts(file))
        for file in files:
            digest.update(str(file.relative_to(ROOT)).encode() + file.read_bytes())


def _counts(file: Path) -> bool:
    return file.is_file() and "__pycache__" not in file.parts
