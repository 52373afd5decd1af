"""The nouns of Doorward: identifiers, users, memberships, tenants, sessions, tokens, principals.

Nouns that the authorizer does not know are imported when somebody asks for one: making their dataclasses was more than
a tenth of its start (docs/decisions/0019).
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
    Metadata,
    OfSubject,
    Principal,
    Restriction,
    Revocable,
    Subject,
    is_service,
    service_user_id,
)

if TYPE_CHECKING:
    from doorward.model.feed import Digest, Facts, Head, Lives, Load, Part, Revoked, TenantCutoff, UserCutoff
    from doorward.model.issued import IntrospectedToken, ServiceToken, TokenPair
    from doorward.model.notifications import Notification, SeenNotification
    from doorward.model.sockets import Connection, SocketGrant, SocketTicket
else:
    _ROOMS = {
        **dict.fromkeys(("IntrospectedToken", "ServiceToken", "TokenPair"), "issued"),
        **dict.fromkeys(("Notification", "SeenNotification"), "notifications"),
        **dict.fromkeys(("Connection", "SocketGrant", "SocketTicket"), "sockets"),
    }

    def __getattr__(name: str) -> object:
        """Return a noun that few functions need (PEP 562)."""
        if name not in __all__:
            raise AttributeError(name)
        return getattr(importlib.import_module(f"{__name__}.{_ROOMS.get(name, 'feed')}"), name)


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
