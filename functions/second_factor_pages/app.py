"""The pages on which a sign-in ends with a second factor, and where a passkey signs in."""

from __future__ import annotations

from dataclasses import dataclass

from doorward.api.routing import Response
from doorward.bootstrap.factors import FactorParts
from doorward.bootstrap.once import once
from doorward.factors.finish import FinishSignIn
from doorward.factors.passkey_sign_in import SignInByPasskey
from doorward.model import TenantId
from doorward.rules.names import check_tenant_id
from doorward.settings import Settings
from doorward_pages.factor_forms import FactorForm, PasskeyForm, read_passkey
from doorward_pages.forms import FormPages
from doorward_pages.resolver import READ, PageResolver, redirect
from doorward_pages.tenants import TenantPages


@dataclass(frozen=True, slots=True)
class Services:
    """Finishing sign-ins, and signing in by passkey."""

    pages: FormPages
    finish: FinishSignIn
    by_passkey: SignInByPasskey


def wire(settings: Settings) -> Services:
    """Return the use cases; they are the ones of the API."""
    parts = FactorParts(settings)
    pages = FormPages(app, TenantPages(parts.policies, mail_is_on=settings.mail_is_on), settings)
    return Services(pages, parts.finish_sign_in, parts.sign_in_by_passkey)


app = PageResolver()
services = once(wire)


@app.route("/sign-in/second-factor", READ)
@app.route("/sign-in/passkey", READ)
def begin_again() -> Response:
    """Lead to the sign-in: what is here answers a form."""
    return _begin_again(None)


@app.route("/t/<tenant_id>/sign-in/second-factor", READ)
@app.route("/t/<tenant_id>/sign-in/passkey", READ)
def begin_again_in_tenant(tenant_id: str) -> Response:
    """Lead to the sign-in of the tenant."""
    return _begin_again(check_tenant_id(tenant_id))


@app.post("/sign-in/second-factor")
def finish() -> Response:
    """Finish a sign-in with its second factor."""
    return _finish(None)


@app.post("/t/<tenant_id>/sign-in/second-factor")
def finish_in_tenant(tenant_id: str) -> Response:
    """Finish a sign-in to a tenant with its second factor."""
    return _finish(check_tenant_id(tenant_id))


@app.post("/sign-in/passkey")
def sign_in() -> Response:
    """Sign in by passkey, to where the user's sign-ins lead by themselves."""
    return _by_passkey(None)


@app.post("/t/<tenant_id>/sign-in/passkey")
def sign_in_to_tenant(tenant_id: str) -> Response:
    """Sign in to a tenant by passkey."""
    return _by_passkey(check_tenant_id(tenant_id))


def _begin_again(tenant_id: TenantId | None) -> Response:
    return redirect(f"{services().pages.view(tenant_id).base}sign-in")


def _finish(tenant_id: TenantId | None) -> Response:
    form, pages = app.own_form(FactorForm), services().pages

    def act() -> Response:
        asked = form.challenge_id or ""
        return pages.signed_in(
            lambda: services().finish(asked, form.presented(), pages.client(), tenant_id), tenant_id, form
        )

    return pages.attempt(act, lambda error: pages.show("second_factor", tenant_id, form, {}, error))


def _by_passkey(tenant_id: TenantId | None) -> Response:
    form, pages = app.own_form(PasskeyForm), services().pages

    def act() -> Response:
        made = read_passkey(form.passkey)
        return pages.signed_in(lambda: services().by_passkey(made, pages.client(), tenant_id), tenant_id, form)

    return pages.attempt(act, lambda error: pages.show("sign_in", tenant_id, form, {}, error))


handler = app.resolve
