"""Read what asks for a session from a request."""

from __future__ import annotations

from typing import Protocol

from doorward.api.requests import source_address, user_agent
from doorward.api.routing import Router
from doorward.authorization import RequestCredentials, is_cross_site, read_cookie_value
from doorward.authorizer.events import read_credentials
from doorward.errors import CrossSiteRequest
from doorward.sessions.begin import Client
from doorward.tokens.cookie import COOKIE_NAME
from doorward.tokens.device import DEVICE_COOKIE_NAME


class SessionWishes(Protocol):
    """What the body of a request says of the session that it asks for."""

    @property
    def client_id(self) -> str | None:
        """Who asks."""

    @property
    def device_token(self) -> str | None:
        """Of an earlier sign-in on this device."""

    @property
    def refresh(self) -> str | None:
        """What renews the access token: `cookie`, or `token`, which None stands for."""


def read_web_client(app: Router, allowed_origins: tuple[str, ...], wishes: SessionWishes) -> Client:
    """Return the client of a request that begins a web session, with the cookies that came with it.

    Args:
        app: the resolver that holds the request.
        allowed_origins: the other origins whose pages may begin a web session.
        wishes: the request's body. A device token in it counts before the device's cookie.

    Raises:
        CrossSiteRequest: a page of another site sent the request.
        InvalidToken: a cookie comes twice, or the cookies are too long.
    """
    credentials = read_own_credentials(app, allowed_origins, "A page of another site cannot begin a web session.")
    return Client(
        source_address(app),
        wishes.client_id,
        wishes.device_token or read_cookie_value(credentials, DEVICE_COOKIE_NAME),
        wants_cookie=True,
        cookie_alone=wishes.refresh == "cookie",
        old_cookie=read_cookie_value(credentials, COOKIE_NAME),
        user_agent=user_agent(app),
    )


def read_client(app: Router, allowed_origins: tuple[str, ...], wishes: SessionWishes) -> Client:
    """Return the client of a request that begins a session, without a cookie unless the body asks for one.

    Args, Raises: see `read_web_client`; without that wish the request may come from anywhere.
    """
    if wishes.refresh == "cookie":
        return read_web_client(app, allowed_origins, wishes)
    return Client(source_address(app), wishes.client_id, wishes.device_token, user_agent=user_agent(app))


def read_own_credentials(
    app: Router, allowed_origins: tuple[str, ...], advice: str | None = None
) -> RequestCredentials:
    """Return the credentials of a request that no page of another site may send.

    Args:
        app: the resolver that holds the request.
        allowed_origins: the other origins whose pages may send it.
        advice: what to tell others.

    Raises:
        CrossSiteRequest: a page of another site sent the request.
    """
    credentials = read_credentials(app.event, changes_state=True)
    if is_cross_site(credentials, allowed_origins):
        raise CrossSiteRequest(advice)
    return credentials
