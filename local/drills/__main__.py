"""`python -m local.drills NAME`: one drill, its report on the screen and in docs/assurance/drills.json."""

from __future__ import annotations

import argparse
import datetime as dt
import importlib
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

from local import here
from local.drills.report import Report
from local.drills.site import Site
from local.tools import ROOT, Failure

ON_RUNNING = ("rotation", "restore", "theft", "end")
"""The drills on the running local cloud; `upgrade` starts one of its own."""


def main(arguments: list[str] | None = None) -> int:
    """Run a drill, and return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("name", choices=(*ON_RUNNING, "upgrade"))
    parser.add_argument("--output", type=Path, default=ROOT / "docs" / "assurance" / "drills.json")
    parser.add_argument("--sabotage", action="store_true", help="leave out what saves the day; the drill must fail")
    parser.add_argument("--base", help="of upgrade: the commit to come from; the last release unless given")
    parser.add_argument("--port", type=int, default=8090, help="of upgrade: where its cloud listens (%(default)s)")
    parser.add_argument("--emulator-port", type=int, default=4576, help="of upgrade (%(default)s)")
    options = parser.parse_args(arguments)
    report, began = Report(options.name), time.monotonic()
    drill = importlib.import_module(f"local.drills.{options.name}")
    try:
        if options.name == "upgrade":
            ports = (options.port, options.emulator_port)
            drill.run(report, options.base, ports, sabotage=options.sabotage)
        else:
            drill.run(_site(report), report, sabotage=options.sabotage)
    except Failure as failure:
        print(f"doorward: {failure}", file=sys.stderr)
        return 1
    except RuntimeError as error:
        report.refused.insert(0, f"the drill did not come to its end: {error}")
    report.figures["seconds of the drill"] = round(time.monotonic() - began, 1)
    print(report.show())
    if not options.sabotage:
        report.write(options.output, at=f"{dt.datetime.now(dt.UTC):%Y-%m-%d %H:%M} UTC", commit=_commit())
    return 0 if report.passed else 1


def _site(report: Report) -> Site:
    place = here.running()
    return Site(place.url, variables(place), report)


def variables(place: here.Place) -> Mapping[str, str]:
    """Return the environment of programs that call this cloud's AWS services."""
    return {**here.credentials(), "AWS_ENDPOINT_URL": place.endpoint}


def _commit() -> str:
    command = ["git", "describe", "--always", "--dirty"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)  # noqa: S603 - our own
    return done.stdout.strip() or "unknown"


if __name__ == "__main__":
    sys.exit(main())
