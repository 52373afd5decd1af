"""Change one's address: the new one is proved first, and the old one can undo it."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, replace

from doorward import audit
from doorward.accounts.prove import ProvePassword
from doorward.errors import EmailTaken, InvalidProof, InvalidRequest, NotFound
from doorward.model import Clock, Principal, User, UserRecord
from doorward.model.proofs import Proof, ProofChanges
from doorward.proofs.ask import AskForProof
from doorward.proofs.check import CheckProof, Presented
from doorward.proofs.subjects import FindSubject
from doorward.rules.names import check_email, fold_email
from doorward.rules.passwords import PasswordHasher
from doorward.rules.proofs import LIFE_SECONDS, is_proved_by_owner, with_proved_address, without_older_proofs
from doorward.rules.revocation import cut_off_user
from doorward.rules.throttles import Attempt
from doorward.stores import RevocationStore, UserReader, UserWriter
from doorward.tokens.proofs import MintProofs, Notices


@dataclass(frozen=True, slots=True)
class AskForEmailChange:
    """Mails a link and a code to the new address, and a notice to the old one."""

    ask: AskForProof
    prove: ProvePassword
    users: UserReader
    notices: Notices

    def __call__(self, principal: Principal, email: str, current_password: str, source: str) -> str:
        """Return the challenge id, with which the code works. Whether the address is taken, nobody learns here.

        Args:
            principal: the caller.
            email: the new address.
            current_password: proves that the session is not a thief's.
            source: the source address.

        Raises:
            NotFound: the caller is no user.
            UnacceptableName: it is no address.
            InvalidRequest: the caller has the address already.
            WrongPassword, TooManyAttempts: the password was not proved, or too many mails were asked for.
        """
        record = self.users.get(principal.user_id)
        if record is None:
            raise NotFound
        user, address = record.user, check_email(email)
        if user.email == address:
            raise InvalidRequest("This is your address already.")
        began_ms = self.ask.clock()  # a password that is changed meanwhile kills the proof
        self.prove(principal, current_password, "Changing the e-mail address")
        return self.ask(
            "email_change",
            principal.tenant_id,
            Attempt(source, f"user:{user.id}"),
            user_id=user.id,
            email=fold_email(address),
            address=address,
            locale=user.locale,
            made_at_ms=began_ms,
            told=self.notices("email_change_asked", user, {"new": address, "source": source}),
        )


@dataclass(frozen=True, slots=True)
class ChangeEmail:
    """Changes the address when the new one is proved, and changes it back when the old one's reader says so."""

    check: CheckProof
    find: FindSubject
    users: UserWriter
    revocations: RevocationStore
    mint: MintProofs
    notices: Notices
    hasher: PasswordHasher
    clock: Clock

    def __call__(self, presented: Presented) -> None:
        """Take the new address. The old one gets a link that undoes this for 72 hours.

        Raises:
            InvalidProof: what is presented proves nothing, or the address is taken by now.
            Conflict: somebody changed the user at the same moment. The proof can be used again.
        """
        proof = self.check("email_change", presented)
        before = self._find(proof)
        after = self._moved(before.user, proof)
        told = self._undo_of(before.user, after) or self.notices("email_changed", before.user)
        changes = ProofChanges(self.check.use_of(proof), told)
        with audit.act("email_changed", user_id=after.id, tenant_id=proof.tenant_id):
            try:
                self.users.change(before, UserRecord(after, before.memberships), proofs=changes)
            except EmailTaken as error:
                raise InvalidProof(reason=error.code) from error

    def undo(self, presented: Presented) -> None:
        """Take the old address back.

        Whoever changed it may have the password and a session. So all sessions end, the password works no longer, and
        the old address gets a link to set a new one.

        Raises:
            InvalidProof: what is presented proves nothing, or an older change was undone already.
            EmailTaken: somebody else has the old address now.
            Conflict: somebody changed the user at the same moment. The proof can be used again.
        """
        proof = self.check("email_undo", presented)
        before = self._find(proof)
        moved = self._moved(before.user, proof)
        after = _with_undone(moved, proof)
        reset = self.mint(
            "password_reset", after.home_tenant_id, user_id=after.id, locale=after.locale, address=after.email
        )
        # The link comes of this change, which kills those that came before.
        reset = replace(reset, made_at_ms=after.proofs_from_ms)
        states = self.revocations.get_states(after.realms, after.id)
        with audit.act("email_change_undone", user_id=after.id, tenant_id=proof.tenant_id):
            self.users.change(
                before,
                UserRecord(after, before.memberships),
                password_hash=self.hasher.hash(secrets.token_urlsafe(32)),
                cutoffs=cut_off_user(after.id, states, after.updated_at_ms, ends_sessions=True),
                proofs=ProofChanges(self.check.use_of(proof), (reset,)),
            )

    def _find(self, proof: Proof) -> UserRecord:
        record = self.find(proof)
        if record is None or proof.address is None:
            raise InvalidProof(reason="not_for_this_user")
        return record

    def _moved(self, user: User, proof: Proof) -> User:
        now_ms = self.clock()
        moved = replace(user, email=proof.address, updated_at_ms=now_ms, version=user.version + 1)
        # The same address in other letters needs to kill nothing, but its links are as good as any.
        killed = without_older_proofs(user, moved, password_changed=True)
        return with_proved_address(killed, now_ms, by_owner=True)

    def _undo_of(self, before: User, after: User) -> tuple[Proof, ...]:
        # An address that its user never proved may be an administrator's, or a typing error's.
        if before.email is None or not is_proved_by_owner(before):
            return ()
        if fold_email(before.email) == fold_email(after.email or ""):
            return ()
        return (
            self.mint(
                "email_undo",
                before.home_tenant_id,
                user_id=before.id,
                address=before.email,
                email=fold_email(before.email),
                locale=before.locale,
                details={"new": after.email or ""},
            ),
        )


def _with_undone(user: User, proof: Proof) -> User:
    """Return a user with the time between the making and the use of a link that undoes: links from then are dead.

    The oldest link counts for as long as links live: whoever has the oldest was there before the others.
    """
    now_ms = user.updated_at_ms
    recent = now_ms - user.undone_until_ms < LIFE_SECONDS["email_undo"] * 1000
    oldest_ms = min(proof.made_at_ms, user.undone_from_ms) if recent else proof.made_at_ms
    return replace(user, undone_from_ms=oldest_ms, undone_until_ms=now_ms)
