#!/usr/bin/env python3
"""Give the markers of the deployment and of all tenants more copies, so that more requests a second can read them.

Every request reads a copy of two markers, and DynamoDB gives each copy 3,000 reads a second. Run the script first, and
then deploy with the same number as `MarkerShards`. In the other order, requests would miss the copies and be refused.
The script can be run again, and on a stack under load. It never takes copies away.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "layers" / "shared"))

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from doorward.aws.dynamodb.client import BotoDatabase, connect
from doorward.aws.dynamodb.markers import MarkerWriter, of_deployment, of_tenant
from doorward.errors import DoorwardError
from doorward.model import TenantId
from doorward.rules.shards import MAX_MARKER_SHARDS

_FIRST_COPY = re.compile(r"tenant#([a-z0-9-]+)#00")


def main(arguments: list[str] | None = None) -> int:
    """Run the script, and return its exit status."""
    options = _parse(arguments)
    try:
        stack = boto3.client("cloudformation").describe_stacks(StackName=options.stack)["Stacks"][0]
        outputs = {item["OutputKey"]: item["OutputValue"] for item in stack.get("Outputs", [])}
        if "RevocationsTable" not in outputs:
            print(f"not done: the stack {options.stack} is no Doorward")
            return 1
        spread = _spread(outputs["RevocationsTable"], options.shards)
    except (BotoCoreError, ClientError) as error:
        print(f"not done: {error}")
        return 1
    except DoorwardError as error:
        print(f"not done: {error.detail}")
        return 1
    print(f"{spread} markers have {options.shards} copies now; deploy with MarkerShards={options.shards} next")
    return 0


def _spread(table: str, shards: int) -> int:
    """Return how many markers had fewer copies."""
    database = BotoDatabase(connect())
    writer = MarkerWriter(database, table)
    count = int(writer.spread(of_deployment, shards))
    for tenant_id in _tenants(database, table):
        count += writer.spread(of_tenant(tenant_id), shards)
    return count


def _tenants(database: BotoDatabase, table: str) -> Iterator[TenantId]:
    # A tenant that is made from now on has as many copies as the deployment's marker. So the list needs no repetition.
    for items in database.scan(table):
        for item in items:
            match = _FIRST_COPY.fullmatch(item["pk"])
            if match:
                yield TenantId(match[1])


def _parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--stack", default="doorward", help="the name of the CloudFormation stack (doorward)")
    parser.add_argument("shards", type=int, help=f"how many copies, at most {MAX_MARKER_SHARDS}")
    options = parser.parse_args(arguments)
    if not 1 <= options.shards <= MAX_MARKER_SHARDS:
        parser.error(f"shards is 1 to {MAX_MARKER_SHARDS}")
    return options


if __name__ == "__main__":
    sys.exit(main())
