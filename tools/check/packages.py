"""What is shipped: the packages of each layer and of the library, as they are pinned and as they are installed."""

from __future__ import annotations

import re
import shlex
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import Distribution, distributions
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[2]
PINNED = ROOT / "layers" / "requirements.txt"
"""All packages of all layers, with those that a layer leaves out because no function imports them."""
_PIN = re.compile(r"([A-Za-z0-9][\w.-]*)==([\w.!+]+)")
_SHA256 = re.compile(r"--hash=sha256:([0-9a-f]{64})")


@dataclass(frozen=True, slots=True)
class Pin:
    """One package of a requirements file.

    Args:
        name: its normalized name.
        version: the one version that is installed.
        hashes: SHA-256, in hex, of each file that may be installed for it.
    """

    name: str
    version: str
    hashes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Shipment:
    """Packages that are shipped together.

    Args:
        name: what is shipped, such as `layer-shared`.
        version: of what is shipped, as the project says.
        pins: its packages.
    """

    name: str
    version: str
    pins: tuple[Pin, ...]


def pins_of(text: str, file: str) -> tuple[list[Pin], list[str]]:
    """Read a requirements file.

    Args:
        text: what the file says.
        file: the name that findings give to the file.

    Returns:
        The packages; and one line for each that is not pinned to one version, or has no hash.
    """
    pins, findings = [], []
    for line in text.replace("\\\n", " ").splitlines():
        words = shlex.split(line, comments=True)
        if not words:
            continue
        pin = _PIN.fullmatch(words[0])
        if pin is None:
            findings.append(f"{file}: {words[0]} is not pinned to one version")
            continue
        hashes = tuple(match[1] for word in words if (match := _SHA256.fullmatch(word)))
        if not hashes:
            findings.append(f"{file}: {words[0]} has no hash")
        pins.append(Pin(canonicalize_name(pin[1]), pin[2], hashes))
    return pins, findings


def layers(root: Path = ROOT) -> tuple[list[Shipment], list[str]]:
    """Return what each layer ships, and what is wrong with its requirements."""
    shipments, findings = [], []
    for file in sorted((root / "layers").glob("*/requirements.txt")):
        pins, wrong = pins_of(file.read_text(), file.relative_to(root).as_posix())
        shipments.append(Shipment(f"layer-{file.parent.name}", _project(root)["version"], tuple(pins)))
        findings += wrong
    return shipments, findings


def library(installed: Mapping[str, Distribution], root: Path = ROOT) -> tuple[Shipment, list[str]]:
    """Return what comes with the library (pyproject.toml), and what is wrong with it.

    The library lets whoever installs it choose versions. Those that we test are the layers'.

    Args:
        installed: distributions by name, whose metadata tell what each needs.
        root: the folder of the project.
    """
    pins, findings = pins_of((root / "layers" / "requirements.txt").read_text(), "layers/requirements.txt")
    needed = closure(_project(root)["dependencies"], installed)
    pinned = {pin.name: pin for pin in pins}
    findings += [
        f"pyproject.toml: {name} is in no layer, so no version of it is tested" for name in needed - set(pinned)
    ]
    chosen = tuple(pinned[name] for name in sorted(needed & set(pinned)))
    return Shipment("doorward", _project(root)["version"], chosen), findings


def closure(requirements: Iterable[str], installed: Mapping[str, Distribution]) -> set[str]:
    """Return the names of the packages that requirements need on this Python, and that those need in turn.

    A package that is not installed counts, but tells nothing of its own needs.
    """
    found: set[str] = set()
    waiting = [Requirement(text) for text in requirements]
    seen: set[str] = set()
    while waiting:
        requirement = waiting.pop()
        if str(requirement) in seen:
            continue
        seen.add(str(requirement))
        name = canonicalize_name(requirement.name)
        found.add(name)
        waiting += needs(installed[name], requirement.extras) if name in installed else []
    return found


def needs(distribution: Distribution, extras: Iterable[str] = ()) -> list[Requirement]:
    """Return what a distribution needs on this Python.

    Args:
        distribution: the distribution.
        extras: which of its extras are asked for.
    """
    asked = ["", *extras]
    every = [Requirement(text) for text in distribution.requires or ()]
    return [one for one in every if not one.marker or any(one.marker.evaluate({"extra": extra}) for extra in asked)]


def installed_in(folders: Sequence[Path] | None = None) -> dict[str, Distribution]:
    """Return the distributions of some folders, or of this Python, by normalized name."""
    found = distributions() if folders is None else distributions(path=[str(folder) for folder in folders])
    return {canonicalize_name(one.name): one for one in found}


def _project(root: Path) -> Mapping[str, str]:
    project: Mapping[str, str] = tomllib.loads((root / "pyproject.toml").read_text())["project"]
    return project
