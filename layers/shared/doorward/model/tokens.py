"""What tokens say, and who is calling with one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from doorward.model.authentication import Authentication
from doorward.model.identities import (
    PLATFORM_ADMIN,
    SessionId,
    TenantId,
    TokenId,
    UserId,
)
from doorward.model.sessions import Epochs, SessionRef


def is_service(user_id: UserId) -> bool:
    """Return whether a subject is a service and no user."""
    return user_id.startswith("service:")


def service_user_id(name: str) -> UserId:
    """Return the subject of a service's tokens; no user has such an id or name."""
    return UserId(f"service:{name}")


NO_TOKEN = TokenId("")

ClaimNames = Literal["both", "snake_case"]
"""Whether access tokens have `userId` and `tenantId` beside `user_id` and `tenant_id`, or these alone."""

Metadata = Mapping[str, str]
"""What a deployment keeps of a user or a tenant, by name: see `doorward.rules.metadata`."""

Extras = Mapping[str, str | int | float | bool]
"""What a deployment's hook adds to an access token, by name: see `doorward.rules.hook`."""


@dataclass(frozen=True, slots=True)
class Subject:
    """Who a token, a socket or a request is for: a user or a service, in one tenant, with roles and a session."""

    user_id: UserId
    username: str
    tenant_id: TenantId
    roles: tuple[str, ...]
    session_id: SessionId


@dataclass(frozen=True, slots=True, kw_only=True)
class OfSubject:
    """The root of everything that is for one subject; it answers the subject's fields as its own."""

    subject: Subject

    @property
    def user_id(self) -> UserId:
        """Return the subject's id: a user's, or `service:NAME`."""
        return self.subject.user_id

    @property
    def username(self) -> str:
        """Return the subject's name."""
        return self.subject.username

    @property
    def tenant_id(self) -> TenantId:
        """Return the tenant that the subject acts in; PLATFORM for none."""
        return self.subject.tenant_id

    @property
    def roles(self) -> frozenset[str]:
        """Return the subject's roles."""
        return frozenset(self.subject.roles)

    @property
    def session_id(self) -> SessionId:
        """Return the id of the subject's session."""
        return self.subject.session_id

    @property
    def session_ref(self) -> SessionRef:
        """Return where the subject's session is kept."""
        return SessionRef(self.tenant_id, self.user_id, self.session_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class Revocable(OfSubject):
    """What a revocation can concern.

    Args:
        epochs: the revocation state that it began under.
        token_id: the `jti` of the access token; empty for a socket that no token opened.
        kid: of the key that signed the access token.
    """

    epochs: Epochs
    token_id: TokenId = NO_TOKEN
    kid: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessTokenClaims(Revocable):
    """What a verified access token says (RFC 9068 section 2.2). Times in epoch seconds.

    Args:
        second_factor_required: whether the token is good for nothing but proving or enrolling a second factor.
        authentication: what the sign-in proved; None for a service.
        metadata: those of the user's metadata that the tenant's policy names.
        ext: what the deployment's hook added.
    """

    client_id: str
    issued_at: int
    expires_at: int
    password_change_required: bool = False
    second_factor_required: bool = False
    authentication: Authentication | None = None
    metadata: Metadata = field(default_factory=dict)
    ext: Extras = field(default_factory=dict)


Restriction = Literal["password_change_required", "second_factor_required", "cross_site_request"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Principal(OfSubject):
    """Who is calling, as the authorizer decided.

    Args:
        expires_at: of the caller's token, in epoch seconds.
        authentication: what the caller proved, and when; None for a service.
        metadata: those of the user's metadata that the tenant's policy names.
        ext: what the deployment's hook added to the caller's token.
    """

    token_id: TokenId | None = None
    restriction: Restriction | None = None
    expires_at: int | None = None
    authentication: Authentication | None = None
    metadata: Metadata = field(default_factory=dict)
    ext: Extras = field(default_factory=dict)

    @property
    def is_platform_admin(self) -> bool:
        """Return whether the caller administers the whole deployment."""
        return PLATFORM_ADMIN in self.roles

    def keep_admin_in(self, tenant_ids: Iterable[TenantId]) -> tuple[TenantId, ...]:
        """Return those of a user's tenants that must keep an administrator when this caller changes the user.

        A tenant's administrators answer for their own tenant, and learn nothing of other tenants.
        """
        return tuple(tenant for tenant in tenant_ids if self.is_platform_admin or tenant == self.tenant_id)

    @property
    def session_ref(self) -> SessionRef:
        """Return where the caller's session is kept."""
        return SessionRef(self.tenant_id, self.user_id, self.session_id)
