"""What the operations of webhooks take and answer."""

from __future__ import annotations

from doorward import errors
from doorward.api.bodies import webhooks as bodies
from tools.openapi.operation import BODY, CALLER, CHANGE, LISTED, WEBHOOKS, Errors, Operation

_WHO = "the tenant's administrators"
_HOOKS = "/api/{tenantId}/webhooks"
_READ: Errors = (*CALLER, errors.InsufficientScope, errors.NotFound)
_ASKED: Errors = (*CHANGE, errors.InsufficientScope, errors.NotFound, errors.InsufficientAuthentication)

TOLD: dict[tuple[str, str], Operation] = {
    ("GET", _HOOKS): Operation(WEBHOOKS, _WHO, response=bodies.WebhookListResponse, problems=_READ),
    ("POST", _HOOKS): Operation(
        WEBHOOKS,
        _WHO,
        bodies.MakeWebhookRequest,
        bodies.WebhookResponse,
        (*_ASKED, *BODY, errors.TooManyWebhooks),
        201,
    ),
    ("GET", f"{_HOOKS}/{{id}}"): Operation(WEBHOOKS, _WHO, response=bodies.WebhookResponse, problems=_READ),
    ("PATCH", f"{_HOOKS}/{{id}}"): Operation(
        WEBHOOKS, _WHO, bodies.ChangeWebhookRequest, bodies.WebhookResponse, (*_ASKED, *BODY, errors.Conflict)
    ),
    ("DELETE", f"{_HOOKS}/{{id}}"): Operation(WEBHOOKS, _WHO, problems=_ASKED, status=204),
    ("POST", f"{_HOOKS}/{{id}}/secret"): Operation(
        WEBHOOKS, _WHO, response=bodies.WebhookResponse, problems=(*_ASKED, errors.Conflict)
    ),
    ("POST", f"{_HOOKS}/{{id}}/test"): Operation(
        WEBHOOKS, _WHO, response=bodies.DeliveryResponse, problems=(*_ASKED, errors.Conflict), status=202
    ),
    ("GET", f"{_HOOKS}/{{id}}/deliveries"): Operation(
        WEBHOOKS,
        _WHO,
        response=bodies.DeliveryListResponse,
        problems=(*_READ, errors.InvalidRequest, errors.InvalidCursor),
        query=LISTED,
    ),
    ("POST", f"{_HOOKS}/{{id}}/deliveries/{{deliveryId}}/replay"): Operation(
        WEBHOOKS, _WHO, response=bodies.DeliveryResponse, problems=(*_ASKED, errors.Conflict), status=202
    ),
}
"""The operations of webhooks, by method and path."""
