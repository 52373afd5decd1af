"""What the lists of administrators show of each thing."""

from __future__ import annotations

from typing import Any

from doorward.model import ServiceToken, Tenant
from doorward.model.invitations import Invitation
from doorward.rules.invitations import shown_status
from doorward_pages.administration import minute


def invitation_row(invitation: Invitation, now_ms: int) -> dict[str, Any]:
    """Return what the list shows of an invitation."""
    return {
        "id": invitation.id,
        "email": invitation.email,
        "roles": invitation.roles,
        "status": shown_status(invitation, now_ms),
        "can_be_sent": invitation.status == "pending",
        "expires": minute(invitation.expires_at_ms),
    }


def token_row(token: ServiceToken, now_ms: int) -> dict[str, Any]:
    """Return what the list shows of a service token, which is never the token itself."""
    state = "expired" if token.expires_at * 1000 <= now_ms else "live"
    return {
        "id": token.id,
        "service": token.name,
        "created": minute(token.created_at_ms),
        "expires": minute(token.expires_at * 1000),
        "state": state if token.revoked_at_ms is None else "revoked",
    }


def tenant_row(tenant: Tenant) -> dict[str, Any]:
    """Return what the list shows of a tenant."""
    return {
        "id": tenant.id,
        "called": tenant.name,
        "disabled": tenant.status == "disabled",
        "leaving": tenant.deletion_began_at_ms is not None,
        "created": minute(tenant.created_at_ms),
    }
