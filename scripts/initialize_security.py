#!/usr/bin/env python3
"""Make the first keys of a deployed stack, the user `admin`, and tenants if you name some.

You can run the script again: keys and users that exist stay as they are (scripts/rotate_keys.py rotates keys).
The passwords on a deployment are random. The script shows each password once, and the user must change it before
anything else works.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from urllib.parse import urlsplit

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "layers" / "shared"))

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from doorward.accounts.create import CreateUser
from doorward.accounts.initialise import FirstUser, Initialise
from doorward.accounts.recover import RecoverAdministrator
from doorward.aws.dynamodb.acts import KeepingDatabase
from doorward.aws.dynamodb.attempts import DynamoAttempts
from doorward.aws.dynamodb.client import BotoDatabase, connect
from doorward.aws.dynamodb.database import Database
from doorward.aws.dynamodb.directory import DynamoDirectory
from doorward.aws.dynamodb.factors import DynamoFactors
from doorward.aws.dynamodb.items import Tables
from doorward.aws.dynamodb.keys import ensure_cursor_key
from doorward.aws.dynamodb.policies import DynamoPolicies
from doorward.aws.dynamodb.revocations import DynamoRevocations, RevocationWriter
from doorward.aws.dynamodb.tenants import DynamoTenants
from doorward.aws.dynamodb.user_writer import DynamoUserWriter
from doorward.aws.dynamodb.users import DynamoUserReader
from doorward.aws.secrets import SecretsManager
from doorward.bootstrap.clock import clock
from doorward.bootstrap.new_passwords import judge_new_password
from doorward.bootstrap.rotation import wire as wire_rotation
from doorward.errors import DoorwardError
from doorward.keys.former_names import FormerNames
from doorward.rules.passwords import PasswordHasher
from doorward.settings import Settings

_ROTATION = {
    "REVOCATIONS_TABLE": "RevocationsTable",
    "SIGNING_KEYS_TABLE": "SigningKeysTable",
    "SIGNING_SECRET_ID": "SigningSecret",
    "REFRESH_MAC_SECRET_ID": "RefreshMacSecret",
    "NAME_SECRET_ID": "NameSecret",
    "SIGNING_ALGORITHM": "Algorithm",
    "ACCESS_TTL_SECONDS": "AccessTokenTtlSeconds",
    "REFRESH_TTL_SECONDS": "RefreshTokenTtlSeconds",
    "SERVICE_TOKEN_MAX_TTL_SECONDS": "ServiceTokenMaxTtlSeconds",
    "KEY_ROTATION_DAYS": "KeyRotationDays",
    "KEY_ANNOUNCE_SECONDS": "KeyAnnounceSeconds",
    "KEY_CACHE_SECONDS": "KeyCacheSeconds",
    "MARKER_SHARDS": "MarkerShards",
}
LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


def main(arguments: list[str] | None = None) -> int:
    """Run the script, and return its exit status."""
    options = _parse(arguments)
    try:
        return _initialise(options)
    except DoorwardError as error:
        print(f"not done: {error.detail} ({error.reason})")
    except (BotoCoreError, ClientError) as error:
        print(f"not done: {error}")
    return 1


def _initialise(options: argparse.Namespace) -> int:
    client = connect()
    endpoints = (client.meta.endpoint_url, boto3.client("secretsmanager").meta.endpoint_url)
    if options.development and not {urlsplit(url).hostname for url in endpoints} <= LOOPBACK:
        print("--development is refused: its password is known to everybody, and this endpoint is not on this machine")
        return 2
    outputs = _stack(options.stack)
    if "AuditTable" not in outputs:
        print(f"not done: the stack {options.stack} is no Doorward of this version")
        return 1
    database = KeepingDatabase(BotoDatabase(client), outputs["AuditTable"], clock)
    initialise, ensure_name_key = _wire(database, outputs)
    ensure_name_key()
    initialise.keys(options.issuer or outputs["BaseUrl"], outputs["ApiId"])
    ensure_cursor_key(database, outputs["SigningKeysTable"])
    _publish_feed(outputs)
    _show(initialise.administrator(development=options.development))
    for username in options.administrator:
        _show(initialise.administrator(username, development=False))
    if options.recover:
        _show(_recovery(database, outputs)(options.recover))
    for tenant_id in options.tenant:
        _show(initialise.tenant(tenant_id, development=options.development))
    return 0


def _publish_feed(outputs: Mapping[str, str]) -> None:
    """Publish the first head of the feed, which the deployment would do by itself within a minute."""
    function = outputs.get("PublishFeedFunction")
    if function is None:
        return
    try:
        boto3.client("lambda").invoke(FunctionName=function, Payload=b"{}")
    except (BotoCoreError, ClientError) as error:
        print(f"the feed of revocations begins within a minute ({error})")


def _wire(database: Database, outputs: Mapping[str, str]) -> tuple[Initialise, Callable[[], None]]:
    """Return the use case for the tables and secrets of a stack, and what makes the key of former names.

    Args:
        database: the database that has the tables.
        outputs: the outputs and parameters of the stack.
    """
    settings = Settings.from_environment(_environment(outputs))
    tables = Tables(
        outputs["UsersTable"],
        outputs["RefreshTokensTable"],
        outputs["RevocationsTable"],
        marker_shards=settings.marker_shards,
    )
    revocations = RevocationWriter(database, tables)
    writer = DynamoUserWriter(database, tables, revocations, _former_names(outputs))
    policies = DynamoPolicies(database, tables.users, revocations.markers)
    keys = wire_rotation(settings)
    initialise = Initialise(
        signing=keys.signing,
        mac=keys.mac,
        tenants=DynamoTenants(database, tables.users, revocations),
        create_user=CreateUser(writer, PasswordHasher(), judge_new_password(Settings()), policies, clock),
        clock=clock,
        report=print,
    )
    return initialise, keys.ensure_name_key


def _former_names(outputs: Mapping[str, str]) -> FormerNames:
    return FormerNames(lambda: SecretsManager().get(outputs["NameSecret"]).text)


def _parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--stack", default="doorward", help="the name of the CloudFormation stack (doorward)")
    parser.add_argument(
        "--tenant", action="append", default=[], metavar="ID", help="make a tenant and its administrator"
    )
    parser.add_argument(
        "--administrator", action="append", default=[], metavar="NAME", help="make a further platform administrator"
    )
    parser.add_argument(
        "--recover",
        metavar="NAME",
        help="give a platform administrator a one-time password, and take lost second factors away",
    )
    parser.add_argument("--issuer", help="the public base URL, if it is not the stack's output BaseUrl")
    parser.add_argument("--development", action="store_true", help="password admin123; only on this machine")
    return parser.parse_args(arguments)


def _recovery(database: Database, outputs: Mapping[str, str]) -> RecoverAdministrator:
    tables = Tables(
        outputs["UsersTable"],
        outputs["RefreshTokensTable"],
        outputs["RevocationsTable"],
        outputs["LoginAttemptsTable"],
    )
    revocations = RevocationWriter(database, tables)
    return RecoverAdministrator(
        directory=DynamoDirectory(database, tables),
        reader=DynamoUserReader(database, tables),
        writer=DynamoUserWriter(database, tables, revocations, _former_names(outputs)),
        revocations=DynamoRevocations(database, revocations),
        attempts=DynamoAttempts(database, tables.login_attempts),
        factors=DynamoFactors(database, tables.users),
        hasher=PasswordHasher(),
        clock=clock,
    )


def _stack(name: str) -> dict[str, str]:
    """Return a stack's parameters and outputs."""
    stack = boto3.client("cloudformation").describe_stacks(StackName=name)["Stacks"][0]
    parameters = {item["ParameterKey"]: item["ParameterValue"] for item in stack.get("Parameters", [])}
    return {**parameters, **{output["OutputKey"]: output["OutputValue"] for output in stack.get("Outputs", [])}}


def _environment(stack: Mapping[str, str]) -> dict[str, str]:
    """Return the environment variables that the stack gives its function `rotate_keys`."""
    return {variable: stack[name] for variable, name in _ROTATION.items() if name in stack}


def _show(made: FirstUser | None) -> None:
    if made is not None:
        note = "  (shown once; must be changed first)" if made.must_change else ""
        print(f"user {made.username} made, password {made.password}{note}")


if __name__ == "__main__":
    sys.exit(main())
