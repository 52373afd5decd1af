"""Make a user of somebody new who was invited."""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import dataclass, replace

from doorward import audit
from doorward.accounts.access import words_about
from doorward.accounts.create import CreateUser
from doorward.errors import (
    InvalidProof,
    InvalidRequest,
)
from doorward.model import (
    Admission,
    Clock,
    SessionId,
    SessionRef,
    Subject,
    TenantId,
    TenantPolicy,
    User,
    UserId,
    UserRecord,
)
from doorward.model.changes import NewUser
from doorward.model.invitations import Invitation
from doorward.model.proofs import Acceptance, InvitationId, Proof, ProofChanges
from doorward.proofs.check import CheckProof, Presented
from doorward.rules.invitations import is_open, may_invite
from doorward.rules.tenancy import admitted_subject
from doorward.sessions.begin import Client
from doorward.stores import Directory, InvitationStore, PolicyStore, UserReader
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
class OpenInvitation:
    """An invitation that can be accepted: with its proof, and who stands for it."""

    invitation: Invitation
    proof: Proof
    made_by: User


@dataclass(frozen=True, slots=True)
class MakeInvitedUser:
    """Makes users of who was invited and is new; begins no session.

    The membership, the use of the proof and the end of the invitation are one transaction. Whoever holds the link is
    whom it lets in.
    """

    check: CheckProof
    invitations: InvitationStore
    users: UserReader
    directory: Directory
    policies: PolicyStore
    create: CreateUser
    clock: Clock

    def make(self, token: str, tenant_id: TenantId | None, member: NewMember) -> tuple[Admission, Subject]:
        """Make a user with the invitation's roles; return what admits the new user, and who that is in a new session.

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
        found = self.open(token, tenant_id)
        tenant_id, user_id = found.invitation.tenant_id, UserId(mint_ulid())
        self.admission(tenant_id, user_id)
        record = self._compose(found, user_id, member)
        self._judge(record, member, self.policies.get(tenant_id))
        with self.accepting(found, user_id, new=True):
            self.create.store(record, member.password, self.changes(found, user_id))
        admission = self.admission(tenant_id, user_id)
        subject = admitted_subject(admission, SessionRef(tenant_id, user_id, SessionId(mint_ulid())))
        if subject is None:
            raise refused("disabled_meanwhile")
        return admission, subject

    def open(self, token: str, tenant_id: TenantId | None) -> OpenInvitation:
        """Return the invitation that a token opens.

        Args:
            token: of the link.
            tenant_id: the tenant that the invitation must be of; None for any.

        Raises:
            InvalidProof: the token opens none; `reason` says why.
        """
        proof = self.check("invitation", Presented(token))
        if tenant_id not in {None, proof.tenant_id}:
            raise refused("another_tenant")
        invitation_id = InvitationId(proof.details.get("invitation_id", ""))
        invitation = self.invitations.get(proof.tenant_id, invitation_id)
        if invitation is None or not is_open(invitation, proof.id, self.clock()):
            raise refused("not_pending")
        made_by = self.users.get(invitation.made_by)
        if made_by is None or not may_invite(made_by, invitation.tenant_id):
            raise refused("inviter_is_no_administrator")
        return OpenInvitation(invitation, proof, made_by.user)

    def admission(self, tenant_id: TenantId, user_id: UserId) -> Admission:
        """Return what admits a user to a tenant. Nobody enters while the tenant is disabled.

        Raises:
            InvalidProof: it is disabled, or gone.

        This is read before the write: as a condition of it, all who enter one tenant would be in each other's way. Who
        enters at the moment of disabling is not let in all the same.
        """
        admission = self.directory.get_admission(tenant_id, user_id)
        if admission.tenant_status != "active":
            raise refused("tenant_is_not_active")
        return admission

    def _judge(self, record: UserRecord, member: NewMember, policy: TenantPolicy) -> None:
        takes_passwords = "password" in policy.sign_in.methods
        if takes_passwords and member.password is None:
            raise InvalidRequest("Choose a password, or send an access token if you have an account.")
        if not takes_passwords and member.password is not None:
            raise InvalidRequest("Nobody signs in to this tenant with a password.")
        if member.password is not None:
            self.create.judge(member.password, words_about(record), least_length=policy.least_password_length)

    def _compose(self, found: OpenInvitation, user_id: UserId, member: NewMember) -> UserRecord:
        invitation = found.invitation
        profile = {"email": invitation.email, "display_name": member.display_name, "locale": invitation.locale}
        wanted = NewUser(member.password or "", member.username, profile, invitation.roles)
        record = self.create.compose(wanted, invitation.tenant_id, plain_name=False, user_id=user_id)
        proved_at_ms = record.user.created_at_ms if found.proof.mails else None
        given_in = None if found.made_by.platform_admin else invitation.tenant_id
        user = replace(record.user, email_verified_at_ms=proved_at_ms, email_given_in=given_in)
        return replace(record, user=user)

    def changes(self, found: OpenInvitation, user_id: UserId) -> ProofChanges:
        """Return what becomes of the invitation and its proof when a user accepts it."""
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
    def accepting(found: OpenInvitation, user_id: UserId, *, new: bool) -> AbstractContextManager[audit.Act]:
        """Return what records that a user accepts an invitation."""
        invitation = found.invitation
        ids = {"tenant_id": invitation.tenant_id, "invitation_id": invitation.id, "user_id": user_id}
        return audit.act("invitation_accepted", **ids, invited_by=invitation.made_by, new_user=new)


def refused(reason: str) -> InvalidProof:
    """Return the refusal of an invitation; the audit log tells of it."""
    audit.record("proof_refused", kind="invitation", reason=reason)
    return InvalidProof(reason=reason)
