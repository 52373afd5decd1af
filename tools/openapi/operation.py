"""How an operation of the API is described, and what several have in common."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel

from doorward import errors
from doorward.errors import DoorwardError
from tools.openapi.flat import Flat

Errors = tuple[type[DoorwardError], ...]
Schema = dict[str, Any]

BODY: Errors = (errors.InvalidRequest, errors.PayloadTooLarge, errors.UnsupportedMediaType)
CALLER: Errors = (
    errors.MissingCredentials,
    errors.InvalidToken,
    errors.PasswordChangeRequired,
    errors.EnrolmentRequired,
)
CHANGE: Errors = (*CALLER, errors.CrossSiteRequest)
# A query parameter that a route does not know is refused on every route.
ALWAYS: Errors = (
    errors.InvalidRequest,
    errors.DoorwardError,
    errors.Misconfigured,
    errors.Unavailable,
    errors.NotInitialised,
)
LIST: Errors = (errors.InvalidRequest, errors.InvalidCursor)
GRANT: Errors = (*BODY, errors.InvalidGrant)
LISTED = ("limit", "cursor")
TOKENS, ACCOUNTS, INVITATIONS, TENANTS, SERVICES, AUDIT, WEBHOOKS, DEMO, DISCOVERY = (
    "Tokens",
    "Users",
    "Invitations",
    "Tenants",
    "Service tokens",
    "Audit trail",
    "Webhooks",
    "Demo",
    "Discovery",
)


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation.

    Args:
        tag: the heading under which the page shows the operation.
        who: the callers who may use the operation, in words.
        request: the model of the request's body, if there is one.
        response: the model, or the schema, of a successful answer; None if the answer has no body.
        problems: the errors of the operation, beside those of every operation.
        status: the status of a successful answer.
        form: whether the body may be a form, as OAuth clients send it.
        query: the names of the query parameters.
        needs_body: whether a request must have a body.
        sets_cookie: whether a successful answer sets or clears the session cookie.
        media_type: the media type of a successful answer.
        cached: whether it is asked for again by its ETag.
        also_empty: whether a successful answer may also be a 204 without a body.
        token_errors: whether errors are those of a token endpoint, as they are wherever the body may be a form.
        otherwise: the model of another successful answer, with the status 200.
    """

    tag: str
    who: str
    request: type[BaseModel] | Flat | None = None
    response: type[BaseModel] | Flat | Schema | None = None
    problems: Errors = ()
    status: int = 200
    form: bool = False
    query: tuple[str, ...] = ()
    needs_body: bool = True
    sets_cookie: bool = False
    media_type: str = "application/json"
    cached: bool = False
    also_empty: bool = False
    token_errors: bool = False
    otherwise: Flat | None = None
