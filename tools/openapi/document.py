"""Make the OpenAPI 3.1 document."""

from __future__ import annotations

import importlib
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from http import HTTPStatus
from pathlib import Path
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from doorward.api.problems import status_of_kind
from doorward.audit.kinds import KINDS
from doorward.errors import DoorwardError, MethodNotAllowed, NotFound
from doorward.tokens.cookie import COOKIE_NAME
from doorward_pages.resolver import PageResolver
from tools.openapi.flat import Flat, modelled
from tools.openapi.operations import ALWAYS, OPERATIONS, Operation, Schema

ROOT = Path(__file__).resolve().parents[2]
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
_FORM = "Form"
_REF = "#/components/schemas/{model}"
_INTRODUCTION = """Sign-in, sessions, tokens, users and tenants. Requests are JSON with no members but those listed; the
token endpoints also read forms. Inside `/api/{tenantId}` only a bearer token counts, never the cookie. A request on the
cookie that changes something must come from the same origin, or from the one that the deployment allows."""
_LIMIT: Schema = {"type": "integer", "minimum": 1, "maximum": 100, "default": 25}
_TIME: Schema = {"type": "string", "format": "date-time"}
_QUERY: dict[str, Schema] = {
    "limit": {"description": "Items a page.", "schema": _LIMIT},
    "cursor": {"description": "`next_cursor` of the page before.", "schema": {"type": "string"}},
    "tenant_id": {"description": "The tenant to list; the caller's own if absent.", "schema": {"type": "string"}},
    "email": {"description": "The whole e-mail address of a user at home.", "schema": {"type": "string"}},
    "name": {
        "description": "How the user name begins, or the display name of a user at home.",
        "schema": {"type": "string", "minLength": 1, "maxLength": 128},
    },
    "role": {"description": "A role in the tenant.", "schema": {"type": "string"}},
    "status": {
        "description": "Of the membership; of a user at home, of the user too.",
        "schema": {"type": "string", "enum": ["active", "disabled"]},
    },
    "created_by": {
        "description": "The id of the administrator who minted the tokens.",
        "schema": {"type": "string"},
    },
    "actor": {"description": "The id of who did it.", "schema": {"type": "string"}},
    "target": {"description": "The id of the user to whom it happened.", "schema": {"type": "string"}},
    "event": {"description": "What happened.", "schema": {"type": "string", "enum": sorted(KINDS)}},
    "outcome": {"description": "How it ended.", "schema": {"type": "string", "enum": ["success", "failure"]}},
    "since": {"description": "From this time on (RFC 3339).", "schema": _TIME},
    "until": {"description": "Before this time (RFC 3339).", "schema": _TIME},
    "everywhere": {
        "description": "End all sessions of the user.",
        "schema": {"type": "string", "enum": ["true", "1", "false", "0"], "default": "false"},
    },
}
_SEEN: Schema = {
    "name": "If-None-Match",
    "in": "header",
    "description": "The ETag of the document that the caller has.",
    "schema": {"type": "string"},
}
_PUBLIC = frozenset(
    {
        "anybody",
        "who has the token",
        "who has the link or the code",
        "who proved the first factor",
        "who has a passkey",
    }
)
_GATEWAY = frozenset({HTTPStatus.UNAUTHORIZED, HTTPStatus.REQUEST_ENTITY_TOO_LARGE})
"""What API Gateway also refuses itself, in one media type for all operations."""

_PROBLEM: Schema = {
    "type": "object",
    "description": "A refusal (RFC 9457); `error` and `error_description` are there on token endpoints (RFC 6749).",
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string", "description": "A sentence for people; it may change."},
        "code": {"type": "string", "description": "Stable: decide by this."},
        "request_id": {"type": "string", "description": "By which the deployment's log is searched."},
        "error": {"type": "string"},
        "error_description": {"type": "string"},
        "challenge_id": {"type": "string", "description": "With `second_factor_required`: what finishes the sign-in."},
        "factors": {"type": "array", "items": {"type": "string"}, "description": "With it: which kinds of factors do."},
        "expires_in": {"type": "integer", "description": "With it: for how many seconds."},
        "acr_values": {"type": "string", "description": "How sure a sign-in is asked for (RFC 9470)."},
        "max_age": {"type": "integer", "description": "How many seconds old it may be (RFC 9470)."},
    },
    "required": ["type", "title", "status", "detail", "code", "request_id"],
    "additionalProperties": False,
}


def routes() -> dict[tuple[str, str], str]:
    """Return the first docstring line of each route of each function, by method and path."""
    return {key: (handler.__doc__ or "").strip().splitlines()[0] for key, handler in routed().items()}


def routed() -> dict[tuple[str, str], Callable[..., object]]:
    """Return what answers each route of the API, by method and path."""
    found = {}
    for file in sorted((ROOT / "functions").glob("*/app.py")):
        app = getattr(importlib.import_module(f"functions.{file.parent.name}.app"), "app", None)
        # Pages are for people and their browsers, and no part of the API.
        for route in app.routes if app is not None and not isinstance(app, PageResolver) else []:
            if route.method in METHODS and not route.rule.startswith("/assets/"):
                found[route.method, _path(route.rule)] = route.handler
    return found


