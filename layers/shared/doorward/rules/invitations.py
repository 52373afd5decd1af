"""Who may invite, and what an invitation still is."""

from __future__ import annotations

from typing import Literal

from doorward.model import TenantId, UserRecord
from doorward.model.invitations import Invitation
from doorward.model.proofs import ProofId
from doorward.rules.tenancy import administers

KEPT_SECONDS = 30 * 86_400
"""How long an invitation is listed after it has ended. Then nothing is left of the address."""


def may_invite(record: UserRecord | None, tenant_id: TenantId) -> bool:
    """Return whether a user is an active administrator of a tenant or of the platform."""
    platform = record is not None and record.user.platform_admin and record.user.status == "active"
    return platform or administers(record, tenant_id)


def is_open(invitation: Invitation, proof_id: ProofId, now_ms: int) -> bool:
    """Return whether an invitation can be accepted with a proof."""
    return invitation.status == "pending" and invitation.proof_id == proof_id and now_ms < invitation.expires_at_ms


def shown_status(invitation: Invitation, now_ms: int) -> Literal["pending", "accepted", "revoked", "expired"]:
    """Return what an invitation is now: one that is pending and has ended is expired."""
    if invitation.status == "pending" and now_ms >= invitation.expires_at_ms:
        return "expired"
    return invitation.status
