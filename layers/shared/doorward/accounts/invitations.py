"""Invite people to a tenant, and take invitations back."""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from typing import Literal

from doorward import audit
from doorward.errors import EmailTaken, InvalidRequest, NotFound, TooManyAttempts
from doorward.model import USER, Clock, Principal, TenantId
from doorward.model.invitations import Invitation
from doorward.model.proofs import InvitationId, Proof, ProofId
from doorward.rules.factors import require_sure
from doorward.rules.names import check_email, check_locale, fold_email, is_ulid
from doorward.rules.tenancy import check_roles, require_own_admin
from doorward.rules.throttles import Throttles
from doorward.stores import AttemptStore, Directory, InvitationStore, Page, SignInName, TenantStore
from doorward.tokens.ids import mint_ulid
from doorward.tokens.proofs import MintProofs

Delivery = Literal["mail", "link"]


@dataclass(frozen=True, slots=True)
class NewInvitation:
    """What an administrator asks for.

    Args:
        email: the address.
        roles: in the tenant; `user` if absent.
        locale: the language of the mail, and of the user.
        deliver: by mail, or by a link that the administrator hands over; by mail if absent and if mail is on.
    """

    email: str
    roles: tuple[str, ...] | None = None
    locale: str | None = None
    deliver: Delivery | None = None


@dataclass(frozen=True, slots=True)
class SentInvitation:
    """An invitation, and the token that accepts it if the administrator hands it over; None if it is mailed."""

    invitation: Invitation
    token: str | None


@dataclass(frozen=True, slots=True)
class AdministerInvitations:
    """Makes, lists, sends again and revokes invitations of one tenant at a time.

    Whoever made an invitation, or sent it again last, stands for it: it dies with their rights.
    """

    invitations: InvitationStore
    tenants: TenantStore
    directory: Directory
    mint: MintProofs
    attempts: AttemptStore
    throttles: Throttles
    clock: Clock
    mail_is_on: bool

    def make(self, principal: Principal, tenant_id: TenantId, wanted: NewInvitation) -> SentInvitation:
        """Invite an address. A pending invitation of the same address is revoked.

        Raises:
            InsufficientScope, NotFound: the caller does not administer this tenant, or it is disabled.
            InsufficientAuthentication: the caller's sign-in is older than an hour, or not sure enough.
            InvalidRequest, UnacceptableName: the address, a role or the language breaks a rule, or mail is off.
            EmailTaken: the address is a member's already.
            TooManyAttempts: the tenant, or this address in it, had too many invitations.
            Conflict: somebody else invited the address at the same moment.
        """
        require_own_admin(principal, tenant_id)
        require_sure(principal, self.clock())
        email, roles = check_email(wanted.email), (USER,) if wanted.roles is None else check_roles(wanted.roles)
        locale = check_locale(wanted.locale) if wanted.locale else None
        mails, folded = self._mails(wanted.deliver), fold_email(email)
        self._require_room(tenant_id, folded)
        last = self.invitations.find(tenant_id, folded)
        draft = Invitation(
            tenant_id=tenant_id,
            id=InvitationId(mint_ulid()),
            email=email,
            folded=folded,
            roles=roles,
            locale=locale,
            made_by=principal.user_id,
            created_at_ms=self.clock(),
            expires_at_ms=0,
            proof_id=ProofId(""),
        )
        invitation, proof = self._with_proof(draft, mails=mails)
        with _told("invitation_made", invitation, proof):
            self.invitations.add(invitation, proof, last)
        return self._sent(invitation, proof)

    def many(self, principal: Principal, tenant_id: TenantId, limit: int, after: str | None) -> Page[Invitation]:
        """Return a page of the tenant's invitations, the newest first.

        Raises:
            InsufficientScope, NotFound: the caller does not administer this tenant.
        """
        require_own_admin(principal, tenant_id)
        return self.invitations.list_by_tenant(tenant_id, limit, after)

    def resend(
        self, principal: Principal, tenant_id: TenantId, invitation_id: str, deliver: Delivery | None = None
    ) -> SentInvitation:
        """Send an invitation again, for another week. The link so far is dead, and the caller stands for it from now.

        Raises:
            InsufficientScope, NotFound: the caller does not administer this tenant, or it has no such invitation that
                is pending.
            InsufficientAuthentication: the caller's sign-in is older than an hour, or not sure enough.
            InvalidRequest: mail is off.
            EmailTaken, TooManyAttempts: see `make`.
            Conflict: it was accepted, revoked or sent again at the same moment.
        """
        require_own_admin(principal, tenant_id)
        require_sure(principal, self.clock())
        mails = self._mails(deliver)
        before = self.invitations.get(tenant_id, InvitationId(invitation_id)) if is_ulid(invitation_id) else None
        if before is None or before.status != "pending":
            raise NotFound
        self._require_room(tenant_id, before.folded)
        after, proof = self._with_proof(replace(before, made_by=principal.user_id), mails=mails)
        with _told("invitation_resent", after, proof):
            self.invitations.renew(before, after, proof)
        return self._sent(after, proof)

    def revoke(self, principal: Principal, tenant_id: TenantId, invitation_id: str) -> None:
        """Revoke an invitation that nobody accepted; repeating it changes nothing.

        Raises:
            InsufficientScope, NotFound: the caller does not administer this tenant, or it has no such invitation.
        """
        require_own_admin(principal, tenant_id)
        with audit.act("invitation_revoked", tenant_id=tenant_id, invitation_id=invitation_id, by=principal.user_id):
            if not is_ulid(invitation_id) or not self.invitations.revoke(tenant_id, InvitationId(invitation_id)):
                raise NotFound

    def _mails(self, deliver: Delivery | None) -> bool:
        if deliver == "mail" and not self.mail_is_on:
            raise InvalidRequest("This deployment sends no mail. Ask for a link, and hand it over yourself.")
        return self.mail_is_on and deliver != "link"

    def _require_room(self, tenant_id: TenantId, folded: str) -> None:
        tenant = self.tenants.get(tenant_id)
        if tenant is None or tenant.status != "active":
            raise NotFound
        if self.directory.look_up(SignInName(folded, tenant_id), []).target is not None:
            raise EmailTaken("This address is a member's already.")
        for counter in self.throttles.of_invitations(tenant_id, folded, self.clock()):
            limit = self.attempts.count(counter)
            if limit is not None:
                audit.record("invitation_throttled", tenant_id=tenant_id, by=counter.key.partition("#")[0])
                raise TooManyAttempts(limit.retry_after_seconds(self.clock()))

    def _with_proof(self, draft: Invitation, *, mails: bool) -> tuple[Invitation, Proof]:
        """Return an invitation with a new proof, which lives as long, and the proof."""
        proof = self.mint(
            "invitation",
            draft.tenant_id,
            email=draft.folded,
            address=draft.email,
            locale=draft.locale,
            roles=draft.roles,
            made_by=draft.made_by,
            details={"invitation_id": draft.id},
            mails=mails,
        )
        return replace(draft, proof_id=proof.id, expires_at_ms=proof.expires_at_ms), proof

    def _sent(self, invitation: Invitation, proof: Proof) -> SentInvitation:
        return SentInvitation(invitation, None if proof.mails else self.mint.texts.token(proof))


def _told(event: str, invitation: Invitation, proof: Proof) -> AbstractContextManager[audit.Act]:
    """Return what records that an invitation is sent."""
    ids = {"tenant_id": invitation.tenant_id, "invitation_id": invitation.id, "by": invitation.made_by}
    return audit.act(event, **ids, mailed=proof.mails)
