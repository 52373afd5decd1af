"""Secrets in text: detectors of detect-secrets, and the list of what looks like a secret and is none."""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fnmatch import fnmatch
from functools import cache
from pathlib import Path

from detect_secrets.core.plugins.util import get_mapping_from_secret_type_to_class
from detect_secrets.plugins.base import BasePlugin
from detect_secrets.settings import transient_settings

KNOWN = Path(__file__).with_name("known_secrets.toml")
_LEFT_OUT = {
    "IPPublicDetector": "an address of the Internet is no secret",
    "KeywordDetector": "it finds the words password and secret, which a product for signing in has on every page",
}
_BY_CHANCE = ("Base64HighEntropyString", "HexHighEntropyString")
"""These find whatever looks drawn by chance. All others know a secret by its form."""


@dataclass(frozen=True, slots=True)
class Known:
    """What looks like a secret and is none.

    Args:
        reason: why it is none.
        kind: what the detector calls it; any, if empty.
        paths: patterns of the files where it may be; anywhere, if empty.
        sha256: of the values; any value, if empty. Either these or the paths are there.
    """

    reason: str
    kind: str = ""
    paths: tuple[str, ...] = ()
    sha256: tuple[str, ...] = ()

    def covers(self, kind: str, path: str, value: str) -> bool:
        """Tell whether this is what was found."""
        return (
            self.kind in {"", kind}
            and (not self.paths or self.names(path))
            and (not self.sha256 or hashlib.sha256(value.encode()).hexdigest() in self.sha256)
        )

    def names(self, path: str) -> bool:
        """Tell whether the paths name a file."""
        return any(fnmatch(path, pattern) for pattern in self.paths)


@dataclass(frozen=True, slots=True)
class KnownSecrets:
    """The reviewed list.

    Args:
        values: what is none.
        drawn: patterns of the files whose text looks drawn by chance, where only forms are looked for.
    """

    values: tuple[Known, ...]
    drawn: tuple[str, ...]

    def told_of(self, path: str) -> frozenset[str]:
        """Return the reasons of the entries that name a file."""
        return frozenset(one.reason for one in self.values if one.names(path))


def known_secrets(file: Path = KNOWN) -> KnownSecrets:
    """Read the reviewed list.

    Raises:
        ValueError: an entry would cover everything, or gives no reason.
    """
    told = tomllib.loads(file.read_text())
    values = tuple(
        Known(one["reason"], one.get("kind", ""), tuple(one.get("paths", ())), tuple(one.get("sha256", ())))
        for one in told["known"]
    )
    for one in values:
        if not one.reason or not (one.paths or one.sha256):
            raise ValueError(f"{file.name}: an entry needs a reason, and paths or sha256: {one}")
    return KnownSecrets(values, tuple(path for one in told["drawn"] for path in one["paths"]))


def secrets_of(line: str, path: str, known: KnownSecrets, *, by_chance: bool = True) -> Iterator[str]:
    """Yield the kind of each secret in a line, without the secret.

    Args:
        line: the line.
        path: of its file, from the project's folder.
        known: what is none.
        by_chance: whether what looks drawn by chance counts, in files where little does.
    """
    chance = by_chance and not any(fnmatch(path, pattern) for pattern in known.drawn)
    for detector in _detectors(by_chance=chance):
        for found in detector.analyze_line(filename=path, line=line, line_number=1):
            value = found.secret_value or ""
            if not any(one.covers(found.type, path, value) for one in known.values):
                yield found.type


@cache
def _detectors(*, by_chance: bool) -> tuple[BasePlugin, ...]:
    # The settings are empty so that no detector asks its service over the network whether a secret is good.
    with transient_settings({"plugins_used": [], "filters_used": []}):
        classes: Iterable[type[BasePlugin]] = get_mapping_from_secret_type_to_class().values()
    wanted = [one for one in classes if one.__name__ not in _LEFT_OUT]
    return tuple(one() for one in wanted if by_chance or one.__name__ not in _BY_CHANCE)


def lines_of(content: bytes) -> Iterable[str]:
    """Return the lines of a file; none if it is no text."""
    return () if b"\0" in content else content.decode(errors="replace").splitlines()
