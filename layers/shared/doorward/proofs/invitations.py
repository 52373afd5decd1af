"""Accept an invitation: as somebody new, or as a user who signed in."""

from __future__ import annotations

from dataclasses import dataclass, replace

from doorward import audit
from doorward.accounts.access import words_about
from doorward.accounts.create import CreateUser
from doorward.accounts.membership import MAX_TENANTS
from doorward.authorization import Authorize, RequestCredentials
from doorward.errors import (
    AlreadyMember,
    InsufficientScope,
    InvalidProof,
    InvalidRequest,
    InvalidToken,
    PasswordChangeRequired,
)
from doorward.model import (
    Admission,
    Clock,
    Membership,
    SessionId,
    SessionRef,
    TenantId,
    TenantPolicy,
    User,
    UserId,
    UserRecord,
    is_service,
)
from doorward.model.changes import NewUser
from doorward.model.invitations import Invitation
from doorward.model.proofs import Acceptance, InvitationId, Proof, ProofChanges
from doorward.proofs.check import CheckProof, Presented
from doorward.rules.invitations import is_open, may_invite
from doorward.rules.names import fold_email
from doorward.rules.tenancy import admitted_subject
from doorward.sessions.begin import BeginSession, Client, SignedIn
from doorward.stores import Directory, InvitationStore, PolicyStore, UserReader, UserWriter
from doorward.tokens.ids import mint_ulid


@dataclass(frozen=True, slots=True)
class NewMember:
    """What somebody new says of themselves.

    Args:
        client: what asks.
        password: the first password; None where the tenant lets nobody sign in with one.
        username: within the tenant; the id if absent.
        display_name: the name to be shown.
    """

    client: Client
    password: str | None = None
    username: str | None = None
    display_name: str | None = None


@dataclass(frozen=True, slots=True)
class _Open:
    """An invitation that can be accepted: with its proof, and who stands for it."""

    invitation: Invitation
    proof: Proof
    made_by: User


