"""The pages of who is signed in: who that is, what was wrong, and where the sessions are."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any

from doorward.accounts.access import VisibleUser
from doorward.accounts.look_up import LookUpUsers
from doorward.api.problems import headers_of
from doorward.api.requests import query
from doorward.api.routing import Response
from doorward.authorization import Authorize
from doorward.errors import (
    DoorwardError,
    EnrolmentRequired,
    InvalidSecondFactor,
    Misconfigured,
    NotAuthenticated,
    NotInitialised,
    PasswordChangeRequired,
    Unavailable,
)
from doorward.languages import LANGUAGES, best_language
from doorward.model import PLATFORM, Principal, Session, TenantId
from doorward.rules.tenancy import is_admin
from doorward.settings import Settings
from doorward_pages.callers import read_page_caller
from doorward_pages.render import View
from doorward_pages.resolver import PageResolver, host_of, redirect, status_of_form
from doorward_pages.tenants import TenantPages

# No form can mend these, or another page does.
_ELSEWHERE = (
    Misconfigured,
    NotInitialised,
    Unavailable,
    NotAuthenticated,
    PasswordChangeRequired,
    EnrolmentRequired,
)


@dataclass(frozen=True, slots=True)
class SignIn:
    """A sign-in as its user sees it: the sessions of one family.

    Args:
        id: of all its sessions.
        organisations: where it leads to; none for a platform administrator outside any tenant.
        current: whether the page was asked for with it.
    """

    id: str
    began_at_ms: int
    used_at_ms: int
    source: str | None
    user_agent: str | None
    organisations: tuple[str, ...]
    current: bool


def sign_ins(sessions: Iterable[Session], principal: Principal) -> list[SignIn]:
    """Return the sign-ins of a user whose sessions these are, in their order."""
    families: dict[str, list[Session]] = {}
    for session in sessions:
        families.setdefault(session.ref.session_id, []).append(session)
    return [
        SignIn(
            id=session_id,
            began_at_ms=min(one.created_at_ms for one in family),
            used_at_ms=max(one.rotated_at_ms for one in family),
            source=family[0].source,
            user_agent=family[0].user_agent,
            organisations=tuple(one.ref.tenant_id for one in family if one.ref.tenant_id != PLATFORM),
            current=session_id == principal.session_id,
        )
        for session_id, family in families.items()
    ]


@dataclass(frozen=True, slots=True)
class AccountPages:
    """The pages of one function, for who is signed in."""

    app: PageResolver
    tenants: TenantPages
    settings: Settings
    authorize: Authorize
    look_up: LookUpUsers
    folder: str = "account"

    def caller(self, *, changing_password: bool = False, proving_factor: bool = False) -> Principal:
        """Return who is signed in: see `read_page_caller`."""
        may = {"changing_password": changing_password, "proving_factor": proving_factor}
        return read_page_caller(self.app, self.authorize, **may)

    def public_view(self) -> View:
        """Return what a page needs to know that shows nothing of anybody."""
        return self.app.view(host_of(self.settings.link_url))

    def show(
        self,
        page: str,
        principal: Principal,
        values: Mapping[str, Any] | None = None,
        error: DoorwardError | None = None,
        headers: Mapping[str, str | list[str]] | None = None,
        *,
        scripts: bool = False,
    ) -> Response:
        """Return a page, in the user's language if there are messages in it, or else in the browser's.

        Args:
            page: its template, below the folder.
            principal: who is signed in.
            values: more values of the template.
            error: what was wrong with the form.
            headers: more headers.
            scripts: whether the page has the script of passkeys.
        """
        seen = self.look_up.one(principal, "me")
        status = status_of_form(error) if error else HTTPStatus.OK
        more = {**(headers or {}), **({} if error is None or status == HTTPStatus.BAD_REQUEST else headers_of(error))}
        every = {**self._values(page, principal, seen, error), **(values or {})}
        view = self._view(principal, seen)
        return self.app.page(f"{self.folder}/{page}", every, view=view, status=status, headers=more, scripts=scripts)

    def attempt(self, act: Callable[[], Response], again: Callable[[DoorwardError], Response]) -> Response:
        """Return what an act answers, or the page again with what was wrong.

        Raises:
            Misconfigured, NotInitialised, Unavailable: no form can mend what is wrong.
            NotAuthenticated, PasswordChangeRequired, EnrolmentRequired: another page is needed first. A wrong second
                factor needs none.
        """
        try:
            return act()
        except DoorwardError as error:
            if isinstance(error, _ELSEWHERE) and not isinstance(error, InvalidSecondFactor):
                raise
            self.app.note(error)
            return again(error)

    def lead(self, page: str, headers: Mapping[str, str | list[str]] | None = None) -> Response:
        """Return an answer that leads on to a page of this deployment, such as `account?done=password`."""
        return redirect(f"{self.app.view().root}{page}", headers)

    def _view(self, principal: Principal, seen: VisibleUser) -> View:
        view = self.public_view()
        tenant_id = None if principal.tenant_id == PLATFORM else TenantId(principal.tenant_id)
        return replace(self.tenants.view(view, tenant_id), language=best_language(seen.user.locale, view.language))

    def _values(
        self, page: str, principal: Principal, seen: VisibleUser, error: DoorwardError | None
    ) -> dict[str, Any]:
        return {
            "page": page,
            "user": seen.user,
            "memberships": seen.memberships,
            "acting_in": principal.tenant_id,
            "administers": is_admin(principal, principal.tenant_id),
            "must_change": principal.restriction == "password_change_required",
            "must_prove": principal.restriction == "second_factor_required",
            "mail": self.settings.mail_is_on,
            "languages": LANGUAGES,
            "done": query(self.app, "done"),
            "error": error,
            "when": when,
        }


def when(milliseconds: int) -> str:
    """Return a time to the minute, as people read it everywhere, in UTC."""
    return datetime.fromtimestamp(milliseconds / 1000, UTC).strftime("%Y-%m-%d %H:%M UTC")
