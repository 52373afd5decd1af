"""Answer with pages: what people see in a browser, in place of JSON."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

from doorward.api.answers import respond
from doorward.api.problems import status_of
from doorward.api.requests import header
from doorward.api.resolver import Resolver
from doorward.api.routing import Handler, Response, Router
from doorward.errors import DoorwardError
from doorward.languages import accepted_language
from doorward.pages.render import render, security_policy

_MEDIA_TYPE = "text/html; charset=utf-8"


class PageResolver(Resolver):
    """Routes pages: an error is a page too. The description of the API leaves them out."""

    def check_query(self, handler: Handler) -> None:
        """Let every query parameter pass: programs that handle mails add some of their own to links."""

    def cors(self) -> Mapping[str, str]:
        """Let no page of another origin read a page: what it may read is the API."""
        return {}

    def show(self, error: DoorwardError, headers: Mapping[str, str]) -> Response:
        """Return the page of an error."""
        status = status_of(error)
        values = {
            "status": status.value,
            "detail": error.detail,
            "request_id": self.request_id,
            "name": deployment_name(self, ""),
        }
        return answer_page(render("error", language_of(self), values), status, headers)


def answer_page(page: str, status: HTTPStatus = HTTPStatus.OK, headers: Mapping[str, str] | None = None) -> Response:
    """Return an answer with a page.

    No cache and no search engine may keep it, no other page may show it in a frame, and no request that it causes may
    tell its address, which has a token in it.
    """
    safe = {
        "Cache-Control": "no-store",
        "Content-Security-Policy": security_policy(),
        "Referrer-Policy": "no-referrer",
        "X-Robots-Tag": "noindex",
    }
    return respond(status, page, _MEDIA_TYPE, {**(headers or {}), **safe})


def language_of(app: Router) -> str:
    """Return the language of the page, as the browser asks for it (RFC 9110 section 12.5.4)."""
    return accepted_language(header(app.event, "accept-language") or "")


def deployment_name(app: Router, link_url: str) -> str:
    """Return the name of the deployment, as its mails say it.

    Args:
        app: the resolver that holds the request.
        link_url: the URL of the links, if it is set; otherwise the name is that of the host which API Gateway answers
            for, and no header can change it.
    """
    context: Mapping[str, Any] = app.event.get("requestContext") or {}
    return urlsplit(link_url).hostname or str(context.get("domainName") or "Doorward")
