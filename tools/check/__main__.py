"""Check the supply chain: `make check`, or `make check STRICT=1`, where what cannot be asked is a finding too."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from local.tools import Failure, environment
from tests.support.tally import count
from tools.check import bills, holes, licences, packages, searched
from tools.check.leaked import known_secrets
from tools.check.packages import ROOT, Shipment


def main(arguments: Sequence[str] | None = None) -> int:
    """Check everything, print each finding in one line, and return 1 if there is any."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--strict", action="store_true", help="what cannot be asked is a finding")
    options = parser.parse_args(arguments)
    try:
        findings = [*shipped(), *vulnerable(strict=options.strict), *secret()]
    except Failure as problem:
        findings = [str(problem)]
    for line in findings:
        print(f"found: {line}")
    print(f"check: {len(findings)} found")
    return 1 if findings else 0


def shipped(folder: Path = ROOT / bills.FOLDER) -> list[str]:
    """Write the bills of materials, and return what is wrong with requirements and licences."""
    programs = environment("shipped", requirements=packages.PINNED)
    installed = packages.installed_in(sorted(programs.parent.glob("[Ll]ib*/**/site-packages")))
    layers, findings = packages.layers()
    library, wrong = packages.library(installed)
    shipments: list[Shipment] = [*layers, library]
    for shipment in shipments:
        bills.write(shipment, installed, folder)
    pins = {pin for shipment in shipments for pin in shipment.pins}
    count("packages checked", len(pins))
    print(f"bills of materials: {len(shipments)} in {folder.relative_to(ROOT)}, {len(pins)} packages")
    return [*findings, *wrong, *licences.judge(pins, installed)]


def vulnerable(*, strict: bool) -> list[str]:
    """Return the known vulnerabilities of all that is shipped."""
    files = [packages.PINNED, *sorted(ROOT.glob("layers/*/requirements.txt"))]
    findings, unknown = holes.known(files)
    lines = [f"known vulnerabilities not checked: {one}" for one in unknown]
    if strict:
        return [*findings, *lines]
    for line in lines or ["known vulnerabilities: checked"]:
        print(line)
    return findings


def secret() -> list[str]:
    """Return the secrets in the working tree and in the history."""
    known = known_secrets()
    paths = searched.tracked(ROOT)
    findings = searched.search_tree(ROOT, paths, known)
    history, versions = searched.search_history(ROOT, known)
    count("files searched for secrets", len(paths))
    count("versions searched for secrets", versions)
    print(f"searched for secrets: {len(paths)} files, {versions} versions in the history")
    return [*findings, *(line for line in history if line)]


if __name__ == "__main__":
    sys.exit(main())
