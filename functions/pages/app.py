"""The pages of who is not signed in: sign-in, sign-up, a forgotten password, one's organisations, signed out.

The colours of all pages of a tenant come from here too.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from doorward.api.requests import query, source_address
from doorward.api.routing import Response
from doorward.bootstrap.clock import clock
from doorward.bootstrap.once import once
from doorward.bootstrap.proofs import ProofParts
from doorward.errors import (
    DoorwardError,
    InvalidRequest,
)
from doorward.model import TenantId
from doorward.proofs.ask_sign_up import AskForSignUp
from doorward.proofs.check import Presented
from doorward.proofs.email_code import AskForCode, SignInByCode
from doorward.proofs.find_tenants import AskForTenants
from doorward.proofs.password_reset import AskForReset
from doorward.rules.names import check_tenant_id
from doorward.sessions.login import Credentials, LogIn
from doorward.sessions.naming import name_of
from doorward.sessions.throttle import ThrottleSignIn
from doorward.settings import Settings
from doorward_pages.assets import answer_brand
from doorward_pages.forms import FormPages
from doorward_pages.resolver import READ, PageResolver, host_of
from doorward_pages.sign_in_forms import CodeForm, NameForm, SignInForm, SignUpForm
from doorward_pages.tenants import TenantPages


@dataclass(frozen=True, slots=True)
class Services:
    """What people do before they are signed in."""

    pages: FormPages
    log_in: LogIn
    ask_for_code: AskForCode
    sign_in_by_code: SignInByCode
    ask_for_sign_up: AskForSignUp
    ask_for_reset: AskForReset
    ask_for_tenants: AskForTenants


def wire(settings: Settings) -> Services:
    """Return the use cases; they are the ones of the API."""
    parts = ProofParts(settings)
    default = TenantId(settings.default_tenant_id) if settings.default_tenant_id else None
    log_in = LogIn(
        directory=parts.directory,
        attempts=parts.attempts,
        throttle=ThrottleSignIn(parts.attempts, parts.throttles, clock),
        devices=parts.devices,
        hasher=parts.hasher,
        begin=parts.begin_session,
        clock=clock,
        default_tenant_id=default,
    )
    by_code = SignInByCode(parts.check, parts.find, parts.directory, parts.attempts, parts.begin_session, parts.devices)
    return Services(
        FormPages(app, TenantPages(parts.policies, mail_is_on=settings.mail_is_on), settings),
        log_in,
        AskForCode(parts.ask),
        by_code,
        AskForSignUp(parts.ask, parts.policies),
        AskForReset(parts.ask, parts.find, parts.proofs, settings.mail_is_on),
        AskForTenants(parts.ask),
    )


app = PageResolver()
services = once(wire)


@app.route("/", READ)
def show_home() -> Response:
    """Say what this is, and where to go."""
    return app.page("home", {"local": _is_local()}, view=services().pages.view(None))


@app.route("/sign-in", READ)
def show_sign_in() -> Response:
    """Show the form to sign in with a password."""
    return _show_sign_in(None)


@app.route("/t/<tenant_id>/sign-in", READ)
def show_sign_in_of_tenant(tenant_id: str) -> Response:
    """Show the form to sign in to a tenant with a password."""
    return _show_sign_in(check_tenant_id(tenant_id))


@app.post("/sign-in")
def sign_in() -> Response:
    """Sign in with a password."""
    return _sign_in(None)


@app.post("/t/<tenant_id>/sign-in")
def sign_in_to_tenant(tenant_id: str) -> Response:
    """Sign in to a tenant with a password."""
    return _sign_in(check_tenant_id(tenant_id))


@app.route("/sign-in/code", READ)
def show_code() -> Response:
    """Show the form to ask for a code."""
    return _show_code(None)


@app.route("/t/<tenant_id>/sign-in/code", READ)
def show_code_of_tenant(tenant_id: str) -> Response:
    """Show the form to ask for a code, to sign in to a tenant with."""
    return _show_code(check_tenant_id(tenant_id))


@app.post("/sign-in/code")
def sign_in_by_code() -> Response:
    """Ask for a code, or sign in with it."""
    return _by_code(None)


@app.post("/t/<tenant_id>/sign-in/code")
def sign_in_to_tenant_by_code(tenant_id: str) -> Response:
    """Ask for a code, or sign in to a tenant with it."""
    return _by_code(check_tenant_id(tenant_id))


@app.route("/t/<tenant_id>/sign-up", READ)
def show_sign_up(tenant_id: str) -> Response:
    """Show the form to ask for a mail to sign up with."""
    return _ask("sign_up", check_tenant_id(tenant_id), SignUpForm())


@app.post("/t/<tenant_id>/sign-up")
def ask_for_sign_up(tenant_id: str) -> Response:
    """Ask for a mail to sign up with. The answer is the same for every address."""
    return _ask("sign_up", check_tenant_id(tenant_id), app.own_form(SignUpForm), asks=True)


@app.route("/t/<tenant_id>/brand.css", READ)
def show_brand(tenant_id: str) -> Response:
    """Return the style sheet of a tenant's colours."""
    return answer_brand(services().pages.tenants.brand_style(tenant_id))


