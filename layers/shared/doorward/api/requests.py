"""Read API Gateway's event, and check the request in it."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Mapping
from typing import Any, Protocol, Self, TypeVar
from urllib.parse import parse_qsl

from doorward import audit
from doorward.api.bodies.flat import FlatRequest
from doorward.api.principals import principal_of
from doorward.api.routing import Router
from doorward.errors import (
    CrossSiteRequest,
    EnrolmentRequired,
    InvalidRequest,
    MissingCredentials,
    PasswordChangeRequired,
    PayloadTooLarge,
    UnsupportedMediaType,
)
from doorward.model import Principal


class RequestBody(Protocol):
    """A declared body."""

    @classmethod
    def of_json(cls, body: bytes) -> Self:
        """Return the body of a JSON text; raise InvalidRequest if it is not acceptable."""


Body = TypeVar("Body", bound=RequestBody)
Flat = TypeVar("Flat", bound=FlatRequest)
Handler = TypeVar("Handler", bound=Callable[..., object])

MAX_BODY_BYTES = 32_768
MAX_PAGE = 100
_DEFAULT_PAGE = 25


def read_json(app: Router, model: type[Body]) -> Body:
    """Return the JSON body of the request.

    Raises:
        UnsupportedMediaType: the Content-Type is not JSON.
        PayloadTooLarge: the body has more than 32 KiB.
        InvalidRequest: there is no body, or the model refuses it.
    """
    if not has_body(app):
        raise InvalidRequest("Send a JSON body.")
    if _media_type(app) != "application/json":
        raise UnsupportedMediaType
    return model.of_json(_body(app))


def read_json_or_nothing(app: Router, model: type[Body]) -> Body:
    """Return the JSON body of a request that may have none, which means an empty object.

    Raises:
        UnsupportedMediaType, PayloadTooLarge, InvalidRequest: see `read_json`.
    """
    return read_json(app, model) if has_body(app) else model.of_json(b"{}")


def has_body(app: Router) -> bool:
    """Return whether the request has a body.

    Some requests may have none.
    """
    return bool(app.event.get("body"))


def read_form_or_json(app: Router, model: type[Flat]) -> Flat:
    """Return the body of a request to a token endpoint: a form, as OAuth clients send it, or JSON.

    Unknown members of a form are ignored (RFC 6749 section 3.2). Unknown members of JSON are errors.

    Raises:
        UnsupportedMediaType: the Content-Type is neither a form nor JSON.
        PayloadTooLarge: the body has more than 32 KiB.
        InvalidRequest: the model refuses the body, or the form has a member twice.
    """
    if _media_type(app) == "application/json":
        return model.of_json(_body(app))
    return read_form(app, model, "Send the body as application/x-www-form-urlencoded or application/json.")


def read_form(app: Router, model: type[Flat], advice: str = "Send the body as a form.") -> Flat:
    """Return the form that is the body of the request; its unknown members, and those without a text, are ignored.

    Raises:
        UnsupportedMediaType, PayloadTooLarge, InvalidRequest: see `read_form_or_json`; `advice` says what to send.
    """
    if _media_type(app) != "application/x-www-form-urlencoded":
        raise UnsupportedMediaType(advice)
    try:
        pairs = parse_qsl(_body(app).decode("utf-8"), keep_blank_values=True, errors="strict", max_num_fields=20)
    except ValueError as error:
        raise InvalidRequest("The form is malformed.") from error
    members = dict(pairs)
    if len(members) != len(pairs):
        raise InvalidRequest("A parameter is sent twice.")
    return model.of_members({name: text for name, text in members.items() if name in model.names() and text})


def read_principal(app: Router, *, changing_password: bool = False, proving_factor: bool = False) -> Principal:
    """Return the caller, as the authorizer described them.

    Args:
        app: the resolver that holds the request.
        changing_password: whether a caller who must change their password may make this request.
        proving_factor: whether a caller who must prove or enrol a second factor may make this request.

    Raises:
        MissingCredentials: the authorizer did not describe a caller.
        CrossSiteRequest: a web page of another site sent the request with the caller's cookie.
        PasswordChangeRequired: the caller must change their password first.
        EnrolmentRequired: the caller must prove or enrol a second factor first.
    """
    context: Mapping[str, Any] = app.event.get("requestContext", {}).get("authorizer") or {}
    if not context.get("user_id"):
        raise MissingCredentials
    restriction = context.get("restriction")
    if restriction == "cross_site_request":
        raise CrossSiteRequest
    if restriction == "password_change_required" and not changing_password:
        raise PasswordChangeRequired
    if restriction == "second_factor_required" and not proving_factor:
        raise EnrolmentRequired
    return principal_of(context)


def source_address(app: Router) -> str:
    """Return the IP address that API Gateway received the request from.

    No header can change the address.
    """
    identity: Mapping[str, Any] = app.event.get("requestContext", {}).get("identity") or {}
    return str(identity.get("sourceIp") or "unknown")


def user_agent(app: Router) -> str | None:
    """Return what the client says that it is, cut to 256 printable characters, or None if it says nothing.

    Whoever sends a request chooses this text.
    """
    identity: Mapping[str, Any] = app.event.get("requestContext", {}).get("identity") or {}
    return audit.plain(identity.get("userAgent") or "") or None


def received_at_ms(app: Router) -> int | None:
    """Return when API Gateway received the request, in milliseconds, or None if the event does not say it."""
    received = app.event.get("requestContext", {}).get("requestTimeEpoch")
    return received if isinstance(received, int) else None


def takes(*names: str) -> Callable[[Handler], Handler]:
    """Declare the query parameters of a route's function, which stands below; one without this takes none."""

    def declare(handler: Handler) -> Handler:
        vars(handler)["query"] = names
        return handler

    return declare


