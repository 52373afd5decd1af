"""The functions of events and webhooks on moto: from an act to the receiver."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import boto3
import pytest
from boto3.dynamodb.types import TypeSerializer
from standardwebhooks import Webhook

from doorward.errors import Unavailable
from doorward.outbound.client import Outbound, Reply
from functions.deliver_webhooks import app as deliver
from functions.publish_events import app as publish
from tests.support.deployment import Deployment, event
from tests.support.people import PASSWORD


@dataclass
class Sent:
    """What left by the way out, in place of a receiver."""

    status: int = 204
    requests: list[tuple[str, dict[str, str], bytes]] = field(default_factory=list)

    def __call__(self, _: Outbound, method: str, url: str, headers: Any, body: bytes, **__: Any) -> Reply:
        assert method == "POST"
        self.requests.append((url, dict(headers), body))
        return Reply(self.status, {}, b"")


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> Sent:
    found = Sent()
    monkeypatch.setattr(Outbound, "send", lambda *given, **named: found(*given, **named))  # noqa: PLW0108 - a function, which becomes a method
    return found


def linked(table: str) -> dict[str, Any]:
    """Return an event with the records that are in chains, as the table's stream tells of them."""
    items: Any = boto3.resource("dynamodb").Table(table).scan()["Items"]
    typed = TypeSerializer()
    records = []
    for number, item in enumerate(one for one in items if one["pk"].startswith("tenant#")):
        image = {name: typed.serialize(value) for name, value in item.items()}
        keys = {name: image[name] for name in ("pk", "sk")}
        told = {"Keys": keys, "NewImage": image, "SequenceNumber": str(number)}
        records.append({"eventName": "INSERT", "dynamodb": told})
    return {"Records": records}


def chain(deployment: Deployment, table: str) -> None:
    """Move the acts that wait into chains: moto calls no function for the records of a stream."""
    items = boto3.client("dynamodb").scan(TableName=table)["Items"]
    acts = [{"pk": item["pk"]} for item in items if item["pk"]["S"].startswith("act#")]
    deployment.raw("chain_audit", {"Records": [{"eventName": "INSERT", "dynamodb": {"Keys": keys}} for keys in acts]})


def messages() -> dict[str, Any]:
    """Return the messages of the queue, as Lambda passes them on."""
    queue = boto3.client("sqs")
    url = queue.get_queue_url(QueueName="deliveries")["QueueUrl"]
    found: list[dict[str, Any]] = []
    while taken := queue.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", []):
        for message in taken:
            queue.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
            found.append({"messageId": message["MessageId"], "body": message["Body"]})
    return {"Records": found}


def test_from_an_act_to_the_receiver(deployment: Deployment, sent: Sent) -> None:
    admin, other, table = deployment.context("acme-admin"), deployment.context("globex-admin"), "AuditTable"
    wanted = {"url": "https://hooks.acme.example/in", "events": ["user_created"]}
    hook = deployment.call("webhooks", "POST", "/api/acme/webhooks", wanted, context=admin)["json"]
    deployment.call("webhooks", "POST", "/api/globex/webhooks", wanted, context=other)
    body = {"username": "ann@acme", "password": PASSWORD, "tenant_id": "acme"}
    ann = deployment.call("users", "POST", "/users", body, context=admin)["json"]
    chain(deployment, table)
    assert deployment.raw("publish_events", linked(table)) == {"batchItemFailures": []}
    assert deployment.raw("publish_events", linked(table)) == {"batchItemFailures": []}  # the stream tells again
    told = messages()
    assert len(told["Records"]) == 2
    assert deployment.raw("deliver_webhooks", told) == {"batchItemFailures": []}
    ((url, headers, payload),) = sent.requests
    assert url == wanted["url"]
    said = Webhook(hook["secret"]).verify(payload, headers)
    assert (said["type"], said["data"]["target_id"]) == ("user_created", ann["id"])
    path = f"/api/acme/webhooks/{hook['id']}"
    (shown,) = deployment.call("webhooks", "GET", f"{path}/deliveries", context=admin)["json"]["items"]
    assert (shown["status"], shown["attempts"], shown["last_status"]) == ("delivered", 1, 204)


