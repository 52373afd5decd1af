"""Webhooks: who may have one, what is signed, when it is tried again, and what becomes of receivers that fail."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import logging
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from standardwebhooks import Webhook as Verifier
from standardwebhooks import WebhookVerificationError

from doorward.audit.kinds import KINDS
from doorward.aws.endpoints import is_local_cloud
from doorward.errors import (
    Conflict,
    InsufficientAuthentication,
    InsufficientScope,
    InvalidRequest,
    Misconfigured,
    NotFound,
    TooManyWebhooks,
)
from doorward.model import Principal, SessionId, Subject, TenantId, UserId
from doorward.model.authentication import Authentication
from doorward.model.webhooks import Delivery, DeliveryRef, Webhook, WebhookId
from doorward.rules.webhooks import LONGEST_MS, MOST_ATTEMPTS, WAITS_SECONDS, check_url, pause_ms, wait_ms
from doorward.tokens.ids import mint_ulid
from doorward.webhooks.administer import AdministerWebhooks, WithSecret
from doorward.webhooks.deliver import DeliverEvent
from doorward.webhooks.deliveries import new_delivery
from doorward.webhooks.events import event_of
from doorward.webhooks.inspect import InspectDeliveries
from doorward.webhooks.secrets import WebhookSecrets, signature
from doorward.webhooks.sweep import SweepDue, in_turns
from tests.support.fake_webhooks import MemoryDeliveries, MemoryQueue, MemoryWebhooks, Receiver
from tests.support.fakes import FakeClock, World
from tests.support.makers import ACME, GLOBEX, tenant
from tests.support.tally import count
from tests.unit.test_events import record

URL = "https://hooks.acme.example/in"


class Stage:
    """Acme and Globex with all that has to do with webhooks; the clock is the system's, until a test moves it."""

    def __init__(self) -> None:
        self.world = World()
        for tenant_id in (ACME, GLOBEX):
            self.world.tenants[tenant_id] = tenant(tenant_id)
        self.clock = FakeClock(int(datetime.now(UTC).timestamp() * 1000))
        self.queue, self.receiver = MemoryQueue(), Receiver()
        self.store, self.deliveries = MemoryWebhooks(self.world), MemoryDeliveries(self.world)
        self.secrets = WebhookSecrets(lambda: b"r" * 32)
        self.jitter = 0.0
        self.administer = AdministerWebhooks(self.store, self.secrets, self.clock)
        self.inspect = InspectDeliveries(self.administer, self.deliveries, self.queue, self.clock)
        self.deliver = DeliverEvent(
            self.store, self.deliveries, self.secrets, self.receiver, self.clock, lambda: self.jitter
        )
        self.sweep = SweepDue(self.deliveries, self.queue, self.clock)

    def principal(self, tenant_id: TenantId = ACME, *roles: str, age_seconds: int = 0) -> Principal:
        seconds = self.clock() // 1000 - age_seconds
        subject = Subject(UserId("ada"), "ada", tenant_id, roles or ("admin",), SessionId("s"))
        return Principal(subject=subject, authentication=Authentication(seconds, ("pwd",), "1fa"))

    def make(self, **values: Any) -> WithSecret:
        return self.administer.make(self.principal(), ACME, values.get("url", URL), values.get("events", ()), None)

    def happen(self, webhook: Webhook) -> Delivery:
        """Tell a webhook of an event; return the delivery."""
        made = self.deliveries.add(new_delivery(webhook, event_of(record()), self.clock()))
        assert made is not None
        return made

    def now(self, delivery: Delivery) -> Delivery:
        found = self.deliveries.get(delivery.tenant_id, delivery.webhook_id, delivery.id)
        assert found is not None
        return found

    def webhook(self, of: Delivery | Webhook) -> Webhook:
        found = self.store.get(of.tenant_id, of.webhook_id if isinstance(of, Delivery) else of.id)
        assert found is not None
        return found

    def run(self) -> None:
        """Sweep, and try all that is due."""
        self.sweep()
        for ref in self.queue.take():
            self.deliver(ref)

    def run_at(self, time_ms: int) -> None:
        self.clock.now_ms = time_ms + 1
        self.run()


