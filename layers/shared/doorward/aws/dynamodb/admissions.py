"""What admits somebody, as it lies in the tables."""

from __future__ import annotations

from collections.abc import Sequence

from doorward.aws.dynamodb.database import Place
from doorward.aws.dynamodb.items import (
    KEYS_REVOCATIONS_KEY,
    Item,
    Tables,
    membership_key,
    session_key,
    tenant_key,
    tenant_revocations_key,
    user_key,
    user_revocations_key,
)
from doorward.aws.dynamodb.shapes import (
    KID_PREFIX,
    suffixes,
    to_membership,
    to_revocation_state,
    to_session,
    to_tenant,
    to_user,
)
from doorward.model import Admission, Epochs, SessionRef, TenantId, UserId


def admission_places(tables: Tables, tenant_id: TenantId, user_id: UserId) -> list[Place]:
    """Return where everything lies that decides whether a user is let into a realm."""
    return [
        (tables.users, user_key(user_id)),
        (tables.users, membership_key(tenant_id, user_id)),
        (tables.users, tenant_key(tenant_id)),
        (tables.revocations, user_revocations_key(tenant_id, user_id)),
        (tables.revocations, tenant_revocations_key(tenant_id)),
        (tables.revocations, KEYS_REVOCATIONS_KEY),
    ]


def session_places(tables: Tables, ref: SessionRef) -> list[Place]:
    """Return the places of an admission, and that of a session behind them."""
    return [*admission_places(tables, ref.tenant_id, ref.user_id), (tables.refresh_tokens, session_key(ref))]


def to_admission(
    items: Sequence[Item | None], *, password_hash: str | None = None, session: Item | None = None
) -> Admission:
    """Return the admission of the items at `admission_places`."""
    user, membership, tenant, user_revocations, tenant_revocations, keys = items
    state = to_revocation_state(user_revocations)
    return Admission(
        user=to_user(user),
        password_hash=password_hash,
        membership=to_membership(membership),
        tenant=to_tenant(tenant),
        session=to_session(session),
        epochs=Epochs(
            state.min_epoch, (tenant_revocations or {}).get("min_epoch", 0), (keys or {}).get("min_epoch", 0)
        ),
        sessions_from=state.sessions_min_epoch,
        revoked_kids=suffixes(keys or {}, KID_PREFIX),
    )
