"""The stores: in memory, on moto, and on a DynamoDB that is right under concurrency; the latter two by both clients."""

from __future__ import annotations

import os
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import boto3
import pytest
from botocore.config import Config

from doorward.aws.connections import Connections
from doorward.aws.dynamodb import actions
from doorward.aws.dynamodb.acts import act_key, record_attributes
from doorward.aws.dynamodb.attempts import DynamoAttempts
from doorward.aws.dynamodb.audit_trail import DynamoAudit
from doorward.aws.dynamodb.client import BotoDatabase
from doorward.aws.dynamodb.database import Database
from doorward.aws.dynamodb.directory import DynamoDirectory
from doorward.aws.dynamodb.factors import DynamoFactors
from doorward.aws.dynamodb.feed import DynamoRevocationSource
from doorward.aws.dynamodb.invitations import DynamoInvitations
from doorward.aws.dynamodb.items import Tables
from doorward.aws.dynamodb.keys import DynamoKeySets
from doorward.aws.dynamodb.leaving import DynamoBelongings
from doorward.aws.dynamodb.notifications import DynamoNotifications
from doorward.aws.dynamodb.policies import DynamoPolicies
from doorward.aws.dynamodb.proofs import DynamoProofs
from doorward.aws.dynamodb.readers import DynamoRevocationReader, DynamoSessionReader
from doorward.aws.dynamodb.revocations import DynamoRevocations, RevocationWriter
from doorward.aws.dynamodb.service_tokens import DynamoServiceTokens
from doorward.aws.dynamodb.sessions import DynamoSessions
from doorward.aws.dynamodb.signed import SignedDatabase
from doorward.aws.dynamodb.sockets import DynamoSockets
from doorward.aws.dynamodb.tenants import DynamoTenants
from doorward.aws.dynamodb.user_writer import DynamoUserWriter
from doorward.aws.dynamodb.users import DynamoUserReader
from doorward.aws.dynamodb.webhooks import DynamoDeliveries, DynamoWebhooks
from doorward.aws.endpoints import Endpoint
from doorward.demo.stores import NotificationStore
from doorward.keys.former_names import FormerNames
from doorward.keys.stores import KeyRevocationStore, KeySetStore
from doorward.model.audit import AuditRecord
from doorward.stores import (
    AttemptStore,
    BelongingsStore,
    Directory,
    FactorStore,
    InvitationStore,
    PolicyStore,
    ProofStore,
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
from doorward.stores.audit import AuditStore
from doorward.stores.webhooks import DeliveryStore, WebhookStore
from tests.support import fakes
from tests.support.aws import REGION, Snapshot, empty_tables, make_tables, mocked_aws, signed_on_moto, signed_service
from tests.support.fake_audit import MemoryAudit
from tests.support.fake_invitations import MemoryInvitations
from tests.support.fake_proofs import MemoryFactors, MemoryPolicies, MemoryProofs
from tests.support.fake_webhooks import MemoryDeliveries, MemoryWebhooks

NAME_KEY = '{"key": "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="}'


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
    proofs: ProofStore
    policies: PolicyStore
    invitations: InvitationStore
    belongings: BelongingsStore
    factors: FactorStore
    audit: AuditStore
    put_act: Callable[[AuditRecord], None]
    webhooks: WebhookStore
    deliveries: DeliveryStore


def in_memory() -> Stores:
    world = fakes.World()
    audit = MemoryAudit()
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
        MemoryProofs(world),
        MemoryPolicies(world),
        MemoryInvitations(world),
        fakes.MemoryBelongings(world),
        MemoryFactors(world),
        audit,
        lambda record: audit.acts.__setitem__(record.id, record),
        MemoryWebhooks(world),
        MemoryDeliveries(world),
    )


def on_dynamodb(database: Database, names: dict[str, str]) -> Stores:
    tables = Tables(
        names["UsersTable"],
        names["RefreshTokensTable"],
        names["RevocationsTable"],
        names["LoginAttemptsTable"],
        names["ProofsTable"],
        marker_shards=4,
        webhooks=names["WebhooksTable"],
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
        DynamoUserWriter(database, tables, writer, FormerNames(lambda: NAME_KEY)),
        DynamoTenants(database, tables.users, writer),
        DynamoKeySets(database, names["SigningKeysTable"]),
        DynamoRevocations(database, writer),
        DynamoServiceTokens(database, tables, writer),
        DynamoNotifications(database, names["NotificationsTable"]),
        DynamoSockets(database, names["SocketsTable"]),
        DynamoRevocationSource(database, tables.revocations),
        DynamoProofs(database, tables.proofs),
        DynamoPolicies(database, tables.users, writer.markers),
        DynamoInvitations(database, tables),
        DynamoBelongings(database, tables, names["NotificationsTable"]),
        DynamoFactors(database, tables.users),
        DynamoAudit(database, names["AuditTable"], tables.users),
        lambda record: put_act(database, names["AuditTable"], record),
        DynamoWebhooks(database, tables),
        DynamoDeliveries(database, tables.webhooks),
    )


def put_act(database: Database, table: str, record: AuditRecord) -> None:
    database.write(actions.put(table, act_key(record.id), record_attributes(record)))


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


@pytest.fixture(scope="session")
def tables_on_dynamodb(dynamodb_client: Any) -> dict[str, str]:
    """The names of the template's tables on a real DynamoDB's double; to make them takes longer than most tests."""
    return make_tables(dynamodb_client, f"t{uuid.uuid4().hex[:8]}-")


@contextmanager
def on_endpoint(kind: str, client: Any) -> Iterator[Database]:
    """The client that a kind of stores names, on the DynamoDB that boto3's client speaks to."""
    if not kind.endswith("signed"):
        yield BotoDatabase(client)
        return
    connections = Connections(Endpoint("dynamodb", REGION, client.meta.endpoint_url))
    yield SignedDatabase(signed_service("dynamodb", connections, client.meta.endpoint_url))
    connections.close()


@pytest.fixture(params=["memory", "moto", "moto-signed", "dynamodb", "dynamodb-signed"])
def stores(request: pytest.FixtureRequest) -> Iterator[Stores]:
    """Every store, empty."""
    if request.param == "memory":
        yield in_memory()
    elif request.param.startswith("moto"):
        with mocked_aws():
            names, empty = request.getfixturevalue("tables_on_moto")
            empty.restore()
            signed = request.param == "moto-signed"
            yield on_dynamodb(signed_on_moto() if signed else BotoDatabase(boto3.client("dynamodb")), names)
    else:
        client, names = request.getfixturevalue("dynamodb_client"), request.getfixturevalue("tables_on_dynamodb")
        empty_tables(client, names)
        with on_endpoint(request.param, client) as database:
            yield on_dynamodb(database, names)


@pytest.fixture(params=["boto3", "signed"])
def race_stores(request: pytest.FixtureRequest, dynamodb_client: Any) -> Iterator[Stores]:
    """Every store on a DynamoDB whose conditions hold under concurrency."""
    names = make_tables(dynamodb_client, f"r{uuid.uuid4().hex[:8]}-")
    with on_endpoint(request.param, dynamodb_client) as database:
        yield on_dynamodb(database, names)


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
    return wanted in {"dynamodb", "dynamodb-signed"} or not {"dynamodb_client", "race_stores"}.isdisjoint(
        getattr(item, "fixturenames", ())
    )


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