def test_no_answer_but_two_shows_the_secret_and_no_table_has_it(deployment: Deployment) -> None:
    admin, path = deployment.context("acme-admin"), "/api/acme/webhooks"
    made = deployment.call("webhooks", "POST", path, {"url": "https://hooks.example/"}, context=admin)
    hook = made["json"]
    assert made["headers"]["Location"] == f"{path}/{hook['id']}"
    rotated = deployment.call("webhooks", "POST", f"{path}/{hook['id']}/secret", context=admin)["json"]
    assert rotated["secret"] != hook["secret"]
    shown = deployment.call("webhooks", "GET", f"{path}/{hook['id']}", context=admin)
    listed = deployment.call("webhooks", "GET", path, context=admin)
    changed = deployment.call("webhooks", "PATCH", f"{path}/{hook['id']}", {"description": None}, context=admin)
    rows = str(boto3.client("dynamodb").scan(TableName="WebhooksTable"))
    for text in (shown["body"], listed["body"], changed["body"], rows):
        assert hook["secret"].removeprefix("whsec_") not in text
        assert rotated["secret"].removeprefix("whsec_") not in text
    assert "former_secret_until" in shown["json"]


def test_the_acts_on_a_webhook_are_in_the_tenants_trail(deployment: Deployment, sent: Sent) -> None:
    admin, path = deployment.context("acme-admin"), "/api/acme/webhooks"
    hook = deployment.call("webhooks", "POST", path, {"url": "https://hooks.example/"}, context=admin)["json"]
    own = f"{path}/{hook['id']}"
    deployment.call("webhooks", "PATCH", own, {"description": "b"}, context=admin)
    deployment.call("webhooks", "POST", f"{own}/secret", context=admin)
    deployment.call("webhooks", "POST", f"{own}/test", context=admin)
    sent.status = 410
    deployment.raw("deliver_webhooks", messages())
    assert deployment.call("webhooks", "GET", own, context=admin)["json"]["disabled_for"] == "gone"
    deployment.call("webhooks", "DELETE", own, context=admin)
    chain(deployment, "AuditTable")
    items = [item["dynamodb"]["NewImage"] for item in linked("AuditTable")["Records"]]
    kept = [item["event"]["S"] for item in items if item["event"]["S"].startswith("webhook")]
    assert sorted(kept) == [
        "webhook_changed",
        "webhook_created",
        "webhook_deleted",
        "webhook_disabled",
        "webhook_secret_rotated",
    ]


def test_what_a_stream_tells_of_is_told_again_by_its_number(monkeypatch: pytest.MonkeyPatch) -> None:
    told = event("publish_events_linked")
    failing = lambda records: [record.id for record in records]  # noqa: E731
    monkeypatch.setattr(publish, "services", lambda: SimpleNamespace(publish=failing))
    assert publish.handler(told, None) == {"batchItemFailures": [{"itemIdentifier": "1"}]}


def test_a_message_that_could_not_be_tried_comes_again_and_others_do_not(monkeypatch: pytest.MonkeyPatch) -> None:
    (first,) = event("deliver_webhooks_gone")["Records"]
    second = {**first, "messageId": "second", "body": json.dumps({**json.loads(first["body"]), "version": 2})}

    def broken(ref: Any) -> None:
        if ref.version == 2:
            raise Unavailable(reason="dynamodb")

    monkeypatch.setattr(deliver, "services", lambda: SimpleNamespace(deliver=broken))
    answer = deliver.handler({"Records": [first, second]}, None)
    assert answer == {"batchItemFailures": [{"itemIdentifier": "second"}]}
