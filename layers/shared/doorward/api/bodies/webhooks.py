"""The bodies of webhooks."""

from __future__ import annotations

from typing import Annotated, Any, Self

from pydantic import Field, StringConstraints, model_validator

from doorward.api.bodies.fields import Text
from doorward.api.bodies.requests import RequestBody
from doorward.api.bodies.responses import ResponseBody
from doorward.api.bodies.times import iso_time
from doorward.model.webhooks import Delivery, DeliveryStatus, DisabledFor, Webhook, WebhookStatus
from doorward.webhooks.administer import WithSecret

_Url = Annotated[str, StringConstraints(min_length=1, max_length=500)]
_Events = Annotated[
    list[Text], Field(max_length=200, description="names of events (docs/webhooks.md); all of them, if there is none")
]


class MakeWebhookRequest(RequestBody):
    """POST /api/{tenantId}/webhooks."""

    url: Annotated[_Url, Field(description="`https://` and a name of the internet; port 443 or 8443")]
    events: _Events = []  # noqa: RUF012 - pydantic copies it
    description: Annotated[Text | None, Field(description="for people; at most 200 characters")] = None


class ChangeWebhookRequest(RequestBody):
    """PATCH /api/{tenantId}/webhooks/{id}.

    Members that are absent stay as they are.
    """

    url: _Url | None = None
    events: _Events | None = None
    description: Annotated[Text | None, Field(description="null removes it")] = None
    status: WebhookStatus | None = None

    @model_validator(mode="after")
    def _something(self) -> Self:
        if not self.changes():
            raise ValueError("name a field to change")
        return self

    def changes(self) -> dict[str, Any]:
        """Return the new values."""
        sent = {name: getattr(self, name) for name in self.model_fields_set}
        return {name: value for name, value in sent.items() if value is not None or name == "description"}


class WebhookResponse(ResponseBody):
    """A webhook.

    Only the answer that makes it, or rotates its secret, has `secret`.
    """

    id: str
    url: str
    events: list[str]
    description: str | None = None
    status: WebhookStatus
    disabled_for: DisabledFor | None = None
    created_by: str
    created_at: str
    updated_at: str
    former_secret_until: str | None = None
    secret: str | None = None

    @classmethod
    def of(cls, webhook: Webhook) -> Self:
        """Return the body for a webhook."""
        return cls(
            id=webhook.id,
            url=webhook.url,
            events=list(webhook.events),
            description=webhook.description,
            status=webhook.status,
            disabled_for=webhook.disabled_for,
            created_by=webhook.created_by,
            created_at=iso_time(webhook.created_at_ms),
            updated_at=iso_time(webhook.updated_at_ms),
            former_secret_until=iso_time(webhook.former_until_ms) if webhook.former_until_ms else None,
        )

    @classmethod
    def with_secret(cls, made: WithSecret) -> Self:
        """Return the body for a webhook whose secret was just made."""
        return cls.of(made.webhook).model_copy(update={"secret": made.secret})


class WebhookListResponse(ResponseBody):
    """All webhooks of a tenant, the oldest first."""

    items: list[WebhookResponse]


class DeliveryResponse(ResponseBody):
    """What became of one event at one webhook; nothing of what the receiver answered but the status."""

    id: str
    event: str
    status: DeliveryStatus
    attempts: int
    begun_at: str
    next_at: str | None = None
    last_at: str | None = None
    last_status: int | None = None
    last_error: str | None = None

    @classmethod
    def of(cls, delivery: Delivery) -> Self:
        """Return the body for a delivery."""
        return cls(
            id=delivery.id,
            event=delivery.event,
            status=delivery.status,
            attempts=delivery.attempts,
            begun_at=iso_time(delivery.begun_at_ms),
            next_at=_time(delivery.next_at_ms),
            last_at=_time(delivery.last_at_ms),
            last_status=delivery.last_status,
            last_error=delivery.last_error,
        )


class DeliveryListResponse(ResponseBody):
    """A page of deliveries, the newest event first."""

    items: list[DeliveryResponse]
    next_cursor: str | None = None


def _time(milliseconds: int | None) -> str | None:
    return None if milliseconds is None else iso_time(milliseconds)