@pytest.fixture
def stage() -> Stage:
    return Stage()


# Which URLs

REFUSED = """
http://hooks.acme.example/ ftp://hooks.acme.example/ file:///etc/passwd //hooks.acme.example/
hooks.acme.example https:///in https://localhost/ https://127.0.0.1/
https://127.0.0.1:9001/2018-06-01/runtime/invocation/next http://127.0.0.1:9001/
https://169.254.169.254/latest/meta-data/ https://[::1]/ https://[::ffff:169.254.169.254]/
https://[fd00:ec2::254]/ https://2130706433/ https://0x7f000001/ https://0x7f.0x0.0x0.0x1/ https://0177.0.0.1/
https://127.1/ https://017700000001/ https://10.0.0.1/ https://1.1.1.1/ https://user@hooks.acme.example/
https://user:secret@hooks.acme.example/ https://hooks.acme.example@127.0.0.1/ https://hooks.acme.example:9001/
https://hooks.acme.example:22/ https://hooks.acme.example:0443000/ https://hooks.acme.example:x/
https://hooks.acme.example/#a https://hooks.acme.example/# https://hooks.acme.example\\@127.0.0.1/
https://müller.example/ https://hooks。acme。example/ https://１２７.0.0.1/ https://-a.example/ https://a..example/
https://hooks.acme.example./ https://hooks_acme.example/ https://*.example/ https://[::1/
https:hooks.acme.example
"""


@pytest.mark.parametrize(
    "url",
    [*REFUSED.split(), "", "https://a.example/ b", "https://a.example/\r\nX: y", "https://a.example/" + "a" * 500],
)
def test_a_url_that_could_never_be_meant_well_is_refused(url: str) -> None:
    with pytest.raises(InvalidRequest):
        check_url(url)
    count("server-side request forgeries tried")


@pytest.mark.parametrize(
    "url", [URL, "https://xn--mller-kva.example/", "https://a.example:8443/b?c=d&e=%20", "HTTPS://A.example"]
)
def test_a_url_of_an_ordinary_name_is_taken_as_it_is(url: str) -> None:
    assert check_url(url) == url


def test_this_machine_is_taken_on_the_local_cloud_alone() -> None:
    for url in ("http://127.0.0.1:9000/in", "http://localhost:9000/"):
        assert check_url(url, is_local=True) == url
        with pytest.raises(InvalidRequest):
            check_url(url)
    for url in ("http://10.0.0.1/", "https://127.0.0.1/", "http://127.0.0.2/", "http://u@127.0.0.1/"):
        with pytest.raises(InvalidRequest):
            check_url(url, is_local=True)


@pytest.mark.parametrize(
    ("environment", "is_local"),
    [
        ({}, False),
        ({"AWS_ENDPOINT_URL": ""}, False),
        ({"AWS_ENDPOINT_URL": "https://dynamodb.eu-central-1.amazonaws.com"}, False),
        ({"AWS_ENDPOINT_URL": "https://127.0.0.1.example/"}, False),
        ({"AWS_ENDPOINT_URL": "http://127.0.0.1:4566"}, True),
        ({"AWS_ENDPOINT_URL_SQS": "http://127.0.0.1:4566"}, False),
    ],
)
def test_only_where_aws_itself_is_on_this_machine_is_it_the_local_cloud(
    environment: dict[str, str], is_local: bool
) -> None:
    assert is_local_cloud(environment) is is_local


# Who, and what

ACTIONS = {
    "make": lambda stage, who, hook: stage.administer.make(who, hook.tenant_id, URL, (), None),
    "change": lambda stage, who, hook: stage.administer.change(who, hook.tenant_id, hook.id, {"status": "disabled"}),
    "rotate": lambda stage, who, hook: stage.administer.rotate(who, hook.tenant_id, hook.id),
    "test": lambda stage, who, hook: stage.inspect.test(who, hook.tenant_id, hook.id),
    "replay": lambda stage, who, hook: stage.inspect.replay(
        who, hook.tenant_id, hook.id, next(iter(stage.world.deliveries))[2]
    ),
    "remove": lambda stage, who, hook: stage.administer.remove(who, hook.tenant_id, hook.id),
}
READS = {
    "many": lambda stage, who, hook: stage.administer.many(who, hook.tenant_id),
    "one": lambda stage, who, hook: stage.administer.one(who, hook.tenant_id, hook.id),
    "deliveries": lambda stage, who, hook: stage.inspect.many(who, hook.tenant_id, hook.id, 10, None),
}


