"""Hold the emulator's roles to leading keys, which ministack 1.5.33 does not know, and note what the roles used.

`local.guard` puts it into the emulator's process. What was used lies in the file that `DOORWARD_USED` names: a line of
JSON for each new combination of role, action, resource and the shape of a leading key. Values of keys are not written.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from local.touches import shape, touches

_REQUEST = "doorward:request"


class Measured:
    """What the roles of functions used since the emulator started.

    Args:
        sessions: the emulator's sessions of roles, by access key.
        file: where what is new is appended.
    """

    def __init__(self, sessions: Callable[[], Mapping[str, Any]], file: Path) -> None:
        """Take the emulator's sessions of roles, by access key, and the file."""
        self._sessions = sessions
        self._file = file
        self._noted: set[tuple[str, ...]] = set()

    def note(self, access_key: str, action: str, resource: str, keys: tuple[str, ...]) -> None:
        """Note a request that a role was allowed; nothing of others' requests."""
        session = self._sessions().get(access_key)
        if session is None:
            return
        role = session["Arn"].split("/")[1]
        new = {(role, action, resource, shape(key)) for key in keys or ("",)} - self._noted
        if new:
            self._noted |= new
            with self._file.open("a", encoding="utf-8") as lines:
                lines.writelines(f"{json.dumps(one)}\n" for one in sorted(new))


def hold_to_leading_keys(actions: Any, evaluator: Any, measured: Measured) -> None:  # noqa: ANN401 - ministack's modules
    """Let the emulator know the leading keys of each request to DynamoDB, and note what was allowed."""
    context_of, enforce = actions.dynamodb_service_context, evaluator.enforce

    def with_request(body: bytes) -> dict[str, Any]:
        with suppress(ValueError):
            return {**context_of(body), _REQUEST: json.loads(body or b"{}")}
        return dict(context_of(body))

    def enforce_with_keys(access_key_id: str, action: str, *more: Any, **named: Any) -> Any:  # noqa: ANN401
        context, resource = dict(named.get("service_context") or {}), named.get("resource_arn", "*")
        request = context.pop(_REQUEST, None)
        keys = _leading_keys(action, resource, request, context) if isinstance(request, dict) else ()
        if keys:
            context["dynamodb:LeadingKeys"] = list(keys)
        denied = enforce(access_key_id, action, *more, **{**named, "service_context": context})
        if not denied:
            measured.note(access_key_id, action, resource, keys)
        return denied

    actions.dynamodb_service_context = with_request
    evaluator.enforce = enforce_with_keys


def _leading_keys(
    action: str, resource: str, request: Mapping[str, Any], context: Mapping[str, Any]
) -> tuple[str, ...]:
    """Return the leading keys of one action of a request, which may be a transaction of several, on one resource."""
    name = action.partition(":")[2]
    (operation,) = context.get("dynamodb:EnclosingOperation", [name])
    try:
        found = touches(operation, request)
    except (KeyError, TypeError, AttributeError, StopIteration):
        return ()  # a malformed request, which the emulator refuses
    table = resource.partition(":table/")[2]
    return tuple(key for one in found if (one.action, one.table) == (name, table) for key in one.leading_keys)
