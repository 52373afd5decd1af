"""What is answered when tokens are issued, and what is said and kept of them afterwards."""

from __future__ import annotations

from dataclasses import dataclass, field

from doorward.model.authentication import Authentication
from doorward.model.identities import SessionId, TenantId, TokenId, UserId
from doorward.model.tokens import Extras, Metadata, OfSubject


@dataclass(frozen=True, slots=True, kw_only=True)
class IntrospectedToken(OfSubject):
    """What a live token says; a refresh token has no id of its own. Times in epoch seconds."""

    client_id: str
    issued_at: int
    expires_at: int
    token_id: TokenId | None = None
    authentication: Authentication | None = None
    metadata: Metadata = field(default_factory=dict)
    ext: Extras = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ServiceToken:
    """What is kept of a service token: everything but the token."""

    tenant_id: TenantId
    id: TokenId
    name: str
    created_by: UserId
    created_at_ms: int
    expires_at: int
    revoked_at_ms: int | None = None


@dataclass(frozen=True, slots=True)
class TokenPair:
    """What a sign-in or a refresh answers; lifetimes in whole seconds."""

    access_token: str
    expires_in: int
    refresh_token: str
    refresh_expires_in: int
    session_id: SessionId
