"""The pages of one's own second factors, and the one on which somebody proves again who they are."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from doorward.accounts.look_up import LookUpUsers
from doorward.api.answers import raised_cookie
from doorward.api.requests import query, source_address
from doorward.api.routing import Response
from doorward.authorization import Authorize
from doorward.aws.dynamodb.readers import DynamoRevocationReader, DynamoSessionReader
from doorward.bootstrap.clock import clock
from doorward.bootstrap.once import once
from doorward.bootstrap.own_factors import OwnFactorParts
from doorward.errors import DoorwardError, NotFound
from doorward.factors.enrol import Enrolled, EnrolPasskey, EnrolTotp, NewTotp
from doorward.factors.manage import TOTP, ManageFactors
from doorward.factors.raising import Raised
from doorward.factors.step_up import StepUp
from doorward.model import Principal
from doorward.settings import Settings
from doorward_pages.account import AccountPages
from doorward_pages.account_forms import ButtonForm
from doorward_pages.factor_forms import AppForm, ChangeFactorForm, NewPasskeyForm, StepUpForm, read_passkey
from doorward_pages.qr import qr_code
from doorward_pages.resolver import READ, PageResolver
from doorward_pages.returns import inner_path
from doorward_pages.tenants import TenantPages


@dataclass(frozen=True, slots=True)
class Services:
    """What people do with their own second factors."""

    pages: AccountPages
    step_up: StepUp
    totp: EnrolTotp
    passkeys: EnrolPasskey
    manage: ManageFactors


def wire(settings: Settings) -> Services:
    """Return the use cases; they are the ones of the API."""
    parts = OwnFactorParts(settings)
    revoked = DynamoRevocationReader(parts.database, parts.tables)
    recognised = DynamoSessionReader(parts.database, parts.tables)
    authorize = Authorize(parts.keyring, revoked, recognised, settings.audience, (), clock, parts.factor_rule)
    tenants = TenantPages(parts.policies, mail_is_on=settings.mail_is_on)
    pages = AccountPages(app, tenants, settings, authorize, LookUpUsers(parts.users), "factors")
    return Services(pages, parts.step_up, parts.enrol_totp, parts.enrol_passkey, parts.manage_factors)


app = PageResolver()
services = once(wire)


@app.route("/account/factors", READ)
def show_factors() -> Response:
    """Show one's second factors. Who has one and did not prove it is led to do that."""
    principal = _caller()
    held = services().manage.many(principal)
    if principal.restriction is not None and held.kinds:
        return services().pages.lead("account/step-up?return_to=account")
    return _show("list", principal, {"held": held})


@app.route("/account/factors/app", READ)
def show_app() -> Response:
    """Show what an authenticator app is, and the button that makes its secret."""
    return _show_app(_caller())


@app.post("/account/factors/app")
def add_app() -> Response:
    """Make a secret and show it, this once; or make the app a factor with its first code."""
    form, pages = app.own_form(AppForm), services().pages
    principal = _caller()

    def act() -> Response:
        if form.code is None:
            return _show_app(principal, services().totp.begin(principal), begun=True)
        return _enrolled(principal, services().totp.confirm(principal, form.code), "app")

    return pages.attempt(act, lambda error: _show_app(principal, begun=form.code is not None, error=error))


@app.route("/account/factors/passkey", READ)
def show_passkey() -> Response:
    """Show the form for a passkey, with what the browser needs to make one. Nothing is stored."""
    principal = _caller()
    return services().pages.attempt(
        lambda: _show_passkey(principal, NewPasskeyForm()), lambda error: _show_passkey(principal, None, error)
    )


@app.post("/account/factors/passkey")
def add_passkey() -> Response:
    """Register the passkey that the browser made."""
    form, pages = app.own_form(NewPasskeyForm), services().pages
    principal = _caller()

    def act() -> Response:
        made = read_passkey(form.passkey)
        enrolled = services().passkeys.register(principal, made, form.name or "")
        return _enrolled(principal, enrolled, "passkey")

    return pages.attempt(act, lambda error: _show_passkey(principal, form, error))


@app.route("/account/factors/recovery-codes", READ)
def show_recovery_codes() -> Response:
    """Show what new recovery codes do. Those that there are can never be shown again."""
    return _show("codes", _caller(), {"codes": ()})


