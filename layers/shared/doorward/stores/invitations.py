"""The storage that invitations need."""

from __future__ import annotations

from typing import Protocol

from doorward.model import TenantId
from doorward.model.invitations import Invitation
from doorward.model.proofs import InvitationId, Proof
from doorward.stores.users import Page


class InvitationStore(Protocol):
    """Invitations, each with the proof that accepts it.

    `UserWriter` accepts them (`ProofChanges.accepts`). Some weeks after its end an invitation is forgotten.
    """

    def get(self, tenant_id: TenantId, invitation_id: InvitationId) -> Invitation | None:
        """Return an invitation, from a consistent read."""

    def find(self, tenant_id: TenantId, folded: str) -> Invitation | None:
        """Return the last invitation of a folded address, whatever became of it, from consistent reads."""

    def list_by_tenant(self, tenant_id: TenantId, limit: int, after: str | None) -> Page[Invitation]:
        """Return a tenant's invitations, the newest first."""

    def add(self, invitation: Invitation, proof: Proof, last: Invitation | None) -> None:
        """Store a new invitation and its proof. An address has at most one pending invitation in a tenant.

        Args:
            invitation: the new one.
            proof: what accepts it.
            last: what `find` returned; if that is pending, it is revoked.

        Raises:
            Conflict: the address was invited, or `last` was accepted or revoked, at the same moment.
        """

    def renew(self, before: Invitation, after: Invitation, proof: Proof) -> None:
        """Give a pending invitation, that was read as `before`, another proof. The proof so far is dead.

        Raises:
            Conflict: it was accepted, revoked or renewed meanwhile.
        """

    def revoke(self, tenant_id: TenantId, invitation_id: InvitationId) -> bool:
        """Revoke an invitation unless it was accepted; repeating it changes nothing.

        Returns:
            False if there is none that can be revoked.
        """
