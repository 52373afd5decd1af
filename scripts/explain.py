#!/usr/bin/env python3
"""Explain why a request was denied, or whether a token is valid now and which check it fails.

Give the script the request id of an answer, or a token. With `-` the script reads the token from standard input, so
that no shell stores the token. The script reads the stack's logs and tables. It changes nothing, and shows no secret.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import re
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "layers" / "shared"))

import boto3
import jwt
from botocore.exceptions import BotoCoreError, ClientError

from doorward.aws.dynamodb.client import BotoDatabase, connect
from doorward.aws.dynamodb.items import Tables
from doorward.aws.dynamodb.keys import load_key_set
from doorward.aws.dynamodb.readers import DynamoRevocationReader
from doorward.bootstrap.clock import clock
from doorward.errors import DoorwardError
from doorward.keys.keyring import Keyring
from doorward.rules.reasons import REASONS
from doorward.rules.revocation import denial_reason, restriction_of
from doorward.tokens.access import verify_access_token
from doorward.tokens.cookie import COOKIE_NAME

_NEEDED = {"Algorithm", "Audience", "SigningKeysTable", "RevocationsTable", "MarkerShards"}
_OPAQUE = {
    "dwr1.": "this is a refresh token: ask the deployment by POST /auth/token/introspect",
    "dws1.": "this is a session cookie: call GET /users/me with it, and explain the answer's request_id",
}
REQUEST_ID = re.compile(r"[A-Za-z0-9=_-]{8,64}")


def main(arguments: list[str] | None = None) -> int:
    """Run the script, and return its exit status: 0 if it explained something, 1 if not."""
    options = _parse(arguments)
    asked = (sys.stdin.read().strip() if options.asked == "-" else options.asked).removeprefix(f"{COOKIE_NAME}=")
    if asked.startswith(tuple(_OPAQUE)):
        print(_OPAQUE[asked[:5]])
        return 1
    try:
        stack = boto3.client("cloudformation").describe_stacks(StackName=options.stack)["Stacks"][0]
        if asked.count(".") >= 2:  # noqa: PLR2004 - a token has three parts
            values = {item["OutputKey"]: item["OutputValue"] for item in stack.get("Outputs", [])}
            values |= {item["ParameterKey"]: item["ParameterValue"] for item in stack.get("Parameters", [])}
            if not values.keys() >= _NEEDED:
                print(f"not done: the stack {options.stack} is no Doorward")
                return 1
            return _explain_token(asked, values)
        if REQUEST_ID.fullmatch(asked):
            return _explain_request(asked, options.stack, options.hours)
    except (BotoCoreError, ClientError, DoorwardError) as error:
        print(f"not done: {error}")
        return 1
    print("this is neither a request id nor a token")
    return 1


def _explain_token(token: str, stack: Mapping[str, str]) -> int:
    if stack["Algorithm"] == "HS256":
        print("this deployment signs with a shared secret, which this script does not read")
        return 1
    database = BotoDatabase(connect())
    keyring = Keyring(lambda: load_key_set(database, stack["SigningKeysTable"]), clock)
    _show_claims(token)
    try:
        claims = verify_access_token(token, keyring, stack["Audience"], clock())
    except DoorwardError as error:
        return _verdict(error.reason)
    tables = Tables(revocations=stack["RevocationsTable"], marker_shards=int(stack["MarkerShards"]))
    revocations = DynamoRevocationReader(database, tables).get(claims.tenant_id, claims.user_id)
    reason = denial_reason(claims, revocations) or restriction_of(claims, revocations)
    return _verdict(reason)


def _show_claims(token: str) -> None:
    """Print the claims of a token, whether they are proven or not."""
    try:
        header = jwt.get_unverified_header(token)
        claims: dict[str, Any] = jwt.decode(token, options={"verify_signature": False})
    except jwt.PyJWTError:
        print("says: nothing that can be read")
        return
    shown = {name: header.get(name) for name in ("alg", "typ", "kid")}
    names = ["iss", "aud", "sub", "user_id", "tenant_id", "roles", "client_id", "sid", "jti", "epoch", "tenant_epoch"]
    names += ["amr", "acr"]
    shown |= {name: claims.get(name) for name in names}
    for name, value in shown.items():
        print(f"says: {name} = {_plain(value)}")
    for name in ("iat", "exp", "auth_time"):
        value = claims.get(name)
        if isinstance(value, int) and 0 <= value < 10**11:
            print(f"says: {name} = {dt.datetime.fromtimestamp(value, dt.UTC).isoformat()}")


def _verdict(reason: str | None) -> int:
    if reason is None:
        print("accepted: the authorizer would let it in now")
    else:
        print(f"denied: {reason}: {REASONS.get(reason, 'see the code')}")
    return 0


def _explain_request(request_id: str, stack: str, hours: float) -> int:
    found = sorted(_log_lines(request_id, stack, hours))
    for time_ms, group, fields in found:
        when = dt.datetime.fromtimestamp(time_ms / 1000, dt.UTC).isoformat(timespec="milliseconds")
        reason = str(fields.get("reason", ""))
        rest = ", ".join(f"{name}={_plain(value)}" for name, value in fields.items() if name != "request_id")
        print(f"{when} {group}: {rest}")
        if reason in REASONS:
            print(f"  {reason}: {REASONS[reason]}")
    if not found:
        print(f"nothing was logged for this request in the last {hours:g} hours: no refusal was found")
        if urlsplit(boto3.client("logs").meta.endpoint_url).hostname in {"127.0.0.1", "localhost"}:
            print("the local cloud tells its authorizer no request ids: see the refusal of that time in make logs")
    return 0 if found else 1


def _log_lines(request_id: str, stack: str, hours: float) -> Iterator[tuple[int, str, dict[str, Any]]]:
    """Yield the time, the log group and the fields of each log line of the stack's functions about the request."""
    logs = boto3.client("logs")
    since_ms = int((time.time() - hours * 3600) * 1000)
    resources = boto3.client("cloudformation").get_paginator("list_stack_resources").paginate(StackName=stack)
    groups = [
        item["PhysicalResourceId"]
        for page in resources
        for item in page["StackResourceSummaries"]
        if item["ResourceType"] == "AWS::Logs::LogGroup"
    ]
    for group in groups:
        pages = logs.get_paginator("filter_log_events").paginate(
            logGroupName=group, filterPattern=f'"{request_id}"', startTime=since_ms
        )
        for page in pages:
            for event in page["events"]:
                fields = _fields(event["message"])
                if fields.get("request_id") == request_id:
                    yield event["timestamp"], group, fields


def _fields(message: str) -> dict[str, Any]:
    """Return the fields of a refusal or an audit event in a log line, of Lambda's JSON or the local cloud's form."""
    try:
        parts = json.loads(message[message.index("{") :])
    except ValueError:
        return {}
    found = parts.get("audit") or parts.get("refusal") if isinstance(parts, dict) else None
    return found if isinstance(found, dict) else {}


def _plain(value: object) -> str:
    """Return a value as one line of text, without characters that control a terminal."""
    return "".join(character if character.isprintable() else "?" for character in str(value))[:200]


def _parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("asked", metavar="REQUEST_ID|TOKEN|-")
    parser.add_argument("--stack", default="doorward", help="the name of the CloudFormation stack (doorward)")
    parser.add_argument("--hours", type=float, default=24, help="how far back to search the logs (24)")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
