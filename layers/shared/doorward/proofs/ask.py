"""Ask for a mail with a link and a code."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from doorward import audit
from doorward.errors import TooManyAttempts
from doorward.model import Clock, TenantId
from doorward.model.proofs import Proof, ProofKind
from doorward.rules.throttles import Attempt, Throttles
from doorward.stores import AttemptStore, ProofStore
from doorward.tokens.proofs import MintProofs


@dataclass(frozen=True, slots=True)
class AskForProof:
    """Makes proofs for whoever asks.

    The same is read and written whether or not somebody has the name. Only the mail, which leaves later and elsewhere,
    depends on it. So neither answers nor times tell who has an account (OWASP Forgot Password Cheat Sheet).
    """

    proofs: ProofStore
    mint: MintProofs
    attempts: AttemptStore
    throttles: Throttles
    clock: Clock

    def __call__(
        self,
        kind: ProofKind,
        tenant_id: TenantId,
        attempt: Attempt,
        *,
        told: tuple[Proof, ...] = (),
        **rest: Any,  # noqa: ANN401 - as Proof
    ) -> str:
        """Store a proof, and return its challenge id, with which its code works.

        Args:
            kind: what the proof is for.
            tenant_id: the tenant that it is of.
            attempt: the source, and the name as it was presented.
            told: notices that somebody asked, which are stored with the proof.
            rest: further members of the proof.

        Raises:
            TooManyAttempts: too many mails were asked for, to this name or from this source.
            NotInitialised: the deployment has no MAC key yet.
        """
        self.require_room(attempt, kind)
        proof = self.mint(kind, tenant_id, **rest)
        self.proofs.add(proof, told=told)
        audit.record("proof_asked", kind=kind, tenant_id=tenant_id, proof_id=proof.id)
        return self.mint.texts.challenge_id(proof)

    def require_room(self, attempt: Attempt, kind: ProofKind) -> None:
        """Count a mail that somebody asks for.

        Raises:
            TooManyAttempts: too many mails were asked for, to this name or from this source.
        """
        for counter in self.throttles.of_mails(attempt, self.clock()):
            limit = self.attempts.count(counter)
            if limit is not None:
                audit.record("mail_throttled", kind=kind, by=counter.key.partition("#")[0])
                raise TooManyAttempts(limit.retry_after_seconds(self.clock()))
