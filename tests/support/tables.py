"""The tables of tests, held to the rules that `scripts/check_tables.py` knows."""

from __future__ import annotations

from typing import Any

from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.dynamodb.models import dynamodb_backends

from doorward.aws.dynamodb.client import BotoDatabase
from doorward.aws.dynamodb.items import Item, decode
from doorward.bootstrap.clock import clock
from tests.support.cloud import Cloud
from tests.support.tally import count
from tools.tables.check import Report, check, check_twice
from tools.tables.found import read


def on_moto() -> dict[str, list[Item]]:
    """Return all items of moto's tables."""
    tables: dict[str, Any] = dynamodb_backends[DEFAULT_ACCOUNT_ID]["us-east-1"].tables
    return {
        name: [decode(item.to_json()["Attributes"]) or {} for item in table.all_items()]
        for name, table in tables.items()
    }


def report_of_moto(now_ms: int | None = None) -> Report:
    """Return what is broken in moto's tables."""
    count("tables checked")
    return check(on_moto(), clock() if now_ms is None else now_ms)


def report_of_cloud(cloud: Cloud) -> Report:
    """Return what is broken in the tables of a local cloud, which works on meanwhile."""
    count("tables checked")
    names = {name: value for name, value in cloud.outputs.items() if name.endswith("Table")}
    database = BotoDatabase(cloud.client("dynamodb"))
    return check_twice(lambda: read(database, names), clock)
