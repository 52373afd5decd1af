"""The links that mails hold."""

from __future__ import annotations

from urllib.parse import urlencode

from doorward.model import PLATFORM, TenantId
from doorward.model.proofs import ProofKind


def proof_link(link_url: str, kind: ProofKind, token: str, tenant_id: TenantId) -> str:
    """Return the link of a proof: to a page that asks before it uses the token, for mail scanners follow links.

    Args:
        link_url: the URL below which the pages are, one for each kind.
        kind: what the proof is for.
        token: the proof's token.
        tenant_id: the tenant that the proof is of; PLATFORM for none.
    """
    tenant = {} if tenant_id == PLATFORM else {"tenant": tenant_id}
    return f"{link_url.rstrip('/')}/{kind.replace('_', '-')}?{urlencode({'token': token, **tenant})}"
