"""The resolver of every function that answers HTTP requests."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Callable, Mapping
from typing import Any

from aws_lambda_powertools.event_handler import APIGatewayRestResolver, Response
from aws_lambda_powertools.event_handler.api_gateway import Route

from doorward import audit
from doorward.api.answers import answer_preflight, respond
from doorward.api.problems import headers_of, problem, status_of
from doorward.api.requests import require_known_query
from doorward.errors import DoorwardError, MethodNotAllowed, NotFound

_LOGGER = logging.getLogger("doorward.api")

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")


class Resolver(APIGatewayRestResolver):
    """Routes the paths of one function, and turns every error into a problem (RFC 9457)."""

    def __init__(self, *, oauth: bool = False) -> None:
        """Make the resolver.

        Args:
            oauth: whether to add the error members of RFC 6749 section 5.2 to the problems.
        """
        super().__init__()
        self._oauth = oauth
        self.exception_handler(DoorwardError)(self._refuse)
        self.exception_handler(Exception)(self._fail)
        self.not_found(self._no_route)
        # A function: of a bound method Powertools inspects the signature anew for each request.
        self.use([_check_query])

    def routes(self) -> list[Route]:
        """Return all routes."""
        return [*self._static_routes, *self._dynamic_routes]

    def resolve(self, event: Mapping[str, Any], context: Any) -> dict[str, Any]:  # noqa: ANN401 - Lambda's own object
        """Answer one request; what it does is logged with where it came from."""
        with audit.of_request(event):
            return super().resolve(event, context)

    def _refuse(self, error: DoorwardError) -> Response[str]:
        return self.refuse(error, {})

    def refuse(self, error: DoorwardError, more: Mapping[str, str]) -> Response[str]:
        """Return the problem of an error, with more headers."""
        request_id = self._request_id()
        fields = {"code": error.code, "reason": error.reason, "request_id": request_id}
        _LOGGER.info("refused", extra={"refusal": fields})
        body = problem(error, request_id, oauth=self._oauth)
        headers = {"Cache-Control": "no-store", **headers_of(error), **more}
        # Token endpoints must answer errors as application/json, and clients insist on it (RFC 6749 section 5.2).
        media_type = "application/json" if self._oauth else "application/problem+json"
        return respond(status_of(error), body, media_type, headers)

    def _fail(self, error: Exception) -> Response[str]:
        # The log gets only the error's class and place, because its message may quote the request.
        trace = "".join(traceback.format_tb(error.__traceback__))
        _LOGGER.error("failed: %s", type(error).__name__, extra={"trace": trace})
        return self._refuse(DoorwardError(reason=type(error).__name__))

    def _no_route(self, _: Exception) -> Response[str]:
        path = self.current_event.path
        routes = [route for route in self.routes() if route.rule.match(path)]
        allowed = tuple(method for method in METHODS if any(route.method == method for route in routes))
        if allowed and self.current_event.http_method == "OPTIONS":
            return answer_preflight(allowed)
        return self._refuse(MethodNotAllowed(allowed) if allowed else NotFound())

    def _request_id(self) -> str:
        event: dict[str, Any] = self.current_event.raw_event
        return str((event.get("requestContext") or {}).get("requestId") or "")


def _check_query(app: Resolver, route: Callable[..., Response[str]]) -> Response[str]:
    handler = app.context["_route"].func
    if any(each.func is handler for each in app.routes()):  # not where no route was found
        require_known_query(app, handler)
    return route(app)
