"""What every implementation of webhooks and deliveries promises."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest

from doorward.errors import Conflict, TenantNotFound, TooManyWebhooks
from doorward.model import UserId
from doorward.model.webhooks import Delivery, DeliveryId, DeliveryRef, Webhook, WebhookId
from doorward.tokens.ids import mint_ulid
from tests.contract.conftest import Stores
from tests.support.makers import ACME, GLOBEX, NOW, tenant


def webhook(**values: Any) -> Webhook:
    defaults: dict[str, Any] = {
        "tenant_id": ACME,
        "id": WebhookId(mint_ulid()),
        "url": "https://hooks.example/a",
        "events": ("user_created", "user_deleted"),
        "secret": "sealed",
        "created_by": UserId(mint_ulid()),
        "created_at_ms": NOW,
        "updated_at_ms": NOW,
    }
    return Webhook(**{**defaults, **values})


def delivery(to: Webhook, **values: Any) -> Delivery:
    defaults: dict[str, Any] = {
        "tenant_id": to.tenant_id,
        "webhook_id": to.id,
        "id": DeliveryId(mint_ulid()),
        "event": "user_created",
        "payload": '{"type": "user_created"}',
        "begun_at_ms": NOW,
        "next_at_ms": NOW + 1000,
        "expires_at": NOW // 1000 + 86_400,
    }
    return Delivery(**{**defaults, **values})


def added(stores: Stores, **values: Any) -> Webhook:
    made = webhook(**values)
    stores.webhooks.add(made, 10)
    return made


@pytest.fixture(autouse=True)
def _tenants(request: pytest.FixtureRequest) -> None:
    if "stores" in request.fixturenames:
        stores = request.getfixturevalue("stores")
        for tenant_id in (ACME, GLOBEX):
            stores.tenants.add(tenant(tenant_id))


def test_what_was_added_is_found_in_its_tenant_alone(stores: Stores) -> None:
    first, second = added(stores), added(stores, description="b", former_secret="s", former_until_ms=NOW, events=())
    assert stores.webhooks.get(ACME, first.id) == first
    assert stores.webhooks.get(GLOBEX, first.id) is None
    assert stores.webhooks.list_by_tenant(ACME) == [first, second]
    assert stores.webhooks.list_by_tenant(GLOBEX) == []


def test_a_tenant_has_so_many_and_one_more_when_one_is_gone(stores: Stores) -> None:
    made = [webhook() for _ in range(3)]
    for one in made[:2]:
        stores.webhooks.add(one, 2)
    with pytest.raises(TooManyWebhooks):
        stores.webhooks.add(made[2], 2)
    assert stores.webhooks.remove(ACME, made[0].id)
    assert not stores.webhooks.remove(ACME, made[0].id)  # which counts nothing
    stores.webhooks.add(made[2], 2)
    with pytest.raises(TooManyWebhooks):
        stores.webhooks.add(webhook(), 2)
    stores.webhooks.add(webhook(tenant_id=GLOBEX), 2)


def test_no_webhook_comes_into_a_tenant_that_is_not_there_or_is_leaving(stores: Stores) -> None:
    with pytest.raises(TenantNotFound):
        added(stores, tenant_id="nobody")
    leaving = stores.tenants.get(ACME)
    assert leaving is not None
    stores.tenants.begin_removal(leaving, NOW)
    with pytest.raises(TenantNotFound):
        added(stores)
    assert stores.webhooks.list_by_tenant(ACME) == []


def test_of_two_changes_of_the_same_version_one_counts(stores: Stores) -> None:
    before = added(stores)
    after = replace(before, url="https://hooks.example/b", status="disabled", disabled_for="gone", version=2)
    stores.webhooks.change(after)
    assert stores.webhooks.get(ACME, before.id) == after
    with pytest.raises(Conflict):
        stores.webhooks.change(replace(before, url="https://hooks.example/c", version=2))
    stores.webhooks.remove(ACME, before.id)
    with pytest.raises(Conflict):
        stores.webhooks.change(replace(after, version=3))
    assert stores.webhooks.get(ACME, before.id) is None


def test_failures_are_counted_and_forgotten_and_make_no_webhook(stores: Stores) -> None:
    made = added(stores)
    for until_ms in (NOW, NOW + 1):
        stores.webhooks.note(ACME, made.id, until_ms, failed=True)
    assert stores.webhooks.get(ACME, made.id) == replace(made, failures=2, pauses_until_ms=NOW + 1)
    stores.webhooks.note(ACME, made.id, NOW, failed=False)
    assert stores.webhooks.get(ACME, made.id) == made
    stores.webhooks.remove(ACME, made.id)
    stores.webhooks.note(ACME, made.id, NOW, failed=True)
    assert stores.webhooks.get(ACME, made.id) is None


def test_an_event_has_one_delivery_at_a_webhook_and_what_became_of_it_stays(stores: Stores) -> None:
    made = added(stores)
    first = delivery(made)
    assert stores.deliveries.add(first) == first
    done = replace(first, status="delivered", attempts=1, next_at_ms=None, last_status=204, last_at_ms=NOW, version=2)
    assert stores.deliveries.change(done)
    assert stores.deliveries.add(first) == done
    assert stores.deliveries.get(ACME, made.id, first.id) == done
    assert stores.deliveries.get(GLOBEX, made.id, first.id) is None


def test_nothing_is_delivered_to_a_webhook_that_is_gone(stores: Stores) -> None:
    made = added(stores)
    stores.webhooks.remove(ACME, made.id)
    late = delivery(made)
    assert stores.deliveries.add(late) is None
    assert stores.deliveries.get(ACME, made.id, late.id) is None


def test_of_two_changes_of_a_delivery_one_counts(stores: Stores) -> None:
    first = delivery(added(stores))
    stores.deliveries.add(first)
    assert stores.deliveries.change(replace(first, attempts=1, version=2))
    assert not stores.deliveries.change(replace(first, attempts=7, version=2))
    assert stores.deliveries.put_off(first.ref, NOW) is None
    assert stores.deliveries.get(ACME, first.webhook_id, first.id) == replace(first, attempts=1, version=2)


def test_what_waits_is_due_at_its_time_and_what_ended_never(stores: Stores) -> None:
    made = added(stores)
    late, soon, done = (delivery(made, next_at_ms=NOW + after) for after in (3000, 1000, 2000))
    for one in (late, soon, done):
        stores.deliveries.add(one)
    stores.deliveries.change(replace(done, status="delivered", next_at_ms=None, version=2))
    assert list(stores.deliveries.list_due(NOW + 1000)) == []
    assert list(stores.deliveries.list_due(NOW + 1001)) == [soon.ref]
    assert list(stores.deliveries.list_due(NOW + 5000)) == [soon.ref, late.ref]


def test_what_is_put_off_is_due_later_and_counts_as_changed(stores: Stores) -> None:
    first = delivery(added(stores))
    stores.deliveries.add(first)
    after = stores.deliveries.put_off(first.ref, NOW + 9000)
    assert after == DeliveryRef(ACME, first.webhook_id, first.id, 2)
    assert list(stores.deliveries.list_due(NOW + 5000)) == []
    assert list(stores.deliveries.list_due(NOW + 9001)) == [after]
    assert stores.deliveries.put_off(first.ref, NOW) is None
    stores.deliveries.change(replace(first, status="failed", next_at_ms=None, version=3))
    assert stores.deliveries.put_off(DeliveryRef(ACME, first.webhook_id, first.id, 3), NOW) is None


def test_deliveries_are_listed_by_webhook_the_newest_first_in_pages(stores: Stores) -> None:
    made, other = added(stores), added(stores)
    sent = [delivery(made) for _ in range(5)]
    for one in (*sent, delivery(other)):
        stores.deliveries.add(one)
    shown: list[Delivery] = []
    after: str | None = None
    for _ in range(5):
        page = stores.deliveries.list_by_webhook(ACME, made.id, 2, after)
        shown += page.records
        after = page.after
        if after is None:
            break
    assert shown == sent[::-1]
    assert stores.deliveries.list_by_webhook(GLOBEX, made.id, 2, None).records == ()


def test_a_tenants_webhooks_and_deliveries_leave_with_it_and_no_others_do(stores: Stores) -> None:
    made, theirs = added(stores), added(stores, tenant_id=GLOBEX)
    first, other = delivery(made), delivery(theirs)
    stores.deliveries.add(first)
    stores.deliveries.add(other)
    while stores.belongings.erase_tenant(ACME):
        pass
    assert stores.webhooks.list_by_tenant(ACME) == []
    assert stores.deliveries.get(ACME, made.id, first.id) is None
    assert stores.webhooks.list_by_tenant(GLOBEX) == [theirs]
    assert stores.deliveries.get(GLOBEX, theirs.id, other.id) == other


def test_of_many_who_try_the_same_attempt_one_does(race_stores: Stores) -> None:
    race_stores.tenants.add(tenant())
    first = delivery(added(race_stores))
    race_stores.deliveries.add(first)
    begun = replace(first, attempts=1, version=2)
    with ThreadPoolExecutor(20) as pool:
        won = list(pool.map(lambda _: race_stores.deliveries.change(begun), range(20)))
    assert won.count(True) == 1


def test_of_many_who_make_a_webhook_at_once_no_more_than_the_most_do(race_stores: Stores) -> None:
    race_stores.tenants.add(tenant())

    def make(_: int) -> bool:
        try:
            race_stores.webhooks.add(webhook(), 3)
        except TooManyWebhooks:
            return False
        return True

    with ThreadPoolExecutor(20) as pool:
        won = list(pool.map(make, range(20)))
    assert won.count(True) == len(race_stores.webhooks.list_by_tenant(ACME)) == 3
