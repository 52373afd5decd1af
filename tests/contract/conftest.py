"""The stores, three times: in memory, on moto, and on a DynamoDB that is right under concurrency."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import boto3
import pytest
from botocore.config import Config

from doorward.aws.dynamodb.attempts import DynamoAttempts
from doorward.aws.dynamodb.client import BotoDatabase
from doorward.aws.dynamodb.directory import DynamoDirectory
from doorward.aws.dynamodb.feed import DynamoRevocationSource
from doorward.aws.dynamodb.items import Tables
from doorward.aws.dynamodb.keys import DynamoKeySets
from doorward.aws.dynamodb.notifications import DynamoNotifications
from doorward.aws.dynamodb.revocations import DynamoRevocationReader, DynamoRevocations, RevocationWriter
from doorward.aws.dynamodb.service_tokens import DynamoServiceTokens
from doorward.aws.dynamodb.sessions import DynamoSessionReader, DynamoSessions
from doorward.aws.dynamodb.sockets import DynamoSockets
from doorward.aws.dynamodb.tenants import DynamoTenants
from doorward.aws.dynamodb.user_writer import DynamoUserWriter
from doorward.aws.dynamodb.users import DynamoUserReader
from doorward.demo.stores import NotificationStore
from doorward.keys.stores import KeyRevocationStore, KeySetStore
from doorward.stores import (
    AttemptStore,
    Directory,
    RevocationReader,
    RevocationSource,
    RevocationStore,
    ServiceTokenStore,
    SessionReader,
    SessionStore,
    SocketStore,
    TenantStore,
    UserReader,
    UserWriter,
)
from tests.support import fakes
from tests.support.aws import Snapshot, make_tables, mocked_aws


@dataclass
class Stores:
    """One implementation of every store."""

    directory: Directory
    sessions: SessionStore
    session_reader: SessionReader
    revocations: RevocationStore
    revocation_reader: RevocationReader
    attempts: AttemptStore
    reader: UserReader
    writer: UserWriter
    tenants: TenantStore
    key_sets: KeySetStore
    key_revocations: KeyRevocationStore
    service_tokens: ServiceTokenStore
    notifications: NotificationStore
    sockets: SocketStore
    source: RevocationSource


def in_memory() -> Stores:
    world = fakes.World()
    sessions, revocations, users = fakes.MemorySessions(world), fakes.MemoryRevocations(world), fakes.MemoryUsers(world)
    return Stores(
        fakes.MemoryDirectory(world),
        sessions,
        sessions,
        revocations,
        revocations,
        fakes.MemoryAttempts(world),
        users,
        users,
        fakes.MemoryTenants(world),
        fakes.MemoryKeySets(world),
        revocations,
        fakes.MemoryServiceTokens(world),
        fakes.MemoryNotifications(world),
        fakes.MemorySockets(world),
        fakes.MemoryRevocationSource(world, fakes.FakeClock()),
    )


def on_dynamodb(client: Any, names: dict[str, str], **settings: Any) -> Stores:
    database = BotoDatabase(client, **settings)
    tables = Tables(
        names["UsersTable"],
        names["RefreshTokensTable"],
        names["RevocationsTable"],
        names["LoginAttemptsTable"],
        marker_shards=4,
    )
    writer = RevocationWriter(database, tables)
    DynamoRevocations(database, writer).add_deployment()
    return Stores(
        DynamoDirectory(database, tables),
        DynamoSessions(database, tables, writer),
        DynamoSessionReader(database, tables),
        DynamoRevocations(database, writer),
        DynamoRevocationReader(database, tables),
        DynamoAttempts(database, tables.login_attempts),
        DynamoUserReader(database, tables),
        DynamoUserWriter(database, tables, writer),
        DynamoTenants(database, tables.users, writer),
        DynamoKeySets(database, names["SigningKeysTable"]),
        DynamoRevocations(database, writer),
        DynamoServiceTokens(database, tables, writer),
        DynamoNotifications(database, names["NotificationsTable"]),
        DynamoSockets(database, names["SocketsTable"]),
        DynamoRevocationSource(database, tables.revocations),
    )


@pytest.fixture(scope="session")
def dynamodb_client() -> Any:
    """A client of a real DynamoDB's double: DynamoDB Local or the emulator."""
    return boto3.client(
        "dynamodb",
        endpoint_url=os.environ["DYNAMODB_ENDPOINT"],
        region_name="us-east-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
        config=Config(max_pool_connections=60),
    )


@pytest.fixture(scope="session")
def tables_on_moto() -> tuple[dict[str, str], Snapshot]:
    """The names of the template's tables, and those tables, empty: made once."""
    with mocked_aws():
        return make_tables(boto3.client("dynamodb")), Snapshot()


@pytest.fixture(params=["memory", "moto", "dynamodb"])
def stores(request: pytest.FixtureRequest) -> Iterator[Stores]:
    """Every store, empty."""
    if request.param == "memory":
        yield in_memory()
    elif request.param == "moto":
        with mocked_aws():
            names, empty = request.getfixturevalue("tables_on_moto")
            empty.restore()
            yield on_dynamodb(boto3.client("dynamodb"), names)
    else:
        client = request.getfixturevalue("dynamodb_client")
        yield on_dynamodb(client, make_tables(client, f"t{uuid.uuid4().hex[:8]}-"))


@pytest.fixture
def race_stores(dynamodb_client: Any) -> Stores:
    """Every store on a DynamoDB whose conditions hold under concurrency."""
    return on_dynamodb(dynamodb_client, make_tables(dynamodb_client, f"r{uuid.uuid4().hex[:8]}-"))


LEFT_OUT = pytest.StashKey[int]()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what needs a race-safe DynamoDB where there is none."""
    if os.environ.get("DYNAMODB_ENDPOINT"):
        return
    left = [item for item in items if _needs_dynamodb(item)]
    items[:] = [item for item in items if not _needs_dynamodb(item)]
    config.hook.pytest_deselected(items=left)
    config.stash[LEFT_OUT] = len(left)


def _needs_dynamodb(item: pytest.Item) -> bool:
    call = getattr(item, "callspec", None)
    wanted = call.params.get("stores") if call else None
    return wanted == "dynamodb" or not {"dynamodb_client", "race_stores"}.isdisjoint(getattr(item, "fixturenames", ()))


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Let a worker of pytest-xdist tell how many it left out."""
    output = getattr(session.config, "workeroutput", None)
    if output is not None:
        output["left_out"] = session.config.stash.get(LEFT_OUT, 0)


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Take from each worker what it left out; all collect the same."""
    node.config.stash[LEFT_OUT] = getattr(node, "workeroutput", {}).get("left_out", 0)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Tell in one line what was left out."""
    count = config.stash.get(LEFT_OUT, 0)
    if count:
        reason = "DYNAMODB_ENDPOINT is not set: there is no race-safe DynamoDB to run them on"
        terminalreporter.write_line(f"left out {count} contract tests: {reason}", yellow=True)
