"""Rotate the keys three times while people use them: nobody is refused."""

from __future__ import annotations

import os

from local.drills.report import Report
from local.drills.site import Site
from local.drills.traffic import drill
from scripts.rotate_keys import invoke


def run(site: Site, report: Report, *, sabotage: bool) -> None:
    """Rotate under traffic.

    Args:
        site: where to.
        report: what is found.
        sabotage: whether each rotation revokes the key that signed, so that people are refused.
    """
    os.environ.update(site.variables)

    def rotate(command: str) -> dict[str, object]:
        function = site.outputs["RotateKeysFunction"]
        event = {"command": command}
        if sabotage and command == "rotate":
            event = {"command": "revoke", "kid": invoke(function, {"command": "advance"})["signing"][0]["kid"]}
        return invoke(function, event)

    found = drill(rotate, site.url)
    report.count(sum(found.counts.values()))
    for line in found.refused:
        report.refuse(line)
    report.figures |= {"rotations": found.rotations, "keys that signed": len(found.kids)}
    report.figures |= {name: found.counts[name] for name in ("authorizer", "offline", "refresh")}
    report.check("there were enough rotations, verifications and refreshes", found.was_enough)
