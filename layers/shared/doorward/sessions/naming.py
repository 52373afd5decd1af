"""From what somebody sent as a name to the name that is looked up."""

from __future__ import annotations

from doorward.errors import InvalidRequest
from doorward.model import TenantId
from doorward.rules import names
from doorward.stores import SignInName


def name_of(username: str | None, email: str | None, tenant_id: TenantId | None) -> SignInName:
    """Return the name that is looked up.

    Args:
        username: as it was sent; this or `email`.
        email: as it was sent.
        tenant_id: the tenant of the path or of the body, or the deployment's default.

    Raises:
        InvalidRequest: an e-mail address without a tenant to look it up in.
    """
    if email is None:
        return SignInName(names.fold(username or ""), tenant_id=tenant_id)
    if tenant_id is None:
        raise InvalidRequest("An e-mail address needs a tenant_id.")
    return SignInName(names.fold_email(email), tenant_id)
