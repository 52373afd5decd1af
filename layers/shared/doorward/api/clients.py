"""Read what asks for a session from a request."""

from __future__ import annotations

from doorward.api.requests import source_address, user_agent
from doorward.api.routing import Router
from doorward.authorization import is_cross_site, read_cookie_value
from doorward.authorizer.events import read_credentials
from doorward.errors import CrossSiteRequest
from doorward.sessions.begin import Client
from doorward.tokens.cookie import COOKIE_NAME
from doorward.tokens.device import DEVICE_COOKIE_NAME


def read_web_client(
    app: Router, allowed_origin: str, *, client_id: str | None = None, device_token: str | None = None
) -> Client:
    """Return the client of a request that begins a web session, with the cookies that came with it.

    Args:
        app: the resolver that holds the request.
        allowed_origin: the one other origin whose pages may begin a web session.
        client_id: who asks, as the body says.
        device_token: as the body says; the device's cookie if absent.

    Raises:
        CrossSiteRequest: a page of another site sent the request.
        InvalidToken: a cookie comes twice, or the cookies are too long.
    """
    credentials = read_credentials(app.event, changes_state=True)
    if is_cross_site(credentials, allowed_origin):
        raise CrossSiteRequest("A page of another site cannot begin a web session.")
    return Client(
        source_address(app),
        client_id,
        device_token or read_cookie_value(credentials, DEVICE_COOKIE_NAME),
        wants_cookie=True,
        old_cookie=read_cookie_value(credentials, COOKIE_NAME),
        user_agent=user_agent(app),
    )


def read_client(app: Router, *, client_id: str | None = None, device_token: str | None = None) -> Client:
    """Return the client of a request that begins a session without a cookie."""
    return Client(source_address(app), client_id, device_token, user_agent=user_agent(app))
