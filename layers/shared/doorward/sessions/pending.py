"""Let a sign-in wait for its second factor."""

from __future__ import annotations

from dataclasses import dataclass

from doorward import audit
from doorward.errors import SecondFactorRequired
from doorward.model import Admission, Method, Subject
from doorward.model.proofs import ProofUse
from doorward.rules.proofs import SECOND_FACTOR_SECONDS
from doorward.stores import ProofStore
from doorward.tokens.proofs import MintProofs


@dataclass(frozen=True, slots=True)
class AskForFactor:
    """Remembers that somebody proved the first factor, and asks for the second.

    The challenge id goes to whoever proved the first factor, and to nobody else. Without it no code is looked at.
    """

    mint: MintProofs
    proofs: ProofStore

    def __call__(
        self, admission: Admission, subject: Subject, method: Method, client_id: str | None, used: ProofUse | None
    ) -> SecondFactorRequired:
        """Store the challenge, and return the error that tells of it.

        Args:
            admission: what would let the user in.
            subject: who would enter.
            method: by what the first factor was proved.
            client_id: of the client that asks, if it says so: the session will be the client's.
            used: the use of the proof that was the first factor, where it is one that works once.

        Raises:
            InvalidProof: that proof was used or has ended.
            NotInitialised: the deployment has no MAC key yet.
        """
        details = {"method": method, **({"client_id": client_id} if client_id else {})}
        proof = self.mint("second_factor", subject.tenant_id, user_id=subject.user_id, details=details, mails=False)
        self.proofs.add(proof, used)
        audit.record("second_factor_asked", tenant_id=subject.tenant_id, user_id=subject.user_id)
        factors = admission.user.factors if admission.user else ()
        return SecondFactorRequired(self.mint.texts.challenge_id(proof), factors, SECOND_FACTOR_SECONDS)
