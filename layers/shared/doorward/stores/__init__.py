"""The storage that the use cases need.

There are two implementations: `doorward.aws.dynamodb`, and one in memory for the tests. The same contract tests check
both. Every method is atomic. `tenant_id` is the first argument wherever the data belongs to a tenant.
"""

from doorward.stores.feed import FeedReader, FeedStore, RevocationSource, StoredHead
from doorward.stores.leaving import BelongingsStore
from doorward.stores.proofs import ProofStore
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
from doorward.stores.sockets import SocketCloser, SocketStore
from doorward.stores.users import Page, PolicyStore, ServiceTokenStore, TenantStore, UserReader, UserWriter

__all__ = [
    "AttemptStore",
    "BelongingsStore",
    "Directory",
    "FeedReader",
    "FeedStore",
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
