"""/api/{tenantId}/invitations, /auth/invitations/accept and /api/{tenantId}/auth/invitations/accept."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus

from doorward.accounts.create import CreateUser
from doorward.accounts.invitations import AdministerInvitations
from doorward.api.answers import answer_json, answer_sign_in
from doorward.api.bodies.invitations import (
    AcceptInvitationRequest,
    InvitationListResponse,
    InvitationResponse,
    InviteRequest,
    JoinedTenantResponse,
    ResendInvitationRequest,
)
from doorward.api.clients import read_client, read_web_client
from doorward.api.cursors import mint_cursor, read_cursor
from doorward.api.requests import page_limit, query, read_json, read_json_or_nothing, read_principal, takes
from doorward.api.resolver import Resolver
from doorward.api.routing import Response
from doorward.authorization import Authorize, RequestCredentials
from doorward.authorizer.events import read_credentials
from doorward.aws.dynamodb.invitations import DynamoInvitations
from doorward.aws.dynamodb.readers import DynamoRevocationReader, DynamoSessionReader
from doorward.aws.dynamodb.tenants import DynamoTenants
from doorward.bootstrap.clock import clock
from doorward.bootstrap.new_passwords import judge_new_password
from doorward.bootstrap.once import once
from doorward.bootstrap.proofs import ProofParts
from doorward.errors import InvalidRequest
from doorward.model import TenantId
from doorward.proofs.invitations import AcceptInvitation
from doorward.proofs.invited import NewMember
from doorward.rules.names import check_tenant_id
from doorward.sessions.begin import Client
from doorward.settings import Settings


@dataclass(frozen=True, slots=True)
class Services:
    """The use cases of invitations, the key of list cursors, and the one other origin that may begin web sessions.

    This function recognises who accepts itself, without the authorizer: somebody new has no token.
    """

    administer: AdministerInvitations
    accept: AcceptInvitation
    cursor_key: Callable[[], bytes]
    allowed_origins: tuple[str, ...]


def wire(settings: Settings) -> Services:
    """Return the use cases of invitations."""
    parts = ProofParts(settings)
    invitations = DynamoInvitations(parts.database, parts.tables)
    administer = AdministerInvitations(
        invitations=invitations,
        tenants=DynamoTenants(parts.database, settings.require("users_table"), parts.revocation_writer),
        directory=parts.directory,
        mint=parts.mint_proofs,
        attempts=parts.attempts,
        throttles=parts.throttles,
        clock=clock,
        mail_is_on=settings.mail_is_on,
    )
    accept = AcceptInvitation(
        check=parts.check,
        invitations=invitations,
        users=parts.users,
        writer=parts.user_writer,
        directory=parts.directory,
        policies=parts.policies,
        create=CreateUser(parts.user_writer, parts.hasher, judge_new_password(settings), parts.policies, clock),
        begin=parts.begin_session,
        authorize=_authorize(parts),
        clock=clock,
    )
    return Services(administer, accept, parts.cursor_key, settings.allowed_origins)


def _authorize(parts: ProofParts) -> Authorize:
    return Authorize(
        keyring=parts.keyring,
        revocations=DynamoRevocationReader(parts.database, parts.tables),
        sessions=DynamoSessionReader(parts.database, parts.tables),
        audience=parts.settings.audience,
        allowed_origins=parts.settings.allowed_origins,
        clock=clock,
        factors=parts.factor_rule,
    )


app = Resolver()
services = once(wire)


@app.post("/api/<tenant_id>/invitations")
def invite(tenant_id: str) -> Response:
    """Invite an address to the tenant, by mail or by a link that the caller hands over."""
    principal, body = read_principal(app), read_json(app, InviteRequest)
    sent = services().administer.make(principal, check_tenant_id(tenant_id), body.new_invitation())
    headers = {"Location": f"/api/{tenant_id}/invitations/{sent.invitation.id}"}
    return answer_json(InvitationResponse.of_sent(sent, clock()), HTTPStatus.CREATED, headers)


@app.get("/api/<tenant_id>/invitations")
@takes("limit", "cursor")
def list_invitations(tenant_id: str) -> Response:
    """List the tenant's invitations, the newest first."""
    principal, key, listed = read_principal(app), services().cursor_key, f"invitations:{tenant_id}"
    after = read_cursor(key(), listed, query(app, "cursor"))
    page = services().administer.many(principal, check_tenant_id(tenant_id), page_limit(app), after)
    items = [InvitationResponse.of(invitation, clock()) for invitation in page.records]
    return answer_json(InvitationListResponse(items=items, next_cursor=mint_cursor(key(), listed, page.after)))


@app.delete("/api/<tenant_id>/invitations/<invitation_id>")
def revoke_invitation(tenant_id: str, invitation_id: str) -> Response:
    """Revoke an invitation that nobody accepted."""
    services().administer.revoke(read_principal(app), check_tenant_id(tenant_id), invitation_id)
    return answer_json(None, HTTPStatus.NO_CONTENT)


@app.post("/api/<tenant_id>/invitations/<invitation_id>/resend")
def resend_invitation(tenant_id: str, invitation_id: str) -> Response:
    """Send an invitation again, for another week. The link so far is dead."""
    principal, body = read_principal(app), read_json_or_nothing(app, ResendInvitationRequest)
    sent = services().administer.resend(principal, check_tenant_id(tenant_id), invitation_id, body.deliver)
    return answer_json(InvitationResponse.of_sent(sent, clock()))


@app.post("/auth/invitations/accept")
def accept_anywhere() -> Response:
    """Accept an invitation: as a new user who begins a web session, or with an access token as a user who exists."""
    credentials, body = read_credentials(app.event, changes_state=True), read_json(app, AcceptInvitationRequest)
    if credentials.authorization:
        return _join(body, None, credentials)
    return _sign_up(body, None, read_web_client(app, services().allowed_origins, body))


@app.post("/api/<tenant_id>/auth/invitations/accept")
def accept_in_tenant(tenant_id: str) -> Response:
    """Accept an invitation to the tenant of the path; a new user gets a cookie only if the body asks for one."""
    credentials, body = read_credentials(app.event, changes_state=True), read_json(app, AcceptInvitationRequest)
    if credentials.authorization:
        return _join(body, check_tenant_id(tenant_id), credentials)
    return _sign_up(body, check_tenant_id(tenant_id), read_client(app, services().allowed_origins, body))


def _join(body: AcceptInvitationRequest, tenant_id: TenantId | None, credentials: RequestCredentials) -> Response:
    if not body.names_nobody:
        raise InvalidRequest("With an access token, send the invitation's token alone.")
    return answer_json(JoinedTenantResponse.of(services().accept.as_user(body.token, tenant_id, credentials)))


def _sign_up(body: AcceptInvitationRequest, tenant_id: TenantId | None, client: Client) -> Response:
    member = NewMember(client, body.password, body.username, body.display_name)
    return answer_sign_in(services().accept.as_new_user(body.token, tenant_id, member), HTTPStatus.CREATED)


handler = app.resolve
