"""What the operations of invitations take and answer."""

from __future__ import annotations

from doorward import errors
from doorward.api.bodies import invitations as bodies
from doorward.api.bodies import tokens as token_answers
from tools.openapi.operation import BODY, CALLER, CHANGE, INVITATIONS, LISTED, Errors, Operation

_WHO = "the tenant's administrators"
_ASKED: Errors = (*CHANGE, errors.InsufficientScope, errors.NotFound, errors.InvalidRequest)
_SENT: Errors = (*_ASKED, *BODY, errors.EmailTaken, errors.Conflict, errors.TooManyAttempts)
_ACCEPTED: Errors = (
    *BODY,
    *CALLER,
    errors.InvalidCredentials,
    errors.InvalidProof,
    errors.WeakPassword,
    errors.UnacceptableName,
    errors.UsernameTaken,
    errors.EmailTaken,
    errors.AlreadyMember,
    errors.Conflict,
    errors.InsufficientScope,
)


def _accept() -> Operation:
    return Operation(
        INVITATIONS,
        "who has the token",
        bodies.AcceptInvitationRequest,
        token_answers.SignInResponse,
        (*_ACCEPTED, errors.CrossSiteRequest),
        201,
        sets_cookie=True,
        otherwise=bodies.JoinedTenantResponse,
    )


INVITED: dict[tuple[str, str], Operation] = {
    ("GET", "/api/{tenantId}/invitations"): Operation(
        INVITATIONS,
        _WHO,
        response=bodies.InvitationListResponse,
        problems=(*_ASKED, errors.InvalidCursor),
        query=LISTED,
    ),
    ("POST", "/api/{tenantId}/invitations"): Operation(
        INVITATIONS,
        _WHO,
        bodies.InviteRequest,
        bodies.InvitationResponse,
        (*_SENT, errors.InsufficientAuthentication, errors.UnacceptableName),
        201,
    ),
    ("DELETE", "/api/{tenantId}/invitations/{id}"): Operation(INVITATIONS, _WHO, problems=_ASKED, status=204),
    ("POST", "/api/{tenantId}/invitations/{id}/resend"): Operation(
        INVITATIONS,
        _WHO,
        bodies.ResendInvitationRequest,
        bodies.InvitationResponse,
        (*_SENT, errors.InsufficientAuthentication),
        needs_body=False,
    ),
    ("POST", "/auth/invitations/accept"): _accept(),
    ("POST", "/api/{tenantId}/auth/invitations/accept"): _accept(),
}
"""The operations of invitations, by method and path."""
