"""Accept an invitation: as somebody new, or as a user who signed in."""

from __future__ import annotations

from dataclasses import dataclass, replace

from doorward.authorization import Authorize, RequestCredentials
from doorward.model import Membership, TenantId
from doorward.proofs.invited import NewMember
from doorward.proofs.joining import JoinByInvitation
from doorward.sessions.begin import BeginSession, SignedIn


@dataclass(frozen=True, slots=True)
class AcceptInvitation(JoinByInvitation):
    """Makes members of who was invited, new or not.

    A user who exists is recognised by an access token, and never by a cookie: a page of another site could make a
    browser send one. Where the request is known to come from a page of Doorward itself, `join` takes who is signed in.
    """

    begin: BeginSession
    authorize: Authorize

    def as_new_user(self, token: str, tenant_id: TenantId | None, member: NewMember) -> SignedIn:
        """Make a user who is a member with the invitation's roles, and begin a session: see `make`.

        Args:
            token: of the link.
            tenant_id: the tenant that the invitation must be of; None for any.
            member: what the new user says.
        """
        return self.begin(*self.make(token, tenant_id, member), member.client, first=True)

    def as_user(self, token: str, tenant_id: TenantId | None, credentials: RequestCredentials) -> Membership:
        """Make the user who is calling a member with the invitation's roles, and return the membership.

        Args:
            token: of the link.
            tenant_id: the tenant that the invitation must be of; None for any.
            credentials: what the request presents; its cookie does not count.

        Raises:
            InvalidProof: the token opens no invitation; `reason` says why.
            NotAuthenticated: the access token is missing or dead.
            PasswordChangeRequired: the user must change the password first.
            InsufficientScope: the access token is a service's.
            AlreadyMember: the user is a member already.
            InvalidRequest: the user has 20 tenants.
            EmailTaken: another user of the tenant has the user's address.
            Conflict: the user, or who made the invitation, was changed at the same moment.
        """
        return self.enter(self.open(token, tenant_id), self.authorize(replace(credentials, cookie=())))
