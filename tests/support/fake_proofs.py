"""Proofs and policies in memory: the second implementation that the contract tests hold to the same promises."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from doorward.errors import Conflict, TenantNotFound, Unavailable
from doorward.model import TenantId, TenantPolicy, UserId
from doorward.model.factors import Factors
from doorward.model.proofs import Proof, ProofChanges, ProofId, ProofUse
from doorward.rules.proofs import MAX_TRIES, code_ends_at_ms, is_unused
from tests.support.fakes import World

_LEASE_MS = 60_000


@dataclass
class MemoryProofs:
    world: World

    def add(self, proof: Proof, used: ProofUse | None = None, *, told: Sequence[Proof] = ()) -> None:
        with self.world.lock:
            self.world.require_proof(ProofChanges(used))
            self.world.apply_proofs(ProofChanges(used))
            self.world.proofs.update({one.id: one for one in (proof, *told)})

    def get(self, proof_id: ProofId) -> Proof | None:
        return self.world.proofs.get(proof_id)

    def count_try(self, proof_id: ProofId, now_ms: int) -> Proof | None:
        with self.world.lock:
            proof = self.world.proofs.get(proof_id)
            if proof is None or not is_unused(proof, now_ms) or now_ms >= code_ends_at_ms(proof):
                return None
            if proof.tries >= MAX_TRIES:
                return None
            proof = self.world.proofs[proof_id] = replace(proof, tries=proof.tries + 1)
            return proof

    def begin_mail(self, proof_id: ProofId, now_ms: int) -> Proof | None:
        with self.world.lock:
            until_ms = self.world.mails.get(proof_id, 0)
            if proof_id not in self.world.proofs or until_ms is None:
                return None
            if until_ms >= now_ms:
                raise Unavailable(reason="mail:somebody_sends_it")
            self.world.mails[proof_id] = now_ms + _LEASE_MS
            return self.world.proofs[proof_id]

    def end_mail(self, proof_id: ProofId, now_ms: int) -> None:
        del now_ms
        if proof_id in self.world.proofs:
            self.world.mails[proof_id] = None

    def release_mail(self, proof_id: ProofId) -> None:
        self.world.mails.pop(proof_id, None)


@dataclass
class MemoryFactors:
    world: World

    def get(self, user_id: UserId) -> Factors:
        return self.world.factors.get(user_id, Factors())


@dataclass
class MemoryPolicies:
    world: World

    def get(self, tenant_id: TenantId) -> TenantPolicy:
        return self.world.policies.get(tenant_id, TenantPolicy())

    def change(self, tenant_id: TenantId, after: TenantPolicy) -> None:
        with self.world.lock:
            if not self.world.is_open(tenant_id):
                raise TenantNotFound
            if self.get(tenant_id).version != after.version - 1:
                raise Conflict
            self.world.policies[tenant_id] = after
