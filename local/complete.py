"""`make complete STACK=name`: put in place what the emulator left out of another stack, and tell where its APIs are."""

from __future__ import annotations

import argparse
import sys

from local import cloud, here
from local.tools import Failure, say


def main() -> int:
    """Complete the stack; return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("stack")
    options = parser.parse_args()
    try:
        place = here.running()
        for path in cloud.in_emulators_python(place, "-m", "local.fixups", options.stack, "--paths").split():
            say(f"{options.stack}: {place.url}{path}")
    except Failure as failure:
        print(f"doorward: {failure}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
