"""Change a user: profile, password, status, roles."""

from __future__ import annotations

from dataclasses import dataclass, replace

from doorward import audit
from doorward.accounts.access import VisibleUser, find, owns, relation_to, resolve, show, tenant_of, words_about
from doorward.accounts.new_passwords import JudgeNewPassword
from doorward.accounts.prove import ProvePassword
from doorward.errors import (
    InsufficientScope,
    InvalidRequest,
    OwnAccount,
    PasswordChangeRequired,
    WeakPassword,
)
from doorward.model import Clock, Cutoff, Membership, Principal, TenantId, UserRecord
from doorward.model.changes import UserChanges
from doorward.model.proofs import Proof, ProofChanges
from doorward.rules.factors import require_sure
from doorward.rules.fields import MEMBERSHIP, PROFILE, Relation, changeable_by, needs_password
from doorward.rules.names import fold_email
from doorward.rules.passwords import PasswordHasher
from doorward.rules.proofs import without_older_proofs
from doorward.rules.revocation import cut_off_user
from doorward.rules.tenancy import check_roles, is_admin
from doorward.stores import AttemptStore, PolicyStore, RevocationStore, UserReader, UserWriter
from doorward.tokens.proofs import Notices, once_an_hour

_GIVES_POWER = frozenset({"roles", "password", "email"})
"""What lets somebody else act: a change of these for another user needs a young sign-in."""