@pytest.mark.parametrize("name", [*ACTIONS, *READS])
def test_only_an_administrator_of_the_tenant_looks_after_its_webhooks(stage: Stage, name: str) -> None:
    act: Any = {**ACTIONS, **READS}[name]
    hook = stage.make().webhook
    stage.happen(hook)
    for who, error in (
        (stage.principal(GLOBEX), NotFound),
        (stage.principal(ACME, "user"), InsufficientScope),
        (stage.principal(ACME, "service"), InsufficientScope),
    ):
        with pytest.raises(error):
            act(stage, who, hook)
    act(stage, stage.principal(), hook)


@pytest.mark.parametrize("name", ACTIONS)
def test_whoever_changes_something_signed_in_less_than_an_hour_ago(stage: Stage, name: str) -> None:
    hook = stage.make().webhook
    stage.happen(hook)
    with pytest.raises(InsufficientAuthentication):
        ACTIONS[name](stage, stage.principal(age_seconds=3700), hook)


def test_anothers_webhook_is_none_of_this_tenant(stage: Stage) -> None:
    hook = stage.make().webhook
    who = stage.principal(GLOBEX)
    for act in ({**ACTIONS, **READS}).values():
        if act not in (ACTIONS["make"], READS["many"]):
            stage.happen(hook)
            with pytest.raises(NotFound):
                act(stage, who, replace(hook, tenant_id=GLOBEX))  # type: ignore[no-untyped-call]
    for text in ("", "../x", hook.id + "#delivery#", hook.id.lower()):
        with pytest.raises(NotFound):
            stage.administer.one(stage.principal(), ACME, text)


def test_a_tenant_has_ten_webhooks_at_most(stage: Stage) -> None:
    for _ in range(10):
        stage.make()
    with pytest.raises(TooManyWebhooks):
        stage.make()


def test_events_are_those_of_the_catalogue(stage: Stage) -> None:
    made = stage.make(events=("user_deleted", "user_created", "user_created"))
    assert made.webhook.events == ("user_created", "user_deleted")
    with pytest.raises(InvalidRequest):
        stage.make(events=("user_created", "nothing"))


def test_what_is_changed_is_checked_as_at_the_beginning_and_counts(stage: Stage) -> None:
    hook = stage.make().webhook
    for changes in ({"url": "https://10.0.0.1/"}, {"events": ("nothing",)}, {"description": "x" * 300}, {}):
        with pytest.raises(InvalidRequest):
            stage.administer.change(stage.principal(), ACME, hook.id, changes)
    after = stage.administer.change(
        stage.principal(), ACME, hook.id, {"events": ["user_deleted"], "description": "CRM"}
    )
    assert (after.events, after.description, after.version) == (("user_deleted",), "CRM", 2)
    assert stage.webhook(hook) == after


def test_enabling_forgets_why_it_was_disabled_and_that_it_failed(stage: Stage) -> None:
    hook = stage.make().webhook
    broken = replace(hook, status="disabled", disabled_for="failing", failures=9, pauses_until_ms=2**50, version=2)
    stage.store.change(broken)
    after = stage.administer.change(stage.principal(), ACME, hook.id, {"status": "enabled"})
    assert (after.status, after.disabled_for, after.failures, after.pauses_until_ms) == ("enabled", None, 0, 0)


# What is signed


def test_a_secret_is_kept_sealed_and_opens_for_its_webhook_alone(stage: Stage) -> None:
    made = stage.make()
    assert made.secret.startswith("whsec_")
    assert len(base64.b64decode(made.secret.removeprefix("whsec_"))) == 32
    assert made.secret.removeprefix("whsec_") not in str(stage.world.webhooks)
    assert stage.secrets.open(made.webhook.id, made.webhook.secret) == made.secret
    for other, sealed in ((WebhookId(mint_ulid()), made.webhook.secret), (made.webhook.id, "A" * 100)):
        with pytest.raises(Misconfigured):
            stage.secrets.open(other, sealed)
    with pytest.raises(Misconfigured):
        WebhookSecrets(lambda: b"s" * 32).open(made.webhook.id, made.webhook.secret)


