"""The pages of a tenant's administrators about people: members and invitations."""

from __future__ import annotations

from dataclasses import dataclass

from doorward.accounts.change import ChangeUser
from doorward.accounts.delete import DeleteUser, RemoveUser
from doorward.accounts.invitations import AdministerInvitations, Delivery, NewInvitation, SentInvitation
from doorward.accounts.look_up import LookUpUsers
from doorward.accounts.membership import AssignTenants
from doorward.accounts.prove import ProvePassword
from doorward.accounts.sessions import AdministerSessions
from doorward.api.cursors import list_name
from doorward.api.requests import query, source_address
from doorward.api.routing import Response
from doorward.authorization import Authorize
from doorward.aws.dynamodb.factors import DynamoFactors
from doorward.aws.dynamodb.invitations import DynamoInvitations
from doorward.aws.dynamodb.leaving import DynamoBelongings
from doorward.aws.dynamodb.readers import DynamoRevocationReader, DynamoSessionReader
from doorward.aws.dynamodb.tenants import DynamoTenants
from doorward.bootstrap.clock import clock
from doorward.bootstrap.new_passwords import judge_new_password
from doorward.bootstrap.once import once
from doorward.bootstrap.proofs import ProofParts
from doorward.errors import DoorwardError
from doorward.factors.keep import KeepFactors
from doorward.factors.manage import ResetFactors
from doorward.model import PLATFORM
from doorward.proofs.password_reset import AskForReset
from doorward.rules.finding import ANYBODY, Search
from doorward.settings import Settings
from doorward_pages.admin_forms import InvitationForm, MemberForm, unknown_act
from doorward_pages.administration import PAGE, AdminPages, Caller, words
from doorward_pages.forms import FormPages
from doorward_pages.members import Members, row
from doorward_pages.resolver import READ, PageResolver, redirect
from doorward_pages.rows import invitation_row
from doorward_pages.tenants import TenantPages

_ASKS = ("name", "email", "role", "status")
_LEAVES = ("delete", "remove")
_ASKED_BEFORE = (*_LEAVES, "reset_factors")


@dataclass(frozen=True, slots=True)
class Services:
    """What administrators do with the members of a tenant; the use cases are the ones of the API."""

    pages: AdminPages
    members: Members
    invitations: AdministerInvitations
    mail_is_on: bool


def wire(settings: Settings) -> Services:
    """Return the use cases of members and invitations."""
    parts = ProofParts(settings)
    revoked = DynamoRevocationReader(parts.database, parts.tables)
    recognised = DynamoSessionReader(parts.database, parts.tables)
    authorize = Authorize(parts.keyring, revoked, recognised, settings.audience, (), clock, parts.factor_rule)
    forms = FormPages(app, TenantPages(parts.policies, mail_is_on=settings.mail_is_on), settings)
    pages = AdminPages(app, forms, authorize, parts.cursor_key)
    return Services(pages, _members(parts, revoked), _invitations(parts), settings.mail_is_on)


def _members(parts: ProofParts, revoked: DynamoRevocationReader) -> Members:
    settings = parts.settings
    prove = ProvePassword(parts.users, parts.attempts, parts.throttles, parts.hasher, clock)
    belongings = DynamoBelongings(parts.database, parts.tables, settings.require("notifications_table"))
    factors = DynamoFactors(parts.database, parts.tables.users)
    keep = KeepFactors(parts.users, parts.user_writer, factors, parts.notices, clock)
    remove = RemoveUser(parts.user_writer, parts.revocations, belongings, parts.notices, clock)
    return Members(
        LookUpUsers(parts.users),
        _changes(parts, prove),
        AssignTenants(parts.users, parts.user_writer, parts.revocations, clock),
        DeleteUser(parts.users, remove, prove),
        AdministerSessions(parts.users, parts.sessions, revoked, parts.revocations, clock),
        AskForReset(parts.ask, parts.find, parts.proofs, settings.mail_is_on),
        ResetFactors(keep, parts.revocations),
    )


def _changes(parts: ProofParts, prove: ProvePassword) -> ChangeUser:
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


def _invitations(parts: ProofParts) -> AdministerInvitations:
    return AdministerInvitations(
        invitations=DynamoInvitations(parts.database, parts.tables),
        tenants=DynamoTenants(parts.database, parts.settings.require("users_table"), parts.revocation_writer),
        directory=parts.directory,
        mint=parts.mint_proofs,
        attempts=parts.attempts,
        throttles=parts.throttles,
        clock=clock,
        mail_is_on=parts.settings.mail_is_on,
    )


app = PageResolver()
services = once(wire)


@app.route("/admin", READ)
def lead_on() -> Response:
    """Lead to the tenants, or to the tenant that the session acts in."""
    pages = services().pages
    acts_in = pages.anybody().tenant_id
    if acts_in == PLATFORM:
        return redirect(f"{app.view().root}admin/tenants")
    return redirect(f"{app.view().root}{pages.of_tenant(acts_in).folder}/members")


