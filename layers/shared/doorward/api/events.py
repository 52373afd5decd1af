"""The form of the events that API Gateway's REST APIs send, so that nothing behind it meets another."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from doorward.errors import InvalidRequest

_OBJECTS = ("headers", "queryStringParameters", "requestContext")


def is_request(event: Mapping[str, Any]) -> bool:
    """Return whether an event has the members that functions read, each of the type that API Gateway gives it.

    Only somebody who may invoke the function can send another, by accident.

    Source: Amazon API Gateway Developer Guide, "Input format of a Lambda function for proxy integration".
    """
    texts = isinstance(event.get("httpMethod"), str) and isinstance(event.get("path"), str)
    if not texts or not isinstance(event.get("body"), str | None):
        return False
    if not all(isinstance(event.get(name), Mapping | None) for name in _OBJECTS):
        return False
    context: Mapping[str, Any] = event.get("requestContext") or {}
    described = all(isinstance(context.get(name), Mapping | None) for name in ("authorizer", "identity"))
    return described and _has_texts(event.get("headers")) and _has_texts(event.get("queryStringParameters"))


def method_and_path(event: Mapping[str, Any]) -> tuple[str, str]:
    """Return the method and the path of a request.

    Raises:
        InvalidRequest: the event is empty, in place of one that is no request.
    """
    if not event:
        raise InvalidRequest("This is no request from API Gateway.")
    return event["httpMethod"].upper(), event["path"]


def _has_texts(found: Mapping[str, Any] | None) -> bool:
    return all(isinstance(value, str) for value in (found or {}).values())
