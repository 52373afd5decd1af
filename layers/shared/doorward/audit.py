"""Audit events: structured log lines that say what happened to whom and who asked for it, and hold no secret."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

_LOGGER = logging.getLogger("doorward.audit")
_MAX_LENGTH = 256
_REQUEST: ContextVar[Mapping[str, str] | None] = ContextVar("doorward_request", default=None)


def record(event: str, **fields: str | int | bool | None) -> None:
    """Log one audit event, with what is known of the request that it belongs to.

    Args:
        event: a stable name in the past tense, such as `session_revoked`.
        fields: identifiers and reasons, but never a token, a password or a hash.
    """
    _LOGGER.info(event, extra={"audit": {"event": event, **(_REQUEST.get() or {}), **fields}})


@contextmanager
def of_request(event: Mapping[str, Any]) -> Iterator[None]:
    """Add where a request came from to every audit event that is recorded inside.

    These are the source address, the user agent, the request id and the tenant, as far as the event tells them.

    Args:
        event: what API Gateway sent, to an authorizer or to an integration, from any kind of API.
    """
    token = _REQUEST.set(_described(event))
    try:
        yield
    finally:
        _REQUEST.reset(token)


def _described(event: Mapping[str, Any]) -> Mapping[str, str]:
    context = _mapping(event, "requestContext")
    # An HTTP API's own format has under `http` what all others have under `identity`.
    caller = {**_mapping(context, "identity"), **_mapping(context, "http")}
    named = _mapping(event, "pathParameters").get("tenantId")
    found = {
        "source": caller.get("sourceIp"),
        "user_agent": caller.get("userAgent"),
        "request_id": context.get("requestId"),
        "tenant_id": named or _mapping(context, "authorizer").get("tenant_id"),
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
