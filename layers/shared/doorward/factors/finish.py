"""Finish a sign-in that waits for its second factor."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import cast

from doorward.errors import InvalidProof, InvalidSecondFactor
from doorward.factors.prove import PresentedFactor, ProveFactor, told_use
from doorward.model import Clock, Method, SessionId, SessionRef, TenantId
from doorward.model.proofs import Proof, ProofChanges, ProofUse
from doorward.rules.factors import first_amr, merged_amr
from doorward.rules.proofs import outdated
from doorward.rules.tenancy import admitted_subject
from doorward.sessions.begin import BeginSession, Client, SignedIn
from doorward.stores import AttemptStore, Directory, ProofStore
from doorward.tokens.ids import mint_ulid
from doorward.tokens.proofs import ProofTexts


@dataclass(frozen=True, slots=True)
class FinishSignIn:
    """Begins the session of who proved the first factor before, and proves a second one now.

    The session, the use of the challenge and the use of the factor are one transaction. So one code opens one session,
    however many ask at once.
    """

    proofs: ProofStore
    texts: ProofTexts
    directory: Directory
    attempts: AttemptStore
    prove: ProveFactor
    begin: BeginSession
    clock: Clock

    def __call__(
        self, challenge_id: str, presented: PresentedFactor, client: Client, tenant_id: TenantId | None = None
    ) -> SignedIn:
        """Begin the session.

        Args:
            challenge_id: that the first factor was answered with. It takes five tries.
            presented: the second factor, as it was sent.
            client: what asks. The session is that client's which proved the first factor, if that one had a name.
            tenant_id: the tenant of the path, if it names one.

        Raises:
            InvalidSecondFactor: the factor or the challenge proves nothing, or it was used.
            TooManyAttempts: too many wrong codes.
        """
        proof = self._count_try(challenge_id, tenant_id)
        user_id, method = proof.user_id, cast("Method", proof.details["method"])
        if user_id is None:
            raise InvalidSecondFactor(reason="malformed_challenge")
        ref = SessionRef(proof.tenant_id, user_id, SessionId(mint_ulid()))
        admission = self.directory.get_admission(ref.tenant_id, user_id)
        subject = admitted_subject(admission, ref)
        if subject is None or admission.user is None or outdated(proof, admission.user):
            raise InvalidSecondFactor(reason="not_admitted")
        device = self.begin.devices.read(client.device_token)
        known = device if device and device.user_id == user_id else None
        proven = self.prove(user_id, presented, client.source, known, proof.tenant_id)
        client = replace(client, client_id=proof.details.get("client_id", client.client_id))
        used = ProofChanges(ProofUse(proof.id, self.clock()), factors=proven.change)
        amr = merged_amr(first_amr(method), proven.amr)
        try:
            with told_use(proven, presented, proof.tenant_id, user_id):
                signed_in = self.begin(admission, subject, client, known, used, method=method, amr=amr)
        except InvalidProof as error:
            raise InvalidSecondFactor(reason="used_meanwhile") from error
        if admission.failures:
            self.attempts.clear_failures(user_id)
        return signed_in

    def _count_try(self, challenge_id: str, tenant_id: TenantId | None) -> Proof:
        """Return the challenge; of many tries at the same moment, only five are looked at."""
        try:
            proof = self.proofs.count_try(self.texts.read_challenge_id(challenge_id, "second_factor"), self.clock())
        except InvalidProof as error:
            raise InvalidSecondFactor(reason=error.reason) from error
        if proof is None or tenant_id not in {None, proof.tenant_id}:
            raise InvalidSecondFactor(reason="challenge_works_no_longer")
        return proof
