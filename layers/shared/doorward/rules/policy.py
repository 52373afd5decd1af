"""What a tenant's policy allows."""

from __future__ import annotations

from doorward.model import TenantPolicy
from doorward.rules.names import fold_email


def may_sign_up(policy: TenantPolicy, email: str) -> bool:
    """Return whether the policy lets somebody with this address sign up."""
    if policy.sign_up == "domain":
        return fold_email(email).rpartition("@")[2] in policy.domains
    return policy.sign_up == "open"
