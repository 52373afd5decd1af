#!/usr/bin/env python3
"""Make one of the stack's tables equal to another table, such as one that AWS restored from a backup.

AWS restores into a new table, and the stack goes on to use its own. The script writes every item of SOURCE into TARGET
and removes every other item of TARGET. It can be run again. It changes nothing in SOURCE. Afterwards run
`scripts/rotate_keys.py --end-everything`: what was revoked since the backup would be accepted again.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import Table


def main(arguments: list[str] | None = None) -> int:
    """Run the script, and return its exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("source", help="the name of the table that has the wanted items")
    parser.add_argument("target", help="the name of the stack's table, which loses all other items")
    options = parser.parse_args(arguments)
    try:
        database = boto3.resource("dynamodb")
        source, target = database.Table(options.source), database.Table(options.target)
        if source.key_schema != target.key_schema:
            print("not done: the two tables have different keys")
            return 1
        written, removed = _restore(source, target)
    except (BotoCoreError, ClientError) as error:
        print(f"not done: {error}")
        return 1
    print(f"{options.target} has the {written} items of {options.source}; {removed} others were removed")
    return 0


def _restore(source: Table, target: Table) -> tuple[int, int]:
    """Return how many items were written and how many were removed."""
    names = [part["AttributeName"] for part in target.key_schema]
    wanted = set()
    with target.batch_writer() as batch:
        for item in _items(source):
            wanted.add(tuple(item[name] for name in names))
            batch.put_item(Item=item)
    removed = 0
    with target.batch_writer() as batch:
        for item in _items(target):
            if (key := tuple(item[name] for name in names)) not in wanted:
                batch.delete_item(Key=dict(zip(names, key, strict=True)))
                removed += 1
    return len(wanted), removed


def _items(table: Table) -> Iterator[dict[str, Any]]:
    answer = table.scan(ConsistentRead=True)
    yield from answer["Items"]
    while "LastEvaluatedKey" in answer:
        answer = table.scan(ConsistentRead=True, ExclusiveStartKey=answer["LastEvaluatedKey"])
        yield from answer["Items"]


if __name__ == "__main__":
    sys.exit(main())
