"""Things to store."""

from __future__ import annotations

from typing import Any

from ulid import ULID

from doorward.model import (
    AccessTokenClaims,
    Epochs,
    Membership,
    Session,
    SessionId,
    SessionRef,
    Subject,
    Tenant,
    TenantId,
    TokenId,
    User,
    UserId,
    UserRecord,
)
from doorward.stores import SignInName, SignInTarget
from tests.contract.conftest import Stores

ACME, GLOBEX = TenantId("acme"), TenantId("globex")
NOW = 1_800_000_000_000


def user(tenant_ids: tuple[TenantId, ...] = (ACME,), **values: Any) -> User:
    user_id = UserId(str(ULID()))
    defaults: dict[str, Any] = {
        "id": user_id,
        "username": user_id,
        "email": None,
        "display_name": None,
        "status": "active",
        "tenant_ids": tenant_ids,
        "platform_admin": False,
        "password_change_required": False,
        "created_at_ms": NOW,
        "updated_at_ms": NOW,
        "version": 1,
    }
    return User(**{**defaults, **values})


def membership(member: User, tenant_id: TenantId = ACME, roles: tuple[str, ...] = ("user",)) -> Membership:
    return Membership(tenant_id, member.id, roles, "active", NOW)


def record(member: User) -> UserRecord:
    return UserRecord(member, tuple(membership(member, tenant_id) for tenant_id in member.tenant_ids))


def tenant(tenant_id: TenantId = ACME) -> Tenant:
    return Tenant(tenant_id, "A tenant", "active", NOW)


def session(owner: User, tenant_id: TenantId = ACME, **values: Any) -> Session:
    defaults: dict[str, Any] = {
        "ref": SessionRef(tenant_id, owner.id, SessionId(str(ULID()))),
        "generation": 0,
        "epochs": Epochs(),
        "created_at_ms": NOW,
        "rotated_at_ms": NOW,
        "expires_at_ms": NOW + 86_400_000,
        "cookie_hash": "h",
        "client_id": None,
    }
    return Session(**{**defaults, **values})


def claims(
    owner: User, token_id: str = "jti", tenant_id: TenantId = ACME, user_id: UserId | None = None
) -> AccessTokenClaims:
    return AccessTokenClaims(
        subject=Subject(user_id or owner.id, owner.username, tenant_id, (), SessionId("s")),
        client_id="c",
        token_id=TokenId(token_id),
        epochs=Epochs(),
        issued_at=NOW // 1000,
        expires_at=NOW // 1000 + 900,
    )


def epochs_of(stores: Stores, tenant_ids: list[TenantId], user_id: UserId) -> dict[TenantId, int]:
    """Return the user's present epoch in each realm."""
    return {
        tenant_id: state.min_epoch for tenant_id, state in stores.revocations.get_states(tenant_ids, user_id).items()
    }


def by_username(stores: Stores, folded: str) -> SignInTarget | None:
    """Return whom a user name names."""
    return stores.directory.look_up(SignInName(folded), []).target


def by_email(stores: Stores, tenant_id: TenantId, folded: str) -> UserId | None:
    """Return whose address this is within a tenant."""
    target = stores.directory.look_up(SignInName(folded, tenant_id), []).target
    return target.user_id if target else None
