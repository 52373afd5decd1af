"""/users/{id}/factors, and POST /auth/step-up."""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus

from doorward.api.answers import answer_json, raised_cookie
from doorward.api.bodies.factors import (
    ConfirmTotpRequest,
    FactorListResponse,
    NewPasskeyRequest,
    NewTotpResponse,
    PasskeyOptionsResponse,
    RaisedResponse,
    RecoveryCodesResponse,
    RenameFactorRequest,
    StepUpRequest,
)
from doorward.api.bodies.flat import FlatRequest
from doorward.api.requests import read_json, read_json_or_nothing, read_principal, source_address
from doorward.api.resolver import Resolver
from doorward.api.routing import Response
from doorward.bootstrap.once import once
from doorward.bootstrap.own_factors import OwnFactorParts
from doorward.errors import NotFound
from doorward.factors.enrol import EnrolPasskey, EnrolTotp
from doorward.factors.manage import TOTP, ManageFactors, ResetFactors
from doorward.factors.raising import Raised
from doorward.factors.step_up import StepUp
from doorward.model import Principal
from doorward.settings import Settings
from doorward.tokens.device import Devices


@dataclass(frozen=True, slots=True)
class Services:
    """The use cases of second factors of whoever is signed in."""

    step_up: StepUp
    totp: EnrolTotp
    passkeys: EnrolPasskey
    manage: ManageFactors
    reset: ResetFactors
    devices: Devices


def wire(settings: Settings) -> Services:
    """Return the use cases of second factors."""
    parts = OwnFactorParts(settings)
    return Services(
        step_up=parts.step_up,
        totp=parts.enrol_totp,
        passkeys=parts.enrol_passkey,
        manage=parts.manage_factors,
        reset=ResetFactors(parts.keep_factors, parts.revocations),
        devices=parts.devices,
    )


app = Resolver()
services = once(wire)


@app.post("/auth/step-up")
def step_up() -> Response:
    """Prove again who one is, in the session that one has (RFC 9470). Its tokens from before are spent, or stay low."""
    body, principal = read_json(app, StepUpRequest), read_principal(app, proving_factor=True)
    device = services().devices.read(body.device_token)
    raised = services().step_up(principal, body.presented(), body.password, source_address(app), device)
    shown = RaisedResponse.of_raised(raised.tokens, with_refresh_token=_holds_refresh_token(principal, body.refresh))
    return _answer(shown, raised)


@app.get("/users/<user_id>/factors")
def list_factors(user_id: str) -> Response:
    """List the caller's second factors; the id is `me`."""
    principal = _own(user_id)
    return answer_json(FactorListResponse.of(services().manage.many(principal)))


@app.delete("/users/<user_id>/factors")
def reset_factors(user_id: str) -> Response:
    """Take all second factors of a user away who lost them, and end the user's sessions."""
    services().reset(read_principal(app), user_id)
    return answer_json(None, HTTPStatus.NO_CONTENT)


@app.post("/users/<user_id>/factors/totp")
def begin_totp(user_id: str) -> Response:
    """Make a secret for an authenticator app; the id is `me`. It is no factor before its first code."""
    principal = _own(user_id)
    read_json_or_nothing(app, FlatRequest)
    return answer_json(NewTotpResponse.of(services().totp.begin(principal)), HTTPStatus.CREATED)


@app.delete("/users/<user_id>/factors/totp")
def remove_totp(user_id: str) -> Response:
    """Remove the authenticator app; the id is `me`."""
    return remove_factor(user_id, TOTP)


@app.post("/users/<user_id>/factors/totp/confirm")
def confirm_totp(user_id: str) -> Response:
    """Make the app a factor with its first code. The session is raised; the first factor brings recovery codes."""
    principal, body = _own(user_id), read_json(app, ConfirmTotpRequest)
    enrolled = services().totp.confirm(principal, body.code)
    holds = _holds_refresh_token(principal, body.refresh)
    return _answer(RaisedResponse.of_enrolled(enrolled, with_refresh_token=holds), enrolled.raised)


@app.post("/users/<user_id>/factors/recovery-codes")
def renew_recovery_codes(user_id: str) -> Response:
    """Make ten new recovery codes in place of those from before; the id is `me`."""
    principal = _own(user_id)
    read_json_or_nothing(app, FlatRequest)
    codes = services().manage.renew_recovery_codes(principal)
    return answer_json(RecoveryCodesResponse(recovery_codes=list(codes)), HTTPStatus.CREATED)


@app.post("/users/<user_id>/factors/passkeys/options")
def ask_for_new_passkey(user_id: str) -> Response:
    """Return what a browser needs to make a passkey; the id is `me`."""
    principal = _own(user_id)
    read_json_or_nothing(app, FlatRequest)
    return answer_json(PasskeyOptionsResponse(options=dict(services().passkeys.options(principal))))


@app.post("/users/<user_id>/factors/passkeys")
def register_passkey(user_id: str) -> Response:
    """Register the passkey that a browser made. The session is raised; the first factor brings recovery codes."""
    principal, body = _own(user_id), read_json(app, NewPasskeyRequest)
    enrolled = services().passkeys.register(principal, body.passkey, body.name)
    holds = _holds_refresh_token(principal, body.refresh)
    return _answer(RaisedResponse.of_enrolled(enrolled, with_refresh_token=holds), enrolled.raised, HTTPStatus.CREATED)


@app.patch("/users/<user_id>/factors/<factor_id>")
def rename_passkey(user_id: str, factor_id: str) -> Response:
    """Give a passkey another name; the id of the user is `me`."""
    principal, body = _own(user_id), read_json(app, RenameFactorRequest)
    return answer_json(FactorListResponse.of(services().manage.rename(principal, factor_id, body.name)))


@app.delete("/users/<user_id>/factors/<factor_id>")
def remove_factor(user_id: str, factor_id: str) -> Response:
    """Remove a second factor; the id of the user is `me`. With the last one go the recovery codes."""
    services().manage.remove(_own(user_id), factor_id)
    return answer_json(None, HTTPStatus.NO_CONTENT)


def _own(user_id: str) -> Principal:
    """Return the caller, who asks for their own.

    Raises:
        NotFound: the caller asks for somebody else's.
    """
    principal = read_principal(app, proving_factor=True)
    if user_id not in {"me", principal.user_id}:
        raise NotFound
    return principal


def _holds_refresh_token(principal: Principal, wish: str | None) -> bool:
    """Return whether the client renews with a refresh token: one that comes with a cookie does not."""
    return principal.token_id is not None and wish != "cookie"


def _answer(body: RaisedResponse, raised: Raised, status: HTTPStatus = HTTPStatus.OK) -> Response:
    headers = {"Pragma": "no-cache", **raised_cookie(raised.cookie, raised.tokens.refresh_expires_in)}
    return answer_json(body, status, headers)


handler = app.resolve