def require_known_query(app: Router, handler: Callable[..., object]) -> None:
    """Make sure that a request has no query parameters but those its route takes, and that none is empty.

    Raises:
        InvalidRequest: it has another, such as a filter that is mistyped, or one without a value.
    """
    names: tuple[str, ...] = vars(handler).get("query", ())
    sent: Mapping[str, str] = app.event.get("queryStringParameters") or {}
    if any(not value for name, value in sent.items() if name in names):
        raise InvalidRequest("A query parameter is empty; leave it out.")
    if set(sent) - set(names):
        *first, last = names or ("none",)
        taken = f"{', '.join(first)} and {last}" if first else last
        raise InvalidRequest(f"Unknown query parameter; this takes {taken}.")


def query(app: Router, name: str) -> str | None:
    """Return a query parameter, or None if it is absent or empty."""
    parameters: Mapping[str, str] = app.event.get("queryStringParameters") or {}
    return parameters.get(name) or None


def flag(app: Router, name: str) -> bool:
    """Return whether a query parameter is true.

    An absent parameter is false.

    Raises:
        InvalidRequest: the parameter is none of `true`, `1`, `false` and `0`.
    """
    text = query(app, name) or "false"
    if text not in {"true", "1", "false", "0"}:
        raise InvalidRequest(f"{name} is true or false.")
    return text in {"true", "1"}


def page_limit(app: Router) -> int:
    """Return how many items a page may have, from the parameter `limit`: 1 to 100, and 25 by default.

    Raises:
        InvalidRequest: `limit` is no whole number from 1 to 100.
    """
    text = query(app, "limit") or str(_DEFAULT_PAGE)
    if not (text.isascii() and text.isdigit() and len(text) <= 3 and 1 <= int(text) <= MAX_PAGE):  # noqa: PLR2004
        raise InvalidRequest(f"limit is a whole number from 1 to {MAX_PAGE}.")
    return int(text)


def header(event: Mapping[str, Any], name: str) -> str | None:
    """Return the value of a request header, or None if it is absent.

    If the header came several times, API Gateway gives the last value.

    Args:
        event: API Gateway's event.
        name: the header's name in lower case. The event may spell it in any case.
    """
    headers: Mapping[str, str] = event.get("headers") or {}
    return next((value for key, value in headers.items() if key.lower() == name), None)


def _media_type(app: Router) -> str:
    return (header(app.event, "content-type") or "").partition(";")[0].strip().lower()


def _body(app: Router) -> bytes:
    event = app.event
    text = event.get("body") or ""
    if len(text) > MAX_BODY_BYTES * 2:
        raise PayloadTooLarge
    try:
        encoded = text.encode("utf-8")
        body = base64.b64decode(encoded, validate=True) if event.get("isBase64Encoded") else encoded
    except (binascii.Error, UnicodeEncodeError) as error:
        raise InvalidRequest from error
    if len(body) > MAX_BODY_BYTES:
        raise PayloadTooLarge
    return body
