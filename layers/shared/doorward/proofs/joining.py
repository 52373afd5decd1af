"""Accept an invitation as a user who exists."""

from __future__ import annotations

from dataclasses import dataclass, replace

from doorward.accounts.membership import MAX_TENANTS
from doorward.errors import (
    AlreadyMember,
    CrossSiteRequest,
    EnrolmentRequired,
    InsufficientScope,
    InvalidRequest,
    InvalidToken,
    PasswordChangeRequired,
)
from doorward.model import Membership, Principal, TenantId, UserRecord, is_service
from doorward.proofs.invited import MakeInvitedUser, OpenInvitation
from doorward.rules.names import fold_email
from doorward.stores import UserWriter


@dataclass(frozen=True, slots=True)
class JoinByInvitation(MakeInvitedUser):
    """Makes members of users who were invited; begins no session."""

    writer: UserWriter

    def join(self, token: str, tenant_id: TenantId | None, principal: Principal) -> Membership:
        """Make a user a member with the invitation's roles, and return the membership.

        A page of another site could make a browser send a cookie. So whoever recognises the user by one must know that
        a page of Doorward itself sent the request.

        Args:
            token: of the link.
            tenant_id: the tenant that the invitation must be of; None for any.
            principal: who is calling.

        Raises:
            InvalidProof: the token opens no invitation; `reason` says why.
            CrossSiteRequest: a page of another site sent the request.
            PasswordChangeRequired: the user must change the password first.
            EnrolmentRequired: the user must prove or enrol a second factor first.
            InsufficientScope: the caller is a service.
            InvalidToken: the user is gone, or disabled.
            AlreadyMember: the user is a member already.
            InvalidRequest: the user has 20 tenants.
            EmailTaken: another user of the tenant has the user's address.
            Conflict: the user, or who made the invitation, was changed at the same moment.
        """
        return self.enter(self.open(token, tenant_id), principal)

    def enter(self, found: OpenInvitation, principal: Principal) -> Membership:
        """Make a user a member by an invitation that `open` returned; otherwise the same as `join`."""
        invitation, before = found.invitation, self._record_of(principal)
        if before.membership(invitation.tenant_id) is not None:
            raise AlreadyMember
        if len(before.memberships) >= MAX_TENANTS:
            raise InvalidRequest(f"A user is in at most {MAX_TENANTS} tenants.")
        self.admission(invitation.tenant_id, before.user.id)
        after = self._joined(found, before)
        # No tokens are cut off: who was no member has none there that live.
        with self.accepting(found, before.user.id, new=False):
            self.writer.change(before, after, proofs=self.changes(found, before.user.id))
        return after.memberships[-1]

    def _record_of(self, principal: Principal) -> UserRecord:
        if principal.restriction == "cross_site_request":
            raise CrossSiteRequest
        if principal.restriction == "password_change_required":
            raise PasswordChangeRequired
        if principal.restriction == "second_factor_required":
            raise EnrolmentRequired
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