@app.post("/account/factors/recovery-codes")
def renew_recovery_codes() -> Response:
    """Make new recovery codes, and show them this once."""
    app.own_form(ButtonForm)
    principal, pages = _caller(), services().pages
    return pages.attempt(
        lambda: _show("codes", principal, {"codes": services().manage.renew_recovery_codes(principal)}),
        lambda error: _show("codes", principal, {"codes": ()}, error),
    )


@app.route("/account/factors/<factor_id>", READ)
def show_factor(factor_id: str) -> Response:
    """Show a factor, to rename or remove it."""
    return _show_factor(_caller(), factor_id, ChangeFactorForm())


@app.post("/account/factors/<factor_id>")
def change_factor(factor_id: str) -> Response:
    """Rename a passkey, or remove a factor."""
    form, pages = app.own_form(ChangeFactorForm), services().pages
    principal = _caller()

    def act() -> Response:
        if form.act == "remove":
            services().manage.remove(principal, factor_id)
            return pages.lead("account/factors?done=removed")
        services().manage.rename(principal, factor_id, form.name or "")
        return pages.lead("account/factors?done=renamed")

    return pages.attempt(act, lambda error: _show_factor(principal, factor_id, form, error))


@app.route("/account/step-up", READ)
def show_step_up() -> Response:
    """Show the ways to prove again who one is."""
    return _show_step_up(_caller(), StepUpForm(return_to=query(app, "return_to")))


@app.post("/account/step-up")
def step_up() -> Response:
    """Raise the session, and lead back to the page that asked for it."""
    form, pages = app.own_form(StepUpForm), services().pages
    principal = _caller()

    def act() -> Response:
        raised = services().step_up(principal, form.presented(), form.password, source_address(app))
        return pages.lead(inner_path(form.return_to), _cookie(raised))

    return pages.attempt(act, lambda error: _show_step_up(principal, form, error))


def _caller() -> Principal:
    return services().pages.caller(proving_factor=True)


def _cookie(raised: Raised) -> dict[str, str | list[str]]:
    return raised_cookie(raised.cookie, raised.tokens.refresh_expires_in)


def _enrolled(principal: Principal, enrolled: Enrolled, done: str) -> Response:
    cookie = _cookie(enrolled.raised)
    if not enrolled.recovery_codes:
        return services().pages.lead(f"account/factors?done={done}", cookie)
    values = {"codes": enrolled.recovery_codes, "done": done, "must_prove": False}
    return _show("codes", principal, values, headers=cookie)


def _show(
    page: str,
    principal: Principal,
    values: Mapping[str, object],
    error: DoorwardError | None = None,
    headers: dict[str, str | list[str]] | None = None,
) -> Response:
    pages = services().pages
    passkeys = bool(pages.settings.passkey_rp_id)
    every = {"page": "factors", "passkeys": passkeys, **values}
    scripts = passkeys and page in {"passkey", "step_up"}
    return pages.show(page, principal, every, error, headers, scripts=scripts)


def _show_app(
    principal: Principal, new: NewTotp | None = None, *, begun: bool = False, error: DoorwardError | None = None
) -> Response:
    values = {"new": new, "qr": qr_code(new.uri) if new else "", "begun": begun}
    return _show("app", principal, values, error)


def _show_passkey(principal: Principal, form: NewPasskeyForm | None, error: DoorwardError | None = None) -> Response:
    options = None if form is None else json.dumps(services().passkeys.options(principal))
    return _show("passkey", principal, {"form": form, "options": options}, error)


def _show_factor(
    principal: Principal, factor_id: str, form: ChangeFactorForm, error: DoorwardError | None = None
) -> Response:
    held = services().manage.many(principal)
    passkey = held.passkey(factor_id)
    if passkey is None and (factor_id != TOTP or held.totp is None):
        raise NotFound
    return _show("factor", principal, {"passkey": passkey, "form": form}, error)


def _show_step_up(principal: Principal, form: StepUpForm, error: DoorwardError | None = None) -> Response:
    values = {"held": services().manage.many(principal), "form": form, "return_to": inner_path(form.return_to)}
    return _show("step_up", principal, values, error)


handler = app.resolve
