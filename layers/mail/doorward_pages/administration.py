"""The pages of administrators: who may see them, what all of them have, and their lists."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode

from doorward.api.cursors import mint_cursor, read_cursor
from doorward.api.problems import status_of
from doorward.api.requests import query
from doorward.api.routing import Response
from doorward.authorization import Authorize
from doorward.errors import DoorwardError
from doorward.model import PLATFORM, Principal, TenantId
from doorward.model.proofs import ProofKind
from doorward.rules.links import proof_link
from doorward.rules.names import check_tenant_id
from doorward.rules.tenancy import require_own_admin, require_platform_admin
from doorward_pages.callers import read_page_caller
from doorward_pages.forms import FormPages
from doorward_pages.resolver import PageResolver, redirect

PAGE = 25
"""How many rows a list shows."""


@dataclass(frozen=True, slots=True)
class Caller:
    """An administrator at a page.

    Args:
        signed_in: who is signed in.
        tenant_id: the tenant that the page is of; PLATFORM for the pages of the platform.
    """

    signed_in: Principal
    tenant_id: TenantId

    @property
    def acting(self) -> Principal:
        """Who acts in the page's tenant: administrators of the platform do so in each, as if they had entered it."""
        if not self.signed_in.is_platform_admin:
            return self.signed_in
        return replace(self.signed_in, subject=replace(self.signed_in.subject, tenant_id=self.tenant_id))

    @property
    def folder(self) -> str:
        """Return the path of the tenant's pages, below the base URL."""
        return f"admin/t/{self.tenant_id}"


@dataclass(frozen=True, slots=True)
class AdminPages:
    """What the pages of administrators have in common."""

    app: PageResolver
    forms: FormPages
    authorize: Authorize
    cursor_key: Callable[[], bytes]

    def anybody(self) -> Principal:
        """Return who is signed in.

        Raises:
            NotAuthenticated, PasswordChangeRequired, EnrolmentRequired: see `read_page_caller`.
        """
        return read_page_caller(self.app, self.authorize)

    def of_tenant(self, tenant_id: str) -> Caller:
        """Return who administers the tenant of a path.

        Raises:
            NotAuthenticated, PasswordChangeRequired, EnrolmentRequired: see `read_page_caller`.
            InsufficientScope, NotFound: the caller does not administer this tenant.
        """
        principal, wanted = self.anybody(), check_tenant_id(tenant_id)
        require_own_admin(principal, wanted)
        return Caller(principal, wanted)

    def of_platform(self) -> Caller:
        """Return who administers the platform.

        Raises:
            NotAuthenticated, PasswordChangeRequired, EnrolmentRequired: see `read_page_caller`.
            InsufficientScope: the caller does not.
        """
        principal = self.anybody()
        require_platform_admin(principal)
        return Caller(principal, PLATFORM)

    def show(
        self, page: str, caller: Caller, values: Mapping[str, Any], error: DoorwardError | None = None
    ) -> Response:
        """Return a page.

        Args:
            page: its template in the folder `admin`.
            caller: whose page it is.
            values: of the template.
            error: what was wrong with what was sent.
        """
        tenant_id = None if caller.tenant_id == PLATFORM else caller.tenant_id
        common = {
            "here": page,
            "managed": tenant_id,
            "is_platform": caller.signed_in.is_platform_admin,
            "error": error,
            "done": query(self.app, "done"),
            "more": None,
        }
        status = HTTPStatus.OK if error is None else status_of(error)
        return self.app.page(f"admin/{page}", {**common, **values}, view=self.forms.view(tenant_id), status=status)

    def confirm(self, caller: Caller, page: str, act: str, subject: str, name: str) -> Response:
        """Return the page that asks before something is done that nobody can undo.

        Args:
            caller: whose page it is.
            page: the page that it came from, below the base URL.
            act: what is to be done.
            subject: the id of what it is done to, which the form sends.
            name: what people call it.
        """
        return self.show("confirm", caller, {"act": act, "subject": subject, "name_of_subject": name, "page": page})

    def done(self, page: str, word: str) -> Response:
        """Lead back to a page, which says what was done.

        Args:
            page: below the base URL.
            word: one of those that the template `admin/base` knows.
        """
        return redirect(f"{self.app.view().root}{page}?{urlencode({'done': word})}")

    def after(self, listed: str) -> str | None:
        """Return where the page of a list begins; see `read_cursor`."""
        return read_cursor(self.cursor_key(), listed, query(self.app, "cursor"))

    def more(self, listed: str, after: str | None, search: Mapping[str, str | None] | None = None) -> str | None:
        """Return the query of the list's next page, or None at its end."""
        cursor = mint_cursor(self.cursor_key(), listed, after)
        asked = {name: text for name, text in (search or {}).items() if text}
        return f"?{urlencode({**asked, 'cursor': cursor})}" if cursor else None

    def link(self, kind: ProofKind, token: str, tenant_id: TenantId) -> str:
        """Return the link that an administrator hands over: where links of mails lead, or to this very deployment."""
        return proof_link(self.forms.settings.link_url or self._own_links(), kind, token, tenant_id)

    def _own_links(self) -> str:
        context: Mapping[str, Any] = self.app.event.get("requestContext") or {}
        host, path = str(context.get("domainName") or "localhost"), str(self.app.event.get("path") or "")
        local = host.partition(":")[0] in {"localhost", "127.0.0.1"}
        stage = str(context.get("path") or "").removesuffix(path)
        return f"{'http' if local else 'https'}://{host}{stage}/links"


def minute(milliseconds: int) -> str:
    """Return a time as people read it, in UTC."""
    return datetime.fromtimestamp(milliseconds / 1000, UTC).strftime("%Y-%m-%d %H:%M UTC")


def words(text: str | None) -> tuple[str, ...]:
    """Return the words of a text, which spaces, commas or lines divide."""
    return tuple((text or "").replace(",", " ").split())
