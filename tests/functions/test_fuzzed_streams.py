"""A bad record of a stream is reported or dropped; the good ones of its batch are not lost with it.

The streams are those of template.yaml, with what it says of tries. A function with a new stream needs a row in `GOOD`.
"""

from __future__ import annotations

import copy
import itertools
import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import boto3
import pytest
from hypothesis import strategies as st

from doorward.aws.dynamodb import actions
from doorward.aws.dynamodb.acts import act_key, record_attributes
from doorward.aws.dynamodb.audit_trail import DynamoAudit
from doorward.aws.dynamodb.sockets import DynamoSockets
from doorward.aws.event_bus import EventBridgeBus
from doorward.aws.mail import SesMails
from doorward.aws.socket_gateway import ApiGatewaySockets
from doorward.bootstrap.clock import clock
from doorward.bootstrap.sdk import SdkParts
from doorward.errors import DoorwardError
from doorward.model import Epochs, SessionId, Subject, TenantId, UserId
from doorward.model.audit import AuditRecord
from doorward.model.sockets import Connection, SocketGrant
from doorward.rules.facts import session_digest
from doorward.settings import Settings
from doorward.tokens.feed import read_head
from doorward.tokens.ids import random_ulid
from doorward.tokens.proofs import MintProofs
from tests.support.deployment import EVENTS, Deployment, Stack, event
from tests.support.fuzzing import fuzz, share_of, tell
from tests.support.invokers import invoked_by
from tests.support.odd import values
from tests.support.odd_events import altered, anything
from tests.support.odd_records import Record, batches, deliver, mappings

pytestmark = pytest.mark.fuzz

EXAMPLES = 20
ACME, MIA = TenantId("acme"), UserId("01M81HV2TRPXK019YWDYF7T8BY")
_numbers = itertools.count()


@dataclass(frozen=True)
class Good:
    """A record that a function acts upon.

    Args:
        record: as the stream tells it.
        was_heeded: whether the function did what the record asks for.
    """

    record: Record
    was_heeded: Callable[[], bool]


def _numbered(sample: str, pk: str) -> Record:
    record: Record = copy.deepcopy(event(sample)["Records"][0])
    for image in ("Keys", "NewImage", "OldImage"):
        if image in record["dynamodb"]:
            record["dynamodb"][image]["pk"] = {"S": pk}
    return record


@contextmanager
def _mail(patch: pytest.MonkeyPatch) -> Iterator[Callable[[], Good]]:
    sent: list[str] = []
    patch.setattr(SesMails, "send", lambda _, mail: sent.append(mail.to))
    parts = SdkParts(Settings.from_environment(os.environ))

    def make() -> Good:
        address = f"ann{next(_numbers)}@people.example"
        proof = MintProofs(parts.proof_texts, clock)("sign_up", ACME, address=address)
        parts.proofs.add(proof)
        return Good(_numbered("send_mail_gone", f"proof#{proof.id}"), lambda: sent.count(address) == 1)

    yield make


@contextmanager
def _closing(patch: pytest.MonkeyPatch) -> Iterator[Callable[[], Good]]:
    closed: list[str] = []
    patch.setattr(ApiGatewaySockets, "close", lambda _, connection_id, __: closed.append(connection_id))
    parts = SdkParts(Settings.from_environment(os.environ))
    sockets = DynamoSockets(parts.database, os.environ["SOCKETS_TABLE"])

    def make() -> Good:
        name = f"socket{next(_numbers)}"
        subject = Subject(MIA, "mia", ACME, ("user",), SessionId("s"))
        grant = SocketGrant(
            subject=subject, epochs=Epochs(-1, 0), ends_at_ms=9_000_000_000_000
        )  # of an epoch that is over
        sockets.add(Connection(name, grant))
        return Good(_numbered("close_sockets_revoked", f"tenant#acme#user#{MIA}"), lambda: name in closed)

    yield make


@contextmanager
def _feed(_: pytest.MonkeyPatch) -> Iterator[Callable[[], Good]]:
    bucket = boto3.client("s3")

    def make() -> Good:
        session_id = f"session{next(_numbers)}"
        record = _numbered("publish_feed_revoked", f"tenant#acme#user#{MIA}")
        record["dynamodb"]["NewImage"][f"sid:{session_id}"] = {"N": "4102444800"}
        digest = session_digest(ACME, MIA, session_id)

        def published() -> bool:
            head = read_head(bucket.get_object(Bucket=os.environ["FEED_BUCKET"], Key="head")["Body"].read().decode())
            return any(digest in digests for digests in head.tail.ended.values())

        return Good(record, published)

    yield make


