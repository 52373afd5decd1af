"""The pages of who is signed in: the account, its password, address and sessions, and how to leave."""

from __future__ import annotations

from dataclasses import dataclass, replace

from doorward.accounts.change import ChangeUser
from doorward.accounts.create import CreateUser
from doorward.accounts.delete import DeleteUser, RemoveUser
from doorward.accounts.export import ExportUser
from doorward.accounts.look_up import LookUpUsers
from doorward.accounts.prove import ProvePassword
from doorward.accounts.sessions import AdministerSessions
from doorward.api.answers import answer_json, cleared_cookie
from doorward.api.bodies.export import ExportResponse
from doorward.api.requests import query, source_address
from doorward.api.routing import Response
from doorward.authorization import Authorize
from doorward.authorizer.events import read_credentials
from doorward.aws.dynamodb.invitations import DynamoInvitations
from doorward.aws.dynamodb.leaving import DynamoBelongings
from doorward.aws.dynamodb.readers import DynamoRevocationReader, DynamoSessionReader
from doorward.bootstrap.clock import clock
from doorward.bootstrap.new_passwords import judge_new_password
from doorward.bootstrap.once import once
from doorward.bootstrap.proofs import ProofParts
from doorward.errors import DoorwardError, NotAuthenticated
from doorward.model import Principal
from doorward.proofs.email_change import AskForEmailChange
from doorward.proofs.joining import JoinByInvitation
from doorward.proofs.verification import AskForVerification
from doorward.sessions.logout import LogOut
from doorward.sessions.sign_out import SignOut
from doorward.settings import Settings
from doorward_pages.account import AccountPages, sign_ins
from doorward_pages.account_forms import (
    ButtonForm,
    EmailForm,
    InvitationForm,
    LeaveForm,
    PasswordForm,
    ProfileForm,
    SessionForm,
    SignOutForm,
)
from doorward_pages.resolver import READ, PageResolver
from doorward_pages.tenants import TenantPages


@dataclass(frozen=True, slots=True)
class Services:
    """What people do with their own account."""

    pages: AccountPages
    change: ChangeUser
    sessions: AdministerSessions
    ask_for_verification: AskForVerification
    ask_for_email_change: AskForEmailChange
    delete: DeleteUser
    export: ExportUser
    join: JoinByInvitation
    sign_out: SignOut


def wire(settings: Settings) -> Services:
    """Return the use cases; they are the ones of the API."""
    parts = ProofParts(settings)
    revoked = DynamoRevocationReader(parts.database, parts.tables)
    # A page knows its caller by the cookie alone, and no key verifies a cookie: this role cannot read any.
    authorize = Authorize(
        keyring=parts.keyring,
        revocations=revoked,
        sessions=DynamoSessionReader(parts.database, parts.tables),
        audience=settings.audience,
        allowed_origins=(),
        clock=clock,
        factors=parts.factor_rule,
    )
    tenants = TenantPages(parts.policies, mail_is_on=settings.mail_is_on)
    prove = ProvePassword(parts.users, parts.attempts, parts.throttles, parts.hasher, clock)
    belongings = DynamoBelongings(parts.database, parts.tables, settings.require("notifications_table"))
    remove = RemoveUser(parts.user_writer, parts.revocations, belongings, parts.notices, clock)
    log_out = LogOut(parts.sessions, parts.revocations, parts.users, clock)
    return Services(
        AccountPages(app, tenants, settings, authorize, LookUpUsers(parts.users)),
        _change_user(parts, prove),
        AdministerSessions(parts.users, parts.sessions, revoked, parts.revocations, clock),
        AskForVerification(parts.ask, parts.users),
        AskForEmailChange(parts.ask, prove, parts.users, parts.notices),
        DeleteUser(parts.users, remove, prove),
        ExportUser(parts.users, belongings),
        _join(parts),
        SignOut(authorize, log_out),
    )


def _change_user(parts: ProofParts, prove: ProvePassword) -> ChangeUser:
    return ChangeUser(
        reader=parts.users,
        writer=parts.user_writer,
        revocations=parts.revocations,
        attempts=parts.attempts,
        prove=prove,
        hasher=parts.hasher,
        judge=judge_new_password(parts.settings),
        policies=parts.policies,
        notices=parts.notices,
        clock=clock,
    )


def _join(parts: ProofParts) -> JoinByInvitation:
    return JoinByInvitation(
        parts.check,
        DynamoInvitations(parts.database, parts.tables),
        parts.users,
        parts.directory,
        parts.policies,
        CreateUser(parts.user_writer, parts.hasher, judge_new_password(parts.settings), parts.policies, clock),
        clock,
        parts.user_writer,
    )


app = PageResolver()
services = once(wire)


@app.route("/account", READ)
def show_account() -> Response:
    """Show who is signed in."""
    return _show_account(services().pages.caller())


@app.post("/account")
def change_profile() -> Response:
    """Change the name to be shown and the language."""
    form, pages = app.own_form(ProfileForm), services().pages
    principal = pages.caller()

    def act() -> Response:
        services().change(principal, "me", form.changes())
        return pages.lead("account?done=profile")

    return pages.attempt(act, lambda error: _show_account(principal, form, error))