@app.route("/forgot-password", READ)
def show_reset() -> Response:
    """Show the form to ask for a mail to set a new password with."""
    return _ask("forgot_password", None, NameForm())


@app.route("/t/<tenant_id>/forgot-password", READ)
def show_reset_of_tenant(tenant_id: str) -> Response:
    """Show the same for a user of a tenant."""
    return _ask("forgot_password", check_tenant_id(tenant_id), NameForm())


@app.post("/forgot-password")
def ask_for_reset() -> Response:
    """Ask for a mail to set a new password with. The answer is the same for every name."""
    return _ask("forgot_password", None, app.own_form(NameForm), asks=True)


@app.post("/t/<tenant_id>/forgot-password")
def ask_for_reset_in_tenant(tenant_id: str) -> Response:
    """Ask for the same by a name in a tenant."""
    return _ask("forgot_password", check_tenant_id(tenant_id), app.own_form(NameForm), asks=True)


@app.route("/organisations", READ)
def show_organisations() -> Response:
    """Show the form to ask for a mail with one's organisations."""
    return _ask("organisations", None, SignUpForm())


@app.post("/organisations")
def ask_for_organisations() -> Response:
    """Ask for a mail with one's organisations. The answer is the same for every address."""
    return _ask("organisations", None, app.own_form(SignUpForm), asks=True)


@app.route("/signed-out", READ)
def show_signed_out() -> Response:
    """Say that nobody is signed in any more."""
    pages = services().pages
    return app.page("signed_out", {"return_to": pages.return_to(query(app, "return_to"))}, view=pages.view(None))


def _show_sign_in(tenant_id: TenantId | None) -> Response:
    return services().pages.show("sign_in", tenant_id, NameForm(return_to=query(app, "return_to")), {})


def _sign_in(tenant_id: TenantId | None) -> Response:
    form, pages = app.own_form(SignInForm), services().pages

    def act() -> Response:
        asked = Credentials(form.password or "", pages.client(), form.username, form.email, form.tenant_id(tenant_id))
        return pages.signed_in(lambda: services().log_in(asked), tenant_id, form)

    return pages.attempt(act, lambda error: pages.show("sign_in", tenant_id, form, {}, error))


def _show_code(
    tenant_id: TenantId | None, form: CodeForm | None = None, error: DoorwardError | None = None
) -> Response:
    services().pages.settings.require_mail()
    form = form or CodeForm(return_to=query(app, "return_to"))
    return services().pages.show("code", tenant_id, form, {"challenge_id": form.challenge_id}, error)


def _by_code(tenant_id: TenantId | None) -> Response:
    services().pages.settings.require_mail()
    form, pages = app.own_form(CodeForm), services().pages

    def act() -> Response:
        realm = form.tenant_id(tenant_id) or pages.default_tenant()
        if form.challenge_id:
            presented = Presented(None, form.challenge_id, form.digits, realm)
            return pages.signed_in(lambda: services().sign_in_by_code(presented, pages.client()), tenant_id, form)
        if form.email is None:
            raise InvalidRequest("Say your e-mail address.")
        name = name_of(None, form.email, realm)
        asked = services().ask_for_code(name, source_address(app), app.view().language)
        return _show_code(tenant_id, replace(form, challenge_id=asked))

    return pages.attempt(act, lambda error: _show_code(tenant_id, form, error))


def _ask(page: str, tenant_id: TenantId | None, form: NameForm | SignUpForm, *, asks: bool = False) -> Response:
    pages = services().pages
    pages.settings.require_mail()

    def act() -> Response:
        if asks:
            _mail(tenant_id, form)
        return pages.show(page, tenant_id, form, {"asked": asks})

    return pages.attempt(act, lambda error: pages.show(page, tenant_id, form, {"asked": False}, error))


def _mail(tenant_id: TenantId | None, form: NameForm | SignUpForm) -> None:
    found, source = services(), source_address(app)
    language = app.view().language
    if isinstance(form, NameForm):
        name = name_of(form.username, form.email, form.tenant_id(tenant_id) or found.pages.default_tenant())
        found.ask_for_reset(name, source, language)
    elif tenant_id is not None:
        found.ask_for_sign_up(tenant_id, form.given(), source, form.display_name, language)
    else:
        found.ask_for_tenants(form.given(), source, language)


def _is_local() -> bool:
    # The local cloud's requests name the host of its emulator's API, so the address of links tells.
    return host_of(services().pages.settings.link_url) in {"localhost", "127.0.0.1"}


handler = app.resolve
