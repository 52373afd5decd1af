"""The HTTP status, the headers and the body (RFC 9457) of each error."""

from __future__ import annotations

import json
from http import HTTPStatus

from doorward import errors
from doorward.errors import DoorwardError
from doorward.rules.challenges import challenge

STATUSES: dict[type[DoorwardError], HTTPStatus] = {
    errors.InvalidRequest: HTTPStatus.BAD_REQUEST,
    errors.InvalidGrant: HTTPStatus.BAD_REQUEST,
    errors.NotAuthenticated: HTTPStatus.UNAUTHORIZED,
    errors.Forbidden: HTTPStatus.FORBIDDEN,
    errors.NotFound: HTTPStatus.NOT_FOUND,
    errors.MethodNotAllowed: HTTPStatus.METHOD_NOT_ALLOWED,
    errors.Conflict: HTTPStatus.CONFLICT,
    errors.PayloadTooLarge: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    errors.UnsupportedMediaType: HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    errors.TooManyAttempts: HTTPStatus.TOO_MANY_REQUESTS,
    errors.Unavailable: HTTPStatus.SERVICE_UNAVAILABLE,
    errors.DoorwardError: HTTPStatus.INTERNAL_SERVER_ERROR,
}

_OAUTH_ERRORS = frozenset({"invalid_request", "invalid_grant", "unsupported_grant_type"})


def status_of(error: DoorwardError) -> HTTPStatus:
    """Return the HTTP status of an error."""
    return status_of_kind(type(error))


def status_of_kind(kind: type[DoorwardError]) -> HTTPStatus:
    """Return the HTTP status of a class of errors: the status of its nearest ancestor in the table."""
    return next(STATUSES[ancestor] for ancestor in kind.__mro__ if ancestor in STATUSES)


def headers_of(error: DoorwardError) -> dict[str, str]:
    """Return the headers that the answer to an error needs (RFC 6750 section 3, RFC 9110 section 15.5)."""
    match error:
        case errors.MethodNotAllowed():
            headers = {"Allow": ", ".join(error.allowed)}
        case errors.TooManyAttempts():
            headers = {"Retry-After": str(error.retry_after_seconds)}
        case errors.Unavailable():
            headers = {"Retry-After": "1"}
        case _:
            told = challenge(error)
            headers = {"WWW-Authenticate": told} if told else {}
    return headers


def problem(error: DoorwardError, request_id: str, *, oauth: bool) -> str:
    """Return the JSON body of an error.

    Args:
        error: the error.
        request_id: API Gateway's id of the request. Operators search the log for it.
        oauth: whether to add the members of RFC 6749 section 5.2, which token endpoints need.
    """
    status = status_of(error)
    body: dict[str, object] = {
        "type": f"urn:doorward:problem:{error.code}",
        "title": status.phrase,
        "status": status.value,
        "detail": error.detail,
        "code": error.code,
        "request_id": request_id,
        **error.members,
    }
    if oauth:
        fallback = "server_error" if status >= HTTPStatus.INTERNAL_SERVER_ERROR else "invalid_request"
        body["error"] = error.code if error.code in _OAUTH_ERRORS else fallback
        body["error_description"] = error.detail
    return json.dumps(body) + "\n"
