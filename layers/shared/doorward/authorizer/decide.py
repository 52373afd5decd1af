"""The Lambda authorizer: read a gateway's event, decide, and answer in the gateway's form."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from doorward import audit
from doorward.authorization import Authorize, Decision
from doorward.authorizer.answers import Unauthorized, answer_gateway, challenge_of, policy
from doorward.authorizer.events import AuthorizerRequest, read_credentials, read_request
from doorward.rules.routes import Route

__all__ = ["Unauthorized", "decide", "read_credentials"]


def decide(authorize: Authorize, event: Mapping[str, Any]) -> dict[str, Any]:
    """Return the answer to an authorizer event.

    Doorward's own API lets restricted callers through, because its functions explain the restriction to the callers.
    For everybody who is not known the API gets a Deny with a challenge, and its gateway responses turn the Deny into
    a 401 with that challenge.

    Any other API gets a refusal in both cases. If a path of that API names a tenant, the caller must belong to the
    tenant. The caller must also have the roles that the API's owner asks for.

    Raises:
        Unauthorized: the API is not Doorward's own, and API Gateway answers 401.
        InvalidRequest: the event is no event of an authorizer. Nobody is let in.
        Misconfigured, NotInitialised, Unavailable: API Gateway answers 500. Nobody is let in.
    """
    with audit.of_request(event):
        return _decide(authorize, read_request(event))


def _decide(authorize: Authorize, request: AuthorizerRequest) -> dict[str, Any]:
    if request.api_id == authorize.keyring.key_set().own_api_id:
        return _decide_at_home(authorize, request)
    decision = authorize.decide(request.credentials, request.route)
    _record(request, decision)
    return answer_gateway(request, decision)


def _decide_at_home(authorize: Authorize, request: AuthorizerRequest) -> dict[str, Any]:
    decision = authorize.decide(request.credentials, Route())
    _record(request, decision)
    if decision.principal is None:
        return {
            **policy(request, decision),
            "context": challenge_of(decision, request.credentials.origin, authorize.allowed_origins),
        }
    return policy(request, Decision(decision.principal))


def _record(request: AuthorizerRequest, decision: Decision) -> None:
    if decision.reason is None or decision.reason == "missing_credentials":
        return
    known = decision.principal
    who = {} if known is None else {"tenant_id": known.tenant_id, "user_id": known.user_id}
    audit.record(
        "request_denied",
        reason=decision.reason,
        api_id=request.api_id,
        gateway=request.gateway,
        **who,
    )
