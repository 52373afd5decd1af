"""The pages behind the links of mails: GET shows what a button does, and POST does it.

Mail scanners fetch links, and fetch them often; so fetching one changes nothing, and not even looks at its token.

A page of another site can send the form only with the token, which is the whole secret: whoever has it may use it
anyway. So nothing here asks where a form comes from. Nor can anybody be signed in to a stranger's account: no page
begins a session, and none sets or reads a cookie.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from doorward.accounts.create import CreateUser
from doorward.api.problems import status_of
from doorward.api.requests import query, read_form, source_address
from doorward.api.routing import Response
from doorward.aws.dynamodb.invitations import DynamoInvitations
from doorward.bootstrap.by_mail import change_email, reset_password
from doorward.bootstrap.clock import clock
from doorward.bootstrap.new_passwords import judge_new_password
from doorward.bootstrap.once import once
from doorward.bootstrap.proofs import ProofParts
from doorward.errors import Conflict, InvalidProof, InvalidRequest, MethodNotAllowed, NotFound, WeakPassword
from doorward.model.proofs import ProofKind
from doorward.proofs.check import Presented
from doorward.proofs.invited import MakeInvitedUser, NewMember
from doorward.proofs.sign_up import MakeProvedUser
from doorward.proofs.verification import VerifyEmail
from doorward.sessions.begin import Client
from doorward.settings import Settings
from doorward_pages.link_form import LinkForm
from doorward_pages.links import PAGES, LinkPage
from doorward_pages.render import View
from doorward_pages.resolver import READ, PageResolver, answer_page, host_of


@dataclass(frozen=True, slots=True)
class Services:
    """What is done with the proof of each kind, and a token and a form."""

    settings: Settings
    uses: Mapping[ProofKind, Callable[[Presented, LinkForm], object]]


def wire(settings: Settings) -> Services:
    """Return the use cases, those that make users without the session that the API begins."""
    parts = ProofParts(settings)
    create = CreateUser(parts.user_writer, parts.hasher, judge_new_password(settings), parts.policies, clock)
    sign_up = MakeProvedUser(parts.check, parts.directory, parts.policies, create, parts.user_writer, clock)
    reset = reset_password(parts, create.judge)
    verify = VerifyEmail(parts.check, parts.find, parts.user_writer, clock)
    change = change_email(parts)
    invited = MakeInvitedUser(
        parts.check,
        DynamoInvitations(parts.database, parts.tables),
        parts.users,
        parts.directory,
        parts.policies,
        create,
        clock,
    )
    uses: dict[ProofKind, Callable[[Presented, LinkForm], object]] = {
        "sign_up": lambda proof, form: sign_up.make(proof, form.password or "", form.username),
        "password_reset": lambda proof, form: reset(proof, form.password or ""),
        "verify_email": lambda proof, _: verify(proof),
        "email_change": lambda proof, _: change(proof),
        "email_undo": lambda proof, _: change.undo(proof),
        "invitation": lambda proof, form: invited.make(proof.token or "", None, _member(form)),
    }
    return Services(settings, uses)


app = PageResolver()
services = once(wire)


@app.route("/links/<kind>", READ)
def show_link(kind: str) -> Response:
    """Show what the link does when its button is pressed."""
    page, token = _page(kind), query(app, "token")
    if page.does_something and token is None:
        return answer_page(page.dead(_view()), status_of(InvalidProof()))
    return answer_page(page.form(_view(), token or "", has_accounts=_has_accounts()))


@app.post("/links/<kind>")
def use_link(kind: str) -> Response:
    """Do what the link is for, once."""
    page = _page(kind)
    if not page.does_something:
        raise MethodNotAllowed(READ)
    form = read_form(app, LinkForm)
    try:
        _use(page, form)
    except InvalidProof as error:
        app.note(error)
        return answer_page(page.dead(_view()), status_of(error))
    except (InvalidRequest, Conflict) as error:
        app.note(error)
        shown = page.form(_view(), form.token or "", form.username or "", error, has_accounts=_has_accounts())
        return answer_page(shown, status_of(error))
    return answer_page(page.done(_view()))


def _page(kind: str) -> LinkPage:
    page = PAGES.get(kind)
    if page is None:
        raise NotFound
    if page.needs_mail:
        services().settings.require_mail()
    return page


def _use(page: LinkPage, form: LinkForm) -> None:
    if page.needs_password and form.password is None:
        raise WeakPassword("Choose a password.")
    services().uses[page.kind](Presented(form.token or ""), form)


def _member(form: LinkForm) -> NewMember:
    return NewMember(Client(source_address(app)), form.password, form.username)


def _has_accounts() -> bool:
    return services().settings.pages_enabled == "true"


def _view() -> View:
    return app.view(host_of(services().settings.link_url))


handler = app.resolve
