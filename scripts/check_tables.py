#!/usr/bin/env python3
"""Check all tables of a stack: name each item that breaks a rule which holds between items.

The script reads every item of every table once, and changes nothing. On a stack in use, a change can show half: what
seems broken is read a second time, and counts if it still is. Items of users and tenants whose deletion goes on are not
broken. The script holds about 1 KB of memory for each item. Its lines have the keys of items, so addresses and user
names too. It ends with status 0 if everything is whole, and 1 if not.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

_ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(_ROOT / "layers" / "shared"), str(_ROOT)]

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from doorward.aws.dynamodb.client import BotoDatabase, connect
from doorward.bootstrap.clock import clock
from doorward.errors import DoorwardError
from tools.tables.check import check_twice
from tools.tables.found import read

_SUFFIX = "Table"


def main(arguments: list[str] | None = None) -> int:
    """Run the script, and return its exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--stack", default="doorward", help="the name of the CloudFormation stack (doorward)")
    options = parser.parse_args(arguments)
    try:
        stack = boto3.client("cloudformation").describe_stacks(StackName=options.stack)["Stacks"][0]
        outputs = {item["OutputKey"]: item["OutputValue"] for item in stack.get("Outputs", [])}
        names = {name: value for name, value in outputs.items() if name.endswith(_SUFFIX)}
        report = check_twice(lambda: read(BotoDatabase(connect()), names), clock)
    except (BotoCoreError, ClientError) as error:
        print(f"not done: {error}")
        return 1
    except DoorwardError as error:
        print(f"not done: {error.detail} ({error.reason})")
        return 1
    for line in report.broken:
        print(line)
    print(report)
    return 1 if report.broken else 0


if __name__ == "__main__":
    sys.exit(main())
