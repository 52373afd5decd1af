"""The storage that the use cases need.

There are two implementations: `doorward.aws.dynamodb`, and one in memory for the tests. The same contract tests check
both. Every method is atomic. `tenant_id` is the first argument wherever the data belongs to a tenant.

What few functions need is imported when somebody asks for it, as in `doorward.model`.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

from doorward.stores.sessions import (
    AttemptStore,
    Directory,
    NameLookup,
    RevocationReader,
    RevocationStore,
    Rotation,
    SessionReader,
    SessionStore,
    SignInName,
    SignInTarget,
)

if TYPE_CHECKING:
    from doorward.stores.breaches import BreachedPasswords
    from doorward.stores.factors import FactorStore
    from doorward.stores.feed import FeedReader, FeedStore, RevocationSource, StoredHead
    from doorward.stores.invitations import InvitationStore
    from doorward.stores.leaving import BelongingsStore
    from doorward.stores.proofs import ProofStore
    from doorward.stores.sockets import SocketCloser, SocketStore
    from doorward.stores.users import Page, PolicyStore, ServiceTokenStore, TenantStore, UserReader, UserWriter
else:
    _ROOMS = {
        "BreachedPasswords": "breaches",
        "FactorStore": "factors",
        "InvitationStore": "invitations",
        "BelongingsStore": "leaving",
        "ProofStore": "proofs",
        **dict.fromkeys(("FeedReader", "FeedStore", "RevocationSource", "StoredHead"), "feed"),
        **dict.fromkeys(("SocketCloser", "SocketStore"), "sockets"),
    }

    def __getattr__(name: str) -> object:
        """Return what few functions need (PEP 562)."""
        if name not in __all__:
            raise AttributeError(name)
        return getattr(importlib.import_module(f"{__name__}.{_ROOMS.get(name, 'users')}"), name)


__all__ = [
    "AttemptStore",
    "BelongingsStore",
    "BreachedPasswords",
    "Directory",
    "FactorStore",
    "FeedReader",
    "FeedStore",
    "InvitationStore",
    "NameLookup",
    "Page",
    "PolicyStore",
    "ProofStore",
    "RevocationReader",
    "RevocationSource",
    "RevocationStore",
    "Rotation",
    "ServiceTokenStore",
    "SessionReader",
    "SessionStore",
    "SignInName",
    "SignInTarget",
    "SocketCloser",
    "SocketStore",
    "StoredHead",
    "TenantStore",
    "UserReader",
    "UserWriter",
]
