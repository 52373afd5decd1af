"""Check what somebody presents: the token of a link, or a code with its challenge id."""

from __future__ import annotations

from dataclasses import dataclass

from doorward import audit
from doorward.errors import InvalidProof
from doorward.model import Clock
from doorward.model.proofs import Proof, ProofKind, ProofUse
from doorward.rules.proofs import is_unused
from doorward.rules.throttles import Throttles
from doorward.stores import AttemptStore, ProofStore
from doorward.tokens.proofs import ProofTexts


@dataclass(frozen=True, slots=True)
class Presented:
    """What somebody presents: a token, or a challenge id and a code; and the tenant of the path, if it names one."""

    token: str | None = None
    challenge_id: str | None = None
    code: str | None = None
    tenant_id: str | None = None


@dataclass(frozen=True, slots=True)
class CheckProof:
    """Recognises proofs. Only the change that a proof allows uses the proof up, in one transaction with it."""

    proofs: ProofStore
    texts: ProofTexts
    attempts: AttemptStore
    throttles: Throttles
    clock: Clock

    def __call__(self, kind: ProofKind, presented: Presented, *, same_browser: bool = False) -> Proof:
        """Return the proof that is presented.

        Args:
            kind: what it must be for.
            presented: as it was sent.
            same_browser: whether a token works only beside the challenge id, which whoever asked has. A link that
                signs in must not work elsewhere: a stranger could sign somebody in to the stranger's own account.

        Raises:
            InvalidProof: it is none, or works no longer; `reason` says why.
            NotInitialised: the deployment has no MAC key yet.
        """
        try:
            proof = self._checked(kind, presented, same_browser=same_browser)
            _require_tenant(proof, presented.tenant_id)
        except InvalidProof as error:
            audit.record("proof_refused", kind=kind, reason=error.reason)
            raise
        return proof

    def use_of(self, proof: Proof) -> ProofUse:
        """Return the use of a proof now, for the transaction of what it allows."""
        return ProofUse(proof.id, self.clock())

    def _checked(self, kind: ProofKind, presented: Presented, *, same_browser: bool) -> Proof:
        if presented.token is None:
            return self._by_code(kind, presented.challenge_id or "", presented.code or "")
        proof_id = self.texts.read_token(presented.token, kind)
        if same_browser and self.texts.read_challenge_id(presented.challenge_id or "", kind) != proof_id:
            raise InvalidProof(reason="another_browser")
        proof = self.proofs.get(proof_id)
        if proof is None or not is_unused(proof, self.clock()):
            raise InvalidProof(reason="used_or_ended")
        return proof

    def _by_code(self, kind: ProofKind, challenge_id: str, code: str) -> Proof:
        proof_id = self.texts.read_challenge_id(challenge_id, kind)
        # Counted first: of many guesses at the same moment, only five are looked at.
        proof = self.proofs.count_try(proof_id, self.clock())
        if proof is None:
            raise InvalidProof(reason="code_works_no_longer")
        counter = self.throttles.of_codes(_name_of(proof), self.clock())
        if self.attempts.count(counter) is not None:
            raise InvalidProof(reason="too_many_wrong_codes")
        if not self.texts.is_code(proof, code):
            raise InvalidProof(reason="wrong_code")
        self.attempts.uncount(counter)
        return proof


def _require_tenant(proof: Proof, tenant_id: str | None) -> None:
    if tenant_id not in {None, proof.tenant_id}:
        raise InvalidProof(reason="another_tenant")


def _name_of(proof: Proof) -> str:
    """Return for whom wrong codes are counted: the name that was presented, whether or not it is somebody's."""
    return f"{proof.tenant_id}:{proof.email or proof.username or proof.user_id}"
