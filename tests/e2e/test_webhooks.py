"""What happens reaches the bus of events and the receivers of webhooks: through streams, queue, roles and network."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any, TypeVar

import jsonschema
import pytest
from standardwebhooks import Webhook

from tests.support.cloud import Cloud
from tools.event_schemas import FOLDER

T = TypeVar("T")
_PATIENCE_SECONDS = 150


def eventually(found: Callable[[], T]) -> T:
    """Return what is found, once it is something."""
    until = time.monotonic() + _PATIENCE_SECONDS
    while True:
        result = found()
        if result:
            return result
        assert time.monotonic() < until, "nothing came"
        time.sleep(0.5)


@dataclass
class Receiver:
    """A server on this machine that remembers what it was sent.

    Args:
        script: what it answers, in turn; 204 afterwards.
    """

    port: int = 0
    script: list[int] = field(default_factory=list)
    heard: list[tuple[dict[str, str], bytes]] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/in"

    def events(self, name: str) -> list[dict[str, Any]]:
        told = [json.loads(body) for _, body in self.heard]
        return [each for each in told if each["type"] == name]


@contextmanager
def listening(*script: int) -> Iterator[Receiver]:
    receiver = Receiver(script=list(script))

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            receiver.heard.append((dict(self.headers), body))
            self.send_response(receiver.script.pop(0) if receiver.script else 204)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    receiver.port = server.server_address[1]
    serving = Thread(target=server.serve_forever)
    serving.start()
    yield receiver
    server.shutdown()
    serving.join()
    server.server_close()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with listening() as found:
        yield found


@pytest.fixture(autouse=True)
def _none_left(cloud: Cloud) -> Iterator[None]:
    """Delete what a test made: a tenant has ten webhooks at most, and each hears of the next tests."""
    yield
    admin = cloud.token("acme-admin")
    for hook in cloud.call("GET", "/api/acme/webhooks", admin).json()["items"]:
        assert cloud.call("DELETE", f"/api/acme/webhooks/{hook['id']}", admin).status_code == 204


def make(cloud: Cloud, token: str, receiver: Receiver, tenant: str = "acme", **body: Any) -> dict[str, Any]:
    answer = cloud.call("POST", f"/api/{tenant}/webhooks", token, json={"url": receiver.url, **body})
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


def make_user(cloud: Cloud, token: str, tenant: str) -> str:
    body = {"password": "correct horse battery", "tenant_id": tenant}
    answer = cloud.call("POST", "/users", token, json=body)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def sweep(cloud: Cloud) -> None:
    """Find what is due now: the schedule does it each minute."""
    cloud.client("lambda").invoke(FunctionName=cloud.outputs["DeliverWebhooksFunction"], Payload=b"{}")


def test_a_new_user_reaches_the_receiver_signed_and_the_bus_as_its_schema_says(
    cloud: Cloud, receiver: Receiver
) -> None:
    sqs, events, name = cloud.client("sqs"), cloud.client("events"), f"all-{uuid.uuid4().hex[:8]}"
    queue = sqs.create_queue(QueueName=name)["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    bus = cloud.outputs["EventBus"]
    policy = {
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Service": "events.amazonaws.com"},
                "Action": "sqs:SendMessage",
                "Resource": arn,
            }
        ]
    }
    sqs.set_queue_attributes(QueueUrl=queue, Attributes={"Policy": json.dumps({"Version": "2012-10-17", **policy})})
    pattern = {"source": ["doorward"], "detail-type": ["user_created"]}
    events.put_rule(Name=name, EventBusName=bus, EventPattern=json.dumps(pattern))
    events.put_targets(Rule=name, EventBusName=bus, Targets=[{"Id": "queue", "Arn": arn}])

    admin, other = cloud.token("acme-admin"), cloud.token("globex-admin")
    hook = make(cloud, admin, receiver, events=["user_created"])
    theirs, ours = make_user(cloud, other, "globex"), make_user(cloud, admin, "acme")
    (told,) = eventually(lambda: receiver.events("user_created"))
    assert (told["data"]["target_id"], told["data"]["tenant_id"]) == (ours, "acme")
    headers, body = receiver.heard[0]
    assert Webhook(hook["secret"]).verify(body, headers) == told
    assert headers["webhook-id"] == told["data"]["id"]

    heard: dict[str, Any] = {}

    def both() -> bool:
        for message in sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages", []):
            event = json.loads(message["Body"])
            heard[event["detail"]["target"]["id"]] = event
        return {ours, theirs} <= set(heard)

    eventually(both)
    assert (heard[ours]["source"], heard[ours]["detail-type"]) == ("doorward", "user_created")
    jsonschema.validate(heard[ours]["detail"], json.loads((FOLDER / "user_created.json").read_text()))
    assert heard[theirs]["detail"]["tenant_id"] == "globex"
    assert len(receiver.events("user_created")) == 1


def test_a_receiver_that_was_down_gets_it_later_and_again_on_request(cloud: Cloud) -> None:
    with listening(500) as receiver:
        admin = cloud.token("acme-admin")
        hook = make(cloud, admin, receiver, events=["user_deleted"])
        path = f"/api/acme/webhooks/{hook['id']}"
        sent = cloud.call("POST", f"{path}/test", admin)
        assert (sent.status_code, sent.json()["event"]) == (202, "webhook_test")
        eventually(lambda: receiver.heard)

        def deliveries() -> list[dict[str, Any]]:
            found: list[dict[str, Any]] = cloud.call("GET", f"{path}/deliveries", admin).json()["items"]
            return found

        (first,) = eventually(lambda: [one for one in deliveries() if one["attempts"]])
        assert (first["status"], first["attempts"]) in {("waiting", 1), ("delivered", 2)}

        def again() -> bool:
            sweep(cloud)
            return len(receiver.heard) > 1

        eventually(again)
        (second,) = eventually(lambda: [one for one in deliveries() if one["status"] == "delivered"])
        assert (second["attempts"], second["last_status"], second["id"]) == (2, 204, first["id"])
        replayed = cloud.call("POST", f"{path}/deliveries/{first['id']}/replay", admin)
        assert replayed.status_code == 202
        eventually(lambda: len(receiver.heard) > 2)
        assert {headers["webhook-id"] for headers, _ in receiver.heard} == {first["id"]}
        for headers, body in receiver.heard:
            Webhook(hook["secret"]).verify(body, headers)


def test_a_receiver_that_is_gone_is_disabled_and_the_trail_says_so(cloud: Cloud) -> None:
    with listening(410) as gone, listening() as alive:
        admin = cloud.token("acme-admin")
        hook = make(cloud, admin, gone, events=["user_created"])
        make(cloud, admin, alive, events=["webhook_disabled"])
        make_user(cloud, admin, "acme")

        def shown() -> dict[str, Any]:
            found: dict[str, Any] = cloud.call("GET", f"/api/acme/webhooks/{hook['id']}", admin).json()
            return found

        eventually(lambda: shown()["status"] == "disabled")
        assert shown()["disabled_for"] == "gone"
        (told,) = eventually(lambda: alive.events("webhook_disabled"))
        assert told["data"]["details"] == {"webhook_id": hook["id"], "reason": "gone"}


def test_no_address_inside_is_asked(cloud: Cloud) -> None:
    admin = cloud.token("acme-admin")
    for url in ("http://169.254.169.254/", "https://169.254.169.254/", "https://127.0.0.1:9001/", "https://localhost/"):
        answer = cloud.call("POST", "/api/acme/webhooks", admin, json={"url": url})
        assert (answer.status_code, answer.json()["code"]) == (400, "invalid_request"), url
    body = {"url": "https://localhost.localdomain/", "events": ["tenant_deleted"]}  # of which no tenant's trail tells
    made = cloud.call("POST", "/api/acme/webhooks", admin, json=body).json()
    cloud.call("POST", f"/api/acme/webhooks/{made['id']}/test", admin)
    path = f"/api/acme/webhooks/{made['id']}"
    (tried,) = eventually(
        lambda: [one for one in cloud.call("GET", f"{path}/deliveries", admin).json()["items"] if one.get("last_error")]
    )
    assert tried["last_error"] in {"special_address", "gaierror"}
    assert cloud.call("DELETE", path, admin).status_code == 204


def test_a_tenant_takes_its_webhooks_with_it(cloud: Cloud, receiver: Receiver) -> None:
    admin, name = cloud.token(), f"t{uuid.uuid4().hex[:8]}"
    assert cloud.call("POST", "/tenants", admin, json={"id": name}).status_code == 201
    hook = make(cloud, admin, receiver, name)
    cloud.call("POST", f"/api/{name}/webhooks/{hook['id']}/test", admin)
    eventually(lambda: receiver.heard)
    assert cloud.call("PATCH", f"/tenants/{name}", admin, json={"status": "disabled"}).status_code == 200
    eventually(lambda: cloud.call("DELETE", f"/tenants/{name}", admin).status_code == 204)
    items = cloud.client("dynamodb").scan(TableName=cloud.outputs["WebhooksTable"], ConsistentRead=True)["Items"]
    assert not [item for item in items if name in item["pk"]["S"]]
