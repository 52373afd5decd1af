"""`make logs`: print what the functions of the running local cloud logged, the oldest line first."""

from __future__ import annotations

import argparse
import sys

from local import cloud
from local.emulator import require_up
from local.tools import Failure, port_number

READER = """
import boto3, sys
logs = boto3.client("logs")
events = []
for page in logs.get_paginator("describe_log_groups").paginate():
    for group in page["logGroups"]:
        name = group["logGroupName"]
        for found in logs.get_paginator("filter_log_events").paginate(logGroupName=name):
            events += [(event["timestamp"], name, event["message"].rstrip()) for event in found["events"]]
for _, name, message in sorted(events):
    if not message.startswith(("START ", "END ", "REPORT ")):
        print(name, message)
"""


def main() -> int:
    """Print the logs, and return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--emulator-port", type=port_number, default=4566)
    options = parser.parse_args()
    try:
        require_up(options.emulator_port)
        print(cloud.in_emulators_python(f"http://127.0.0.1:{options.emulator_port}", "-c", READER), end="")
    except Failure as failure:
        print(f"doorward: {failure}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
