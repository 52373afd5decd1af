"""Events on Amazon EventBridge."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from doorward.aws.answers import NoAnswer
from doorward.aws.services import Refused, SignedService
from doorward.errors import Unavailable
from doorward.rules.webhooks import SOURCE

_MOST = 10  # PutEvents takes no more


class EventBridgeBus:
    """One bus, on which each event has the source `doorward`, and its name as the detail-type.

    Source: Amazon EventBridge API reference, "PutEvents".
    """

    def __init__(self, name: str, service: SignedService | None = None) -> None:
        """Take the bus's name, and the service, or reach it with the function's credentials."""
        self._name = name
        self._service = service or SignedService.from_environment("events")

    def put(self, events: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
        """Publish events, and return those that were not taken.

        Raises:
            Unavailable: nobody knows which were taken.
        """
        left: list[Mapping[str, Any]] = []
        for first in range(0, len(events), _MOST):
            left += self._put_some(events[first : first + _MOST])
        return left

    def _put_some(self, events: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
        try:
            answer = self._service.call("PutEvents", {"Entries": [self._entry(event) for event in events]})
        except Refused as error:
            raise Unavailable(reason=f"events:{error.code}") from error
        except NoAnswer as error:
            raise Unavailable(reason="events:no_answer") from error
        if not answer.get("FailedEntryCount"):
            return []
        # The answer's entries are in the order of the request's.
        return [event for event, told in zip(events, answer["Entries"], strict=True) if "EventId" not in told]

    def _entry(self, event: Mapping[str, Any]) -> dict[str, Any]:
        return {
            "EventBusName": self._name,
            "Source": SOURCE,
            "DetailType": event["event"],
            "Detail": json.dumps(event),
        }
