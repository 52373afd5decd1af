"""AWS in memory (moto): state that is made once and put back for every test that asks for it."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

import boto3
from moto import mock_aws
from moto.backends import get_backend
from moto.core.models import DEFAULT_ACCOUNT_ID

from tests.support.template import table_definitions

REGION = "us-east-1"


@contextmanager
def mocked_aws() -> Iterator[None]:
    """An empty AWS."""
    with mock_aws():
        # A session reads the descriptions of AWS's services from disk, which takes longer than most tests: keep it.
        boto3.DEFAULT_SESSION = _session()
        yield


@cache
def _session() -> boto3.Session:
    return boto3.Session("x", "x", region_name=REGION)


class Snapshot:
    """What DynamoDB and Secrets Manager hold at this moment."""

    def __init__(self) -> None:
        self._kept = copy.deepcopy(_held())

    def restore(self) -> None:
        """Put it back."""
        for held, kept in zip(_held(), copy.deepcopy(self._kept), strict=True):
            held.clear()
            held.update(kept)


def _held() -> tuple[dict[str, Any], dict[str, Any]]:
    tables: dict[str, Any] = get_backend("dynamodb")[DEFAULT_ACCOUNT_ID][REGION].tables
    secrets: dict[str, Any] = get_backend("secretsmanager")[DEFAULT_ACCOUNT_ID][REGION].secrets
    return tables, secrets


def make_tables(client: Any, prefix: str = "") -> dict[str, str]:
    """Make the template's tables; return their names by logical id."""
    names = {}
    for name, definition in table_definitions().items():
        names[name] = f"{prefix}{name}"
        client.create_table(TableName=names[name], **definition)
    return names
