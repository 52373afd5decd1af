#!/usr/bin/env python3
"""Upgrade a stack of version 0.1.0: run the script before the deployment of this version, and again after it.

Before, it writes the markers that the new functions read; the old functions go on meanwhile. After, it brings over what
the old functions revoked in between, lists users and tenants as this version does, and removes the old markers. The
script sees by itself which of the two is due. It may run again at any time.

Between the two runs disable no tenant and revoke no key: the new functions would not hear of it.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "layers" / "shared"))

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from doorward.aws.dynamodb.client import BotoDatabase, connect
from doorward.aws.dynamodb.from_0_1 import FromVersion01
from doorward.aws.dynamodb.items import Tables
from doorward.bootstrap.clock import clock
from doorward.errors import DoorwardError

_NEEDED = {"UsersTable", "RevocationsTable"}


def main(arguments: list[str] | None = None) -> int:
    """Run the script, and return its exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--stack", default="doorward", help="the name of the CloudFormation stack (doorward)")
    options = parser.parse_args(arguments)
    try:
        stack = boto3.client("cloudformation").describe_stacks(StackName=options.stack)["Stacks"][0]
        outputs = {item["OutputKey"]: item["OutputValue"] for item in stack.get("Outputs", [])}
        if not outputs.keys() >= _NEEDED:
            print(f"not done: the stack {options.stack} is no Doorward")
            return 1
        tables = Tables(outputs["UsersTable"], revocations=outputs["RevocationsTable"])
        upgrade = FromVersion01(BotoDatabase(connect()), tables)
        is_deployed = "AuditTable" in outputs  # 0.1.0 has none
        done = upgrade.after(clock()) if is_deployed else upgrade.before()
    except (BotoCoreError, ClientError) as error:
        print(f"not done: {error}")
        return 1
    except DoorwardError as error:
        print(f"not done: {error.detail}")
        return 1
    print(", ".join(f"{count} {what}" for what, count in sorted(done.items())) or "everything was in order")
    if not is_deployed:
        print(f"deploy this version next, with MarkerShards={tables.marker_shards}, and then run this script again")
    return 0


if __name__ == "__main__":
    sys.exit(main())
