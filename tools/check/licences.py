"""The licences of what is shipped, as the installed distributions state them, against those that we accept."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from importlib.metadata import Distribution

from license_expression import ExpressionError, LicenseExpression, LicenseSymbol, get_spdx_licensing

from tools.check.packages import Pin

ALLOWED = frozenset(
    "0BSD Apache-2.0 BSD-2-Clause BSD-3-Clause ISC MIT MIT-0 PSF-2.0 Python-2.0 Unlicense Zlib".split()  # noqa: SIM905 - one line
)
"""SPDX identifiers of what a layer or the library may bring along: permissive licences, which ask for notices."""
_CLASSIFIERS = {
    "Apache Software License": "Apache-2.0",
    # The classifier does not say which: both that it may mean are accepted.
    "BSD License": "BSD-2-Clause OR BSD-3-Clause",
    "ISC License (ISCL)": "ISC",
    "MIT License": "MIT",
    "MIT No Attribution License (MIT-0)": "MIT-0",
    "Python Software Foundation License": "PSF-2.0",
}
_TEXTS = {
    "Apache License 2.0": "Apache-2.0",
    "Apache License, Version 2.0": "Apache-2.0",
    "BSD": "BSD-2-Clause OR BSD-3-Clause",
}
_READ = {
    # LICENSE: what is from before 2017-12-01 is BSD-3-Clause alone, what came later is under both.
    ("python-dateutil", "Dual License"): "Apache-2.0 AND BSD-3-Clause",
}
"""Words of metadata that name no licence, and what we read in the package's own file instead."""
_SPDX = get_spdx_licensing()


def statements(distribution: Distribution, name: str) -> list[str]:
    """Return the licences that a distribution states: each of its statements, as SPDX where we know how.

    Args:
        distribution: the distribution.
        name: its normalized name.
    """
    metadata = distribution.metadata
    expressions = metadata.get_all("License-Expression")
    if expressions:
        return expressions
    said = [
        line.rpartition(" :: ")[2] for line in metadata.get_all("Classifier") or () if line.startswith("License ::")
    ]
    found = [_CLASSIFIERS.get(one, one) for one in said if one != "OSI Approved"]
    text = "".join(metadata.get_all("License") or ()).strip()
    if text and text != "UNKNOWN":
        found.append(_READ.get((name, text)) or _TEXTS.get(text, text))
    return list(dict.fromkeys(found))


def accepted(statement: str) -> bool:
    """Tell whether a statement is an SPDX expression that can be met with accepted licences alone."""
    try:
        expression = _SPDX.parse(statement, validate=True, strict=True)
    except ExpressionError:
        return False
    return expression is not None and _met(expression)


def _met(expression: LicenseExpression) -> bool:
    if isinstance(expression, LicenseSymbol):
        return expression.key in ALLOWED
    enough = {"OR": any, "AND": all}.get(expression.operator.strip()) if hasattr(expression, "operator") else None
    return enough is not None and enough(_met(one) for one in expression.args)


def judge(pins: Iterable[Pin], installed: Mapping[str, Distribution]) -> list[str]:
    """Return one line for each package whose licence is not accepted, or not known.

    Args:
        pins: the packages.
        installed: distributions by name.
    """
    findings = []
    for pin in sorted(set(pins), key=lambda one: one.name):
        distribution = installed.get(pin.name)
        if distribution is None or distribution.version != pin.version:
            findings.append(f"{pin.name} {pin.version}: not installed here, so its licence is not known")
            continue
        stated = statements(distribution, pin.name)
        if not stated:
            findings.append(f"{pin.name} {pin.version}: states no licence")
        findings += [
            f"{pin.name} {pin.version}: licence {one[:60]!r} is not accepted" for one in stated if not accepted(one)
        ]
    return findings
