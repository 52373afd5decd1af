"""`make deploy-local`: deploy changed code into the running local cloud."""

from __future__ import annotations

import argparse
import sys

from local import cloud
from local.emulator import require_up
from local.tools import Failure, port_number, say


def main() -> int:
    """Deploy, and return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=port_number, default=8080)
    parser.add_argument("--emulator-port", type=port_number, default=4566)
    options = parser.parse_args()
    endpoint = f"http://127.0.0.1:{options.emulator_port}"
    try:
        require_up(options.emulator_port)
        cloud.deploy(endpoint, f"http://localhost:{options.port}")
        cloud.initialise(endpoint)
    except Failure as failure:
        print(f"doorward: {failure}", file=sys.stderr)
        return 1
    say(f"http://localhost:{options.port} has the new code")
    return 0


if __name__ == "__main__":
    sys.exit(main())
