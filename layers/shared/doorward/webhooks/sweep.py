"""Find the deliveries that are due, and tell whoever delivers."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain, zip_longest

from doorward.errors import DoorwardError
from doorward.model import Clock
from doorward.model.webhooks import DeliveryRef, WebhookId
from doorward.rules.webhooks import NET_MS
from doorward.stores.webhooks import DeliveryQueue, DeliveryStore

_LOGGER = logging.getLogger("doorward.webhooks")
_LONGEST_MS = 40_000


@dataclass(frozen=True, slots=True)
class SweepDue:
    """Sends a message for each delivery that is due, and makes it due again later, in case the message is lost."""

    deliveries: DeliveryStore
    queue: DeliveryQueue
    clock: Clock

    def __call__(self) -> int:
        """Sweep once, for less than a minute, and return how many messages were sent."""
        sent, until_ms = 0, self.clock() + _LONGEST_MS
        for ref in in_turns(self.deliveries.list_due(self.clock())):
            if self.clock() > until_ms:
                break
            try:
                due = self.deliveries.put_off(ref, self.clock() + NET_MS)
                if due is not None:
                    self.queue.put(due)
                    sent += 1
            except DoorwardError as error:
                _LOGGER.warning("delivery not told: %s", error.reason)
        return sent


def in_turns(refs: Iterable[DeliveryRef]) -> Iterator[DeliveryRef]:
    """Return one delivery of each webhook, then the second of each: nobody waits behind all of another's."""
    by_webhook: defaultdict[WebhookId, list[DeliveryRef]] = defaultdict(list)
    for ref in refs:
        by_webhook[ref.webhook_id].append(ref)
    turns = chain.from_iterable(zip_longest(*by_webhook.values()))
    return (ref for ref in turns if ref is not None)