@dataclass(frozen=True, slots=True)
class ChangeUser:
    """UserChanges users, with the revocations that a change implies, in one transaction."""

    reader: UserReader
    writer: UserWriter
    revocations: RevocationStore
    attempts: AttemptStore
    prove: ProvePassword
    hasher: PasswordHasher
    judge: JudgeNewPassword
    policies: PolicyStore
    notices: Notices
    clock: Clock

    def __call__(self, principal: Principal, user_id: str, changes: UserChanges) -> VisibleUser:
        """Change a user on behalf of a caller.

        Users change their own profile; e-mail and password only with the current password. The home
        tenant's administrators change all; those of another tenant the membership alone.

        Args:
            principal: the caller.
            user_id: the user, or `me`.
            changes: what to change.

        Raises:
            InsufficientScope, NotFound: the caller may not see or not change this.
            InsufficientAuthentication: the sign-in is too old to change somebody's roles, password or address.
            OwnAccount: administrators do not disable or demote themselves.
            WrongPassword, TooManyAttempts: the current password was not proved.
            WeakPassword, UnacceptableName, InvalidRequest: a new value breaks a rule.
            EmailTaken, Conflict: another user, or another change, was first.
        """
        before = find(self.reader, principal, resolve(principal, user_id))
        self._permit(principal, before, changes)
        if principal.user_id == before.user.id and any(map(needs_password, changes.names)):
            self.prove(principal, changes.current_password, "Changing the e-mail address or the password")
        after = self._apply(principal, before, changes)
        password_hash = self._new_hash(before, changes)
        cutoffs = self._cutoffs(principal, before, changes)
        keep_admin_in = principal.keep_admin_in(before.user.tenant_ids)
        ids = {"tenant_id": tenant_of(principal, before), "user_id": before.user.id, "by": principal.user_id}
        with audit.act("user_changed", **ids, fields=",".join(sorted(changes.names))):
            self.writer.change(
                before,
                after,
                password_hash=password_hash,
                cutoffs=cutoffs,
                keep_admin_in=keep_admin_in,
                proofs=ProofChanges(made=self._told(before, after, changes)),
            )
            if password_hash is not None:
                self.attempts.clear_failures(before.user.id)  # they were guesses of another password
        return show(principal, after)

    def least_password_length(self, principal: Principal) -> int:
        """Return how many characters a new password of the caller has at least.

        Raises:
            NotFound: the caller is no user.
        """
        record = find(self.reader, principal, principal.user_id)
        policy = self.policies.get(record.user.home_tenant_id)
        return max(self.judge.min_length, policy.least_password_length or 0)

    def _told(self, before: UserRecord, after: UserRecord, changes: UserChanges) -> tuple[Proof, ...]:
        """Return the mails that the user gets at the address that was the user's before the change."""
        told = self.notices("password_changed", before.user) if changes.password is not None else ()
        if fold_email(before.user.email or "") != fold_email(after.user.email or ""):
            told += self.notices("email_changed", before.user)
        return tuple(map(once_an_hour, told))

    def _permit(self, principal: Principal, before: UserRecord, changes: UserChanges) -> None:
        relation = relation_to(principal, before.user)
        own = relation is Relation.SELF
        if not changes.names:
            raise InvalidRequest("Name at least one field to change.")
        if principal.restriction == "password_change_required" and not (own and "password" in changes.names):
            raise PasswordChangeRequired
        if own and self.notices.mail_is_on and "email" in changes.names:
            raise InvalidRequest("Change your address with POST /users/me/email: the new one must be proved.")
        if own and changes.names & MEMBERSHIP.keys() and is_admin(principal, principal.tenant_id):
            raise OwnAccount
        if not changes.names <= changeable_by(relation):
            raise InsufficientScope
        shared = len(before.user.tenant_ids) > 1
        if not own and changes.names & _GIVES_POWER:
            require_sure(principal, self.clock())
        if "password" in changes.names and shared and not (own or principal.is_platform_admin):
            # The password opens the other tenants too, which never agreed to this administrator.
            raise InsufficientScope

    def _apply(self, principal: Principal, before: UserRecord, changes: UserChanges) -> UserRecord:
        values = {name: PROFILE[name].checked(value) for name, value in changes.values.items() if name in PROFILE}
        if changes.password is not None:
            # Whoever sets a password for somebody else knows the password.
            values["password_change_required"] = principal.user_id != before.user.id
        if "password_change_required" in changes.names:
            values["password_change_required"] = changes.values["password_change_required"]
        if changes.status is not None and owns(principal, before.user):
            values["status"] = changes.status
        user = replace(before.user, version=before.user.version + 1, **values)
        if values:
            user = replace(user, updated_at_ms=self.clock())
        user = without_older_proofs(before.user, user, password_changed=changes.password is not None)
        if fold_email(user.email or "") != fold_email(before.user.email or ""):
            own = principal.user_id == user.id or principal.is_platform_admin
            user = replace(user, email_given_in=None if own else principal.tenant_id)
        if not self._touches_membership(principal, before, changes):
            return UserRecord(user, before.memberships)
        here = self._tenant(principal, before)
        amended = (
            self._amend(member, principal, before, changes) if member.tenant_id == here else member
            for member in before.memberships
        )
        return UserRecord(user, tuple(amended))

    def _new_hash(self, before: UserRecord, changes: UserChanges) -> str | None:
        if changes.password is None:
            return None
        policy = self.policies.get(before.user.home_tenant_id)
        words = words_about(before, changes.values.get("email"))
        self.judge(changes.password, words, least_length=policy.least_password_length)
        if changes.password == changes.current_password:
            raise WeakPassword("The new password must be another one.")
        return self.hasher.hash(changes.password)

    def _cutoffs(self, principal: Principal, before: UserRecord, changes: UserChanges) -> tuple[Cutoff, ...]:
        user, now_ms = before.user, self.clock()
        disabled = changes.status == "disabled"
        ends_sessions = changes.password is not None or disabled
        everywhere = changes.password is not None or changes.values.get("password_change_required") is True
        if everywhere or (disabled and owns(principal, user)):
            realms = user.realms
        elif self._touches_membership(principal, before, changes):
            realms = (self._tenant(principal, before),)
        else:
            return ()
        states = self.revocations.get_states(realms, user.id)
        spared = principal.session_ref if principal.user_id == user.id else None
        return cut_off_user(user.id, states, now_ms, ends_sessions=ends_sessions, spared=spared)

    @staticmethod
    def _touches_membership(principal: Principal, before: UserRecord, changes: UserChanges) -> bool:
        guest_status = changes.status is not None and not owns(principal, before.user)
        enabling = changes.status == "active" and bool(before.memberships)
        return "roles" in changes.names or guest_status or enabling

    @staticmethod
    def _tenant(principal: Principal, before: UserRecord) -> TenantId:
        tenant_id = principal.tenant_id
        if principal.is_platform_admin and before.membership(tenant_id) is None:
            tenant_id = before.user.home_tenant_id
        if before.membership(tenant_id) is None:
            raise InvalidRequest("The user is in no such tenant; assign the tenant first.")
        return tenant_id

    @staticmethod
    def _amend(member: Membership, principal: Principal, before: UserRecord, changes: UserChanges) -> Membership:
        if "roles" in changes.names:
            member = replace(member, roles=check_roles(changes.values["roles"]))
        # To let somebody in again, a membership that was disabled before has to be enabled too.
        if changes.status is not None and (changes.status == "active" or not owns(principal, before.user)):
            member = replace(member, status=changes.status)
        return member