@dataclass(frozen=True, slots=True)
class AcceptInvitation:
    """Makes members of who was invited.

    The membership, the use of the proof and the end of the invitation are one transaction. Whoever holds the link is
    whom it lets in. A user who exists is recognised by an access token, and never by a cookie: a page of another site
    could make a browser send one.
    """

    check: CheckProof
    invitations: InvitationStore
    users: UserReader
    writer: UserWriter
    directory: Directory
    policies: PolicyStore
    create: CreateUser
    begin: BeginSession
    authorize: Authorize
    clock: Clock

    def as_new_user(self, token: str, tenant_id: TenantId | None, member: NewMember) -> SignedIn:
        """Make a user who is a member with the invitation's roles, and begin a session.

        The address counts as proved if the link was mailed to it.

        Args:
            token: of the link.
            tenant_id: the tenant that the invitation must be of; None for any.
            member: what the new user says.

        Raises:
            InvalidProof: the token opens no invitation; `reason` says why.
            InvalidRequest, UnacceptableName, WeakPassword: a name or the password breaks a rule, or it is missing.
            UsernameTaken, EmailTaken: a name is not free.
            Conflict: who made the invitation was changed at the same moment.
            NotInitialised: the deployment has no keys.
        """
        found = self._open(token, tenant_id)
        tenant_id, user_id = found.invitation.tenant_id, UserId(mint_ulid())
        self._admission(tenant_id, user_id)
        record = self._compose(found, user_id, member)
        self._judge(record, member, self.policies.get(tenant_id))
        self.create.store(record, member.password, self._changes(found, user_id))
        self._record(found, user_id, new=True)
        admission = self._admission(tenant_id, user_id)
        subject = admitted_subject(admission, SessionRef(tenant_id, user_id, SessionId(mint_ulid())))
        if subject is None:
            raise _refused("disabled_meanwhile")
        return self.begin(admission, subject, member.client, first=True)

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
        found = self._open(token, tenant_id)
        invitation, before = found.invitation, self._caller(credentials)
        if before.membership(invitation.tenant_id) is not None:
            raise AlreadyMember
        if len(before.memberships) >= MAX_TENANTS:
            raise InvalidRequest(f"A user is in at most {MAX_TENANTS} tenants.")
        self._admission(invitation.tenant_id, before.user.id)
        after = self._joined(found, before)
        # No tokens are cut off: who was no member has none there that live.
        self.writer.change(before, after, proofs=self._changes(found, before.user.id))
        self._record(found, before.user.id, new=False)
        return after.memberships[-1]

    def _open(self, token: str, tenant_id: TenantId | None) -> _Open:
        proof = self.check("invitation", Presented(token))
        if tenant_id not in {None, proof.tenant_id}:
            raise _refused("another_tenant")
        invitation_id = InvitationId(proof.details.get("invitation_id", ""))
        invitation = self.invitations.get(proof.tenant_id, invitation_id)
        if invitation is None or not is_open(invitation, proof.id, self.clock()):
            raise _refused("not_pending")
        made_by = self.users.get(invitation.made_by)
        if made_by is None or not may_invite(made_by, invitation.tenant_id):
            raise _refused("inviter_is_no_administrator")
        return _Open(invitation, proof, made_by.user)

    def _admission(self, tenant_id: TenantId, user_id: UserId) -> Admission:
        """Return what admits a user to a tenant. Nobody enters while the tenant is disabled.

        This is read before the write: as a condition of it, all who enter one tenant would be in each other's way. Who
        enters at the moment of disabling is not let in all the same.
        """
        admission = self.directory.get_admission(tenant_id, user_id)
        if admission.tenant_status != "active":
            raise _refused("tenant_is_not_active")
        return admission

    def _judge(self, record: UserRecord, member: NewMember, policy: TenantPolicy) -> None:
        takes_passwords = "password" in policy.sign_in.methods
        if takes_passwords and member.password is None:
            raise InvalidRequest("Choose a password, or send an access token if you have an account.")
        if not takes_passwords and member.password is not None:
            raise InvalidRequest("Nobody signs in to this tenant with a password.")
        if member.password is not None:
            self.create.judge(member.password, words_about(record), least_length=policy.least_password_length)

    def _compose(self, found: _Open, user_id: UserId, member: NewMember) -> UserRecord:
        invitation = found.invitation
        profile = {"email": invitation.email, "display_name": member.display_name, "locale": invitation.locale}
        wanted = NewUser(member.password or "", member.username, profile, invitation.roles)
        record = self.create.compose(wanted, invitation.tenant_id, plain_name=False, user_id=user_id)
        proved_at_ms = record.user.created_at_ms if found.proof.mails else None
        given_in = None if found.made_by.platform_admin else invitation.tenant_id
        user = replace(record.user, email_verified_at_ms=proved_at_ms, email_given_in=given_in)
        return replace(record, user=user)

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

    def _joined(self, found: _Open, before: UserRecord) -> UserRecord:
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

    def _changes(self, found: _Open, user_id: UserId) -> ProofChanges:
        acceptance = Acceptance(
            tenant_id=found.invitation.tenant_id,
            invitation_id=found.invitation.id,
            proof_id=found.proof.id,
            accepted_by=user_id,
            made_by=found.made_by.id,
            made_by_version=found.made_by.version,
            at_ms=self.clock(),
        )
        return ProofChanges(self.check.use_of(found.proof), accepts=acceptance)

    @staticmethod
    def _record(found: _Open, user_id: UserId, *, new: bool) -> None:
        invitation = found.invitation
        ids = {"tenant_id": invitation.tenant_id, "invitation_id": invitation.id, "user_id": user_id}
        audit.record("invitation_accepted", **ids, invited_by=invitation.made_by, new_user=new)


def _refused(reason: str) -> InvalidProof:
    audit.record("proof_refused", kind="invitation", reason=reason)
    return InvalidProof(reason=reason)
