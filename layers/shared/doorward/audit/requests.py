"""Where an audit event comes from: what is known of the request that it belongs to."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

_MAX_LENGTH = 256
Keep = Callable[[Any], None]
"""Puts an act into the audit trail, in a write of its own."""


@dataclass(slots=True)
class Request:
    """A request that is answered now.

    Args:
        known: what is known of it.
        tenant_id: the tenant in which the caller acts, as the authorizer says; None if it was not asked.
        keep: how its last used database keeps an act.
    """

    known: Mapping[str, str] = field(default_factory=dict)
    tenant_id: str | None = None
    keep: Keep | None = None


_REQUEST: ContextVar[Request | None] = ContextVar("doorward_request", default=None)


def of_now() -> Request:
    """Return the request that is answered now; outside of requests, one of which nothing is known."""
    return _REQUEST.get() or Request()


@contextmanager
def of_request(event: Mapping[str, Any]) -> Iterator[None]:
    """Add where a request came from to every audit event that is recorded inside.

    These are the source address, the user agent, the request id, the tenant and the client, as far as the event tells
    them.

    Args:
        event: what API Gateway sent, to an authorizer or to an integration, from any kind of API.
    """
    token = _REQUEST.set(Request(_described(event), _acting_tenant(event)))
    try:
        yield
    finally:
        _REQUEST.reset(token)


def _acting_tenant(event: Mapping[str, Any]) -> str | None:
    found = _mapping(_mapping(event, "requestContext"), "authorizer").get("tenant_id")
    return found if isinstance(found, str) else None


def _described(event: Mapping[str, Any]) -> Mapping[str, str]:
    context = _mapping(event, "requestContext")
    # An HTTP API's own format has under `http` what all others have under `identity`.
    caller = {**_mapping(context, "identity"), **_mapping(context, "http")}
    named, authorized = _mapping(event, "pathParameters").get("tenantId"), _mapping(context, "authorizer")
    found = {
        "source": caller.get("sourceIp"),
        "user_agent": caller.get("userAgent"),
        "request_id": context.get("requestId"),
        "tenant_id": named or authorized.get("tenant_id"),
        "client_id": authorized.get("client_id"),
    }
    return {name: plain(value) for name, value in found.items() if value}


def plain(value: object) -> str:
    """Return a text that a stranger may have written, cut to 256 characters and without control characters."""
    text = str(value)
    if not text.isprintable():
        text = "".join(character for character in text if character.isprintable())
    return text[:_MAX_LENGTH]


def _mapping(parent: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = parent.get(name)
    return found if isinstance(found, Mapping) else {}
