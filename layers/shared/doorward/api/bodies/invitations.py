"""The bodies of invitations."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints

from doorward.accounts.invitations import NewInvitation, SentInvitation
from doorward.api.bodies.fields import Roles, Text
from doorward.api.bodies.flat import FlatRequest, FlatResponse, needed, optional
from doorward.api.bodies.requests import RequestBody
from doorward.api.bodies.responses import ResponseBody
from doorward.api.bodies.sign_in import client_id, refresh
from doorward.api.bodies.times import iso_time
from doorward.model import Membership
from doorward.model.invitations import Invitation
from doorward.rules.invitations import shown_status

Deliver = Annotated[
    Literal["mail", "link"] | None,
    Field(description="`link` mails nothing and answers the token; `mail` if absent and the deployment sends mail"),
]
_LONGEST_PASSWORD = 1024
_LONGEST_ADDRESS = 254  # RFC 5321 section 4.5.3.1.3


class InviteRequest(RequestBody):
    """POST /api/{tenantId}/invitations."""

    email: Annotated[str, StringConstraints(min_length=1, max_length=_LONGEST_ADDRESS)]
    roles: Annotated[Roles | None, Field(description='`["user"]` if absent')] = None
    locale: Annotated[Text | None, Field(description="of the mail, and of the user: a language tag")] = None
    deliver: Deliver = None

    def new_invitation(self) -> NewInvitation:
        """Return the invitation that the request asks for."""
        roles = None if self.roles is None else tuple(self.roles)
        return NewInvitation(self.email, roles, self.locale, self.deliver)


class ResendInvitationRequest(RequestBody):
    """POST /api/{tenantId}/invitations/{id}/resend.

    The request may have no body.
    """

    deliver: Deliver = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AcceptInvitationRequest(FlatRequest):
    """POST /auth/invitations/accept.

    A user who has an account sends an access token beside the invitation's token, and nothing else.
    """

    token: str = needed()
    password: str | None = optional("the new user's first one", most=_LONGEST_PASSWORD)
    username: str | None = optional("within the tenant; the id if absent")
    display_name: str | None = optional()
    client_id: str | None = client_id()
    refresh: str | None = refresh()

    @property
    def device_token(self) -> str | None:
        """A new user has none."""
        return None

    @property
    def names_nobody(self) -> bool:
        """Return whether the request says nothing of a new user."""
        return self.password is None and self.username is None and self.display_name is None


class InvitationResponse(ResponseBody):
    """An invitation.

    Only the answer that makes it, or sends it again, has `token`, and only if nothing was mailed: hand it over.
    """

    id: str
    email: str
    roles: list[str]
    locale: str | None = None
    status: Literal["pending", "accepted", "revoked", "expired"]
    invited_by: str
    created_at: str
    expires_at: str
    accepted_by: str | None = None
    token: str | None = None

    @classmethod
    def of(cls, invitation: Invitation, now_ms: int) -> Self:
        """Return the body for an invitation."""
        return cls(
            id=invitation.id,
            email=invitation.email,
            roles=list(invitation.roles),
            locale=invitation.locale,
            status=shown_status(invitation, now_ms),
            invited_by=invitation.made_by,
            created_at=iso_time(invitation.created_at_ms),
            expires_at=iso_time(invitation.expires_at_ms),
            accepted_by=invitation.accepted_by,
        )

    @classmethod
    def of_sent(cls, sent: SentInvitation, now_ms: int) -> Self:
        """Return the body for an invitation that was just made or sent again."""
        return cls.of(sent.invitation, now_ms).model_copy(update={"token": sent.token})


class InvitationListResponse(ResponseBody):
    """A page of invitations, the newest first."""

    items: list[InvitationResponse]
    next_cursor: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class JoinedTenantResponse(FlatResponse):
    """The membership of a user who existed; refresh with this `tenant_id` to act there."""

    tenant_id: str
    roles: list[str]

    @classmethod
    def of(cls, membership: Membership) -> Self:
        """Return the body for a membership."""
        return cls(tenant_id=membership.tenant_id, roles=list(membership.roles))
