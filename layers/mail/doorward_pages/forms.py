"""Show the forms of who is not signed in, and show them again with what was wrong."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from doorward.api.answers import session_cookies
from doorward.api.clients import read_web_client
from doorward.api.routing import Response
from doorward.errors import DoorwardError, Misconfigured, NotInitialised, SecondFactorRequired, Unavailable
from doorward.model import TenantId, TenantPolicy
from doorward.sessions.begin import Client, SignedIn
from doorward.settings import Settings
from doorward_pages.factor_forms import FactorForm
from doorward_pages.render import View
from doorward_pages.resolver import ANOTHER_PAGE_FIRST, PageResolver, host_of, redirect, status_of_form
from doorward_pages.returns import origin_of, return_address
from doorward_pages.sign_in_forms import CookieWishes, NameForm
from doorward_pages.tenants import TenantPages

_WITH_PASSKEYS = frozenset({"sign_in", "second_factor"})
_OURS = (Misconfigured, NotInitialised, Unavailable)  # no form can mend these


@dataclass(frozen=True, slots=True)
class FormPages:
    """The pages of one function whose forms somebody fills in who is not signed in."""

    app: PageResolver
    tenants: TenantPages
    settings: Settings

    def view(self, tenant_id: TenantId | None, policy: TenantPolicy | None = None) -> View:
        """Return what every page needs to know; for a page of a tenant, with what the tenant decided.

        Args:
            tenant_id: the tenant whose page it is; None for all.
            policy: what the tenant decided, if it was read already.
        """
        return self.tenants.view(self.app.view(host_of(self.settings.link_url)), tenant_id, policy)

    def default_tenant(self) -> TenantId | None:
        """Return the tenant that counts where nobody names one, if the deployment has one."""
        return TenantId(self.settings.default_tenant_id) if self.settings.default_tenant_id else None

    def return_to(self, text: str | None) -> str | None:
        """Return where a page may lead back to."""
        return return_address(text, self.settings.allowed_origins)

    def show(
        self,
        page: str,
        tenant_id: TenantId | None,
        form: object,
        values: Mapping[str, Any],
        error: DoorwardError | None = None,
    ) -> Response:
        """Return a page with a form.

        Args:
            page: its template.
            tenant_id: the tenant whose page it is; None for all.
            form: what was typed.
            values: more values of the template.
            error: what was wrong with what was typed.
        """
        policy = self.tenants.read(tenant_id)
        back = self.return_to(form.return_to) if isinstance(form, NameForm) else None
        more = {
            "form": form,
            "error": error,
            "return_to": back,
            "options": self.tenants.options(tenant_id, policy),
            "asks_organisation": tenant_id is None and self.default_tenant() is None,
            "passkeys": bool(self.settings.passkey_rp_id) and policy.sign_in.second_factor != "off",
        }
        action = f"'self' {origin_of(back)}" if back else "'self'"
        status = status_of_form(error) if error else HTTPStatus.OK
        view, scripts = self.view(tenant_id, policy), bool(more["passkeys"]) and page in _WITH_PASSKEYS
        shown = {**values, **more}
        return self.app.page(page, shown, view=view, form_action=action, status=status, scripts=scripts)

    def signed_in(self, begin: Callable[[], SignedIn], tenant_id: TenantId | None, form: NameForm) -> Response:
        """Return where a sign-in leads: to an application or the account, or to the page of its second factor.

        Args:
            begin: signs in.
            tenant_id: the tenant whose page it is; None for all.
            form: what was typed.
        """
        try:
            signed_in = begin()
        except SecondFactorRequired as waits:
            asked = FactorForm(return_to=form.return_to, challenge_id=waits.challenge_id, ways=" ".join(waits.factors))
            return self.show("second_factor", tenant_id, asked, {})
        back = self.return_to(form.return_to)
        return redirect(back or f"{self.app.view().root}account", {"Set-Cookie": session_cookies(signed_in)})

    def client(self) -> Client:
        """Return what a page asks with for a session."""
        return read_web_client(self.app, (), CookieWishes())

    def attempt(self, act: Callable[[], Response], again: Callable[[DoorwardError], Response]) -> Response:
        """Return what an act answers, or the form again with what was wrong.

        Raises:
            Misconfigured, NotInitialised, Unavailable: no form can mend what is wrong.
            InsufficientAuthentication, EnrolmentRequired: another page is needed first.
        """
        try:
            return act()
        except DoorwardError as error:
            if isinstance(error, (*_OURS, *ANOTHER_PAGE_FIRST)):
                raise
            self.app.note(error)
            return again(error)
