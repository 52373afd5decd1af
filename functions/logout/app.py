"""GET and POST /auth/logout."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from aws_lambda_powertools.event_handler import Response

from doorward.api.answers import answer, cleared_cookie
from doorward.api.requests import flag
from doorward.api.resolver import Resolver
from doorward.authorizer.events import presented
from doorward.bootstrap import logout, once
from doorward.errors import CrossSiteRequest, SessionOver

app = Resolver()
services = once(logout.wire)


@app.get("/auth/logout")
@app.post("/auth/logout")
def log_out() -> Response[str]:
    """End the caller's session, or with `everywhere=true` all of the user's."""
    everywhere = flag(app, "everywhere")
    shown = presented(app.current_event.raw_event, changes_state=True)
    try:
        principal = services().authorize(shown)
    except SessionOver:
        # What is left is to forget the cookie.
        return answer(None, HTTPStatus.NO_CONTENT, cleared_cookie())
    if principal.restriction == "cross_site_request":
        raise CrossSiteRequest
    services().log_out(principal, everywhere=everywhere)
    return answer(None, HTTPStatus.NO_CONTENT, cleared_cookie())


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:  # noqa: ANN401 - Lambda's own object
    """Answer API Gateway."""
    return app.resolve(event, context)
