"""Answer with pages: what people see in a browser, in place of JSON."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, TypeVar
from urllib.parse import urlencode, urlsplit

from doorward.api.answers import cleared_cookie, respond
from doorward.api.bodies.flat import FlatRequest
from doorward.api.clients import read_own_credentials
from doorward.api.problems import status_of
from doorward.api.requests import header, read_form
from doorward.api.resolver import Resolver
from doorward.api.routing import Handler, Response
from doorward.errors import (
    DoorwardError,
    EnrolmentRequired,
    InsufficientAuthentication,
    InvalidCredentials,
    InvalidSecondFactor,
    NotAuthenticated,
    PasswordChangeRequired,
    SessionOver,
)
from doorward.languages import accepted_language
from doorward_pages.render import View, render, security_policy
from doorward_pages.returns import inner_path

_MEDIA_TYPE = "text/html; charset=utf-8"
READ = ("GET", "HEAD")
ANOTHER_PAGE_FIRST = (InsufficientAuthentication, EnrolmentRequired)
"""What no form can mend that is shown again: the resolver leads to the page that can."""
Form = TypeVar("Form", bound=FlatRequest)


class PageResolver(Resolver):
    """Routes pages: an error is a page too. The description of the API leaves them out."""

    def check_query(self, handler: Handler) -> None:
        """Let every query parameter pass: programs that handle mails add some of their own to links."""

    def cors(self) -> Mapping[str, str]:
        """Let no page of another origin read a page: what it may read is the API."""
        return {}

    def show(self, error: DoorwardError, headers: Mapping[str, str]) -> Response:
        """Return the page of an error; who must do something else first, such as signing in, is led to do that."""
        if isinstance(error, InsufficientAuthentication):
            # A form goes to the address of its own page. So the person comes back to that page, by GET.
            back = urlencode({"return_to": inner_path(self.event.get("path"))})
            return redirect(f"{self.view().root}account/step-up?{back}")
        if isinstance(error, NotAuthenticated):
            # A form of another site comes without the cookie, and must not make the browser forget it.
            return redirect(f"{self.view().root}sign-in", cleared_cookie() if isinstance(error, SessionOver) else None)
        if isinstance(error, PasswordChangeRequired):
            return redirect(f"{self.view().root}account/password")
        if isinstance(error, EnrolmentRequired):
            return redirect(f"{self.view().root}account/factors")
        status = status_of(error)
        values = {"status": status.value, "detail": error.detail, "request_id": self.request_id}
        return self.page("error", values, status=status, headers=headers)

    def page(
        self,
        template: str,
        values: Mapping[str, Any] | None = None,
        *,
        status: HTTPStatus = HTTPStatus.OK,
        headers: Mapping[str, str | list[str]] | None = None,
        view: View | None = None,
        form_action: str = "'self'",
        scripts: bool = False,
    ) -> Response:
        """Return an answer with a page.

        Args:
            template: the name of the page's template.
            values: what the template needs besides the view.
            status: of the answer.
            headers: more headers.
            view: what every page needs; made from the request if absent.
            form_action: where the page's forms may lead.
            scripts: whether the page has the script of passkeys.
        """
        shown = render(template, view or self.view(), values or {})
        return answer_page(shown, status, headers, form_action, scripts=scripts)

    def view(self, name: str = "", tenant_id: str = "") -> View:
        """Return what every page needs to know, from the request.

        Args:
            name: of the deployment or of a tenant; the host's if empty. API Gateway answers for the host, and no
                header can change its name.
            tenant_id: the tenant whose page it is.
        """
        context: Mapping[str, Any] = self.event.get("requestContext") or {}
        known = name or str(context.get("domainName") or "Doorward")
        depth = str(self.event.get("path") or "/").count("/") - 1
        language = accepted_language(header(self.event, "accept-language") or "")
        return View(language, known, "../" * depth or "./", tenant_id)

    def own_form(self, model: type[Form]) -> Form:
        """Return the form that a page of this very origin sent.

        Raises:
            CrossSiteRequest: a page of another origin sent it, also one of `AllowedOrigins`: these have the API.
            UnsupportedMediaType, PayloadTooLarge, InvalidRequest: see `read_form`.
        """
        read_own_credentials(self, (), "This form was sent by a page of another site.")
        return read_form(self, model)


def answer_page(
    page: str,
    status: HTTPStatus = HTTPStatus.OK,
    headers: Mapping[str, str | list[str]] | None = None,
    form_action: str = "'self'",
    *,
    scripts: bool = False,
) -> Response:
    """Return an answer with a page.

    No cache and no search engine may keep it, no other page may show it in a frame, and no request that it causes may
    tell its address, which may have a token in it.
    """
    safe = {
        "Cache-Control": "no-store",
        "Content-Security-Policy": security_policy(form_action, scripts=scripts),
        "Cross-Origin-Opener-Policy": "same-origin",
        "Referrer-Policy": "no-referrer",
        "X-Frame-Options": "DENY",
        "X-Robots-Tag": "noindex",
    }
    return respond(status, page, _MEDIA_TYPE, {**(headers or {}), **safe})


def status_of_form(error: DoorwardError) -> HTTPStatus:
    """Return the status of a page that shows a form again.

    401 is for who can answer a challenge, and a form has none (RFC 9110 section 15.5.2).
    """
    wrong = isinstance(error, InvalidCredentials | InvalidSecondFactor)
    return HTTPStatus.BAD_REQUEST if wrong else status_of(error)


def redirect(to: str, headers: Mapping[str, str | list[str]] | None = None) -> Response:
    """Return an answer that leads on to another page, by GET (RFC 9110 section 15.4.4).

    Args:
        to: a relative reference to a page of ours, or an address that was checked by `return_address`.
        headers: more headers.
    """
    safe = {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer", "Location": to}
    return respond(HTTPStatus.SEE_OTHER, "", "text/plain; charset=utf-8", {**(headers or {}), **safe})


def host_of(url: str) -> str:
    """Return the host of a URL, such as that of the links in mails; empty if it has none."""
    return urlsplit(url).hostname or ""
