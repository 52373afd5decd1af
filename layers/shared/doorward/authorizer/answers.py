"""Turn a decision into the answer that a gateway understands."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

from doorward.authorization import Decision
from doorward.authorizer.events import ANSWER, USAGE, AuthorizerRequest
from doorward.errors import DoorwardError, InvalidToken, MissingCredentials
from doorward.model import PLATFORM, Principal
from doorward.rules.challenges import challenge, refused
from doorward.rules.routes import ANY, RouteRule

Answer = dict[str, Any]

_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
_MAX_RESOURCE = 512
_NO_ORIGIN = "https://none.invalid"  # a gateway response cannot leave a header out


class Unauthorized(Exception):
    """An error that makes API Gateway answer 401.

    The message must be exactly the word `Unauthorized`.
    """

    def __init__(self) -> None:
        super().__init__("Unauthorized")


def answer_gateway(request: AuthorizerRequest, decision: Decision) -> Answer:
    """Return the answer in the form of the gateway that asked.

    The answer does not say why a caller is refused. A REST API alone gets what a known caller may be told, because
    its gateway responses can hand it on.

    Raises:
        Unauthorized: the caller is not known, and this kind of gateway can answer 401.
    """
    if request.gateway == "appsync":
        return _appsync(decision)
    if request.gateway == "http_2" and request.settings.get(ANSWER, "").lower() == "simple":
        return {"isAuthorized": decision.allowed, "context": context_of(decision)}
    if decision.principal is None and request.gateway in {"rest", "token", "websocket"}:
        raise Unauthorized
    found = _with_usage(request, decision, policy(request, decision))
    if decision.reason is not None and request.gateway in {"rest", "token"}:
        return {**found, "context": _told(refused(decision.reason, decision.asked))}
    return found


def policy(request: AuthorizerRequest, decision: Decision) -> Answer:
    """Return an IAM policy for the whole API, because a gateway may use the same policy for other routes too.

    The policy allows a known caller the whole stage, except the paths that the owner's rules deny the caller. A policy
    cannot say "no other tenant". So a policy that a gateway keeps does not check the tenant of later paths. And a
    sign-in that becomes too old meanwhile counts until the gateway asks again (docs/protecting.md, "Caching").
    """
    stage = "/".join(request.arn.split("/")[:2])
    principal = decision.principal
    if principal is None or (decision.restricted and not decision.allowed):
        statements = [_statement("Deny", [f"{stage}/*"])]
    else:
        denied = _denied_by_rules(stage, decision.unmet)
        denied += [] if decision.allowed else [_denied_now(stage, request.arn)]
        statements = [_statement("Allow", [f"{stage}/*"]), *([_statement("Deny", denied)] if denied else [])]
    return {
        "principalId": "anonymous" if principal is None else principal.user_id,
        "policyDocument": {"Version": "2012-10-17", "Statement": statements},
        "context": context_of(decision),
    }


def _denied_by_rules(stage: str, rules: Iterable[RouteRule]) -> list[str]:
    return [
        f"{stage}/{method}{pattern}{end}"
        for rule in rules
        for method in (_METHODS if rule.method == ANY else rule.methods)
        for pattern in rule.patterns()
        for end in ("", "/*")
    ]


def _denied_now(stage: str, arn: str) -> str:
    """Return the resource to deny for this request.

    The resource is the request's own, or the whole stage if a policy would read the path as a pattern.
    """
    plain = len(arn) <= _MAX_RESOURCE and not re.search(r"[$*?]", arn.partition("/")[2])
    return arn if plain else f"{stage}/*"


def context_of(decision: Decision) -> dict[str, str]:
    """Return the principal in the form that gateways pass on: texts only.

    The context is empty if the caller is refused.
    """
    principal = decision.principal
    if principal is None or not decision.allowed:
        return {}
    context = {
        "sub": principal.username,
        "user_id": principal.user_id,
        "tenant_id": _tenant(principal),
        "roles": " ".join(sorted(principal.roles)),
        **_proved(principal),
        "sid": principal.session_id,
        "jti": principal.token_id or "",
        "userId": principal.user_id,
        "tenantId": _tenant(principal),
        "metadata": json.dumps(principal.metadata) if principal.metadata else "{}",
        "ext": json.dumps(principal.ext) if principal.ext else "{}",
    }
    return context if principal.restriction is None else {**context, "restriction": principal.restriction}


def _proved(principal: Principal) -> dict[str, str]:
    proved = principal.authentication
    if proved is None:
        return {"auth_time": "", "amr": "", "acr": ""}
    return {"auth_time": str(proved.at), "amr": " ".join(proved.amr), "acr": proved.acr}


def _told(error: DoorwardError) -> dict[str, str]:
    """Return what gateway responses read, which can leave no header out and escape nothing."""
    return {"challenge": challenge(error) or "Bearer", "code": error.code, "detail": error.detail}


def challenge_of(decision: Decision, origin: str | None, allowed_origins: tuple[str, ...]) -> dict[str, str]:
    """Return what Doorward's own API tells who is not known: whether credentials were sent, never why they are bad.

    Its gateway response ACCESS_DENIED reads this, and escapes nothing.

    Args:
        decision: about the request.
        origin: the request's Origin header, if it has one.
        allowed_origins: the origins whose pages may read the refusal.
    """
    missing = decision.reason == MissingCredentials.code
    readable = origin if origin in allowed_origins and origin else next(iter(allowed_origins), _NO_ORIGIN)
    return {**_told(MissingCredentials() if missing else InvalidToken()), "origin": readable}


def _appsync(decision: Decision) -> Answer:
    # Without this, AppSync would keep the answer for five minutes, and a logout would take effect only then.
    return {"isAuthorized": decision.allowed, "resolverContext": context_of(decision), "ttlOverride": 0}


def _with_usage(request: AuthorizerRequest, decision: Decision, found: Answer) -> Answer:
    if request.settings.get(USAGE) == "tenant" and decision.allowed and decision.principal is not None:
        # The value of an API key must have at least 20 characters.
        found["usageIdentifierKey"] = f"doorward-usage-tenant-{_tenant(decision.principal) or 'platform'}"
    return found


def _statement(effect: str, resources: list[str]) -> Mapping[str, Any]:
    return {"Action": "execute-api:Invoke", "Effect": effect, "Resource": resources}


def _tenant(principal: Principal) -> str:
    return "" if principal.tenant_id == PLATFORM else principal.tenant_id
