"""The nouns of Doorward: identifiers, users, memberships, tenants, sessions, tokens, principals.

The nouns of the feed and of sockets are imported when somebody asks for one, because few functions do, and making their
dataclasses was a tenth of what the authorizer imports (docs/decisions/0019).
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

from doorward.model.authentication import Acr, Authentication
from doorward.model.identities import (
    ADMIN,
    PLATFORM,
    PLATFORM_ADMIN,
    SERVICE,
    USER,
    Clock,
    EmailState,
    FactorKind,
    Membership,
    Notification,
    SeenNotification,
    SessionId,
    Status,
    Tenant,
    TenantId,
    TokenId,
    User,
    UserId,
    UserRecord,
)
from doorward.model.policy import NO_POLICY, Branding, Method, SecondFactor, SignInPolicy, SignUp, TenantPolicy
from doorward.model.revocations import Cutoff, Revocations, RevocationState
from doorward.model.sessions import Admission, Epochs, Session, SessionRef
from doorward.model.tokens import (
    AccessTokenClaims,
    ClaimNames,
    Extras,
    IntrospectedToken,
    Metadata,
    OfSubject,
    Principal,
    Restriction,
    Revocable,
    ServiceToken,
    Subject,
    TokenPair,
    is_service,
    service_user_id,
)

if TYPE_CHECKING:
    from doorward.model.feed import Digest, Facts, Head, Lives, Load, Part, Revoked, TenantCutoff, UserCutoff
    from doorward.model.sockets import Connection, SocketGrant, SocketTicket
else:
    _SOCKETS = frozenset({"Connection", "SocketGrant", "SocketTicket"})

    def __getattr__(name: str) -> object:
        """Return a noun of the feed or of sockets (PEP 562)."""
        if name not in __all__:
            raise AttributeError(name)
        room = importlib.import_module(f"{__name__}.{'sockets' if name in _SOCKETS else 'feed'}")
        return getattr(room, name)


__all__ = [
    "ADMIN",
    "NO_POLICY",
    "PLATFORM",
    "PLATFORM_ADMIN",
    "SERVICE",
    "USER",
    "AccessTokenClaims",
    "Acr",
    "Admission",
    "Authentication",
    "Branding",
    "ClaimNames",
    "Clock",
    "Connection",
    "Cutoff",
    "Digest",
    "EmailState",
    "Epochs",
    "Extras",
    "FactorKind",
    "Facts",
    "Head",
    "IntrospectedToken",
    "Lives",
    "Load",
    "Membership",
    "Metadata",
    "Method",
    "Notification",
    "OfSubject",
    "Part",
    "Principal",
    "Restriction",
    "Revocable",
    "RevocationState",
    "Revocations",
    "Revoked",
    "SecondFactor",
    "SeenNotification",
    "ServiceToken",
    "Session",
    "SessionId",
    "SessionRef",
    "SignInPolicy",
    "SignUp",
    "SocketGrant",
    "SocketTicket",
    "Status",
    "Subject",
    "Tenant",
    "TenantCutoff",
    "TenantId",
    "TenantPolicy",
    "TokenId",
    "TokenPair",
    "User",
    "UserCutoff",
    "UserId",
    "UserRecord",
    "is_service",
    "service_user_id",
]
