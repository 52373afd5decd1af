"""Prove that one reads the mail of one's address."""

from __future__ import annotations

from dataclasses import dataclass, replace

from doorward import audit
from doorward.errors import InvalidProof, InvalidRequest, NotFound
from doorward.model import Clock, Principal, UserRecord
from doorward.model.proofs import ProofChanges
from doorward.proofs.ask import AskForProof
from doorward.proofs.check import CheckProof, Presented
from doorward.proofs.subjects import FindSubject
from doorward.rules.names import fold_email
from doorward.rules.proofs import with_proved_address
from doorward.rules.throttles import Attempt
from doorward.stores import UserReader, UserWriter


@dataclass(frozen=True, slots=True)
class AskForVerification:
    """Mails a link and a code to the caller's own address."""

    ask: AskForProof
    users: UserReader

    def __call__(self, principal: Principal, source: str, locale: str | None = None) -> str:
        """Return the challenge id, with which the code works.

        Raises:
            NotFound: the caller is no user.
            InvalidRequest: the caller has no address.
            TooManyAttempts: too many mails were asked for.
        """
        record = self.users.get(principal.user_id)
        if record is None:
            raise NotFound
        user = record.user
        if user.email is None:
            raise InvalidRequest("You have no e-mail address.")
        return self.ask(
            "verify_email",
            principal.tenant_id,
            Attempt(source, f"user:{user.id}"),
            user_id=user.id,
            email=fold_email(user.email),
            address=user.email,
            locale=locale or user.locale,
        )


@dataclass(frozen=True, slots=True)
class VerifyEmail:
    """Marks an address as proved."""

    check: CheckProof
    find: FindSubject
    users: UserWriter
    clock: Clock

    def __call__(self, presented: Presented) -> None:
        """Mark the address to which the proof was mailed.

        Raises:
            InvalidProof: what is presented proves nothing, or the user has another address by now.
            Conflict: somebody changed the user at the same moment. The proof can be used again.
        """
        proof = self.check("verify_email", presented)
        before = self.find(proof)
        if before is None or fold_email(before.user.email or "") != proof.email:
            raise InvalidProof(reason="another_address")
        user = before.user
        verified = with_proved_address(replace(user, version=user.version + 1), self.clock(), by_owner=True)
        after = UserRecord(verified, before.memberships)
        with audit.act("email_verified", user_id=user.id, tenant_id=proof.tenant_id):
            self.users.change(before, after, proofs=ProofChanges(used=self.check.use_of(proof)))