def document(version: str) -> Schema:
    """Return the document of the whole API.

    Args:
        version: the version of Doorward.

    Raises:
        KeyError: `tools.openapi.operations` does not describe a route, or describes something that is no route.
    """
    sentences = routes()
    if set(sentences) != set(OPERATIONS):
        raise KeyError(f"described and routed differ: {sorted(set(sentences) ^ set(OPERATIONS))}")
    paths: dict[str, Schema] = {}
    for method, path in sorted(OPERATIONS, key=lambda key: list(OPERATIONS).index(key)):
        item = paths.setdefault(path, _path_item(path))
        item[method.lower()] = _operation(method, path, sentences[method, path], OPERATIONS[method, path])
    return {
        "openapi": "3.1.0",
        "info": {"title": "Doorward", "version": version, "description": _INTRODUCTION.replace("\n", " ")},
        "servers": [{"url": "/", "description": "The base URL of the deployment, which is its issuer."}],
        "paths": paths,
        "components": {
            "schemas": {"Problem": _PROBLEM, **_model_schemas()},
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"},
                "cookie": {"type": "apiKey", "in": "cookie", "name": COOKIE_NAME},
            },
        },
    }


def _path(rule: str) -> str:
    names = {"tenant_id": "tenantId", "session_id": "sessionId", "factor_id": "factorId", "delivery_id": "deliveryId"}
    names |= dict.fromkeys(("user_id", "notification_id", "invitation_id", "webhook_id"), "id")
    return re.sub(r"<(\w+)>", lambda match: f"{{{names.get(match[1], match[1])}}}", rule)


def _path_item(path: str) -> Schema:
    names = re.findall(r"\{(\w+)\}", path)
    parameters = [{"name": name, "in": "path", "required": True, "schema": {"type": "string"}} for name in names]
    return {"parameters": parameters} if parameters else {}


def _operation(method: str, path: str, sentence: str, operation: Operation) -> Schema:
    schemes: list[Schema] = [{"bearer": []}] if path.startswith("/api/") else [{"bearer": []}, {"cookie": []}]
    public = operation.who.partition(",")[0] in _PUBLIC
    found: Schema = {
        "operationId": re.sub(r"\W+", "_", f"{method} {path}").strip("_").lower(),
        "summary": sentence,
        "description": f"Who: {operation.who}.",
        "tags": [operation.tag],
        "security": [] if public else schemes,
    }
    parameters = [{"name": name, "in": "query", **_QUERY[name]} for name in operation.query]
    if operation.cached or parameters:
        found["parameters"] = [*parameters, *([_SEEN] if operation.cached else [])]
    if operation.request is not None:
        content = {"application/json": {"schema": _ref(operation.request)}}
        if operation.form:
            content["application/x-www-form-urlencoded"] = {"schema": _ref(operation.request, _FORM)}
        found["requestBody"] = {"required": operation.needs_body, "content": content}
    found["responses"] = {str(operation.status): _success(operation)}
    if operation.otherwise is not None:
        found["responses"]["200"] = _success(replace(operation, status=200, response=operation.otherwise))
    if operation.also_empty:
        found["responses"]["204"] = {"description": "No Content: nothing is left"}
    if operation.cached:
        found["responses"]["304"] = {"description": "Not Modified: the caller has it"}
    # No route takes a path with other characters.
    found["responses"] |= _refusals(operation, [NotFound] if "{" in path else [])
    return found


def _success(operation: Operation) -> Schema:
    found: Schema = {"description": HTTPStatus(operation.status).phrase}
    if operation.sets_cookie:
        found["headers"] = {"Set-Cookie": {"schema": {"type": "string"}}}
    if operation.response is not None:
        model = operation.response
        found["content"] = {operation.media_type: {"schema": model if isinstance(model, dict) else _ref(model)}}
    return found


def _refusals(operation: Operation, more: Sequence[type[DoorwardError]]) -> dict[str, Schema]:
    codes: dict[int, set[str]] = {}
    kinds: list[type[DoorwardError]] = [*operation.problems, *ALWAYS, MethodNotAllowed, *more]
    for error in kinds:
        codes.setdefault(int(status_of_kind(error)), set()).add(error.code)
    schema = {"$ref": "#/components/schemas/Problem"}
    return {
        str(status): {
            "description": f"{HTTPStatus(status).phrase}: {', '.join(f'`{code}`' for code in sorted(codes[status]))}",
            "content": {media_type: {"schema": schema} for media_type in _refusal_types(operation, status)},
        }
        for status in sorted(codes)
    }


def _refusal_types(operation: Operation, status: int) -> tuple[str, ...]:
    if not (operation.form or operation.token_errors):
        return ("application/problem+json",)
    # RFC 6749 section 5.2 prescribes JSON for token endpoints.
    return ("application/json", *(["application/problem+json"] if status in _GATEWAY else []))


def _models() -> Iterator[tuple[type[BaseModel], str]]:
    for operation in OPERATIONS.values():
        if operation.request is not None:
            yield modelled(operation.request), "validation"  # type: ignore[arg-type] # a class can be hashed
        if operation.response is not None and not isinstance(operation.response, dict):
            yield modelled(operation.response), "serialization"  # type: ignore[arg-type] # a class can be hashed
        if operation.otherwise is not None:
            yield modelled(operation.otherwise), "serialization"  # type: ignore[arg-type] # a class can be hashed


def _model_schemas() -> Mapping[str, Schema]:
    models: Any = list(dict.fromkeys(_models()))
    _, schemas = models_json_schema(models, ref_template=_REF)
    definitions: dict[str, Schema] = schemas["$defs"]
    forms = [operation.request.__name__ for operation in OPERATIONS.values() if operation.form and operation.request]
    # Unknown members of a form are ignored (RFC 6749 section 3.2).
    definitions |= {
        f"{name}{_FORM}": {key: value for key, value in definitions[name].items() if key != "additionalProperties"}
        for name in forms
    }
    return {name: definitions[name] for name in sorted(definitions)}


def _ref(model: type[BaseModel] | Flat, suffix: str = "") -> Schema:
    return {"$ref": _REF.format(model=f"{model.__name__}{suffix}")}
