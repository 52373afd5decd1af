"""The secrets of a deployment, to look for where they must never be."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

import boto3

from tests.support.callers import Crowd
from tests.support.deployment import Stack
from tests.support.people import PASSWORD

_SHORTEST = 16


def secrets_of(crowd: Crowd) -> tuple[str, ...]:
    """Return texts that no log line has, and no answer but to those whose they are."""
    found = {PASSWORD, *_stored(crowd.stack)}
    for caller in crowd.callers:
        cookie = caller.headers.get("Cookie", "")
        found |= {caller.token, caller.refresh_token, *(one.partition("=")[2] for one in cookie.split("; "))}
    return tuple(sorted(text for text in found if len(text) >= _SHORTEST))


def _stored(stack: Stack) -> Iterable[str]:
    """Return the password hashes, and every text inside the stored keys."""
    table, secrets = stack.outputs["UsersTable"], boto3.client("secretsmanager")
    for item in boto3.client("dynamodb").scan(TableName=table)["Items"]:
        if item["pk"]["S"].startswith("credential#"):
            yield from _texts(item)
    for name in ("SigningSecret", "RefreshMacSecret", "NameSecret"):
        yield from _texts(json.loads(secrets.get_secret_value(SecretId=stack.outputs[name])["SecretString"]))


def _texts(value: Any) -> Iterable[str]:
    if isinstance(value, str):
        yield from (value, *value.splitlines())
    elif isinstance(value, dict):
        for name, one in value.items():
            if name not in {"pk", "sk", "kid", "user_id", "state"}:
                yield from _texts(one)
    elif isinstance(value, list):
        for one in value:
            yield from _texts(one)
