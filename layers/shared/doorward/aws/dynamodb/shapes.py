"""Between the model and the items of the tables."""

from __future__ import annotations

from typing import Any

from doorward.aws.dynamodb.items import Item
from doorward.model import (
    Epochs,
    Membership,
    RevocationState,
    ServiceToken,
    Session,
    SessionRef,
    Tenant,
    TenantId,
    User,
)

SESSION_PREFIX = "sid:"
TOKEN_PREFIX = "jti:"  # noqa: S105 - the prefix of an attribute name
KID_PREFIX = "kid:"


def user_attributes(user: User) -> dict[str, Any]:
    """Return the attributes of a user's item, without its key."""
    return {
        "user_id": user.id,
        "username": user.username,
        "email": user.email,
        "display_name": user.display_name,
        "status": user.status,
        "tenant_ids": user.tenant_ids,
        "platform_admin": user.platform_admin,
        "password_change_required": user.password_change_required,
        "created_at_ms": user.created_at_ms,
        "updated_at_ms": user.updated_at_ms,
        "version": user.version,
        "listing": "users",
    }


def to_user(item: Item | None) -> User | None:
    """Return the user of an item."""
    if item is None:
        return None
    return User(
        id=item["user_id"],
        username=item["username"],
        email=item.get("email"),
        display_name=item.get("display_name"),
        status=item["status"],
        tenant_ids=tuple(item["tenant_ids"]),
        platform_admin=item["platform_admin"],
        password_change_required=item["password_change_required"],
        created_at_ms=item["created_at_ms"],
        updated_at_ms=item["updated_at_ms"],
        version=item["version"],
    )


def membership_attributes(membership: Membership) -> dict[str, Any]:
    """Return the attributes of a membership's item, without its key."""
    return {
        "tenant_id": membership.tenant_id,
        "user_id": membership.user_id,
        "roles": membership.roles,
        "status": membership.status,
        "created_at_ms": membership.created_at_ms,
    }


def to_membership(item: Item | None) -> Membership | None:
    """Return the membership of an item."""
    if item is None:
        return None
    return Membership(
        tenant_id=item["tenant_id"],
        user_id=item["user_id"],
        roles=tuple(item["roles"]),
        status=item["status"],
        created_at_ms=item["created_at_ms"],
    )


def tenant_attributes(tenant: Tenant) -> dict[str, Any]:
    """Return the attributes of a tenant's item, without its key."""
    return {
        "tenant_id": tenant.id,
        "name": tenant.name,
        "status": tenant.status,
        "created_at_ms": tenant.created_at_ms,
        "version": tenant.version,
        "listing": "tenants",
    }


def to_tenant(item: Item | None) -> Tenant | None:
    """Return the tenant of an item."""
    if item is None:
        return None
    return Tenant(TenantId(item["tenant_id"]), item["name"], item["status"], item["created_at_ms"], item["version"])


def session_attributes(session: Session) -> dict[str, Any]:
    """Return the attributes of a session's item, without its key; `expires_at` is the table's TTL."""
    return {
        "tenant_id": session.ref.tenant_id,
        "user_id": session.ref.user_id,
        "session_id": session.ref.session_id,
        "generation": session.generation,
        "epoch": session.epochs.user,
        "tenant_epoch": session.epochs.tenant,
        "created_at_ms": session.created_at_ms,
        "rotated_at_ms": session.rotated_at_ms,
        "expires_at_ms": session.expires_at_ms,
        "expires_at": session.expires_at_ms // 1000 + 1,
        "cookie_hash": session.cookie_hash,
        "revoked_at_ms": session.revoked_at_ms,
        "client_id": session.client_id,
        "switched_tenant_id": session.switched_to.tenant_id if session.switched_to else None,
        "switched_session_id": session.switched_to.session_id if session.switched_to else None,
    }


def to_session(item: Item | None) -> Session | None:
    """Return the session of an item."""
    if item is None:
        return None
    return Session(
        ref=SessionRef(item["tenant_id"], item["user_id"], item["session_id"]),
        generation=item["generation"],
        epochs=Epochs(item["epoch"], item["tenant_epoch"]),
        created_at_ms=item["created_at_ms"],
        rotated_at_ms=item["rotated_at_ms"],
        expires_at_ms=item["expires_at_ms"],
        cookie_hash=item.get("cookie_hash"),
        revoked_at_ms=item.get("revoked_at_ms"),
        client_id=item.get("client_id"),
        switched_to=(
            SessionRef(item["switched_tenant_id"], item["user_id"], item["switched_session_id"])
            if "switched_session_id" in item
            else None
        ),
    )


def service_token_attributes(token: ServiceToken) -> dict[str, Any]:
    """Return the attributes of a service token's item, without its key; `expires_at` is the table's TTL."""
    return {
        "tenant_id": token.tenant_id,
        "token_id": token.id,
        "name": token.name,
        "created_by": token.created_by,
        "created_at_ms": token.created_at_ms,
        "expires_at": token.expires_at,
        "revoked_at_ms": token.revoked_at_ms,
    }


def to_service_token(item: Item) -> ServiceToken:
    """Return the service token of an item."""
    return ServiceToken(
        tenant_id=item["tenant_id"],
        id=item["token_id"],
        name=item["name"],
        created_by=item["created_by"],
        created_at_ms=item["created_at_ms"],
        expires_at=item["expires_at"],
        revoked_at_ms=item.get("revoked_at_ms"),
    )


def to_revocation_state(item: Item | None) -> RevocationState:
    """Return what a user's revocation item says; nothing is revoked where there is none."""
    if item is None:
        return RevocationState()
    return RevocationState(
        min_epoch=item.get("min_epoch", 0),
        sessions_min_epoch=item.get("sessions_min_epoch", 0),
        spared_session_id=item.get("spared_session_id"),
        spared_min_epoch=item.get("spared_min_epoch", 0),
        sessions=suffixes(item, SESSION_PREFIX),
        tokens=suffixes(item, TOKEN_PREFIX),
    )


def suffixes(item: Item, prefix: str) -> frozenset[str]:
    """Return the names after a prefix: each revoked thing is an attribute, its value the expiry."""
    return frozenset(name.removeprefix(prefix) for name in item if name.startswith(prefix))
