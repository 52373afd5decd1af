"""Send events to the receivers of webhooks."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import NamedTuple, Protocol

from doorward import audit
from doorward.errors import Conflict
from doorward.model import Clock
from doorward.model.webhooks import Delivery, DeliveryRef, DisabledFor, Webhook
from doorward.outbound.client import NotReached, Reply
from doorward.rules.webhooks import LONGEST_MS, MOST_ATTEMPTS, pause_ms, wait_ms
from doorward.stores.webhooks import DeliveryStore, WebhookStore
from doorward.webhooks.secrets import WebhookSecrets, signature

_LOGGER = logging.getLogger("doorward.webhooks")
_TRIES = 5
_SPREAD_MS = 60_000


class Sender(Protocol):
    """The way out: `doorward.outbound.client.Outbound`."""

    def send(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str] | None = None,
        body: bytes = b"",
        *,
        reads_content: bool = True,
    ) -> Reply:
        """Send one request, and return what the server answers."""


class _Outcome(NamedTuple):
    """What an attempt brought: a status code, or the reason why there is none."""

    status: int | None = None
    error: str | None = None

    @property
    def arrived(self) -> bool:
        return self.status is not None and HTTPStatus.OK <= self.status < HTTPStatus.MULTIPLE_CHOICES


@dataclass(frozen=True, slots=True)
class DeliverEvent:
    """Tries deliveries.

    An attempt is counted, and the next one set, before anything is sent. So a function that dies in the middle costs
    that attempt and nothing else, and of two messages that tell of the same attempt one does nothing.

    Args:
        jitter: returns a number from 0 to 1, another at each call.
    """

    webhooks: WebhookStore
    deliveries: DeliveryStore
    secrets: WebhookSecrets
    sender: Sender
    clock: Clock
    jitter: Callable[[], float]

    def __call__(self, ref: DeliveryRef) -> None:
        """Try a delivery, unless the message that told of it is out of date."""
        delivery = self.deliveries.get(ref.tenant_id, ref.webhook_id, ref.id)
        if delivery is None or delivery.version != ref.version or delivery.status != "waiting":
            return
        webhook, now_ms = self.webhooks.get(ref.tenant_id, ref.webhook_id), self.clock()
        if webhook is None or webhook.status != "enabled":
            self._finish(delivery, _Outcome(delivery.last_status, "webhook_disabled"), "failed")
        elif delivery.attempts >= MOST_ATTEMPTS or now_ms - delivery.begun_at_ms > LONGEST_MS:
            self._give_up(webhook, delivery, _Outcome(delivery.last_status, delivery.last_error))
        elif now_ms < webhook.pauses_until_ms:
            self.deliveries.put_off(ref, webhook.pauses_until_ms + round(self.jitter() * _SPREAD_MS))
        else:
            self._try(webhook, delivery, now_ms)

    def _try(self, webhook: Webhook, delivery: Delivery, now_ms: int) -> None:
        attempts = delivery.attempts + 1
        begun = replace(
            delivery,
            attempts=attempts,
            last_at_ms=now_ms,
            next_at_ms=now_ms + wait_ms(attempts, self.jitter()),
            version=delivery.version + 1,
        )
        if not self.deliveries.change(begun):
            return
        outcome = self._send(webhook, begun, now_ms)
        if outcome.arrived:
            self._finish(begun, outcome, "delivered")
            if webhook.failures:
                self.webhooks.note(webhook.tenant_id, webhook.id, 0, failed=False)
        elif outcome.status == HTTPStatus.GONE:
            self._finish(begun, outcome, "failed")
            self._disable(webhook, "gone")
        else:
            self._failed(webhook, begun, outcome)

    def _send(self, webhook: Webhook, delivery: Delivery, now_ms: int) -> _Outcome:
        seconds = now_ms // 1000
        keys = self.secrets.signing(webhook, now_ms)
        headers = {
            "Content-Type": "application/json",
            "webhook-id": delivery.id,
            "webhook-timestamp": str(seconds),
            "webhook-signature": signature(keys, delivery.id, seconds, delivery.payload),
        }
        try:
            reply = self.sender.send("POST", webhook.url, headers, delivery.payload.encode(), reads_content=False)
        except NotReached as error:
            return _Outcome(error=error.reason)
        return _Outcome(reply.status)

    def _failed(self, webhook: Webhook, delivery: Delivery, outcome: _Outcome) -> None:
        failures = webhook.failures + 1
        self.webhooks.note(webhook.tenant_id, webhook.id, self.clock() + pause_ms(failures), failed=True)
        if delivery.attempts >= MOST_ATTEMPTS:
            self._give_up(webhook, delivery, outcome)
        else:
            self._store(delivery, outcome)

    def _give_up(self, webhook: Webhook, delivery: Delivery, outcome: _Outcome) -> None:
        """End a delivery, and disable the webhook, unless others arrived there meanwhile."""
        self._finish(delivery, outcome, "failed")
        if webhook.failures:
            self._disable(webhook, "failing")

    def _finish(self, delivery: Delivery, outcome: _Outcome, status: str) -> None:
        self._store(replace(delivery, status=status, next_at_ms=None), outcome)  # type: ignore[arg-type]

    def _store(self, delivery: Delivery, outcome: _Outcome) -> None:
        after = replace(delivery, last_status=outcome.status, last_error=outcome.error, version=delivery.version + 1)
        if not self.deliveries.change(after):
            _LOGGER.info("delivery was changed while it was tried")  # by a replay, which begins anew

    def _disable(self, webhook: Webhook, reason: DisabledFor) -> None:
        """Disable a webhook, whatever its administrators change at the same moment, but not once they deleted it."""
        for _ in range(_TRIES):
            found = self.webhooks.get(webhook.tenant_id, webhook.id)
            if found is None or found.status == "disabled":
                return
            now_ms = self.clock()
            after = replace(
                found, status="disabled", disabled_for=reason, updated_at_ms=now_ms, version=found.version + 1
            )
            ids = {"tenant_id": webhook.tenant_id, "webhook_id": webhook.id}
            try:
                with audit.act("webhook_disabled", **ids, reason=reason, by=None):
                    self.webhooks.change(after)
            except Conflict:
                continue
            return
