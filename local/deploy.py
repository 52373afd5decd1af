"""`make deploy-local`: deploy changed code into this folder's running local cloud."""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace

from local import cloud, here
from local.tools import Failure, say


def main() -> int:
    """Deploy, and return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--origin", help="other web origins that may call, with commas between them")
    options = parser.parse_args()
    try:
        place = here.running()
        if options.origin:
            place = replace(place, origin=options.origin)
        if cloud.deploy(place):
            cloud.initialise(place)
        place.publish()
    except Failure as failure:
        print(f"doorward: {failure}", file=sys.stderr)
        return 1
    say(f"{place.url} has the new code")
    return 0


if __name__ == "__main__":
    sys.exit(main())
