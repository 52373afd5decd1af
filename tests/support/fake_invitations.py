"""Invitations in memory: the second implementation that the contract tests hold to the same promises."""

from __future__ import annotations

from dataclasses import dataclass, replace

from doorward.errors import Conflict
from doorward.model import TenantId
from doorward.model.invitations import Invitation
from doorward.model.proofs import InvitationId, Proof
from doorward.stores import Page
from tests.support.fakes import World


@dataclass
class MemoryInvitations:
    world: World

    def get(self, tenant_id: TenantId, invitation_id: InvitationId) -> Invitation | None:
        return self.world.invitations.get((tenant_id, invitation_id))

    def find(self, tenant_id: TenantId, folded: str) -> Invitation | None:
        found = self.world.invited.get((tenant_id, folded))
        return None if found is None else self.get(tenant_id, found)

    def list_by_tenant(self, tenant_id: TenantId, limit: int, after: str | None) -> Page[Invitation]:
        with self.world.lock:
            newest = sorted(self.world.invitations.values(), key=lambda one: one.id, reverse=True)
            rest = [one for one in newest if one.tenant_id == tenant_id and (after is None or one.id < after)]
            shown = tuple(rest[:limit])
            return Page(shown, shown[-1].id if len(rest) > limit else None)

    def add(self, invitation: Invitation, proof: Proof, last: Invitation | None) -> None:
        with self.world.lock:
            found = self.find(invitation.tenant_id, invitation.folded)
            if (found.id if found else None) != (last.id if last else None):
                raise Conflict
            if last is not None and last.status == "pending":
                if found is None or found.status != "pending":
                    raise Conflict
                self._put(replace(found, status="revoked"))
            self._put(invitation)
            self.world.invited[invitation.tenant_id, invitation.folded] = invitation.id
            self.world.proofs[proof.id] = proof

    def renew(self, before: Invitation, after: Invitation, proof: Proof) -> None:
        with self.world.lock:
            found = self.get(before.tenant_id, before.id)
            if found is None or found.status != "pending" or found.proof_id != before.proof_id:
                raise Conflict
            self._put(after)
            self.world.proofs[proof.id] = proof

    def revoke(self, tenant_id: TenantId, invitation_id: InvitationId) -> bool:
        with self.world.lock:
            found = self.get(tenant_id, invitation_id)
            if found is None or found.status == "accepted":
                return False
            self._put(replace(found, status="revoked"))
            return True

    def _put(self, invitation: Invitation) -> None:
        self.world.invitations[invitation.tenant_id, invitation.id] = invitation
