"""Set a new password with a link or a code, in place of one that is lost."""

from __future__ import annotations

from dataclasses import dataclass, replace

from doorward import audit
from doorward.accounts.access import find, owns, resolve, tenant_of, words_about
from doorward.accounts.new_passwords import JudgeNewPassword
from doorward.errors import InsufficientScope, InvalidProof, InvalidRequest, NotFound
from doorward.model import PLATFORM, Clock, Principal, UserRecord
from doorward.model.proofs import Proof, ProofChanges
from doorward.proofs.ask import AskForProof
from doorward.proofs.check import CheckProof, Presented
from doorward.proofs.subjects import FindSubject, is_of_one_tenant, may_be_mailed
from doorward.rules.factors import require_sure
from doorward.rules.invitations import may_invite
from doorward.rules.passwords import PasswordHasher
from doorward.rules.proofs import with_proved_address, without_older_proofs
from doorward.rules.revocation import cut_off_user
from doorward.rules.throttles import Attempt
from doorward.stores import AttemptStore, PolicyStore, ProofStore, RevocationStore, SignInName, UserWriter
from doorward.tokens.proofs import Notices


@dataclass(frozen=True, slots=True)
class AskForReset:
    """Lets somebody, or an administrator for somebody, ask for a new password. The administrator never learns it."""

    ask: AskForProof
    find: FindSubject
    proofs: ProofStore
    mail_is_on: bool

    def __call__(self, name: SignInName, source: str, locale: str | None = None) -> str:
        """Mail a link and a code to whoever has the name, and return the challenge id.

        Args:
            name: as it was presented.
            source: the source address.
            locale: the language of the mail, if the caller said one.

        Raises:
            TooManyAttempts: too many mails were asked for.
        """
        tenant_id = name.realm or name.tenant_id or PLATFORM
        attempt = Attempt(source, name.presented)
        if name.realm is not None:
            return self.ask("password_reset", tenant_id, attempt, email=name.folded, locale=locale)
        return self.ask("password_reset", tenant_id, attempt, username=name.folded, locale=locale)

    def for_user(self, principal: Principal, user_id: str, source: str, *, as_link: bool) -> str | None:
        """Mail a link to a user on behalf of an administrator, or return the link's token.

        Args:
            principal: the administrator.
            user_id: the user.
            source: the source address.
            as_link: whether the administrator gets the token, and passes it on.

        Raises:
            NotFound, InsufficientScope: the caller may not see the user, or may not set the user's password.
            InsufficientAuthentication: the caller's sign-in is older than an hour, or not sure enough.
            InvalidRequest: nothing can be mailed to the user, or the caller asked for their own.
            TooManyAttempts: too many mails were asked for.
        """
        record = find(self.find.users, principal, resolve(principal, user_id))
        if record.user.id == principal.user_id:
            raise InvalidRequest("Change your own password with PATCH /users/me.")
        if not owns(principal, record.user) or not (is_of_one_tenant(record) or principal.is_platform_admin):
            # The password opens the other tenants too, which never agreed to this administrator.
            raise InsufficientScope
        require_sure(principal, self.ask.clock())
        if record.user.status != "active":
            raise NotFound("The user is disabled.")
        if not as_link and not (self.mail_is_on and may_be_mailed(record)):
            raise InvalidRequest('Nothing can be mailed to this user. Ask with "deliver": "link".')
        if not as_link:
            self.ask.require_room(Attempt(source, f"user:{record.user.id}"), "password_reset")
        proof = self.ask.mint(
            "password_reset",
            record.user.home_tenant_id,
            user_id=record.user.id,
            made_by=principal.user_id,
            locale=record.user.locale,
            mails=not as_link,
        )
        ids = {"tenant_id": tenant_of(principal, record), "user_id": record.user.id, "by": principal.user_id}
        with audit.act("password_reset_asked", **ids, as_link=as_link):
            self.proofs.add(proof)
        return self.ask.mint.texts.token(proof) if as_link else None


@dataclass(frozen=True, slots=True)
class ResetPassword:
    """Sets the new password: all sessions end, and other links and codes die (OWASP Forgot Password Cheat Sheet)."""

    check: CheckProof
    find: FindSubject
    users: UserWriter
    revocations: RevocationStore
    attempts: AttemptStore
    policies: PolicyStore
    hasher: PasswordHasher
    judge: JudgeNewPassword
    notices: Notices
    clock: Clock

    def __call__(self, presented: Presented, password: str) -> None:
        """Set the password of the user that a proof is of.

        Raises:
            InvalidProof: what is presented proves nothing, or the user may not reset a password by it.
            WeakPassword: the password breaks a rule. The proof can be used again.
            Conflict: somebody changed the user at the same moment. The proof can be used again.
        """
        proof = self.check("password_reset", presented)
        before = self.find(proof)
        if before is None or not self._may_reset(proof, before):
            raise InvalidProof(reason="not_for_this_user")
        policy = self.policies.get(before.user.home_tenant_id)
        self.judge(password, words_about(before), least_length=policy.least_password_length)
        with audit.act("password_reset", user_id=before.user.id, tenant_id=proof.tenant_id, asked_by=proof.made_by):
            self._store(proof, before, password)
            self.attempts.clear_failures(before.user.id)

    def _may_reset(self, proof: Proof, record: UserRecord) -> bool:
        """Return whether the proof may still set the password.

        The user may have moved to another tenant, and who made a link may administer nothing any more.
        """
        if proof.mails:
            return may_be_mailed(record)
        maker = self.find.users.get(proof.made_by) if proof.made_by else None
        if maker is None or not may_invite(maker, record.user.home_tenant_id):
            return False
        return maker.user.platform_admin or (is_of_one_tenant(record) and proof.tenant_id == record.user.home_tenant_id)

    def _store(self, proof: Proof, before: UserRecord, password: str) -> None:
        now_ms, user = self.clock(), before.user
        changed = replace(user, password_change_required=False, updated_at_ms=now_ms, version=user.version + 1)
        if proof.mails:
            changed = with_proved_address(changed, now_ms, by_owner=False)
        after = UserRecord(without_older_proofs(user, changed, password_changed=True), before.memberships)
        states = self.revocations.get_states(user.realms, user.id)
        self.users.change(
            before,
            after,
            password_hash=self.hasher.hash(password),
            cutoffs=cut_off_user(user.id, states, now_ms, ends_sessions=True),
            proofs=ProofChanges(self.check.use_of(proof), self.notices("password_changed", user)),
        )
