"""Events: what the bus carries of a record, and who is handed it."""

from __future__ import annotations

import json
from dataclasses import fields, replace
from typing import Any

import jsonschema
import pytest

from doorward.audit.kinds import KINDS
from doorward.aws.answers import NoAnswer
from doorward.aws.event_bus import EventBridgeBus
from doorward.aws.services import Refused
from doorward.errors import Unavailable
from doorward.model import PLATFORM, TenantId, UserId
from doorward.model.audit import AuditRecord
from doorward.model.webhooks import Webhook, WebhookId
from doorward.tokens.ids import mint_ulid
from doorward.webhooks.events import event_of, payload_of
from doorward.webhooks.publish import PublishEvents
from tests.support.fake_webhooks import MemoryBus, MemoryDeliveries, MemoryQueue, MemoryWebhooks
from tests.support.fakes import FakeClock, World
from tests.support.makers import ACME, GLOBEX, tenant
from tools import event_schemas


def record(event: str = "user_created", tenant_id: TenantId = ACME, **values: Any) -> AuditRecord:
    defaults: dict[str, Any] = {
        "outcome": KINDS[event].outcome,
        "at_ms": 1_800_000_000_123,
        "actor_id": "actor",
        "actor_name": "ada",
        "target_id": "target",
        "target_name": "bob",
        "source": "192.0.2.7",
        "user_agent": "Firefox",
        "request_id": "r1",
        "details": {"deleted_id": "x", "count": 3, "mailed": True},
    }
    return AuditRecord(id=mint_ulid(), tenant_id=tenant_id, event=event, **{**defaults, **values})


class Stage:
    """Acme and Globex, and what publishes their events."""

    def __init__(self) -> None:
        world = World()
        for tenant_id in (ACME, GLOBEX):
            world.tenants[tenant_id] = tenant(tenant_id)
        self.bus, self.queue, self.clock = MemoryBus(), MemoryQueue(), FakeClock()
        self.webhooks, self.deliveries = MemoryWebhooks(world), MemoryDeliveries(world)
        self.publish = PublishEvents(self.bus, self.webhooks, self.deliveries, self.queue, self.clock)

    def webhook(self, tenant_id: TenantId = ACME, **values: Any) -> Webhook:
        made = Webhook(
            tenant_id=tenant_id,
            id=WebhookId(mint_ulid()),
            url="https://hooks.example/",
            secret="sealed",
            created_by=UserId("u"),
            created_at_ms=0,
            updated_at_ms=0,
            **values,
        )
        self.webhooks.add(made, 10)
        return made


@pytest.fixture
def stage() -> Stage:
    return Stage()


