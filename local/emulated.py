"""What ministack 1.5.33 leaves out: gateway responses that read the authorizer's context, and whose mail is sent.

`local.guard` puts it into the emulator's process.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from email.utils import parseaddr
from typing import Any

_CONTEXT: ContextVar[Mapping[str, str] | None] = ContextVar("authorizer_context", default=None)
_PREFIX = "context.authorizer."
_VARIABLE = re.compile(rb"\$context\.authorizer\.(\w+)")


def complete(gateway: Any) -> None:  # noqa: ANN401 - a module without types
    """Let the gateway responses of ministack's REST APIs read what the authorizer of the request returned."""
    gateway._stringify_context = _remembered(gateway._stringify_context)  # noqa: SLF001
    gateway._gateway_request_value = _header(gateway._gateway_request_value)  # noqa: SLF001
    gateway._gateway_error_response = _body(gateway._gateway_error_response)  # noqa: SLF001


def name_identities(actions: Any) -> None:  # noqa: ANN401 - a module without types
    """Let roles be held to the identity that a mail is sent from; ministack takes the request for one on no resource.

    Doorward's identity is the domain of its sender. AWS asks for the configuration set besides.
    """
    known = actions._ses_v2_resource_arn  # noqa: SLF001

    def naming(method: str, path: str, body: bytes, region: str, account: str) -> Any:  # noqa: ANN401 - a text
        if path.rstrip("/") != "/v2/email/outbound-emails":
            return known(method, path, body, region, account)
        sender = parseaddr(json.loads(body).get("FromEmailAddress", ""))[1]
        return f"arn:aws:ses:{region}:{account}:identity/{sender.rpartition('@')[2]}"

    actions._ses_v2_resource_arn = naming  # noqa: SLF001


def _remembered(stringify: Callable[..., dict[str, str]]) -> Callable[..., dict[str, str]]:
    def remembering(context: Any) -> dict[str, str]:  # noqa: ANN401 - JSON
        found = stringify(context)
        _CONTEXT.set(found)  # each request is a task with variables of its own
        return found

    return remembering


def _header(value_of: Callable[..., str | None]) -> Callable[..., str | None]:
    def reading(source: str, request: Any) -> str | None:  # noqa: ANN401 - ministack's own
        if source.startswith(_PREFIX):
            return (_CONTEXT.get() or {}).get(source.removeprefix(_PREFIX))
        return value_of(source, request)

    return reading


def _body(respond: Callable[..., tuple[int, Any, bytes]]) -> Callable[..., tuple[int, Any, bytes]]:
    def responding(error: Any, request: Any) -> tuple[int, Any, bytes]:  # noqa: ANN401 - ministack's own
        status, headers, body = respond(error, request)
        known = _CONTEXT.get() or {}
        return status, headers, _VARIABLE.sub(lambda found: known.get(found[1].decode(), "").encode(), body)

    return responding
