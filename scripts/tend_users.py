#!/usr/bin/env python3
"""Bring the users of a stack into the form of the version that is deployed.

The script writes the entries by which users are found, and the lists of addresses, as far as they are missing. It puts
a MAC in the place of each name whose user was deleted, and finishes deletions that were interrupted. It reads the whole
table of users once, and the key of former names. Run it after a deployment; on a stack under load, and again, as often
as you like.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "layers" / "shared"))

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from doorward.aws.dynamodb.client import BotoDatabase, connect
from doorward.aws.dynamodb.items import Tables
from doorward.aws.dynamodb.leaving import DynamoBelongings
from doorward.aws.dynamodb.tending import TendUsers
from doorward.aws.dynamodb.users import DynamoUserReader
from doorward.aws.secrets import SecretsManager
from doorward.errors import DoorwardError
from doorward.keys.former_names import FormerNames


def main(arguments: list[str] | None = None) -> int:
    """Run the script, and return its exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--stack", default="doorward", help="the name of the CloudFormation stack (doorward)")
    options = parser.parse_args(arguments)
    try:
        stack = boto3.client("cloudformation").describe_stacks(StackName=options.stack)["Stacks"][0]
        outputs = {item["OutputKey"]: item["OutputValue"] for item in stack.get("Outputs", [])}
        if "NameSecret" not in outputs:
            print(f"not done: the stack {options.stack} is no Doorward of this version")
            return 1
        done = _wire(outputs)()
    except (BotoCoreError, ClientError) as error:
        print(f"not done: {error}")
        return 1
    except DoorwardError as error:
        print(f"not done: {error.detail} ({error.reason})")
        return 1
    print(", ".join(f"{count} {what}" for what, count in sorted(done.items())) or "everything was in order")
    return 0


def _wire(outputs: Mapping[str, str]) -> TendUsers:
    database = BotoDatabase(connect())
    tables = Tables(outputs["UsersTable"], outputs["RefreshTokensTable"], outputs["RevocationsTable"])
    return TendUsers(
        database,
        tables,
        DynamoUserReader(database, tables),
        DynamoBelongings(database, tables, outputs["NotificationsTable"]),
        FormerNames(lambda: SecretsManager().get(outputs["NameSecret"]).text),
    )


if __name__ == "__main__":
    sys.exit(main())
