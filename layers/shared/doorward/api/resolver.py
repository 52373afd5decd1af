"""The resolver of every function that answers HTTP requests."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from doorward import audit
from doorward.api.answers import answer_preflight, respond
from doorward.api.cors import allowed_origins, cors_headers
from doorward.api.events import is_request, method_and_path
from doorward.api.problems import headers_of, problem, status_of
from doorward.api.requests import header, require_known_query
from doorward.api.routing import Handler, Response, Router
from doorward.errors import DoorwardError, MethodNotAllowed, NotFound

_LOGGER = logging.getLogger("doorward.api")


class Resolver(Router):
    """Routes the paths of one function, and turns every error into a problem (RFC 9457)."""

    def __init__(self, *, oauth: bool = False) -> None:
        """Make the resolver.

        Args:
            oauth: whether to add the error members of RFC 6749 section 5.2 to the problems.
        """
        super().__init__()
        self._oauth = oauth

    def resolve(self, event: Mapping[str, Any], _context: Any) -> dict[str, Any]:  # noqa: ANN401 - Lambda's own object
        """Answer one request; what it does is logged with where it came from."""
        with audit.of_request(event):
            self.event = event if is_request(event) else {}
            answer = self._answer()
            return replace(answer, headers={**self.cors(), **answer.headers}).to_gateway()

    def cors(self) -> Mapping[str, str]:
        """Return the headers that let a page of another origin read the answer."""
        return cors_headers(header(self.event, "origin"), allowed_origins())

    def _answer(self) -> Response:
        try:
            method, path = method_and_path(self.event)
            found = self.find(method, path)
            if found is None:
                return self._no_route(method, path)
            handler, arguments = found
            self.check_query(handler)
            return handler(**arguments)
        except DoorwardError as error:
            return self.refuse(error, {})
        except Exception as error:  # noqa: BLE001 - whatever fails, the caller gets a problem
            return self._fail(error)

    def check_query(self, handler: Handler) -> None:
        """Make sure that a request has no query parameters but those its route takes.

        Raises:
            InvalidRequest: it has another.
        """
        require_known_query(self, handler)

    def refuse(self, error: DoorwardError, more: Mapping[str, str]) -> Response:
        """Return the answer to an error, with more headers; the log tells of it."""
        self.note(error)
        return self.show(error, {"Cache-Control": "no-store", **headers_of(error), **more})

    def note(self, error: DoorwardError) -> None:
        """Log that the request is refused, and why."""
        fields = {"code": error.code, "reason": error.reason, "request_id": self.request_id}
        _LOGGER.info("refused", extra={"refusal": fields})

    def show(self, error: DoorwardError, headers: Mapping[str, str]) -> Response:
        """Return the problem of an error."""
        body = problem(error, self.request_id, oauth=self._oauth)
        # Token endpoints must answer errors as application/json, and clients insist on it (RFC 6749 section 5.2).
        media_type = "application/json" if self._oauth else "application/problem+json"
        return respond(status_of(error), body, media_type, headers)

    def _fail(self, error: Exception) -> Response:
        # The log gets only the error's class and place, because its message may quote the request.
        trace = "".join(traceback.format_tb(error.__traceback__))
        _LOGGER.error("failed: %s", type(error).__name__, extra={"trace": trace})
        return self.refuse(DoorwardError(reason=type(error).__name__), {})

    def _no_route(self, method: str, path: str) -> Response:
        allowed = self.methods_of(path)
        if allowed and method == "OPTIONS":
            return answer_preflight(allowed)
        raise MethodNotAllowed(allowed) if allowed else NotFound

    @property
    def request_id(self) -> str:
        """The id that API Gateway gave the request; empty if it gave none."""
        return str((self.event.get("requestContext") or {}).get("requestId") or "")
