"""Between API Gateway's authorizer events and the one decision."""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping
from typing import Any

from doorward import audit
from doorward.authorization import Authorize, Presented
from doorward.errors import InvalidToken, MissingCredentials
from doorward.model import PLATFORM, Principal

Event = Mapping[str, Any]

logging.getLogger("doorward").setLevel(logging.INFO)


class Unauthorized(Exception):
    """Makes API Gateway answer 401: the message must be exactly this word."""

    def __init__(self) -> None:
        super().__init__("Unauthorized")


def presented(event: Event, *, changes_state: bool = False) -> Presented:
    """Return what a request presents about its caller.

    Args:
        event: of a REQUEST authorizer, or of a proxy integration.
        changes_state: whether the request changes state although its method is safe.
    """
    paths = [re.sub("/+", "/", str(event.get(name) or "").lower()) for name in ("path", "resource")]
    return Presented(
        method=str(event.get("httpMethod") or "").upper(),
        path=next((path for path in paths if path.startswith("/api/")), paths[0]),
        authorization=_headers(event, "authorization"),
        cookie=_headers(event, "cookie"),
        origin=_header(event, "origin"),
        host=_header(event, "host"),
        fetch_site=_header(event, "sec-fetch-site"),
        changes_state=changes_state,
    )


def decide(authorize: Authorize, event: Event) -> dict[str, Any]:
    """Return the policy for a request.

    Doorward's own API gets restricted callers passed on, for its functions explain the restriction
    to them, and a Deny for bad tokens, which its gateway responses make a 401 with `invalid_token`.
    Any other API gets a Deny and a 401 in their place.

    Raises:
        Unauthorized: API Gateway shall answer 401.
        NotInitialised, Unavailable: API Gateway shall answer 500; nobody is let in.
    """
    own = event.get("requestContext", {}).get("apiId") == authorize.keyring.key_set().own_api_id
    try:
        principal = authorize(presented(event))
    except MissingCredentials:
        raise Unauthorized from None
    except InvalidToken as error:
        _deny(event, error.reason)
        if not own:
            raise Unauthorized from None
        return _policy("Deny", event, "anonymous", {})
    if principal.restriction is not None and not own:
        _deny(event, principal.restriction)
        return _policy("Deny", event, principal.user_id, {})
    return _policy("Allow", event, principal.user_id, _context(principal))


def _context(principal: Principal) -> dict[str, str]:
    """Return the principal as API Gateway carries it: text alone."""
    context = {
        "sub": principal.username,
        "user_id": principal.user_id,
        "tenant_id": "" if principal.tenant_id == PLATFORM else principal.tenant_id,
        "roles": " ".join(sorted(principal.roles)),
        "sid": principal.session_id,
        "jti": principal.token_id or "",
    }
    return context if principal.restriction is None else {**context, "restriction": principal.restriction}


def _policy(effect: str, event: Event, principal_id: str, context: Mapping[str, str]) -> dict[str, Any]:
    # The policy covers the whole stage, so that a cached one is right on every route.
    api, stage = str(event["methodArn"]).split("/")[:2]
    statement = {"Action": "execute-api:Invoke", "Effect": effect, "Resource": f"{api}/{stage}/*"}
    return {
        "principalId": principal_id,
        "policyDocument": {"Version": "2012-10-17", "Statement": [statement]},
        "context": dict(context),
    }


def _deny(event: Event, reason: str) -> None:
    audit.record("request_denied", reason=reason, request_id=str(event.get("requestContext", {}).get("requestId")))


def _headers(event: Event, name: str) -> tuple[str, ...]:
    several: Mapping[str, list[str]] = event.get("multiValueHeaders") or {}
    found = [value for key, values in several.items() if key.lower() == name for value in values]
    if not found:
        single: Mapping[str, str] = event.get("headers") or {}
        found = [value for key, value in single.items() if key.lower() == name]
    return tuple(found)


def _header(event: Event, name: str) -> str | None:
    found = _headers(event, name)
    return found[-1] if found else None
