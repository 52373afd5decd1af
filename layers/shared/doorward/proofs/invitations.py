"""Accept an invitation: as somebody new, or as a user who signed in."""

from __future__ import annotations

from dataclasses import dataclass, replace

from doorward.accounts.membership import MAX_TENANTS
from doorward.authorization import Authorize, RequestCredentials
from doorward.errors import (
    AlreadyMember,
    InsufficientScope,
    InvalidRequest,
    InvalidToken,
    PasswordChangeRequired,
)
from doorward.model import (
    Membership,
    TenantId,
    UserRecord,
    is_service,
)
from doorward.proofs.invited import MakeInvitedUser, NewMember, OpenInvitation
from doorward.rules.names import fold_email
from doorward.sessions.begin import BeginSession, SignedIn
from doorward.stores import UserWriter


@dataclass(frozen=True, slots=True)
class AcceptInvitation(MakeInvitedUser):
    """Makes members of who was invited, new or not.

    A user who exists is recognised by an access token, and never by a cookie: a page of another site could make a
    browser send one.
    """

    writer: UserWriter
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
        found = self.open(token, tenant_id)
        invitation, before = found.invitation, self._caller(credentials)
        if before.membership(invitation.tenant_id) is not None:
            raise AlreadyMember
        if len(before.memberships) >= MAX_TENANTS:
            raise InvalidRequest(f"A user is in at most {MAX_TENANTS} tenants.")
        self.admission(invitation.tenant_id, before.user.id)
        after = self._joined(found, before)
        # No tokens are cut off: who was no member has none there that live.
        self.writer.change(before, after, proofs=self.changes(found, before.user.id))
        self.record(found, before.user.id, new=False)
        return after.memberships[-1]

    def _caller(self, credentials: RequestCredentials) -> UserRecord:
        principal = self.authorize(replace(credentials, cookie=()))
        if principal.restriction == "password_change_required":
            raise PasswordChangeRequired
        if is_service(principal.user_id):
            raise InsufficientScope("A service is no member of a tenant.")
        record = self.users.get(principal.user_id)
        if record is None or record.user.status != "active":
            raise InvalidToken(reason="user_is_gone")
        return record

    def _joined(self, found: OpenInvitation, before: UserRecord) -> UserRecord:
        invitation, now_ms = found.invitation, self.clock()
        member = Membership(invitation.tenant_id, before.user.id, invitation.roles, "active", now_ms)
        own = fold_email(before.user.email or "") == invitation.folded
        proved = own and found.proof.mails
        verified = before.user.email_verified_at_ms or (now_ms if proved else None)
        user = replace(
            before.user,
            tenant_ids=(*before.user.tenant_ids, invitation.tenant_id),
            email_verified_at_ms=verified,
            email_given_in=None if proved else before.user.email_given_in,
            version=before.user.version + 1,
        )
        return UserRecord(user, (*before.memberships, member))