@contextmanager
def _chaining(_: pytest.MonkeyPatch) -> Iterator[Callable[[], Good]]:
    database, table = SdkParts(Settings.from_environment(os.environ)).plain_database, os.environ["AUDIT_TABLE"]
    trails = DynamoAudit(database, table)

    def make() -> Good:
        record = AuditRecord(id=random_ulid(clock()), at_ms=clock(), tenant_id=ACME, event="signed_in")
        database.write(actions.put(table, act_key(record.id), record_attributes(record)))
        told: Record = {
            "eventName": "INSERT",
            "dynamodb": {"Keys": {"pk": {"S": f"act#{record.id}"}, "sk": {"S": "act"}}},
        }
        return Good(told, lambda: not trails.waiting([record.id]))

    yield make


@contextmanager
def _publishing(patch: pytest.MonkeyPatch) -> Iterator[Callable[[], Good]]:
    published: list[str] = []

    def put(_: Any, events: Any) -> list[Any]:
        published.extend(one["id"] for one in events)
        return []

    patch.setattr(EventBridgeBus, "put", put)

    def make() -> Good:
        record_id, record = random_ulid(clock()), _numbered("publish_events_linked", "tenant#acme#2026-11")
        record["dynamodb"]["NewImage"]["audit_id"] = {"S": record_id}
        return Good(record, lambda: record_id in published)

    yield make


GOOD = {
    "chain_audit": _chaining,
    "publish_events": _publishing,
    "send_mail": _mail,
    "close_sockets": _closing,
    "publish_feed": _feed,
}


def test_every_stream_has_a_good_record_here() -> None:
    for name in mappings():
        assert name in GOOD, (
            f"{name}: say in GOOD what a good record of its stream is, and what shows that it was heeded"
        )


@pytest.mark.parametrize("function", sorted(GOOD))
def test_a_bad_record_takes_no_good_one_with_it(
    stack: Stack,
    deployment: Deployment,
    monkeypatch: pytest.MonkeyPatch,
    request: pytest.FixtureRequest,
    function: str,
) -> None:
    mapping = mappings()[function]
    with GOOD[function](monkeypatch) as make:

        def check(batch: list[Record | None]) -> None:
            stack.state.restore()
            if function == "publish_feed":
                stack.publish(deployment)
            good = make()
            records = [good.record if one is None else one for one in batch]
            for number, record in enumerate(records):
                if isinstance(record.get("dynamodb"), dict):
                    record["dynamodb"]["SequenceNumber"] = str(number)
            tell(function, {"Records": records})
            lost = list(deliver(lambda sent: deployment.raw(function, sent), records, mapping))
            assert good.record not in lost
            assert good.was_heeded()

        fuzz(check, batches(make().record), EXAMPLES, share_of(request), "fuzzed events")


@pytest.mark.parametrize(
    "function", sorted(name for name, kinds in invoked_by().items() if kinds & {"Schedule", "EventBridgeRule"})
)
def test_what_comes_by_the_clock_or_by_the_bus_is_done_or_refused(
    stack: Stack,
    deployment: Deployment,
    monkeypatch: pytest.MonkeyPatch,
    request: pytest.FixtureRequest,
    function: str,
) -> None:
    monkeypatch.setattr(ApiGatewaySockets, "close", lambda *_: None)
    samples = [made for file in EVENTS.glob(f"{function}_*.json") if "Records" not in (made := event(file.stem))]
    commands = st.builds(lambda command, kid: {"command": command, "kid": kid}, values, values)

    def check(sent: Any) -> None:
        stack.state.restore()
        tell(function, sent)
        try:
            json.dumps(deployment.raw(function, sent))
        except DoorwardError:
            return

    like_one = st.sampled_from(samples or [{"detail-type": "Scheduled Event"}]).flatmap(altered)
    odd = like_one | like_one | commands | anything
    fuzz(check, odd, EXAMPLES, share_of(request), "fuzzed events")


def test_a_message_that_nobody_can_read_is_told_again_and_takes_no_other_with_it(
    stack: Stack, deployment: Deployment, request: pytest.FixtureRequest
) -> None:
    good = event("deliver_webhooks_gone")["Records"][0]
    bodies = st.text() | values.map(json.dumps)

    def check(body: str) -> None:
        stack.state.restore()
        sent = {"Records": [{**good, "messageId": "odd", "body": body}, good]}
        tell("deliver_webhooks", sent)
        answer = deployment.raw("deliver_webhooks", sent)
        assert {one["itemIdentifier"] for one in answer["batchItemFailures"]} <= {"odd"}

    fuzz(check, bodies, EXAMPLES, share_of(request), "fuzzed events")