@app.route("/admin/t/<tenant_id>/members", READ)
def list_members(tenant_id: str) -> Response:
    """Show the members of a tenant, or those that are searched for."""
    caller = services().pages.of_tenant(tenant_id)
    asked = {name: query(app, name) for name in _ASKS}
    return services().pages.forms.attempt(
        lambda: _members_page(caller, Search.of_texts(asked["email"], asked["name"], asked["role"], asked["status"])),
        lambda error: services().pages.show("members", caller, {"rows": [], "asked": asked}, error),
    )


@app.route("/admin/t/<tenant_id>/members/<user_id>", READ)
def show_member(tenant_id: str, user_id: str) -> Response:
    """Show a member with what administrators may do, or ask before something that nobody can undo."""
    caller, act = services().pages.of_tenant(tenant_id), query(app, "confirm")
    if act not in _ASKED_BEFORE:
        return _member_page(caller, user_id)
    found = row(services().members.find(caller, user_id), caller.tenant_id)
    page = f"{caller.folder}/members/{found['id']}"
    return services().pages.confirm(caller, page, act, found["id"], found["called"])


@app.post("/admin/t/<tenant_id>/members/<user_id>")
def change_member(tenant_id: str, user_id: str) -> Response:
    """Do what a button of the member's page says. The link that one asks for is shown once."""
    form, pages = app.own_form(MemberForm), services().pages
    caller = pages.of_tenant(tenant_id)

    def act() -> Response:
        reset = services().members.act(caller, user_id, form, source_address(app))
        if reset is not None:
            return _member_page(caller, user_id, link=pages.link("password_reset", reset.token, reset.tenant_id))
        page = f"{caller.folder}/members"
        return pages.done(page if form.act in _LEAVES else f"{page}/{user_id}", str(form.act))

    return pages.forms.attempt(act, lambda error: _member_page(caller, user_id, form, error))


@app.route("/admin/t/<tenant_id>/invitations", READ)
def list_invitations(tenant_id: str) -> Response:
    """Show the invitations of a tenant, the newest first."""
    return _invitations_page(services().pages.of_tenant(tenant_id))


@app.post("/admin/t/<tenant_id>/invitations")
def change_invitations(tenant_id: str) -> Response:
    """Invite somebody, or send an invitation again, or revoke it. The link that one asks for is shown once."""
    form, pages = app.own_form(InvitationForm), services().pages
    caller = pages.of_tenant(tenant_id)

    def act() -> Response:
        sent = _act_on_invitations(caller, form)
        if sent is not None and sent.token is not None:
            return _invitations_page(caller, link=pages.link("invitation", sent.token, caller.tenant_id))
        return pages.done(f"{caller.folder}/invitations", str(form.act))

    return pages.forms.attempt(act, lambda error: _invitations_page(caller, form, error))


def _members_page(caller: Caller, search: Search = ANYBODY) -> Response:
    pages, listed = services().pages, list_name(caller.tenant_id, search)
    found = services().members.look_up.many(caller.acting, caller.tenant_id, PAGE, pages.after(listed), search)
    asked = {name: query(app, name) for name in _ASKS}
    rows = [row(user, caller.tenant_id) for user in found.users]
    return pages.show("members", caller, {"rows": rows, "asked": asked, "more": pages.more(listed, found.after, asked)})


def _member_page(
    caller: Caller,
    user_id: str,
    form: MemberForm | None = None,
    error: DoorwardError | None = None,
    link: str | None = None,
) -> Response:
    members = services().members
    member = row(members.find(caller, user_id), caller.tenant_id)
    typed = form.roles if form is not None and form.act == "roles" else None
    values = {
        "member": member,
        "roles": " ".join(member["roles"]) if typed is None else typed,
        "sessions": members.sessions_of(caller, user_id),
        "mail_is_on": services().mail_is_on,
        "link": link,
    }
    return services().pages.show("member", caller, values, error)


def _act_on_invitations(caller: Caller, form: InvitationForm) -> SentInvitation | None:
    administer, principal, tenant_id = services().invitations, caller.acting, caller.tenant_id
    deliver: Delivery = "mail" if form.deliver == "mail" else "link"
    match form.act:
        case "invite":
            wanted = NewInvitation(form.email or "", words(form.roles) or None, deliver=deliver)
            return administer.make(principal, tenant_id, wanted)
        case "resend":
            return administer.resend(principal, tenant_id, form.subject or "", deliver)
        case "revoke":
            administer.revoke(principal, tenant_id, form.subject or "")
        case _:
            raise unknown_act()
    return None


def _invitations_page(
    caller: Caller, form: InvitationForm | None = None, error: DoorwardError | None = None, link: str | None = None
) -> Response:
    pages, listed = services().pages, f"invitations:{caller.tenant_id}"
    found = services().invitations.many(caller.acting, caller.tenant_id, PAGE, pages.after(listed))
    rows = [invitation_row(each, clock()) for each in found.records]
    values = {"rows": rows, "form": form or InvitationForm(), "mail_is_on": services().mail_is_on, "link": link}
    return pages.show("invitations", caller, {**values, "more": pages.more(listed, found.after)}, error)


handler = app.resolve
