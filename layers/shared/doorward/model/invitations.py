"""Invitations: how somebody becomes a member of a tenant without being made by an administrator."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from doorward.model.identities import TenantId, UserId
from doorward.model.proofs import InvitationId, ProofId

InvitationStatus = Literal["pending", "accepted", "revoked"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Invitation:
    """One address that may enter a tenant, with roles, once.

    Args:
        tenant_id: the tenant.
        id: the invitation.
        email: the address, as the administrator typed it.
        folded: the address in the form in which addresses are compared.
        roles: of the membership that it gives.
        locale: the language of its mail, and of the user that it makes.
        made_by: the administrator who stands for it: who made it, or sent it again last.
        created_at_ms: when it was made.
        expires_at_ms: when it ends.
        status: whether it can still be accepted, until it ends.
        proof_id: the one proof that accepts it. Those that were sent before are dead.
        accepted_by: the user who accepted it.
    """

    tenant_id: TenantId
    id: InvitationId
    email: str
    folded: str
    roles: tuple[str, ...]
    locale: str | None = None
    made_by: UserId
    created_at_ms: int
    expires_at_ms: int
    status: InvitationStatus = "pending"
    proof_id: ProofId
    accepted_by: UserId | None = None
