"""What users do with links and codes: a new password, a verified or another address, the list of their tenants."""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus

from doorward.accounts.prove import ProvePassword
from doorward.api.answers import answer_json
from doorward.api.bodies.proofs import (
    EmailChangeRequest,
    NameRequest,
    NewPasswordRequest,
    ProofRequest,
    ResetLinkResponse,
    TenantEmailRequest,
    TenantNameRequest,
    TokenRequest,
    UserResetRequest,
    VerificationRequest,
)
from doorward.api.mailed import answer_challenge
from doorward.api.requests import read_json, read_json_or_nothing, read_principal, source_address
from doorward.api.resolver import Resolver
from doorward.api.routing import Response
from doorward.bootstrap.by_mail import change_email, reset_password
from doorward.bootstrap.clock import clock
from doorward.bootstrap.new_passwords import judge_new_password
from doorward.bootstrap.once import once
from doorward.bootstrap.proofs import ProofParts
from doorward.errors import NotFound
from doorward.model import TenantId
from doorward.proofs.check import Presented
from doorward.proofs.email_change import AskForEmailChange, ChangeEmail
from doorward.proofs.find_tenants import AskForTenants
from doorward.proofs.password_reset import AskForReset, ResetPassword
from doorward.proofs.verification import AskForVerification, VerifyEmail
from doorward.rules.names import check_tenant_id
from doorward.rules.proofs import life_seconds
from doorward.sessions.naming import name_of
from doorward.settings import Settings


@dataclass(frozen=True, slots=True)
class Services:
    """What is asked for by mail, and what is done with it."""

    settings: Settings
    ask_for_reset: AskForReset
    reset: ResetPassword
    ask_for_verification: AskForVerification
    verify: VerifyEmail
    ask_for_tenants: AskForTenants
    ask_for_email_change: AskForEmailChange
    change_email: ChangeEmail


def wire(settings: Settings) -> Services:
    """Return the use cases."""
    parts = ProofParts(settings)
    prove = ProvePassword(parts.users, parts.attempts, parts.throttles, parts.hasher, clock)
    reset = reset_password(parts, judge_new_password(settings))
    change = change_email(parts)
    return Services(
        settings,
        AskForReset(parts.ask, parts.find, parts.proofs, settings.mail_is_on),
        reset,
        AskForVerification(parts.ask, parts.users),
        VerifyEmail(parts.check, parts.find, parts.user_writer, clock),
        AskForTenants(parts.ask),
        AskForEmailChange(parts.ask, prove, parts.users, parts.notices),
        change,
    )


app = Resolver()
services = once(wire)


@app.post("/auth/password-reset")
def ask_for_reset_anywhere() -> Response:
    """Ask for a mail to set a new password with. The answer is the same for every name."""
    services().settings.require_mail()
    body = read_json(app, NameRequest)
    return _ask_for_reset(body, TenantId(body.tenant_id or services().settings.default_tenant_id) or None)


@app.post("/api/<tenant_id>/auth/password-reset")
def ask_for_reset_in_tenant(tenant_id: str) -> Response:
    """Ask for a mail to set a new password with, by a name in the tenant. The answer is the same for every name."""
    services().settings.require_mail()
    return _ask_for_reset(read_json(app, TenantNameRequest), check_tenant_id(tenant_id))


@app.post("/auth/password-reset/confirm")
def set_new_password() -> Response:
    """Set a new password with what the mail or an administrator brought; all sessions end."""
    return _reset(None)


@app.post("/api/<tenant_id>/auth/password-reset/confirm")
def reset_password_in_tenant(tenant_id: str) -> Response:
    """Set a new password with what the mail or an administrator brought, in the tenant; all sessions end."""
    return _reset(check_tenant_id(tenant_id))


@app.post("/users/<user_id>/password-reset")
def ask_for_reset_of_user(user_id: str) -> Response:
    """Let a user set a new password, by a mail or by a link that the administrator passes on."""
    principal = read_principal(app)
    body = read_json_or_nothing(app, UserResetRequest)
    way = body.deliver or ("mail" if services().settings.mail_is_on else "link")
    token = services().ask_for_reset.for_user(principal, user_id, source_address(app), as_link=way == "link")
    answer = ResetLinkResponse(deliver=way, token=token, expires_in=life_seconds("password_reset"))
    return answer_json(answer, HTTPStatus.ACCEPTED)


@app.post("/auth/verify-email")
def ask_for_verification() -> Response:
    """Ask for a mail to the caller's own address, to prove that the caller reads it."""
    services().settings.require_mail()
    principal, body = read_principal(app), read_json_or_nothing(app, VerificationRequest)
    return answer_challenge(services().ask_for_verification(principal, source_address(app), body.locale))


@app.post("/auth/verify-email/confirm")
def verify_email() -> Response:
    """Prove one's address with what the mail brought."""
    services().settings.require_mail()
    services().verify(read_json(app, ProofRequest).presented())
    return answer_json(None, HTTPStatus.NO_CONTENT)


@app.post("/auth/find-tenants")
def find_tenants() -> Response:
    """Ask for a mail that lists the tenants in which an address has an account. The answer is the same for all."""
    services().settings.require_mail()
    body = read_json(app, TenantEmailRequest)
    services().ask_for_tenants(body.email, source_address(app), body.locale)
    return answer_json(None, HTTPStatus.ACCEPTED)


@app.post("/users/<user_id>/email")
def ask_for_email_change(user_id: str) -> Response:
    """Ask for a mail to the caller's new address, which becomes the caller's own when it is proved."""
    services().settings.require_mail()
    principal = read_principal(app)
    if user_id not in {"me", principal.user_id}:
        raise NotFound
    body, source = read_json(app, EmailChangeRequest), source_address(app)
    return answer_challenge(services().ask_for_email_change(principal, body.email, body.current_password, source))


@app.post("/auth/email-change/confirm")
def take_new_email() -> Response:
    """Take the new address with what the mail to it brought."""
    services().settings.require_mail()
    services().change_email(read_json(app, ProofRequest).presented())
    return answer_json(None, HTTPStatus.NO_CONTENT)


@app.post("/auth/email-change/undo")
def undo_email_change() -> Response:
    """Take the old address back with what the mail to it brought; all sessions end, and so does the password."""
    services().settings.require_mail()
    services().change_email.undo(Presented(read_json(app, TokenRequest).token))
    return answer_json(None, HTTPStatus.NO_CONTENT)


def _ask_for_reset(body: TenantNameRequest, tenant_id: TenantId | None) -> Response:
    name = name_of(body.username, body.email, tenant_id)
    return answer_challenge(services().ask_for_reset(name, source_address(app), body.locale))


def _reset(tenant_id: TenantId | None) -> Response:
    body = read_json(app, NewPasswordRequest)
    services().reset(body.presented(tenant_id), body.password)
    return answer_json(None, HTTPStatus.NO_CONTENT)


handler = app.resolve
