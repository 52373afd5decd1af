#!/usr/bin/env python3
"""Make a deployed stack ready: its first keys, the user `admin`, and tenants if asked.

It can be repeated: live keys are never replaced unless --rotate says so, and existing users stay as
they are. On a deployment, passwords are random, shown once, and must be changed before anything else
works.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from urllib.parse import urlsplit

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "layers" / "shared"))

import boto3

from doorward.accounts.create import CreateUser
from doorward.bootstrap.clock import clock
from doorward.dynamodb.client import BotoGateway, connect
from doorward.dynamodb.items import Tables
from doorward.dynamodb.keys import DynamoKeySets, ensure_cursor_key
from doorward.dynamodb.revocations import RevocationWriter
from doorward.dynamodb.tenants import DynamoTenants
from doorward.dynamodb.user_writer import DynamoUserWriter
from doorward.errors import DoorwardError
from doorward.initialisation import FirstUser, Initialise
from doorward.passwords import PasswordHasher
from doorward.secrets_manager import SecretsManager

LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


def main(arguments: list[str] | None = None) -> int:
    """Run the script; return its exit status."""
    options = _parse(arguments)
    gateway_client = connect()
    secrets_client = boto3.client("secretsmanager")
    endpoints = (gateway_client.meta.endpoint_url, secrets_client.meta.endpoint_url)
    if options.development and not {urlsplit(url).hostname for url in endpoints} <= LOOPBACK:
        print("--development is refused: its password is known to everybody, and this endpoint is not on this machine")
        return 2
    outputs = _outputs(options.stack)
    gateway = BotoGateway(gateway_client)
    tables = Tables(outputs["UsersTable"], outputs["RefreshTokensTable"], outputs["RevocationsTable"])
    revocations = RevocationWriter(gateway, tables.revocations)
    writer = DynamoUserWriter(gateway, tables, revocations)
    initialise = Initialise(
        key_sets=DynamoKeySets(gateway, outputs["SigningKeysTable"]),
        secrets=SecretsManager(secrets_client),
        tenants=DynamoTenants(gateway, tables.users, revocations),
        create_user=CreateUser(writer, PasswordHasher(), clock),
        signing_secret_id=outputs["SigningSecret"],
        mac_secret_id=outputs["RefreshMacSecret"],
        clock=clock,
        report=print,
    )
    try:
        initialise.keys(
            options.issuer or outputs["BaseUrl"], outputs["ApiId"], options.algorithm, rotate=options.rotate
        )
        ensure_cursor_key(gateway, outputs["SigningKeysTable"])
        _show(initialise.administrator(development=options.development))
        for tenant_id in options.tenant:
            _show(initialise.tenant(tenant_id, development=options.development))
    except DoorwardError as error:
        print(f"not done: {error.detail} ({error.reason})")
        return 1
    return 0


def _parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--stack", default="doorward", help="the name of the CloudFormation stack (doorward)")
    parser.add_argument(
        "--tenant", action="append", default=[], metavar="ID", help="make a tenant and its administrator"
    )
    parser.add_argument(
        "--algorithm", choices=["RS256", "ES256", "EdDSA"], default="RS256", help="of a new signing key"
    )
    parser.add_argument("--issuer", help="the public base URL, if it is not the stack's output BaseUrl")
    parser.add_argument("--rotate", action="store_true", help="make new keys although there are live ones")
    parser.add_argument("--development", action="store_true", help="password admin123; only on this machine")
    return parser.parse_args(arguments)


def _outputs(stack: str) -> dict[str, str]:
    stacks = boto3.client("cloudformation").describe_stacks(StackName=stack)["Stacks"]
    return {output["OutputKey"]: output["OutputValue"] for output in stacks[0].get("Outputs", [])}


def _show(made: FirstUser | None) -> None:
    if made is not None:
        note = "  (shown once; must be changed first)" if made.must_change else ""
        print(f"user {made.username} made, password {made.password}{note}")


if __name__ == "__main__":
    sys.exit(main())