@pytest.mark.parametrize("name", sorted(KINDS))
def test_every_kind_of_event_is_as_its_schema_says(name: str) -> None:
    schema = json.loads((event_schemas.FOLDER / f"{name}.json").read_text("utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    whole = event_of(record(name))
    jsonschema.validate(whole, schema)
    jsonschema.validate(
        event_of(AuditRecord(id="i", at_ms=1, tenant_id=PLATFORM, event=name, outcome=KINDS[name].outcome)), schema
    )
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({**whole, "event": "another"}, schema)


def test_the_schemas_are_those_of_the_catalogue(capsys: pytest.CaptureFixture[str]) -> None:
    assert event_schemas.main(["--check"]) == 0, capsys.readouterr().out


def test_the_bus_carries_all_that_the_record_says() -> None:
    said = record()
    event = event_of(said)
    assert event["at"] == "2027-01-15T08:00:00.123Z"
    assert event["actor"] == {"id": "actor", "name": "ada"}
    flat = {"actor_id", "actor_name", "target_id", "target_name", "at_ms"}
    assert {field.name for field in fields(AuditRecord)} - flat == set(event) - {"version", "at", "actor", "target"}


def test_a_webhook_learns_ids_and_no_name_no_address_and_no_client() -> None:
    payload = json.loads(payload_of(event_of(record())))
    assert set(payload) == {"type", "timestamp", "data"}
    assert payload["type"] == "user_created"
    assert payload["data"]["target_id"] == "target"
    assert not {"ada", "bob", "192.0.2.7", "Firefox"} & set(json.dumps(payload).replace('"', " ").split())


def test_each_record_is_one_event_on_the_bus_and_one_delivery_at_each_webhook_that_hears(stage: Stage) -> None:
    everything, some = stage.webhook(), stage.webhook(events=("user_created",))
    stage.webhook(events=("user_deleted",))
    stage.webhook(status="disabled")
    said = record()
    assert stage.publish([said]) == []
    assert stage.bus.events == [event_of(said)]
    assert [(ref.webhook_id, ref.id, ref.version) for ref in stage.queue.refs] == [
        (everything.id, said.id, 1),
        (some.id, said.id, 1),
    ]


def test_no_webhook_hears_of_another_tenant_or_of_the_platform(stage: Stage) -> None:
    stage.webhook()
    assert stage.publish([record(tenant_id=GLOBEX), record("tenant_created", PLATFORM)]) == []
    assert len(stage.bus.events) == 2
    assert stage.queue.refs == []
    assert stage.deliveries.world.deliveries == {}


def test_what_the_bus_does_not_take_is_tried_again_and_nothing_else_is(stage: Stage) -> None:
    stage.bus.script = [2, 1]
    said = [record() for _ in range(4)]
    assert stage.publish(said) == []
    assert [event["id"] for event in stage.bus.events] == [one.id for one in said]


def test_what_the_bus_never_takes_is_reported_and_goes_to_webhooks_all_the_same(stage: Stage) -> None:
    stage.webhook()
    stage.bus.script = [1, 1, 1]
    said = [record() for _ in range(3)]
    assert stage.publish(said) == [said[-1].id]
    assert len(stage.queue.refs) == 3


def test_a_bus_that_does_not_answer_is_asked_three_times_and_then_all_is_reported(stage: Stage) -> None:
    stage.bus.script = [Unavailable] * 3
    said = [record(), record()]
    assert stage.publish(said) == [one.id for one in said]
    assert stage.publish(said) == []


def test_a_lost_message_is_reported_and_told_again_with_the_same_id(stage: Stage) -> None:
    stage.webhook()
    stage.queue.breaks = 1
    said = record()
    assert stage.publish([said]) == [said.id]
    assert stage.publish([said]) == []
    assert [ref.id for ref in stage.queue.refs] == [said.id]
    assert len(stage.deliveries.world.deliveries) == 1


def test_what_was_tried_already_is_not_told_again(stage: Stage) -> None:
    made, said = stage.webhook(), record()
    stage.publish([said])
    (ref,) = stage.queue.take()
    assert stage.deliveries.put_off(ref, 1) is not None
    found = stage.deliveries.get(ACME, made.id, ref.id)
    assert found is not None
    stage.deliveries.change(replace(found, attempts=1, version=3))
    assert stage.publish([said]) == []
    assert stage.queue.refs == []


class Scripted:
    """A service that answers what is written down."""

    def __init__(self, *answers: Any) -> None:
        self.answers = list(answers)
        self.asked: list[tuple[str, Any]] = []

    def call(self, operation: str, request: Any) -> Any:
        self.asked.append((operation, request))
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


def bus(service: Scripted) -> EventBridgeBus:
    return EventBridgeBus("doorward", service)  # type: ignore[arg-type]


def test_events_go_to_eventbridge_ten_at_a_time_by_their_names() -> None:
    service = Scripted({"FailedEntryCount": 0}, {"FailedEntryCount": 0})
    events = [event_of(record()) for _ in range(12)]
    assert bus(service).put(events) == []
    assert [len(request["Entries"]) for _, request in service.asked] == [10, 2]
    entry = service.asked[0][1]["Entries"][0]
    assert {name: entry[name] for name in ("EventBusName", "Source", "DetailType")} == {
        "EventBusName": "doorward",
        "Source": "doorward",
        "DetailType": "user_created",
    }
    assert json.loads(entry["Detail"]) == events[0]


def test_the_entries_that_eventbridge_refuses_are_told_apart() -> None:
    told = [{"EventId": "a"}, {"ErrorCode": "ThrottlingException"}, {"EventId": "c"}]
    events = [event_of(record()) for _ in range(3)]
    assert bus(Scripted({"FailedEntryCount": 1, "Entries": told})).put(events) == [events[1]]


@pytest.mark.parametrize(
    ("failure", "reason"),
    [(Refused(400, "AccessDenied", {}), "events:AccessDenied"), (NoAnswer("lost"), "events:no_answer")],
)
def test_a_bus_that_refuses_all_or_says_nothing_is_unavailable(failure: Exception, reason: str) -> None:
    with pytest.raises(Unavailable) as caught:
        bus(Scripted(failure)).put([event_of(record())])
    assert caught.value.reason == reason