def test_the_signature_is_that_of_the_specification() -> None:
    # The example of the specification's reference implementations.
    secret, body = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", '{"test": 2432232314}'
    made = signature([secret], "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, body)
    text = f"msg_p5jXN8AQM9LWM0D4loKWxJek.1614265330.{body}".encode()
    digest = hmac.digest(base64.b64decode(secret.removeprefix("whsec_")), text, hashlib.sha256)
    assert made == "v1," + base64.b64encode(digest).decode()


def test_a_receiver_verifies_what_it_gets_and_nothing_else(stage: Stage) -> None:
    made = stage.make()
    delivery = stage.happen(made.webhook)
    stage.deliver(delivery.ref)
    (sent,) = stage.receiver.sent
    assert sent.url == URL
    assert sent.headers["webhook-id"] == delivery.id
    assert sent.headers["Content-Type"] == "application/json"
    told = Verifier(made.secret).verify(sent.body, dict(sent.headers))
    assert told["type"] == "user_created"
    assert told == json.loads(delivery.payload)
    for body, headers, secret in (
        (sent.body.replace(b"user_created", b"user_deleted"), {}, made.secret),
        (sent.body, {"webhook-id": "another"}, made.secret),
        (sent.body, {"webhook-timestamp": str(stage.clock() // 1000 - 1)}, made.secret),
        (sent.body, {}, stage.secrets.mint()),
    ):
        with pytest.raises(WebhookVerificationError):
            Verifier(secret).verify(body, {**sent.headers, **headers})


def test_for_a_day_after_a_rotation_both_secrets_verify_and_then_the_new_one_alone(stage: Stage) -> None:
    made = stage.make()
    rotated = stage.administer.rotate(stage.principal(), ACME, made.webhook.id)
    begun_ms = stage.clock()
    assert rotated.secret != made.secret
    for after_ms, signatures in ((0, 2), (86_399_999, 2), (86_400_000, 1)):
        stage.clock.now_ms = begun_ms + after_ms
        stage.deliver(stage.happen(stage.webhook(made.webhook)).ref)
        sent = stage.receiver.sent[-1]
        seconds, body = int(sent.headers["webhook-timestamp"]), sent.body.decode()
        keys = [rotated.secret, made.secret][:signatures]
        assert sent.headers["webhook-signature"] == signature(keys, sent.headers["webhook-id"], seconds, body)
    stage.clock.now_ms = begun_ms
    Verifier(made.secret).verify(stage.receiver.sent[0].body, dict(stage.receiver.sent[0].headers))
    again = stage.administer.rotate(stage.principal(), ACME, made.webhook.id)
    assert stage.secrets.signing(again.webhook, begun_ms) == [again.secret, rotated.secret]  # the first one ended


def test_no_secret_is_in_any_log_or_text(stage: Stage, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    made = stage.make()
    rotated = stage.administer.rotate(stage.principal(), ACME, made.webhook.id)
    stage.administer.change(stage.principal(), ACME, made.webhook.id, {"description": "b"})
    stage.receiver.script = ["TimeoutError", 410]
    delivery = stage.happen(rotated.webhook)
    stage.deliver(delivery.ref)
    stage.run_at(stage.now(delivery).next_at_ms or 0)
    assert stage.webhook(made.webhook).status == "disabled"
    said = caplog.text + "".join(str(record.__dict__) for record in caplog.records)
    assert "webhook_disabled" in said
    for secret in (made.secret, rotated.secret, made.webhook.secret, rotated.webhook.secret):
        assert secret not in said
        assert secret.removeprefix("whsec_") not in said


@pytest.mark.parametrize(
    "event", ["webhook_created", "webhook_changed", "webhook_deleted", "webhook_secret_rotated", "webhook_disabled"]
)
def test_each_act_on_a_webhook_is_of_the_catalogue(event: str) -> None:
    assert event in KINDS


# When it is tried again


def test_a_delivery_that_fails_is_tried_again_exactly_as_scheduled_for_three_days(stage: Stage) -> None:
    stage.receiver.script = [500]
    hook = stage.make().webhook
    delivery = stage.happen(hook)
    begun_ms = stage.clock()
    stage.deliver(delivery.ref)
    for number, seconds in enumerate(WAITS_SECONDS, start=1):
        found = stage.now(delivery)
        assert (found.attempts, found.status, found.last_status) == (number, "waiting", 500)
        assert found.next_at_ms == stage.clock() + seconds * 1000
        stage.clock.now_ms = found.next_at_ms
        stage.run()  # a moment too early
        assert len(stage.receiver.sent) == number
        stage.store.note(ACME, hook.id, 0, failed=True)  # nothing else holds it up
        stage.run_at(found.next_at_ms)
        assert len(stage.receiver.sent) == number + 1
    found = stage.now(delivery)
    assert (found.attempts, found.status, found.next_at_ms) == (MOST_ATTEMPTS, "failed", None)
    assert stage.clock() - begun_ms == pytest.approx(sum(WAITS_SECONDS) * 1000, abs=100)
    assert 3 * 86_400 < sum(WAITS_SECONDS) < LONGEST_MS / 1000
    disabled = stage.webhook(hook)
    assert (disabled.status, disabled.disabled_for) == ("disabled", "failing")
    assert {sent.headers["webhook-id"] for sent in stage.receiver.sent} == {delivery.id}
    stage.run_at(stage.clock() + LONGEST_MS)
    assert len(stage.receiver.sent) == MOST_ATTEMPTS


def test_waits_are_spread_by_a_fifth_at_most() -> None:
    assert [wait_ms(1, jitter) for jitter in (0.0, 0.5, 1.0)] == [5000, 5500, 6000]
    assert wait_ms(MOST_ATTEMPTS, 0.0) == 86_400_000


@pytest.mark.parametrize("outcome", [301, 400, 404, 429, 500, 503, "redirect", "TimeoutError", "special_address", 199])
def test_what_is_no_success_is_tried_again(stage: Stage, outcome: int | str) -> None:
    stage.receiver.script = [outcome, 200]
    delivery = stage.happen(stage.make().webhook)
    stage.deliver(delivery.ref)
    found = stage.now(delivery)
    assert (found.status, found.last_status or found.last_error) == ("waiting", outcome)
    stage.run_at(found.next_at_ms or 0)
    found = stage.now(delivery)
    assert (found.status, found.attempts, found.last_status, found.last_error) == ("delivered", 2, 200, None)
    assert stage.webhook(delivery).failures == 0


@pytest.mark.parametrize("outcome", [200, 201, 202, 204, 299])
def test_a_success_ends_it(stage: Stage, outcome: int) -> None:
    stage.receiver.script = [outcome]
    delivery = stage.happen(stage.make().webhook)
    stage.deliver(delivery.ref)
    stage.run_at(stage.clock() + LONGEST_MS)
    assert stage.now(delivery).status == "delivered"
    assert len(stage.receiver.sent) == 1


def test_a_receiver_that_is_gone_is_disabled_at_once_and_hears_nothing_more(
    stage: Stage, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    stage.receiver.script = [410]
    hook = stage.make().webhook
    first, second = stage.happen(hook), stage.happen(hook)
    stage.deliver(first.ref)
    stage.deliver(second.ref)
    assert (stage.webhook(hook).status, stage.webhook(hook).disabled_for) == ("disabled", "gone")
    assert [stage.now(one).status for one in (first, second)] == ["failed", "failed"]
    assert len(stage.receiver.sent) == 1
    (told,) = (line.audit for line in caplog.records if getattr(line, "audit", {}).get("event") == "webhook_disabled")  # type: ignore[attr-defined]
    assert {name: told[name] for name in ("tenant_id", "webhook_id", "reason")} == {
        "tenant_id": ACME,
        "webhook_id": hook.id,
        "reason": "gone",
    }


def test_a_webhook_is_disabled_whatever_an_administrator_changes_meanwhile_and_stays_deleted(stage: Stage) -> None:
    stage.receiver.script = [410]
    hook = stage.make().webhook
    stage.receiver.meanwhile = lambda: stage.administer.change(stage.principal(), ACME, hook.id, {"description": "b"})
    stage.deliver(stage.happen(hook).ref)
    assert (stage.webhook(hook).status, stage.webhook(hook).description) == ("disabled", "b")
    second = stage.make().webhook
    stage.receiver.meanwhile = lambda: stage.administer.remove(stage.principal(), ACME, second.id)
    stage.deliver(stage.happen(second).ref)
    assert stage.store.get(ACME, second.id) is None


def test_one_event_that_a_living_receiver_never_takes_does_not_disable_it(stage: Stage) -> None:
    hook = stage.make().webhook
    poison = replace(stage.happen(hook), attempts=MOST_ATTEMPTS - 1, version=2)
    stage.deliveries.change(poison)
    stage.receiver.script = [500]
    stage.deliver(poison.ref)
    assert stage.now(poison).status == "failed"
    assert stage.webhook(hook).status == "enabled"  # no other attempt failed before


# Each at least once, and no more than need be


def test_of_two_messages_of_one_attempt_one_sends(stage: Stage) -> None:
    delivery = stage.happen(stage.make().webhook)
    for _ in range(3):
        stage.deliver(delivery.ref)
    assert len(stage.receiver.sent) == 1


def test_a_function_that_dies_while_it_sends_costs_one_attempt(stage: Stage) -> None:
    delivery = stage.happen(stage.make().webhook)

    def die() -> None:
        raise ZeroDivisionError

    stage.receiver.meanwhile = die
    with pytest.raises(ZeroDivisionError):
        stage.deliver(delivery.ref)
    stage.receiver.meanwhile = lambda: None
    stage.deliver(delivery.ref)  # the message comes again: it is out of date
    assert len(stage.receiver.sent) == 1
    stage.run_at(stage.now(delivery).next_at_ms or 0)
    assert (stage.now(delivery).status, stage.now(delivery).attempts) == ("delivered", 2)
    assert [sent.headers["webhook-id"] for sent in stage.receiver.sent] == [delivery.id] * 2


def test_a_message_that_is_lost_is_sent_again_after_five_minutes(stage: Stage) -> None:
    delivery = stage.happen(stage.make().webhook)
    stage.clock.advance(299)
    stage.run()
    assert stage.receiver.sent == []
    stage.clock.advance(2)
    stage.queue.breaks = 1
    stage.run()  # the queue breaks as well
    assert stage.receiver.sent == []
    stage.clock.advance(301)
    stage.run()
    assert stage.now(delivery).status == "delivered"
    assert stage.now(delivery).attempts == 1


def test_a_replay_sends_the_same_again_with_the_same_id(stage: Stage) -> None:
    delivery = stage.happen(stage.make().webhook)
    stage.deliver(delivery.ref)
    stage.clock.advance(86_400)
    again = stage.inspect.replay(stage.principal(), ACME, delivery.webhook_id, delivery.id)
    assert (again.status, again.attempts) == ("waiting", 0)
    for ref in stage.queue.take():
        stage.deliver(ref)
    first, second = stage.receiver.sent
    assert (second.headers["webhook-id"], second.body) == (first.headers["webhook-id"], first.body)
    assert second.headers["webhook-timestamp"] != first.headers["webhook-timestamp"]
    assert stage.now(delivery).status == "delivered"


def test_what_a_receiver_kept_is_no_use_to_it_after_five_minutes(stage: Stage) -> None:
    made = stage.make()
    stage.clock.advance(-301)
    stage.deliver(stage.happen(made.webhook).ref)
    (sent,) = stage.receiver.sent
    with pytest.raises(WebhookVerificationError, match="too old"):
        Verifier(made.secret).verify(sent.body, dict(sent.headers))


def test_a_replay_during_an_attempt_begins_anew(stage: Stage) -> None:
    delivery = stage.happen(stage.make().webhook)
    stage.receiver.script = [500, 200]
    stage.receiver.meanwhile = lambda: stage.inspect.replay(stage.principal(), ACME, delivery.webhook_id, delivery.id)
    stage.deliver(delivery.ref)
    stage.receiver.meanwhile = lambda: None
    assert stage.now(delivery).attempts == 0
    (ref,) = stage.queue.take()
    stage.deliver(ref)
    assert (stage.now(delivery).status, stage.now(delivery).attempts) == ("delivered", 1)


def test_a_trial_says_nothing_and_a_disabled_webhook_gets_none(stage: Stage) -> None:
    hook = stage.make(events=("user_deleted",)).webhook
    sent = stage.inspect.test(stage.principal(), ACME, hook.id)
    for ref in stage.queue.take():
        stage.deliver(ref)
    assert json.loads(stage.receiver.sent[0].body)["type"] == "webhook_test"
    assert [one.id for one in stage.inspect.many(stage.principal(), ACME, hook.id, 10, None).records] == [sent.id]
    stage.administer.change(stage.principal(), ACME, hook.id, {"status": "disabled"})
    with pytest.raises(Conflict):
        stage.inspect.test(stage.principal(), ACME, hook.id)
    with pytest.raises(Conflict):
        stage.inspect.replay(stage.principal(), ACME, hook.id, sent.id)
    stage.administer.change(stage.principal(), ACME, hook.id, {"status": "enabled"})
    with pytest.raises(NotFound):
        stage.inspect.replay(stage.principal(), ACME, hook.id, mint_ulid())


# Nobody's dead server holds up others


def test_a_receiver_that_fails_is_left_alone_for_longer_and_longer() -> None:
    assert [pause_ms(failures) // 60_000 for failures in range(1, 12)] == [0, 0, 1, 2, 4, 8, 16, 32, 60, 60, 60]
    assert pause_ms(10_000) == 3_600_000


def test_while_a_receiver_is_left_alone_nothing_is_tried_there_and_others_are(stage: Stage) -> None:
    dead, alive = stage.make().webhook, stage.make().webhook
    stage.receiver.script = ["TimeoutError"]
    for _ in range(3):
        stage.deliver(stage.happen(dead).ref)
    assert len(stage.receiver.sent) == 3
    late = stage.happen(dead)
    stage.jitter = 0.5
    stage.deliver(late.ref)
    assert len(stage.receiver.sent) == 3
    found = stage.now(late)
    assert (found.attempts, found.next_at_ms) == (0, stage.webhook(dead).pauses_until_ms + 30_000)
    stage.receiver.script = [200]
    stage.deliver(stage.happen(alive).ref)
    assert len(stage.receiver.sent) == 4
    stage.run_at(found.next_at_ms or 0)
    assert stage.now(late).status == "delivered"


def test_what_was_put_off_for_days_is_given_up(stage: Stage) -> None:
    hook = stage.make().webhook
    delivery = stage.happen(hook)
    stage.store.note(ACME, hook.id, 2**50, failed=True)
    stage.clock.now_ms += LONGEST_MS + 1
    stage.run()
    assert stage.now(delivery).status == "failed"
    assert stage.webhook(hook).disabled_for == "failing"
    assert stage.receiver.sent == []


def test_webhooks_take_turns() -> None:
    def ref(name: str, number: int) -> DeliveryRef:
        return DeliveryRef(ACME, WebhookId(name), f"{number}", 1)  # type: ignore[arg-type]

    refs = [ref("a", number) for number in range(4)] + [ref("b", 0), ref("c", 0)]
    assert [(one.webhook_id, one.id) for one in in_turns(refs)] == [
        ("a", "0"), ("b", "0"), ("c", "0"), ("a", "1"), ("a", "2"), ("a", "3"),
    ]  # fmt: skip


def test_a_sweep_ends_in_time_for_the_next_one(stage: Stage) -> None:
    hook = stage.make().webhook
    for _ in range(5):
        stage.happen(hook)
    stage.clock.advance(301)
    put = stage.queue.put

    def slow(ref: DeliveryRef) -> None:
        put(ref)
        stage.clock.advance(15)

    stage.queue.put = slow  # type: ignore[method-assign]
    assert stage.sweep() == 3
    assert stage.sweep() == 2