@app.post("/account/verify-email")
def ask_for_verification() -> Response:
    """Ask for a mail to the own address."""
    app.own_form(ButtonForm)
    found, pages = services(), services().pages
    pages.settings.require_mail()
    principal = pages.caller()

    def act() -> Response:
        found.ask_for_verification(principal, source_address(app), _language())
        return pages.lead("account?done=verification")

    return pages.attempt(act, lambda error: _show_account(principal, error=error))


@app.route("/account/password", READ)
def show_password() -> Response:
    """Show the form for a new password, also to somebody who must choose one."""
    return _show_password(services().pages.caller(changing_password=True))


@app.post("/account/password")
def change_password() -> Response:
    """Change the password; this session goes on."""
    form, pages = app.own_form(PasswordForm), services().pages
    principal = pages.caller(changing_password=True)

    def act() -> Response:
        services().change(principal, "me", form.changes())
        return pages.lead("account?done=password")

    return pages.attempt(act, lambda error: _show_password(principal, error))


@app.route("/account/email", READ)
def show_email() -> Response:
    """Show the form for another address."""
    services().pages.settings.require_mail()
    return services().pages.show("email", services().pages.caller(), {"form": EmailForm()})


@app.post("/account/email")
def ask_for_email_change() -> Response:
    """Ask for a mail to another address, which becomes the own one when its link is used."""
    form, found, pages = app.own_form(EmailForm), services(), services().pages
    pages.settings.require_mail()
    principal = pages.caller()

    def act() -> Response:
        found.ask_for_email_change(principal, form.email or "", form.current_password or "", source_address(app))
        return pages.lead("account?done=email")

    return pages.attempt(act, lambda error: pages.show("email", principal, {"form": form}, error))


@app.route("/account/sessions", READ)
def show_sessions() -> Response:
    """Show where one is signed in."""
    return _show_sessions(services().pages.caller())


@app.post("/account/sessions")
def end_sessions() -> Response:
    """End one session, or all others."""
    form, found, pages = app.own_form(SessionForm), services(), services().pages
    principal = pages.caller()

    def act() -> Response:
        if form.session_id is None:
            found.sessions.end_others(principal)
            return pages.lead("account/sessions?done=sessions")
        found.sessions.end(principal, "me", form.session_id)
        if form.session_id == principal.session_id:
            return pages.lead("signed-out", cleared_cookie())
        return pages.lead("account/sessions?done=session")

    return pages.attempt(act, lambda error: _show_sessions(principal, error))


@app.route("/account/export", READ)
def export_account() -> Response:
    """Give all that is held about the user, as a file."""
    held = services().export(services().pages.caller(), "me")
    return answer_json(ExportResponse.of(held), headers={"Content-Disposition": 'attachment; filename="account.json"'})


@app.route("/account/leave", READ)
def show_leave() -> Response:
    """Show what is lost with the account."""
    return services().pages.show("leave", services().pages.caller())


@app.post("/account/leave")
def leave() -> Response:
    """Delete the account."""
    form, pages = app.own_form(LeaveForm), services().pages
    principal = pages.caller()

    def act() -> Response:
        services().delete(principal, "me", form.current_password or "")
        return pages.lead("account/left", cleared_cookie())

    return pages.attempt(act, lambda error: pages.show("leave", principal, error=error))


@app.route("/account/left", READ)
def show_left() -> Response:
    """Say that the account is deleted, to whoever asks."""
    return app.page("account/left", view=services().pages.public_view())


@app.route("/account/invitation", READ)
def show_invitation() -> Response:
    """Show what the button does; nobody looks at the token yet."""
    pages = services().pages
    return pages.show("invitation", pages.caller(), {"token": query(app, "token") or ""})


@app.post("/account/invitation")
def accept_invitation() -> Response:
    """Enter the tenant that one is invited to."""
    form, pages = app.own_form(InvitationForm), services().pages
    principal, token = pages.caller(), form.token or ""

    def act() -> Response:
        services().join.join(token, None, principal)
        return pages.lead("account?done=joined")

    return pages.attempt(act, lambda error: pages.show("invitation", principal, {"token": token}, error))


@app.post("/account/sign-out")
def sign_out() -> Response:
    """Sign out, here or everywhere. A session that is over already is none to end."""
    everywhere = app.own_form(SignOutForm).everywhere == "true"
    try:
        services().sign_out(replace(read_credentials(app.event), authorization=()), everywhere=everywhere)
    except NotAuthenticated:
        if everywhere:  # others may live on, so nobody is told that all are over
            raise
    return services().pages.lead("signed-out", cleared_cookie())


def _show_account(
    principal: Principal, form: ProfileForm | None = None, error: DoorwardError | None = None
) -> Response:
    return services().pages.show("account", principal, {"form": form}, error)


def _show_password(principal: Principal, error: DoorwardError | None = None) -> Response:
    values = {"least_length": services().change.least_password_length(principal)}
    return services().pages.show("password", principal, values, error)


def _show_sessions(principal: Principal, error: DoorwardError | None = None) -> Response:
    found = sign_ins(services().sessions.many(principal, "me"), principal)
    return services().pages.show("sessions", principal, {"sign_ins": found}, error)


def _language() -> str:
    return services().pages.public_view().language


handler = app.resolve
